internal import FoundationEssentials
internal import OgiveCore

// Where each fact comes from is said in Scorers.md.
extension ServerKind {
    /// Hugging Face's Text Embeddings Inference, which serves reward models.
    package static let tei: ServerKind = {
        var kind = ServerKind(name: "TEI", yamlName: "tei")
        kind.completes = false
        kind.pages = ["/info"]
        kind.facts = { pages in
            guard let info = pages.read(TEIInfo.self, at: "/info") else { return nil }
            return ServerFacts(
                [
                    "version": info.version, "root": info.model_id, "sha": info.model_sha,
                    "dtype": info.model_dtype, "max_model_len": "\(info.max_input_length)",
                ], models: [info.served_model_name ?? info.model_id, info.model_id])
        }
        kind.listsModels = false
        // It completes nothing, and says so itself.
        kind.dialect = ServerKind.other.dialect
        kind.rewards.routes = [
            .classify: RewardRoute("/predict", .text, .predictions, hasActivation: true),
            .score: RewardRoute("/predict", .pair, .predictions, hasActivation: true),
        ]
        kind.rewards.rerank = .route(
            RerankRoute(
                path: "/rerank", hasActivation: true,
                body: { query, documents, _, isRaw in
                    .object([
                        "query": .text(query), "texts": .texts(documents),
                        "raw_scores": .flag(isRaw), "truncate": .flag(false),
                    ])
                },
                shape: .ranks))
        kind.tokensHeader = "x-compute-tokens"
        // `inputs` must have less than 512 tokens. Given: 600
        kind.errors.contextLength = [ErrorSign("must have less than", "tokens")]
        kind.errors.statuses = ["validation": 422]
        return kind
    }()
}

// The field names are the server's own.

/// `/info` of TEI.
private struct TEIInfo: Decodable {
    var model_id: String
    var served_model_name: String?
    var model_sha: String?
    var model_dtype: String
    var max_input_length: Int
    var max_client_batch_size: Int
    var version: String
}

extension RewardRoute.Shape {
    /// `[[{"label", "score"}]]`, in the order of the request, the labels sorted by score.
    fileprivate static let predictions = RewardRoute.Shape(
        body: { input, _, isRaw in
            .object([
                "inputs": .list(input.pairs.map { .texts($0) }), "raw_scores": .flag(isRaw),
                "truncate": .flag(false),
            ])
        },
        read: { (data, count, url, _) throws(ModelError) in
            let answer = try ServerAnswer.decodeList([Prediction].self, data, url: url)
            let values = try ScoreReader.counted(answer, count: count, url: url).map {
                $0.map { LabelledValue(label: $0.label, value: $0.score) }
            }
            return (values, nil)
        })
}

/// A label of TEI's `/predict`.
private struct Prediction: Decodable {
    var label: String
    var score: Double?
}

extension PoolingReader {
    /// Reads answers of TEI's `/predict`.
    package static func predictions(url: String, label: String? = nil) -> PoolingReader {
        PoolingReader(url: url, models: nil, label: label, shape: .predictions)
    }
}

extension RerankReader.Shape {
    /// `[{"index", "score"}]`, raw.
    package static let ranks = RerankReader.Shape(
        read: { (data, url, _) throws(ModelError) in
            let ranks = try ServerAnswer.decodeList(Rank.self, data, url: url)
            return (ranks.map { ($0.index, $0.score) }, nil)
        })
}

/// An entry of TEI's `/rerank`.
private struct Rank: Decodable {
    var index: Int
    var score: Double?
}
