package import FoundationEssentials
package import OgiveCore

/// Reads the answers of servers of reward models.
package struct PoolingReader {
    /// The endpoint, for messages.
    let url: String
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?
    /// The label that is the reward; `nil` where there is only one.
    let label: String?
    private let shape: RewardRoute.Shape

    /// Reads answers of vLLM's `/classify`, `/pooling` and `/score`.
    package init(url: String, models: [String]? = nil, label: String? = nil) {
        self.init(url: url, models: models, label: label, shape: .indexed)
    }

    init(url: String, models: [String]?, label: String?, shape: RewardRoute.Shape) {
        self.url = url
        self.models = models
        self.label = label
        self.shape = shape
    }

    /// Reads answers of SGLang's `/classify`.
    package static func embeddings(url: String, label: String? = nil) -> PoolingReader {
        PoolingReader(url: url, models: nil, label: label, shape: .embeddings)
    }

    /// Reads answers of TEI's `/predict`.
    package static func predictions(url: String, label: String? = nil) -> PoolingReader {
        PoolingReader(url: url, models: nil, label: label, shape: .predictions)
    }

    /// One entry for each of the `count` texts that were sent, with what they took as far as the
    /// answer, or else `told`, says. Throws when the answer as a whole is not what was asked for.
    package func rewards(_ body: Data, count: Int, told: TokenCount? = nil) throws(ModelError)
        -> [Result<Score, ModelError>]
    {
        let (values, tokens) = try answer(body, count: count)
        return values.map { values in
            Result { () throws(ModelError) in
                Score(try LabelledValue.reward(values, label: label, url: url))
            }
        }.charged(tokens ?? told)
    }

    /// All numbers of each of the `count` texts.
    func values(_ body: Data, count: Int) throws(ModelError) -> [[LabelledValue]] {
        try answer(body, count: count).values
    }

    private func answer(
        _ body: Data, count: Int
    ) throws(ModelError) -> (values: [[LabelledValue]], tokens: TokenCount?) {
        switch shape {
        case .indexed:
            let answer = try ServerAnswer.decode(IndexedAnswer.self, body, url: url)
            try ServedModel.check(answer.model, among: models, url: url)
            let entries = answer.data.map { ($0.index, $0) }
            let values = try ScoreReader.ordered(entries, count: count, url: url).map {
                (entry) throws(ModelError) in try entry.values(url: url)
            }
            return (values, answer.usage?.tokens)
        case .embeddings:
            let answer = try ServerAnswer.decodeList(Embedding.self, body, url: url)
            let told = answer.compactMap(\.meta_info?.tokens)
            return (
                try counted(answer, count).map { LabelledValue.numbered($0.embedding) },
                told.isEmpty ? nil : told.reduce(TokenCount(), +)
            )
        case .predictions:
            let answer = try ServerAnswer.decodeList([Prediction].self, body, url: url)
            let values = try counted(answer, count).map { predictions in
                predictions.map { LabelledValue(label: $0.label, value: $0.score) }
            }
            return (values, nil)
        }
    }

    private func counted<Entry>(_ entries: [Entry], _ count: Int) throws(ModelError) -> [Entry] {
        guard entries.count == count else {
            throw ModelError(
                .wrongCount, "\(url) answered \(entries.count) scores instead of \(count)")
        }
        return entries
    }
}
