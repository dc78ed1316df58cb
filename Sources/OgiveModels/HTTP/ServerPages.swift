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

/// `/get_server_info` of SGLang.
struct SGLangInfo: Decodable {
    var version: String
    var model_path: String
    var enable_deterministic_inference: Bool?
}

/// `/info` of TGI.
struct TGIInfo: Decodable {
    var model_id: String
    var model_sha: String?
    var version: String
    var max_total_tokens: Int
}

/// `/api/tags` of Ollama.
struct OllamaTags: Decodable {
    /// One model that lies on the server.
    struct Model: Decodable {
        var name: String
        var digest: String?
    }

    var models: [Model]
}

/// `/version` of vLLM, `/api/version` of Ollama.
struct Version: Decodable {
    var version: String
}

/// `/info` of TEI.
struct TEIInfo: Decodable {
    var model_id: String
    var served_model_name: String?
    var model_sha: String?
    var model_dtype: String
    var max_input_length: Int
    var max_client_batch_size: Int
    var version: String
}
