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

    /// Reads the first ones that have no reward yet.
    init(of run: RunDescription, _ store: PostgresStore) async throws {
        maxTokens = run.spec.scoring.sampling.parameters.maxTokens
        let page = try await store.pendingPage(
            of: run, after: nil,
            limit: PageLimit(prompts: Self.promptsMax, items: Self.promptsMax * 64))
        draws = page.prompts.flatMap { pending in
            pending.items.compactMap { item in item.text.map { (pending.prompt, $0) } }
                .prefix(Self.ofPromptMax)
        }
    }
}
