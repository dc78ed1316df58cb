package import FoundationEssentials
package import OgiveCore

/// Reads the answers of servers of reward models.
package struct PoolingReader {
    /// The API, for messages.
    let url: String
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?
    /// The label that is the reward; `nil` where there is only one.
    let label: String?
    private let shape: RewardRoute.Shape

    /// Reads answers of `url` in a server's shape.
    init(url: String, models: [String]?, label: String?, shape: RewardRoute.Shape) {
        self.url = url
        self.models = models
        self.label = label
        self.shape = shape
    }

    /// One entry for each of the `count` texts that were sent, with what they took as far as the
    /// answer, or else `reported`, says. Throws when the answer as a whole is not what was asked
    /// for.
    package func rewards(_ body: Data, count: Int, reported: TokenCount? = nil) throws(ModelError)
        -> [Result<Score, ModelError>]
    {
        let (values, tokens) = try shape.read(body, count, url, models)
        return values.map { values in
            Result { () throws(ModelError) in
                Score(try LabelledValue.reward(values, label: label, url: url))
            }
        }.charged(tokens ?? reported)
    }

    /// All numbers of each of the `count` texts.
    func values(_ body: Data, count: Int) throws(ModelError) -> [[LabelledValue]] {
        try shape.read(body, count, url, models).values
    }
}
