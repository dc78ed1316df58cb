package import OgiveCore

/// How a reward model's text is made of a query and a document, special tokens included:
/// `<|bos|><|user|>{query}<|end|><|assistant|>{document}<|end|>`.
package struct ScoreTemplate: Hashable, Sendable {
    /// The template.
    package let text: String

    private let before: String
    private let between: String
    private let after: String

    /// Takes a template with `{query}` and then `{document}`, once each.
    package init(_ text: String) throws(ModelError) {
        let outer = text.split(separator: "{query}", omittingEmptySubsequences: false)
        let inner = outer.last?.split(separator: "{document}", omittingEmptySubsequences: false)
        guard outer.count == 2, let inner, inner.count == 2, !outer[0].contains("{document}")
        else {
            throw ModelError(
                .misconfigured,
                "the template must hold {query} and then {document}, once each: "
                    + "\(text.prefix(200))")
        }
        self.text = text
        before = String(outer[0])
        between = String(inner[0])
        after = String(inner[1])
    }

    /// The text of a conversation; `rejected` when it is more than one user turn.
    func render(_ conversation: Conversation, key: String) -> Result<String, ModelError> {
        guard let query = conversation.query else {
            return .failure(
                ModelError(
                    .rejected,
                    "prompt `\(key)` is more than one user turn, which the template cannot "
                        + "carry; leave the template out, so that the server renders the chat"))
        }
        return .success(before + query + between + conversation.reply + after)
    }
}
