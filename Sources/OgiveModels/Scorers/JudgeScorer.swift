package import FoundationEssentials
package import OgiveCore

/// A language model that reads prompt and completion under a rubric and gives a number.
///
/// An answer without a number, with one out of range, or cut off at `max_tokens` is a failure and
/// never a reward. With `expected_grade` the reward is a mean over the probabilities of the first
/// token: `ExpectedGrade`.
package struct JudgeScorer: Scorer {
    private let server: ServerConnection
    private let spec: JudgeSpec
    private let prompt: PromptTemplate
    private let system: PromptTemplate?
    private let reader: JudgeReader
    private let expected: ExpectedGrade?
    private let connections: Int

    /// Asks `server`, with at most `connections` requests at once. Throws `invalidSpecification`.
    package init(server: ServerConnection, spec: JudgeSpec, connections: Int) throws(ModelError) {
        if let problem = spec.problem { throw ModelError(.invalidSpecification, problem) }
        self.server = server
        self.spec = spec
        self.connections = connections
        prompt = try PromptTemplate(spec.prompt, form: .plain)
        system =
            if let text = spec.system { try PromptTemplate(text, form: .plain) } else { nil }
        reader = try JudgeReader(spec)
        expected = spec.rule == .expectedGrade ? ExpectedGrade(spec) : nil
        guard prompt.namesCompletion else {
            throw ModelError(
                .invalidSpecification,
                "judge.prompt does not hold the completion: write {{completion}} or "
                    + "{{conversation}}")
        }
    }

    /// What is wrong with a rubric; `nil` when it can be used.
    package static func problem(of spec: JudgeSpec) -> String? {
        do throws(ModelError) {
            if let problem = spec.problem { return problem }
            if let text = spec.system { _ = try PromptTemplate(text, form: .plain) }
            _ = try JudgeReader(spec)
            return try PromptTemplate(spec.prompt, form: .plain).namesCompletion
                ? nil : "`prompt` does not hold the completion: write {{completion}}"
        } catch {
            return error.message
        }
    }

    /// What the server says of itself; the rubric is part of the specification.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        try await Self.fingerprint(server)
    }

    /// What identifies any judge at `server`.
    package static func fingerprint(_ server: ServerConnection) async throws(ModelError)
        -> Fingerprint
    {
        var facts = try await server.refresh().facts
        facts["endpoint"] = "judge"
        return Fingerprint(facts)
    }

    /// Asks for each completion alone; the mean of `samples` answers is its reward.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        await Batches.each(requests, atOnce: connections) { request in
            do throws(ModelError) {
                let messages = try messages(request)
                var sum = 0.0
                var tokens: TokenCount?
                for sample in 0..<spec.samples {
                    let answer = try await ask(messages, sample)
                    sum += answer.reward
                    if let reported = answer.tokens { tokens = (tokens ?? TokenCount()) + reported }
                }
                return .success(Score(sum / Double(spec.samples), tokens: tokens))
            } catch {
                return .failure(error)
            }
        }
    }

    private func messages(_ request: ScoreRequest) throws(ModelError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        if let system {
            messages.append(ChatMessage(role: "system", content: try system.render(request)))
        }
        messages.append(ChatMessage(role: "user", content: try prompt.render(request)))
        return messages
    }

    private static let path = "/v1/chat/completions"

    private func ask(_ messages: [ChatMessage], _ sample: Int) async throws(ModelError) -> Score {
        let profile = try await server.known()
        var body: [String: JSONValue] = [
            "model": .text(server.model), "messages": .messages(messages),
            "temperature": .number(spec.temperature), "top_p": .integer(1),
            "max_tokens": .integer(Int64(spec.maxTokens)),
            "seed": .integer(Int64(spec.seed) + Int64(sample)), "stream": .flag(false),
        ]
        // Some servers' own defaults are not neutral; a hosted API refuses what it does not know.
        body.merge(profile.kind.judgeFields) { _, new in new }
        if let expected { body.merge(expected.fields) { _, new in new } }
        let data = try await server.post(Self.path, JSONValue.object(body))
        let url = server.http.url.appending(Self.path)
        if let expected {
            return try expected.score(data, url: url, models: profile.answeringModels)
        }
        return try await reader.score(data, url: url, models: profile.answeringModels)
    }
}

