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
