/// A row of an imported file: a prompt with what came along with it.
package struct ImportedPrompt: Hashable, Sendable {
    /// The name within its set: given by the row, or the SHA-256 of the canonical content.
    package var key: String
    /// What is put to the policy.
    package var content: PromptContent
    /// The other fields of the row: a JSON object as text, its keys sorted.
    package var metadata: String
    /// The completions that came along: to be scored, not sampled.
    package var candidates: [ImportedCandidate]

    /// Joins the parts.
    package init(
        key: String, content: PromptContent, metadata: String, candidates: [ImportedCandidate]
    ) {
        self.key = key
        self.content = content
        self.metadata = metadata
        self.candidates = candidates
    }
}

/// A completion that came with a prompt.
package struct ImportedCandidate: Hashable, Sendable {
    /// What the row calls it: `chosen`, `rejected`, or any label; unique within its prompt.
    package var label: String
    /// The text, byte for byte as given.
    package var text: String
    /// The reward that came with it, for comparison; never mixed with a scorer's.
    package var reward: Double?

    /// Joins the parts.
    package init(label: String, text: String, reward: Double? = nil) {
        self.label = label
        self.text = text
        self.reward = reward
    }
}
