internal import OgiveCore

extension FinishReason {
    /// What a server's word for the end of a completion means.
    enum Meaning: Sendable {
        /// There is a completion, which ended so.
        case ended(FinishReason)
        /// The server gave the request up: it says nothing of what would have been sampled.
        case givenUp
        /// What was sampled was withheld, or cut off, for what it says.
        case filtered
        /// What was sampled was read as a tool call.
        case toolCall
    }

    private static let meanings = ServerKind.all.reduce(into: [String: Meaning]()) {
        $0.merge($1.finishReasons) { first, _ in first }
    }

    /// The meaning of `name` in any server's spelling; an unknown word is another reason.
    static func meaning(of name: String?) -> Meaning {
        name.flatMap { meanings[$0.lowercased()] } ?? .ended(.other)
    }
}