/// How the kind `judge` is served: by a language model, without settings.
package struct JudgeAdapter: ScorerAdapter {
    /// No settings.
    package init() {}

    /// The rubric.
    package static let keys = [ScorerKey("judge", of: [.judge], isRequired: true)]
    /// By a server.
    package static let isServed = true

    /// Always `judge`.
    package var kind: ScorerSpec.Kind.Name { .judge }

    /// Reads `judge`.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        let rubric = section.optional(
            "judge",
            "only for kind judge: a language model behind /v1/chat/completions gives a number"
        ) { JudgeSpec(reading: $0) }
        return ScorerReading(
            .judge(rubric ?? JudgeSpec(prompt: "", minimum: 0, maximum: 1)), JudgeAdapter())
    }

    /// The fields that the rubric names.
    package static func metadataUse(
        of kind: ScorerSpec.Kind
    ) throws(ModelError) -> MetadataUse {
        var use = MetadataUse.none
        guard case .judge(let rubric) = kind else { return use }
        for text in [rubric.prompt, rubric.system] {
            guard let text else { continue }
            use = use.union(try PromptTemplate(text, form: .plain).metadataUse)
        }
        return use
    }

    /// The connection to the server.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        JudgeBackend(
            connection: ServerConnection(
                http: try ConfiguredModels.http(endpoint), model: endpoint.model, agreed: agreed),
            requestsMax: endpoint.connections)
    }
}

private struct JudgeBackend: ScorerBackend {
    let connection: ServerConnection
    let requestsMax: Int

    var server: ServerConnection? { connection }

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer {
        guard case .judge(let rubric) = spec.kind else { throw spec.misplaced }
        return try JudgeScorer(server: connection, spec: rubric, connections: requestsMax)
    }

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await JudgeScorer.fingerprint(connection)
    }

    func inspector(for spec: ScorerSpec) -> (any ModelInspector)? {
        ServerInspector(connection, use: .hidden)
    }
}

extension JudgeSpec {
    /// Reads `scorer.judge`.
    fileprivate init(reading section: some ScorerSection) {
        self.init(
            prompt: section.requiredText(
                "prompt", "the user's message, with the names of `http.request`",
                example: "\"Grade 1 to 10: {{prompt}} {{completion}}\""),
            minimum: Self.bound("min", section, "a number below is a failure", example: "1"),
            maximum: Self.bound("max", section, "a number above is a failure", example: "10"))
        system = section.text(
            "system", "the system's message", example: "\"You grade answers.\"", absent: "none")
        rule = section.choice(
            "parse", default: .lastNumber, "how the answer becomes a number")
        pattern = section.text(
            "pattern", "for regex (PCRE2): the first group of its last match",
            example: "\"Grade: ([0-9]+)\"")
        pointer = section.text(
            "pointer", "for json: JSON pointer into the answer", example: "/grade")
        readGrades(section)
        temperature = section.number(
            "temperature", default: 0, .notNegative, "of the answers")
        maxTokens = section.integer(
            "max_tokens", default: 1_024, in: 1...Int(Int32.max), "a longer answer is a failure")
        seed = section.integer(
            "seed", default: 0, in: 0...UInt32.max,
            "of the first answer; answer i has seed + i")
        samples = section.integer(
            "samples", default: 1, in: 1...Self.samplesMax, "answers whose mean is the reward")
        for (key, owner) in [
            ("pattern", Rule.regex), ("pointer", .json), ("grades", .expectedGrade),
            ("min_mass", .expectedGrade), ("top_logprobs", .expectedGrade),
        ]
        where section.has(key) && rule != owner {
            section.report(key, "means nothing unless parse is \(owner.rawValue)")
        }
        for key in ["temperature", "max_tokens", "samples"]
        where section.has(key) && rule == .expectedGrade {
            section.report(
                key, "means nothing when parse is expected_grade",
                hint: "the probabilities of one token are read, as the model gives them")
        }
        if section.has("prompt"), section.has("min"), section.has("max"),
            let problem = JudgeScorer.problem(of: self)
        {
            section.report("prompt", "and the other keys cannot be used: \(problem)")
        }
    }

    /// Reads what only `expected_grade` has.
    private mutating func readGrades(_ section: some ScorerSection) {
        let given = section.names(
            "grades", "for expected_grade: the grade of each first token",
            example: "{A: 1, B: 0.5, C: 0}", absent: "the whole numbers in min…max")
        if let given {
            let numbers = given.compactMapValues { Double($0) }.filter { $0.value.isFinite }
            if numbers.count == given.count {
                grades = numbers
            } else {
                section.report("grades", "must be a mapping of tokens to numbers")
            }
        }
        minimumMass = section.number(
            "min_mass", NumberRule(text: "in [0, 1]", minimum: 0, maximum: 1),
            "for expected_grade: the least probability of all grades together; less is a failure",
            example: "\(Self.massDefault)", absent: "\(Self.massDefault)", presence: .off)
        tokens = section.integer(
            "top_logprobs", in: 1...Self.tokensMax,
            "for expected_grade: how many of the likeliest tokens the server tells",
            example: "\(Self.tokensDefault)", absent: "\(Self.tokensDefault)", presence: .off)
    }

