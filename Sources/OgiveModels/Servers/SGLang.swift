package import FoundationEssentials
package import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerDialect {
    /// SGLang. All choices of a request share its seed, and are the same text with
    /// `--enable-deterministic-inference`; without it the seed is ignored.
    static var sglang: ServerDialect {
        var dialect = ServerDialect()
        // 0 is refused.
        dialect.topK = Parameter(name: "top_k", off: .integer(-1))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repetition_penalty": .integer(1),
        ]
        dialect.chatFields = ["separate_reasoning": .flag(false)]
        dialect.logProbabilities = .atTemperature
        dialect.partialTurn = .fields(["continue_final_message": .flag(true)])
        // `tool_choice: none` would leave them out of the prompt.
        dialect.tools = .fields([:])
        dialect.given = .generate
        return dialect
    }
}

/// `/get_server_info` of SGLang.
struct SGLangInfo: Decodable {
    var version: String
    var model_path: String
    var enable_deterministic_inference: Bool?
}

/// Reads the log-probabilities of given tokens in answers of SGLang's `/generate`.
package struct GenerateLogProbabilityReader {
    private struct Answer: Decodable {
        struct Facts: Decodable { var input_token_logprobs: [Entry]? }

        var meta_info: Facts
        /// Its own tokens are among the facts.
        var usage: ServerUsage

        private enum Keys: String, CodingKey { case meta_info }

        init(from decoder: any Decoder) throws {
            let answer = try decoder.container(keyedBy: Keys.self)
            meta_info = try answer.decode(Facts.self, forKey: .meta_info)
            usage = try answer.decode(ServerUsage.self, forKey: .meta_info)
        }
    }

    /// `[log-probability, token, text]`; there is no log-probability of the first token.
    private struct Entry: Decodable {
        var value: Double?
        var token: Int32

        init(from decoder: any Decoder) throws {
            var entry = try decoder.unkeyedContainer()
            value = try entry.decodeIfPresent(Double.self)
            token = try entry.decode(Int32.self)
        }
    }

    let url: String
    let readsTokens: Bool

    /// Reads answers of `url`.
    package init(url: String, readsTokens: Bool) {
        self.url = url
        self.readsTokens = readsTokens
    }

    /// One entry for each of the `given`, in their order, with what they took.
    package func values(
        _ body: Data, of given: [GivenTokens]
    ) throws(ModelError) -> [Result<LogProbability, ModelError>] {
        let answers = try ServerAnswer.decodeList(Answer.self, body, url: url)
        guard answers.count == given.count else {
            throw ModelError(
                .wrongCount,
                "\(url) answered \(answers.count) texts to \(given.count) completions")
        }
        return zip(answers, given).map { answer, given in
            Result { () throws(ModelError) in
                var value = try value(answer, given)
                value.spent = answer.usage.tokens
                return value
            }
        }
    }

    /// The completion's tokens are the last ones.
    private func value(_ answer: Answer, _ given: GivenTokens) throws(ModelError) -> LogProbability
    {
        let entries = answer.meta_info.input_token_logprobs ?? []
        let told = entries.suffix(given.completion.count)
        guard told.map(\.token) == given.completion else {
            throw ModelError(
                .malformed,
                "\(url) answered \(entries.count) log-probabilities, the last of which are not "
                    + "those of the \(given.completion.count) tokens that were sent")
        }
        return try LogProbability(
            told.map { $0.value ?? .nan }, of: given, readsTokens: readsTokens, url: url)
    }
}

/// An entry of SGLang's `/classify`: a list of numbers, or one.
struct Embedding: Decodable {
    var embedding: [Double?]
    /// Its own tokens are among the rest.
    var meta_info: ServerUsage?

    private enum Keys: String, CodingKey { case embedding, meta_info }

    init(from decoder: any Decoder) throws {
        let entry = try decoder.container(keyedBy: Keys.self)
        if let values = try? entry.decode([Double?].self, forKey: .embedding) {
            embedding = values
        } else {
            embedding = [try entry.decode(Double.self, forKey: .embedding)]
        }
        meta_info = try? entry.decodeIfPresent(ServerUsage.self, forKey: .meta_info)
    }
}
