package import OgiveCore

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
