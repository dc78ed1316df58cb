/// What a model's server lets one see of its tokens and limits, beside what a run needs of it.
///
/// Every answer may be `nil`: the server does not tell.
package protocol ModelInspector: Sendable {
    /// Its address.
    var name: String { get }

    /// Most tokens of a prompt and its completion together.
    func contextLength() async throws(ModelError) -> Int?

    /// The tokens of a text, with the special tokens that the server adds to texts, or without.
    func tokens(of text: String, addingSpecial: Bool) async throws(ModelError) -> [Int]?

    /// The tokens that the model is given for a prompt or, with a completion, for both as a
    /// conversation that is complete.
    func tokens(of prompt: Prompt, completion: String?) async throws(ModelError) -> [Int]?

    /// The same as the text that the template makes.
    func rendered(_ prompt: Prompt, completion: String?) async throws(ModelError) -> String?

    /// Of a scorer: a reward as the server gives it squashed and raw, asked for both ways.
    func squashedAndRaw(_ request: ScoreRequest) async throws(ModelError)
        -> (squashed: Double, raw: Double)?
}
