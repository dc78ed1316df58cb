/// What an installation is to do, and its times. They are short, so that a loss is noticed soon.
package struct Plan: Hashable, Sendable {
    /// How many prompts there are.
    package var prompts = 40
    /// Draws of each prompt.
    package var draws = 8
    /// The prompts' texts are this long at least.
    package var promptLength = 0
    /// Whether the coordinator reaches PostgreSQL by way of a proxy.
    package var proxiesDatabase = false
    /// Whether workers reach the coordinator by way of a proxy.
    package var proxiesCoordinator = false
    /// What the command of the scripted models begins with.
    package var modelsPrefix: [String] = []
    /// Settings in place of those of `Installation`, as `key=value`.
    package var settings: [String] = []

    /// The plan that nearly all tests share.
    package init() {}

    /// With changes.
    package init(_ change: (inout Plan) -> Void) {
        change(&self)
    }

    /// The text of a prompt.
    package func text(of prompt: Int) -> String {
        "Question \(prompt)?" + String(repeating: " More", count: promptLength / 5)
    }

    /// Its line in the file of prompts.
    func line(of prompt: Int) -> String {
        "{\"key\": \"p\(prompt)\", \"prompt\": \"\(text(of: prompt))\"}\n"
    }
}
