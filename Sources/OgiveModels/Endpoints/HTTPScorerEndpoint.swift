internal import OgiveCore

/// How a generic HTTP service is reached and asked about itself.
package struct HTTPScorerEndpoint: Hashable, Sendable {
    /// Headers of each request; never logged.
    package var headers: [String: String] = [:]
    /// A page that answers 200 when the service can be asked; `nil` asks for none.
    package var health: String?
    /// A page with what identifies the model; `nil` asks for none.
    package var info: String?
    /// The JSON pointer of the object in it.
    package var facts = ""

    /// Headers that hold no secret.
    private static let open = ["accept", "accept-language", "content-type", "user-agent"]

    /// Hides the values of the headers in whatever a server says.
    func hideSecrets() {
        for (name, value) in headers where !Self.open.contains(name.lowercased()) {
            Secrets.add(value)
        }
    }

    /// Neither headers nor pages.
    package init() {}
}
