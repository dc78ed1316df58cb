package import FoundationEssentials
package import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerDialect {
    /// vLLM. A model folder's generation_config.json may hold a repetition penalty.
    static var vLLM: ServerDialect {
        var dialect = ServerDialect()
        dialect.takesWideSeeds = true
        dialect.seedsChoices = true
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repetition_penalty": .integer(1),
        ]
        dialect.logProbabilities = .ofModel
        dialect.tokenIDs = "return_token_ids"
        dialect.given = .promptLogProbabilities
        dialect.partialTurn = .fields([
            "continue_final_message": .flag(true), "add_generation_prompt": .flag(false),
        ])
        // The prompt has the tools, and the answer is the text as sampled.
        dialect.tools = .fields(["tool_choice": .text("none")])
        return dialect
    }
}

/// Reads `prompt_logprobs` of vLLM's answers.
package struct PromptLogProbabilityReader {
    private struct Answer: Decodable {
        var model: String?
        var choices: [Choice]
        var usage: ServerUsage?
    }

    private struct Choice: Decodable {
        var index: Int
        var prompt_logprobs: [[String: Entry]?]?
    }

    private struct Entry: Decodable { var logprob: Double }

    let url: String
    let models: [String]?
    let readsTokens: Bool

    /// Reads answers of `url`; without `models` any name will do.
    package init(url: String, models: [String]? = nil, readsTokens: Bool) {
        self.url = url
        self.models = models
        self.readsTokens = readsTokens
    }

    /// One entry for each of the `given`, in their order, with what they took.
    package func values(
        _ body: Data, of given: [GivenTokens]
    ) throws(ModelError) -> [Result<LogProbability, ModelError>] {
        let answer = try ServerAnswer.decode(Answer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        guard answer.choices.map(\.index).sorted() == Array(given.indices) else {
            throw ModelError(
                .wrongCount,
                "\(url) answered \(answer.choices.count) choices to \(given.count) completions")
        }
        let choices = answer.choices.sorted { $0.index < $1.index }
        return zip(choices, given).map { choice, given in
            Result { () throws(ModelError) in try value(choice, given) }
        }.charged(answer.usage?.tokens)
    }

    private func value(
        _ choice: Choice, _ given: GivenTokens
    ) throws(ModelError) -> LogProbability {
        guard let entries = choice.prompt_logprobs, entries.count == given.ids.count else {
            throw ModelError(
                .malformed,
                "\(url) answered \(choice.prompt_logprobs?.count ?? 0) log-probabilities to "
                    + "\(given.ids.count) tokens")
        }
        let values = zip(entries.dropFirst(given.prompt.count), given.completion).map {
            $0?["\($1)"]?.logprob ?? .nan
        }
        return try LogProbability(values, of: given, readsTokens: readsTokens, url: url)
    }
}

/// The answer of vLLM's `/classify` (`probs`, `num_classes`), `/pooling` (`data`) and `/score`
/// (`score`).
struct IndexedAnswer: Decodable {
    struct Entry: Decodable {
        var index: Int
        var num_classes: Int?
        var probs: [Double?]?
        var data: [Double?]?
        var score: Double?

        private enum Keys: String, CodingKey { case index, num_classes, probs, data, score }

        /// Tells a score of null from none.
        private var hasScore: Bool

        init(from decoder: any Decoder) throws {
            let entry = try decoder.container(keyedBy: Keys.self)
            index = try entry.decode(Int.self, forKey: .index)
            num_classes = try entry.decodeIfPresent(Int.self, forKey: .num_classes)
            probs = try entry.decodeIfPresent([Double?].self, forKey: .probs)
            data = try entry.decodeIfPresent([Double?].self, forKey: .data)
            score = try entry.decodeIfPresent(Double.self, forKey: .score)
            hasScore = entry.contains(.score)
        }

        /// All numbers, in the order of the labels.
        func values(url: String) throws(ModelError) -> [LabelledValue] {
            guard let values = probs ?? data ?? (hasScore ? [score] : nil) else {
                throw ModelError(.malformed, "\(url) answered an entry without a score")
            }
            guard num_classes ?? values.count == values.count else {
                throw ModelError(
                    .malformed,
                    "\(url) answered \(values.count) numbers for \(num_classes ?? 0) classes")
            }
            return LabelledValue.numbered(values)
        }
    }

    var model: String?
    var data: [Entry]
    var usage: ServerUsage?
}
