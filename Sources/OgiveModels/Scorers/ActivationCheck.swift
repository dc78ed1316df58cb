internal import OgiveCore

/// Finds out whether a server that is told to leave its activation out does so: it is asked for the
/// rewards of the same texts with and without.
///
/// Servers ignore fields that they do not know, and then a sigmoid squashes rewards without a word.
enum ActivationCheck {
    /// What is scored: short, and unlike each other.
    static let texts = [
        ("What is 2 + 2?", "2 + 2 = 4."), ("What is 2 + 2?", "potato potato"),
        ("Hello!", "Hello! How can I help you today?"),
    ].map { question, answer in
        Conversation(context: [ChatMessage(role: "user", content: question)], reply: answer)
    }

    /// How far two answers to the same question may differ.
    static let tolerance = 1e-6

    /// Throws `misconfigured` when rewards come squashed. `numbers` gives those of `texts`, raw or
    /// not. A server that does not answer now is not judged: what is asked of it next will tell.
    static func run(
        url: String, _ numbers: (_ isRaw: Bool) async throws(ModelError) -> [Double]
    ) async throws(ModelError) {
        let raw: [Double]
        let squashed: [Double]
        do throws(ModelError) {
            raw = try await numbers(true)
            squashed = try await numbers(false)
        } catch {
            if [.unauthorized, .unsupported, .wrongModel].contains(error.code) { throw error }
            return
        }
        guard areSquashed(raw, squashed) else { return }
        throw ModelError(
            .misconfigured,
            "\(url) gives the same numbers between 0 and 1 (\(raw.prefix(3))) whether it is told "
                + "to leave its activation out or not: these are no raw rewards; update the "
                + "server, or, when the model's raw rewards are such, set `check_activation: false`"
        )
    }

    /// Whether being told made no difference, and the numbers may be probabilities.
    static func areSquashed(_ raw: [Double], _ squashed: [Double]) -> Bool {
        guard !raw.isEmpty, raw.count == squashed.count else { return false }
        let isSame = zip(raw, squashed).allSatisfy { abs($0 - $1) <= tolerance }
        return isSame && raw.allSatisfy { (0...1).contains($0) }
    }
}
