internal import FoundationEssentials
internal import OgiveCore

/// What a server says of itself: pages of its own, and the model's entry in `/v1/models`.
struct ServerPages {
    /// The bodies of its pages, by their paths.
    var pages: [String: Data]
    /// The model's entry, where there is a list of models.
    var entry: ModelList.Entry?

    /// Reads a page; `nil` when it is not there, or another server's.
    func read<Page: Decodable>(_ type: Page.Type, at path: String) -> Page? {
        pages[path].flatMap { try? BoundedJSON.decode(type, from: $0) }
    }

    /// What the entry says at most servers that have one.
    var common: [String: String?] {
        ["root": entry?.root, "max_model_len": entry?.max_model_len.map { "\($0)" }]
    }
}

/// What a server's pages say of the model as served.
struct ServerFacts {
    /// What identifies the model, beside its name.
    var facts: [String: String]
    /// Most choices of one request, where the server reports it.
    var slots: Int?
    /// The names of the one model of a server without a list of models.
    var models: [String]?

    /// Takes those of the facts that are known.
    init(_ facts: [String: String?], slots: Int? = nil, models: [String]? = nil) {
        self.facts = facts.compactMapValues(\.self)
        self.slots = slots
        self.models = models
    }
}

// The field names are the servers' own.

/// `/v1/models` of any server.
struct ModelList: Decodable {
    /// One served model.
    struct Entry: Decodable {
        var id: String
        var aliases: [String]?
        var root: String?
        var max_model_len: Int?
        /// What llama.cpp says of the weights.
        var meta: LlamaWeights?

        /// Whether the server calls this model `name`.
        func names(_ name: String) -> Bool { id == name || aliases?.contains(name) == true }
    }

    var data: [Entry]
}

/// `/version` of vLLM, `/api/version` of Ollama.
struct Version: Decodable {
    var version: String
}
