package import FoundationEssentials
package import OgiveCore

/// Reads the answers of endpoints that rank completions of one prompt.
package struct RerankReader {
    /// What a server answers.
    package enum Shape: Sendable {
        /// llama.cpp: `{"results": [{"index", "relevance_score"}]}`, probabilities.
        case probabilities
        /// vLLM: the same, raw.
        case scores
        /// TEI: `[{"index", "score"}]`, raw.
        case ranks
    }

    /// The endpoint, for messages.
    let url: String
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?
    private let shape: Shape

    /// Reads answers of `url`.
    package init(url: String, models: [String]? = nil, shape: Shape = .probabilities) {
        self.url = url
        self.models = models
        self.shape = shape
    }

    private struct Rank: Decodable {
        var index: Int
        var score: Double?
    }

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var index: Int
            /// nlohmann's JSON, which the server uses, prints NaN as null.
            var relevance_score: Double?
        }

        var model: String?
        var results: [Entry]
        var usage: ServerUsage?
    }

    /// One entry for each of the `count` documents that were sent, with what they took as far as
    /// the answer, or else `told`, says. Throws when the answer as a whole is not what was asked
    /// for.
    package func rewards(_ body: Data, count: Int, told: TokenCount? = nil) throws(ModelError)
        -> [Result<Score, ModelError>]
    {
        let (values, tokens) = try answer(body, count: count)
        return values.map { value in
            Result { () throws(ModelError) in
                if shape == .probabilities { return Score(try Self.reward(value, url: url)) }
                let values = [LabelledValue(label: "", value: value)]
                return Score(try LabelledValue.reward(values, label: nil, url: url))
            }
        }.charged(tokens ?? told)
    }

    /// The server's numbers in the order of the documents.
    func scores(_ body: Data, count: Int) throws(ModelError) -> [Double?] {
        try answer(body, count: count).scores
    }

    /// Answers come sorted by the numbers.
    private func answer(
        _ body: Data, count: Int
    ) throws(ModelError) -> (scores: [Double?], tokens: TokenCount?) {
        let scores: [(Int, Double?)]
        var tokens: TokenCount?
        if shape == .ranks {
            scores = try ServerAnswer.decodeList(Rank.self, body, url: url)
                .map { ($0.index, $0.score) }
        } else {
            let answer = try ServerAnswer.decode(Answer.self, body, url: url)
            try ServedModel.check(answer.model, among: models, url: url)
            scores = answer.results.map { ($0.index, $0.relevance_score) }
            tokens = answer.usage?.tokens
        }
        return (try ScoreReader.ordered(scores, count: count, url: url), tokens)
    }
}
