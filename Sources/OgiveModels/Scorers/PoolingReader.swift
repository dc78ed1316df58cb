package import FoundationEssentials
package import OgiveCore

/// Reads the answers of vLLM's `/classify` and `/pooling`.
package struct PoolingReader {
    /// The endpoint, for messages.
    let url: String
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?

    /// Reads answers of `url`.
    package init(url: String, models: [String]? = nil) {
        self.url = url
        self.models = models
    }

    /// One entry for each of the `count` texts that were sent. Throws when the answer as a whole
    /// is not what was asked for.
    package func rewards(_ body: Data, count: Int) throws(ModelError)
        -> [Result<Double, ModelError>]
    {
        let answer = try ServerAnswer.decode(PoolingAnswer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        let entries = answer.data.map { ($0.index, $0) }
        return try ScoreReader.ordered(entries, count: count, url: url).map { entry in
            Result { () throws(ModelError) in try entry.reward(url: url) }
        }
    }
}

/// The answer of `/classify` (`probs`, `num_classes`) and `/pooling` (`data`).
struct PoolingAnswer: Decodable {
    /// One score.
    struct Entry: Decodable {
        var index: Int
        var num_classes: Int?
        var probs: [Double?]?
        var data: [Double?]?

        /// The raw logit.
        func reward(url: String) throws(ModelError) -> Double {
            guard let values = probs ?? data else {
                throw ModelError(.malformed, "\(url) answered an entry without a score")
            }
            guard values.count == 1, (num_classes ?? 1) == 1 else {
                throw ModelError(
                    .misconfigured,
                    "\(url) answered \(max(values.count, num_classes ?? 0)) numbers for one "
                        + "conversation; serve a reward model with one label (num_labels: 1)")
            }
            guard let reward = values[0], reward.isFinite else {
                throw ModelError(
                    .notFinite, "\(url) answered a reward that is no finite number")
            }
            return reward
        }
    }

    var model: String?
    var data: [Entry]
}
