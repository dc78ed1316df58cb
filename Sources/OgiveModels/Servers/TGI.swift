internal import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerDialect {
    /// Hugging Face's Text Generation Inference. It takes `presence_penalty` + 2 for a repetition
    /// penalty, `model` for the name of an adapter, refuses `top_p: 1`, and ignores `n`.
    static var tgi: ServerDialect {
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

/// `/info` of TGI.
struct TGIInfo: Decodable {
    var model_id: String
    var model_sha: String?
    var version: String
    var max_total_tokens: Int
}
