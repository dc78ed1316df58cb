package import OgiveCore
internal import Synchronization

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

/// Where a reference policy is served.
package struct PolicyEndpoint: Hashable, Sendable {
    /// The adapter.
    package var kind: PolicySpec.Kind
    /// The model id as the server reports it, or the name of a synthetic policy.
    package var model: String
    /// The server's address; not needed for `synthetic`.
    package var url: String?
    /// The key that the server wants; never logged.
    package var apiKey: String?
    /// Which server it is; `nil` asks the server.
    package var server: ServerKind?
    /// A file with the certificates (PEM) of authorities that are trusted too.
    package var caFile: String?
    /// Time for one request, its waiting in the server's queue included.
    package var requestTimeout = Duration.seconds(600)
    /// Most draws of one request.
    package var drawsPerRequest = 8
    /// Most connections, and so requests at once.
    package var connections = 64
    /// What may be asked of the server.
    package var limits = EndpointLimits()

    /// Names a policy and where it is.
    package init(kind: PolicySpec.Kind, model: String, url: String? = nil) {
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
        all.itemsPerRequest = drawsPerRequest
        return all
    }
}

/// What all endpoints of one model have to say of it: the facts of the first that was asked.
///
/// So a sampling's fingerprint does not depend on which endpoint answered.
package final class AgreedFacts: Sendable {
    private let first = Mutex<(url: String, facts: [String: String])?>(nil)

    /// Nobody was asked yet.
    package init() {}

    /// Throws `wrongModel` when the server at `url` says something else than the first one, or
    /// than it did before.
    func check(_ facts: [String: String], url: String) throws(ModelError) {
        let first = first.withLock { first in
            let agreed = first ?? (url, facts)
            first = agreed
            return agreed
        }
        let isSame = first.url == url
        let (then, now) = isSame ? ("before", "now") : ("there", "here")
        let changes = Set(first.facts.keys).union(facts.keys).sorted()
            .filter { first.facts[$0] != facts[$0] }
            .map { "\($0): \(first.facts[$0] ?? "none") \(then), \(facts[$0] ?? "none") \(now)" }
        guard !changes.isEmpty else { return }
        let other = isSame ? "before" : "\(first.url), which serves the same model by name"
        throw ModelError(
            .wrongModel,
            "\(url) serves another model than \(other) (\(changes.joined(separator: "; "))); "
                + (isSame
                    ? "serve the former one, or start the worker again to offer this one"
                    : "serve one model, with the same server and settings, at all endpoints"))
    }
}
