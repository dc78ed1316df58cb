package import OgiveCore

/// Where a scorer is served, and how.
package struct ScorerEndpoint: Sendable {
    /// How its kind is served.
    package var adapter: any ScorerAdapter
    /// The model id as the server reports it, or a name of the user's choice.
    package var model: String
    /// The server's address; not needed by kinds that ask none.
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
    /// What may be asked of the server.
    package var limits = EndpointLimits()

    /// Names a scorer and where it is.
    package init(_ adapter: any ScorerAdapter, model: String, url: String? = nil) {
        self.adapter = adapter
        self.model = model
        self.url = url
    }

    /// The kind.
    package var kind: ScorerSpec.Kind.Name { adapter.kind }

    /// The address, or what stands in for it.
    var name: String { url ?? "\(kind.rawValue) \(model)" }

    /// What may be asked of the server, with what follows from the other settings.
    var allLimits: EndpointLimits {
        var all = limits
        all.requestTimeout = requestTimeout
        all.itemsPerRequest = adapter.sharesRequests ? batchSize : 1
        return all
    }

    /// Whether a specification means this scorer.
    func serves(_ spec: ScorerSpec) -> Bool {
        kind == spec.kind.name && model == spec.model
    }
}
