/// One endpoint of a model: several may serve the same one, and the worker chooses.
package struct Served<Model: Sendable>: Sendable {
    /// The policy or scorer, as reached by this endpoint.
    package var model: Model
    /// Its address, for people; it also names the endpoint among the others of the model.
    package var name: String
    /// What may be asked of it.
    package var limits: EndpointLimits
    /// Asks the server how busy it is; `nil` where no server is asked.
    package var load: (@Sendable () async -> ServerLoad?)?

    /// Joins the parts.
    package init(
        _ model: Model, name: String, limits: EndpointLimits = EndpointLimits(),
        load: (@Sendable () async -> ServerLoad?)? = nil
    ) {
        self.model = model
        self.name = name
        self.limits = limits
        self.load = load
    }
}

/// What may be asked of one endpoint; `nil` is no limit.
package struct EndpointLimits: Hashable, Sendable {
    /// Most requests at once.
    package var concurrency: Int?
    /// Most requests in a minute.
    package var requestsPerMinute: Double?
    /// Most tokens in a minute, those of prompt and completion together.
    package var tokensPerMinute: Double?
    /// After this long an answer is given up.
    package var requestTimeout: Duration?
    /// Most draws or texts that one request to the server carries.
    package var itemsPerRequest: Int?

    /// No limits.
    package init(
        concurrency: Int? = nil, requestsPerMinute: Double? = nil, tokensPerMinute: Double? = nil
    ) {
        self.concurrency = concurrency
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
    }
}
