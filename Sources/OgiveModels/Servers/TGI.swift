internal import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerKind {
    /// Hugging Face's Text Generation Inference.
    package static let tgi: ServerKind = {
        var kind = ServerKind(name: "TGI", yamlName: "tgi")
        kind.pages = ["/info"]
        kind.facts = { pages in
            guard let info = pages.read(TGIInfo.self, at: "/info") else { return nil }
            return ServerFacts([
                "version": info.version, "root": info.model_id, "sha": info.model_sha,
                "max_model_len": "\(info.max_total_tokens)",
            ])
        }
        kind.dialect = .tgi
        kind.metrics = ServerMetrics.Names(
            running: "tgi_batch_current_size", waiting: "tgi_queue_size")
        kind.finishReasons = ["eos_token": .ended(.stop), "stop_sequence": .ended(.stop)]
        kind.errors.contextLength = [ErrorSign("tokens", type: "validation")]
        kind.errors.statuses = ["validation": 422]
        return kind
    }()
}

extension ServerDialect {
    /// It takes `presence_penalty` + 2 for a repetition penalty, `model` for the name of an
    /// adapter, refuses `top_p: 1`, and ignores `n`.
    fileprivate static var tgi: ServerDialect {
        var dialect = ServerDialect()
        dialect.takesWideSeeds = true
        dialect.sendsModel = false
        dialect.topP = Parameter(name: "top_p", off: nil)
        dialect.alternatives = nil
        dialect.partialTurn = .trimmed
        dialect.tools = .none("it holds answers to a grammar of the tools")
        dialect.takesFieldsOfTurns = false
        dialect.given = .none("it takes texts, whose tokens need not be those that are sampled")
        return dialect
    }
}

// The field names are the server's own.

/// `/info` of TGI.
private struct TGIInfo: Decodable {
    var model_id: String
    var model_sha: String?
    var version: String
    var max_total_tokens: Int
}
