internal import FoundationEssentials
internal import OgiveCore

/// What Ogive knows of one kind of model server.
///
/// Each kind is a value in a file of its own; `ServerKind.all` lists them. What a file does not set
/// is as most servers have it, or is what the server lacks.
package struct ServerKind: Sendable {
    /// The name in fingerprints and messages.
    package let name: String
    /// The name in configuration files.
    package let yamlName: String
    /// Whether it completes prompts.
    package var completes = true

    /// How its address begins, where that alone says which server it is.
    var address: String?
    /// The pages that tell what it is and serves.
    package var pages: [String] = []
    /// What it says of the model as served; `nil` where the pages are another server's.
    var facts: @Sendable (ServerPages) -> ServerFacts? = { ServerFacts($0.common) }
    /// Whether it always has a list of models, `/v1/models`.
    var listsModels = true
    /// Whether its answers name the model as its pages do: a gateway, or a hosted API, may name it
    /// as it likes.
    var namesModels = true

    /// How it is asked for draws, and answers.
    var dialect = ServerDialect()
    /// How it tokenises for a policy.
    var tokenizer = ServerTokenizer.Routes()
    /// What it lets one see of its tokens; `nil` when nothing.
    var inspection: ServerInspector.Routes?
    /// How it is asked for rewards.
    var rewards = RewardRoutes()
    /// Fields of requests to a judge that turn its own defaults off.
    var judgeFields: [String: JSONValue] = [:]

    /// What it calls its queues in `/metrics`; `nil` when it does not report them.
    var metrics: ServerMetrics.Names?
    /// The header that says how many tokens an answer took.
    var tokensHeader: String?
    /// Its words for the end of a completion, in lower case, beside those of OpenAI's API.
    var finishReasons: [String: FinishReason.Meaning] = [:]
    /// How its errors are told apart.
    var errors = ServerErrors()

    /// Names a kind.
    init(name: String, yamlName: String) {
        self.name = name
        self.yamlName = yamlName
    }

    /// Whether it serves reward models.
    package var servesRewards: Bool {
        if case .route = rewards.rerank { return true }
        return !rewards.routes.isEmpty
    }
}

/// Kinds of one name are one kind.
extension ServerKind: Hashable, CustomStringConvertible {
    package static func == (left: ServerKind, right: ServerKind) -> Bool {
        left.name == right.name
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    package var description: String { name }
}

extension ServerKind {
    /// All kinds, in the order in which messages name them.
    package static let all: [ServerKind] = [
        .vLLM, .sglang, .tei, .llamaCpp, .tgi, .ollama, .openAI, .other,
    ]

    /// Those that are known by pages of theirs, in the order in which they are looked for. vLLM
    /// comes last: other servers may have a page of the same name.
    static let recognised: [ServerKind] = [.llamaCpp, .sglang, .tei, .tgi, .ollama, .vLLM]

    /// The kind of the server at an address that says it by itself; `nil` for any other address.
    static func at(_ url: ModelURL) -> ServerKind? {
        all.first { kind in kind.address.map { url.base.hasPrefix($0) } ?? false }
    }
}

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
