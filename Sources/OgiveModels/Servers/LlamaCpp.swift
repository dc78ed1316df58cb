internal import Glibc
package import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerKind {
    /// llama.cpp's HTTP server.
    package static let llamaCpp: ServerKind = {
        var kind = ServerKind(name: "llama.cpp", yamlName: "llama.cpp")
        kind.pages = ["/props"]
        kind.facts = { pages in
            pages.read(LlamaProps.self, at: "/props")?.facts(pages.entry?.meta)
        }
        kind.dialect = .llamaCpp
        kind.inspection = ServerInspector.Routes(
            text: { text, addsSpecial, _ in
                .object(["content": .text(text), "add_special": .flag(addsSpecial)])
            },
            chats: .rendered(path: templatePath))
        kind.rewards.advice = [
            .classify: "use the scorer `rerank`", .score: "use the scorer `rerank`",
        ]
        kind.rewards.rerank = .route(
            RerankRoute(
                path: "/v1/rerank", hasActivation: false,
                body: { query, documents, model, _ in
                    .object([
                        "query": .text(query), "documents": .texts(documents),
                        "model": .text(model),
                    ])
                },
                shape: .probabilities))
        kind.judgeFields = ["top_k": .integer(0), "min_p": .integer(0)]
        kind.metrics = ServerMetrics.Names(
            running: "llamacpp:requests_processing", waiting: "llamacpp:requests_deferred",
            queuesRequests: true)
        kind.errors.contextLength = [
            ErrorSign(type: "exceed_context_size_error"),
            ErrorSign("exceeds the available context size"), ErrorSign("too large to process"),
        ]
        // Its parser of chats refuses some texts.
        kind.errors.output = [ErrorSign("Failed to parse input at pos")]
        kind.errors.statuses = ["exceed_context_size_error": 400]
        return kind
    }()
}

/// Where it renders a chat by the model's template.
private let templatePath = "/apply-template"

extension ServerDialect {
    /// Its defaults come from its command line and are not neutral.
    fileprivate static var llamaCpp: ServerDialect {
        var dialect = ServerDialect()
        dialect.seedsChoices = true
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repeat_penalty": .integer(1), "typical_p": .integer(1), "top_n_sigma": .integer(-1),
            "xtc_probability": .integer(0), "dry_multiplier": .integer(0), "mirostat": .integer(0),
            "dynatemp_range": .integer(0),
        ]
        // It cuts thoughts out of the text unless told otherwise.
        dialect.chatFields = ["reasoning_format": .text("none")]
        dialect.logProbabilities = .ofModel
        // 0 means no log-probabilities at all.
        dialect.alternatives = 1
        // It continues a turn in chats too, but repeats it in the answer, where it cannot be told
        // from sampled text with certainty.
        dialect.partialTurn = .rendered(path: templatePath)
        dialect.given = .none(
            "it has no request for that (one for each token would be needed)")
        // In chats with tools it holds the text to a grammar, and takes calls out of it.
        dialect.tools = .rendered(path: templatePath)
        return dialect
    }
}

// The field names are the server's own.

/// `/props` of llama.cpp.
private struct LlamaProps: Decodable {
    /// Settings that hold for each slot.
    struct Generation: Decodable {
        var n_ctx: Int?
    }

    var total_slots: Int
    var chat_template: String?
    var build_info: String?
    var default_generation_settings: Generation?

    /// What identifies the model as served.
    func facts(_ weights: LlamaWeights?) -> ServerFacts {
        var facts: [String: String] = [:]
        facts["version"] = build_info
        facts["n_ctx"] = default_generation_settings?.n_ctx.map { "\($0)" }
        facts["n_params"] = weights?.n_params.map { "\($0)" }
        facts["n_vocab"] = weights?.n_vocab.map { "\($0)" }
        facts["size"] = weights?.size.map { "\($0)" }
        facts["ftype"] = weights?.ftype
        facts["chat_template_sha256"] = chat_template.map { SHA256Digest(hashing: $0).hex }
        return ServerFacts(facts, slots: total_slots)
    }
}

/// What llama.cpp says of the weights in `/v1/models`.
struct LlamaWeights: Decodable {
    var n_params: Int64?
    var n_vocab: Int64?
    var size: Int64?
    var ftype: String?
}

extension RerankReader.Shape {
    /// The numbers are s = sigmoid(reward), printed from a 32-bit float.
    package static let probabilities = RerankReader.Shape(
        reward: { (probability, url) throws(ModelError) in
            try RerankReader.reward(probability, url: url)
        })
}

extension RerankReader {
    /// ln(s / (1 − s)), without cancellation at either end. Of a 32-bit float s the resolution is
    /// about 0.01 near |reward| = 12, and from about 17 on s is 1 and the reward lost.
    package static func reward(_ probability: Double?, url: String) throws(ModelError) -> Double {
        guard let s = probability, s.isFinite else {
            throw ModelError(.notFinite, "\(url) answered a score that is no finite number")
        }
        guard s >= 0, s <= 1 else {
            throw ModelError(
                .malformed,
                "\(url) answered the score \(s), which is no probability; serve a reward model "
                    + "that llama.cpp reads as a two-label classifier")
        }
        // 1 − s is exact for s ≥ 0.5 (Sterbenz), and log1p keeps small s exact.
        let reward = s < 0.5 ? log(s) - log1p(-s) : log(s) - log(1 - s)
        guard reward.isFinite else {
            throw ModelError(
                .notFinite,
                "\(url) answered the score \(s): the reward is beyond the resolution of this "
                    + "endpoint (|reward| above about 12); serve the reward model by vLLM and "
                    + "use the scorer `classify`")
        }
        return reward
    }
}
