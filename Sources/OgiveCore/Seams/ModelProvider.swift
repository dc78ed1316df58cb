/// The models that a worker serves: its configuration says *where*, specifications say *what*.
package protocol ModelProvider: Sendable {
    /// What the worker announces in its `Hello`: read from the servers when it starts and again
    /// when they come back from an outage.
    func offer() async throws(ModelError) -> Offer

    /// The endpoints of the policy for a specification that `offer()` covers: at least one, always
    /// in the same order. They serve the same model; the worker chooses among them.
    func policies(for spec: PolicySpec) throws(ModelError) -> [Served<any Policy>]

    /// The endpoints of the scorer for a specification that `offer()` covers, as above.
    func scorers(for spec: ScorerSpec) throws(ModelError) -> [Served<any Scorer>]
}

/// What a worker can serve.
package struct Offer: Hashable, Sendable {
    /// A model behind an adapter, as fingerprinted.
    package struct Model: Hashable, Sendable {
        /// The adapter: the raw value of `PolicySpec.Kind` or `ScorerSpec.Kind.Name`.
        package var kind: String
        /// The model id.
        package var model: String
        /// What identifies it.
        package var fingerprint: Fingerprint
        /// Why a policy cannot give log-probabilities of candidates; `nil` when it can, or is none.
        package var logProbabilityObstacle: String?

        /// Joins the parts.
        package init(kind: String, model: String, fingerprint: Fingerprint) {
            self.kind = kind
            self.model = model
            self.fingerprint = fingerprint
        }
    }

    /// The policies.
    package var policies: [Model]
    /// The scorers.
    package var scorers: [Model]

    /// Joins both.
    package init(policies: [Model], scorers: [Model]) {
        self.policies = policies
        self.scorers = scorers
    }
}

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

/// How busy a model server says it is.
package struct ServerLoad: Hashable, Sendable {
    /// Sequences that it works on.
    package var running: Int
    /// Requests or sequences that wait in its own queue.
    package var waiting: Int
    /// Whether `waiting` counts a request of several sequences once, as llama.cpp does.
    package var queuesRequests = false

    /// Joins them.
    package init(running: Int, waiting: Int, queuesRequests: Bool = false) {
        self.running = running
        self.waiting = waiting
        self.queuesRequests = queuesRequests
    }
}

/// What a model's server lets one see of its tokens and limits, beside what a run needs of it.
///
/// Every answer may be `nil`: the server does not report it.
package protocol ModelInspector: Sendable {
    /// Its address.
    var name: String { get }

    /// Most tokens of a prompt and its completion together.
    func contextLength() async throws(ModelError) -> Int?

    /// The tokens of a text, with the special tokens that the server adds to texts, or without.
    func tokens(of text: String, addingSpecial: Bool) async throws(ModelError) -> [Int]?

    /// The tokens that the model is given for a prompt or, with a completion, for both as a
    /// conversation that is complete.
    func tokens(of prompt: Prompt, completion: String?) async throws(ModelError) -> [Int]?

    /// The same as the text that the template makes.
    func rendered(_ prompt: Prompt, completion: String?) async throws(ModelError) -> String?

    /// Of a scorer: a reward as the server gives it squashed and raw, asked for both ways.
    func squashedAndRaw(_ request: ScoreRequest) async throws(ModelError)
        -> (squashed: Double, raw: Double)?
}
