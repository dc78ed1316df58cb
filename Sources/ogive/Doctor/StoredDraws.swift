internal import OgiveCore
internal import OgiveStore

/// Some of the completions that a rescoring is to score.
struct StoredDraws {
    /// Most prompts, and most completions of each.
    private static let (promptsMax, ofPromptMax) = (4, 2)

    /// Prompts with completions.
    var draws: [(prompt: Prompt, completion: String)] = []
    /// How long completions could be.
    var maxTokens: Int

    /// The prompt with the most bytes.
    var longest: Prompt? { draws.map(\.prompt).max { $0.byteCount < $1.byteCount } }

    /// Reads the first ones of a run's sampling.
    init(of run: RunDescription, _ store: PostgresStore) async throws {
        maxTokens = run.spec.scoring.sampling.parameters.maxTokens
        draws = try await store.storedDraws(
            of: run.sampling, prompts: Self.promptsMax, each: Self.ofPromptMax)
    }
}
