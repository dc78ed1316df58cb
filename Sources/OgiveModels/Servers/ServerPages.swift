// The field names are the servers' own.

/// `/v1/models` of any server.
struct ModelList: Decodable {
    /// One served model.
    struct Entry: Decodable {
        /// llama.cpp's facts about the weights.
        struct Meta: Decodable {
            var n_params: Int64?
            var n_vocab: Int64?
            var size: Int64?
            var ftype: String?
        }

        var id: String
        var aliases: [String]?
        var root: String?
        var max_model_len: Int?
        var meta: Meta?

        /// Whether the server calls this model `name`.
        func names(_ name: String) -> Bool { id == name || aliases?.contains(name) == true }
    }

    var data: [Entry]
}

/// `/version` of vLLM, `/api/version` of Ollama.
struct Version: Decodable {
    var version: String
}