    /// A bound of the reward, which must be given.
    private static func bound(
        _ key: String, _ section: some ScorerSection, _ about: String, example: String
    ) -> Double {
        let number =
            section.number(key, .finite, about, example: example, presence: .required) ?? 0
        if !section.has(key) {
            section.reportMissing(key, hint: "a number outside the range is a failure")
        }
        return number
    }
}

/// Reads the number in a judge's answer.
package struct JudgeReader: Sendable {
    private let spec: JudgeSpec
    private let pattern: PatternMatcher?
    private let pointer: JSONPointer?

    /// Takes the rule; throws `invalidSpecification` when its expression or pointer is none.
    package init(_ spec: JudgeSpec) throws(ModelError) {
        self.spec = spec
        pattern = if let text = spec.pattern { try PatternMatcher(text) } else { nil }
        pointer = if let text = spec.pointer { try JSONPointer(text) } else { nil }
    }

    private struct Answer: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable {
                var content: String?
                var refusal: String?
            }
            var message: Message
            var finish_reason: String?
        }

        var model: String?
        var choices: [Choice]
        var usage: ServerUsage?
    }

    /// The reward of an answer of `/v1/chat/completions`, and what it took. Throws what the answer
    /// lacks.
    package func score(
        _ body: Data, url: String, models: [String]? = nil
    ) async throws(ModelError) -> Score {
        let said = try read(body, url: url, models: models)
        let match = spec.rule == .regex ? try await pattern?.last(in: said.text) : nil
        return Score(try reward(said.text, match: match), tokens: said.tokens)
    }

    /// What the judge said, and what it took. Throws when it said nothing, or not all of it.
    package func read(
        _ body: Data, url: String, models: [String]? = nil
    ) throws(ModelError) -> (text: String, tokens: TokenCount?) {
        let answer = try ServerAnswer.decode(Answer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        guard answer.choices.count == 1 else {
            throw ModelError(
                .wrongCount, "\(url) answered \(answer.choices.count) choices instead of 1")
        }
        let choice = answer.choices[0]
        switch FinishReason.meaning(of: choice.finish_reason) {
        case .ended(.length):
            throw ModelError(
                .malformed,
                "the judge at \(url) was cut off at \(spec.maxTokens) tokens: raise "
                    + "judge.max_tokens, or ask for a shorter answer")
        case .givenUp:
            throw ModelError(
                .serverError,
                "the judge at \(url) gave the request up (finish_reason "
                    + "`\(choice.finish_reason ?? "")`); see the server's log")
        case .filtered: throw ModelError(.filtered, "the judge at \(url) withheld its answer")
        case .ended, .toolCall: break
        }
        if let refusal = choice.message.refusal, !refusal.isEmpty {
            throw ModelError(
                .filtered, "the judge at \(url) refused to answer: \(refusal.prefix(200))")
        }
        return (choice.message.content ?? "", answer.usage?.tokens)
    }

    /// The reward in the text of a judge, in which the expression found `match`. Throws `malformed`
    /// when there is none, or one out of range.
    package func reward(_ text: String, match: String?) throws(ModelError) -> Double {
        let number: Double? =
            switch spec.rule {
            case .lastNumber: FinalNumber.last(in: text)
            case .regex: match.flatMap(Self.number)
            case .json: Self.json(text).flatMap { pointer?.value(in: $0)?.double }
            // Read by `ExpectedGrade`.
            case .expectedGrade: nil
            }
        guard let number, number.isFinite else {
            throw ModelError(
                .malformed,
                "the judge gave no number (judge.parse: \(spec.rule.rawValue)); it said: "
                    + Self.excerpt(text))
        }
        guard (spec.minimum...spec.maximum).contains(number) else {
            throw ModelError(
                .malformed,
                "the judge gave \(number), which is not in \(spec.minimum)…\(spec.maximum); it "
                    + "said: \(Self.excerpt(text))")
        }
        return number
    }

    private static func number(_ text: String) -> Double? {
        let bytes = text.utf8.filter { $0 != UInt8(ascii: " ") }
        return Double(String(decoding: bytes, as: UTF8.self))
    }

    /// The answer as JSON: the whole of it, or from its first `{` to its last `}`.
    private static func json(_ text: String) -> JSONValue? {
        if let whole = try? BoundedJSON.decode(JSONValue.self, from: Data(text.utf8)) {
            return whole
        }
        guard let start = text.firstIndex(of: "{"), let end = text.lastIndex(of: "}"), start < end
        else { return nil }
        return try? BoundedJSON.decode(JSONValue.self, from: Data(text[start...end].utf8))
    }

    private static func excerpt(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.isEmpty ? "nothing" : "`…\(line.suffix(200))`"
    }
}
