internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight
internal import OgiveStore

/// Some prompts of a set, and what is known of all of them.
struct PromptSample {
    /// Prompts spread over the file, at most `sampleMax`.
    var prompts: [Prompt] = []
    /// The one with the most bytes.
    var longest: Prompt?
    /// How many there are, as far as was read.
    var count = 0
    /// Those that are more than one user turn, among the rows that were read.
    var severalTurns: SeveralTurns?
    /// Those with something that a chat template may leave out, among the rows that were read.
    var parts: [ChatPart: ChatPartUse] = [:]
    /// Prompts that were read.
    var read = 0
    /// How many of them have which fields of metadata, not null.
    var fields: [String: Int] = [:]
    /// Candidates of the prompts that were read.
    var candidates = 0
    /// Rows that an import would not take, among those that were read.
    var bad = BadRowReport()
    /// Whether the whole file was read.
    var isWhole = true

    /// Most rows that are read.
    private static let rowsMax = 20_000
    /// Most prompts that are tried.
    static let sampleMax = 4

    /// Questions of our own, where a configuration has no prompts.
    static let ownQuestions: PromptSample = {
        let questions = [
            "Tom has 12 apples and buys 7 more. How many apples now?",
            "Name a city you would like to see, and say why.",
            "Write one sentence about the sea.", "What is 3 + 4?",
        ]
        var sample = PromptSample()
        for (number, question) in questions.enumerated() {
            sample.add(
                ImportedPrompt(
                    key: "question-\(number)",
                    content: .chat([ChatMessage(role: "user", content: question)]),
                    metadata: "{}", candidates: []))
        }
        (sample.count, sample.read) = (0, 0)
        return sample
    }()

    /// Reads the first rows of a file; `nil` without one. It has no prompts when all rows are bad.
    static func read(_ prompts: PromptsConfiguration) async throws -> PromptSample? {
        guard let file = prompts.file, file != "-" else { return nil }
        var sample = PromptSample()
        let source = RowFile(path: file, rules: ImportRules(prompts))
        try await source.forEachBatch(of: 100) { rows, share in
            for row in rows where sample.count + sample.bad.count < rowsMax {
                switch row {
                case .prompt(_, let prompt, _): sample.add(prompt)
                case .bad(let row, _): sample.bad.add(row)
                }
            }
            guard sample.count + sample.bad.count == rowsMax else { return true }
            // Of a table nobody knows how much is left.
            let share = share ?? 0
            sample.isWhole = share >= 1
            if share > 0 { sample.count = Int(Double(sample.count) / share) }
            return false
        }
        return sample
    }

    private mutating func add(_ imported: ImportedPrompt) {
        let prompt = Prompt(
            id: PromptID(Int64(count)), key: imported.key ?? imported.content.digest.hex,
            content: imported.content, metadata: imported.metadata)
        // The first, the second, the fourth, the eighth, …: the last ones of these are kept.
        if (count & (count - 1)) == 0 {
            prompts.append(prompt)
            if prompts.count > Self.sampleMax { prompts.removeFirst() }
        }
        let request = ScoreRequest(prompt: prompt, completion: "")
        if Conversation(request).query == nil {
            severalTurns =
                severalTurns ?? SeveralTurns(example: prompt, count: 0, total: 0)
            severalTurns?.count += 1
        }
        for part in ChatPart.allCases where part.removed(from: prompt) != nil {
            parts[part, default: ChatPartUse(example: prompt, count: 0)].count += 1
        }
        candidates += imported.candidates.count
        let metadata = try? JSONParser.parse(Array(imported.metadata.utf8))
        for name in metadata?.fields?.names ?? [] where metadata?.fields?.has(name) ?? false {
            fields[name, default: 0] += 1
        }
        if longest.map({ $0.byteCount < prompt.byteCount }) ?? true { longest = prompt }
        count += 1
        read += 1
        severalTurns?.total = count
    }
}

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
