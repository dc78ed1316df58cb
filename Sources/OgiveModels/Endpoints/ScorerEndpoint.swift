package import OgiveCore

/// Where a scorer is served.
package struct ScorerEndpoint: Hashable, Sendable {
    /// The adapter.
    package var kind: ScorerSpec.Kind.Name
    /// The model id as the server reports it, or a name of the user's choice.
    package var model: String
    /// The server's address; for `rerank`, `classify` and `pooling`.
    package var url: String?
    /// The key that the server wants; never logged.
    package var apiKey: String?
    /// A file with the certificates (PEM) of authorities that are trusted too.
    package var caFile: String?
    /// Time for one request; for `command` the time for one batch.
    package var requestTimeout = Duration.seconds(120)
    /// Most completions of one request.
    package var batchSize = 32
    /// Most connections, and so requests at once.
    package var connections = 16
    /// How `classify` and `pooling` make a text of a pair (`{query}`, `{document}`); `nil` lets
    /// the server apply the model's chat template, one conversation a request.
    package var template: String?
    /// Program and arguments of `command`.
    package var argv: [String] = []
    /// Environment variables for `command`, besides those of this process.
    package var environment: [String: String] = [:]
    /// The folder that `command` runs in; `nil` is the current one.
    package var workingDirectory: String?
    /// Which server it is; `nil` takes what its pages say.
    package var server: RewardServer?
    /// Whether it is found out at the start that rewards come raw.
    package var checksActivation = true
    /// How `http` is reached, besides the address.
    package var http = HTTPScorerEndpoint()
    /// The parts of `weighted`, by name.
    package var parts: [String: ScorerEndpoint] = [:]
    /// Whether `command` begins with a line of facts about itself, which is to be waited for.
    package var announcesFacts = false
    /// What may be asked of the server.
    package var limits = EndpointLimits()

    /// Names a scorer and where it is.
    package init(kind: ScorerSpec.Kind.Name, model: String, url: String? = nil) {
        self.kind = kind
        self.model = model
        self.url = url
    }

    /// The address, or what stands in for it.
    var name: String { url ?? "\(kind.rawValue) \(model)" }

    /// What may be asked of the server, with what follows from the other settings.
    var allLimits: EndpointLimits {
        var all = limits
        all.requestTimeout = requestTimeout
        all.itemsPerRequest =
            [.classify, .pooling].contains(kind) && template == nil ? 1 : batchSize
        return all
    }
}
