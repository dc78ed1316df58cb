package import FoundationEssentials
package import OgiveCore

/// Reads the answers of APIs that rank completions of one prompt.
package struct RerankReader {
    /// The numbers with the places of the documents, and what they took as far as the answer says.
    typealias Numbers = (scores: [(Int, Double?)], tokens: TokenCount?)

    /// What a server answers: `{"results": [{"index", "relevance_score"}]}` with raw numbers, where
    /// its file does not say otherwise.
    package struct Shape: Sendable {
        /// Reads the numbers. Throws when the answer as a whole is not what was asked for.
        var read:
            @Sendable (_ answer: Data, _ url: String, _ models: [String]?) throws(ModelError)
                -> Numbers = { (data, url, models) throws(ModelError) in
                    let answer = try ServerAnswer.decode(Answer.self, data, url: url)
                    try ServedModel.check(answer.model, among: models, url: url)
                    let scores = answer.results.map { ($0.index, $0.relevance_score) }
                    return (scores, answer.usage?.tokens)
                }
        /// The reward that a number stands for.
        var reward: @Sendable (_ number: Double?, _ url: String) throws(ModelError) -> Double = {
            (number, url) throws(ModelError) in
            let values = [LabelledValue(label: "", value: number)]
            return try LabelledValue.reward(values, label: nil, url: url)
        }
    }

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var index: Int
            /// nlohmann's JSON, which llama.cpp uses, prints NaN as null.
            var relevance_score: Double?
        }

        var model: String?
        var results: [Entry]
        var usage: ServerUsage?
    }

    /// The API, for messages.
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

    /// One entry for each of the `count` documents that were sent, with what they took as far as
    /// the answer, or else `reported`, says. Throws when the answer as a whole is not what was
    /// asked for.
    package func rewards(_ body: Data, count: Int, reported: TokenCount? = nil) throws(ModelError)
        -> [Result<Score, ModelError>]
    {
        let (scores, tokens) = try shape.read(body, url, models)
        return try ScoreReader.ordered(scores, count: count, url: url).map { score in
            Result { () throws(ModelError) in Score(try shape.reward(score, url)) }
        }.charged(tokens ?? reported)
    }

    /// The server's numbers in the order of the documents: answers come sorted by the numbers.
    func scores(_ body: Data, count: Int) throws(ModelError) -> [Double?] {
        try ScoreReader.ordered(try shape.read(body, url, models).scores, count: count, url: url)
    }
}
