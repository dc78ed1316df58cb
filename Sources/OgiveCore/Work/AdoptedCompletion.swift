/// A completion that others sampled, as a file has it.
package struct AdoptedCompletion: Hashable, Sendable {
    /// The text; `nil` where the file says that there is none.
    package var text: String?
    /// Why there is no text, in the words of the file.
    package var error: String?
    /// The reward that the file gives it, as it stands there: not every number can be one.
    package var reward: Double?
    /// Why it ended; `other` where the file does not say.
    package var finishReason = FinishReason.other
    /// Number of tokens, where the file says it.
    package var tokenCount: Int?

    /// A text and its reward.
    package init(text: String, reward: Double? = nil) {
        self.text = text
        self.reward = reward
    }

    /// What the file has in place of a text.
    package init(error: String) {
        self.error = error
    }
}
