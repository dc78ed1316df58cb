internal import FoundationEssentials
internal import Glibc
package import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerDialect {
    /// llama.cpp's server. Its defaults come from its command line and are not neutral.
    static var llamaCpp: ServerDialect {
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
        dialect.partialTurn = .rendered
        dialect.given = .none(
            "it has no request for that (one for each token would be needed)")
        // In chats with tools it holds the text to a grammar, and takes calls out of it.
        dialect.tools = .rendered
        return dialect
    }
}

/// `/props` of llama.cpp.
struct LlamaProps: Decodable {
    /// Settings that hold for each slot.
    struct Generation: Decodable {
        var n_ctx: Int?
    }

    var total_slots: Int
    var chat_template: String?
    var build_info: String?
    var default_generation_settings: Generation?
}

extension LlamaProps {
    /// Reads the page; `nil` when it is not there, or another server's.
    static func read(_ pages: [String: Data]) -> LlamaProps? {
        pages["/props"].flatMap { try? BoundedJSON.decode(LlamaProps.self, from: $0) }
    }

    func facts(_ entry: ModelList.Entry?) -> [String: String] {
        var facts: [String: String] = [:]
        facts["version"] = build_info
        facts["n_ctx"] = default_generation_settings?.n_ctx.map { "\($0)" }
        facts["n_params"] = entry?.meta?.n_params.map { "\($0)" }
        facts["n_vocab"] = entry?.meta?.n_vocab.map { "\($0)" }
        facts["size"] = entry?.meta?.size.map { "\($0)" }
        facts["ftype"] = entry?.meta?.ftype
        facts["chat_template_sha256"] = chat_template.map { SHA256Digest(hashing: $0).hex }
        return facts
    }
}

extension RerankReader {
    /// ln(s / (1 − s)), without cancellation at either end.
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
