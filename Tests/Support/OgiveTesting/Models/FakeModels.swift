package import OgiveCore
internal import Synchronization

/// The models of a worker under test: those of `SimulatedModel`, unless a test says otherwise.
package final class FakeModels: ModelProvider {
    private struct State {
        var offer: Result<Offer, ModelError> = .success(SimulatedModel.offer)
        var sampled: [SampleRequest] = []
        var scored: [[String]] = []
        var asked: [String] = []
        var probes: [String: ModelError] = [:]
        var logProbabilityRequests: [LogProbabilityRequest] = []
    }

    /// Answers in place of the policy; `nil` lets the simulated one answer.
    package typealias Sampling =
        @Sendable (SampleRequest) async -> [Result<Completion, ModelError>]?
    /// Answers in place of the scorer; `nil` lets the simulated one answer.
    package typealias Scoring =
        @Sendable ([ScoreRequest]) async -> [Result<Score, ModelError>]?

    /// Answers in place of the policy; `nil` lets the simulated one answer.
    package typealias LogProbabilities =
        @Sendable (LogProbabilityRequest) async -> [Result<LogProbability, ModelError>]?

    private let state = Mutex(State())
    private let sampling: Sampling
    private let scoring: Scoring
    private let endpoints: [Endpoint]
    private let logProbabilities: LogProbabilities

    /// One of the endpoints of the models under test.
    package struct Endpoint: Sendable {
        /// Its name.
        package var name: String
        /// What may be asked of it.
        package var limits: EndpointLimits
        /// What is not answered for other reasons than a model's.
        package var fault: @Sendable () async -> ModelError?

        /// An endpoint that answers everything, unless there is a fault.
        package init(
            _ name: String, limits: EndpointLimits = EndpointLimits(),
            fault: @escaping @Sendable () async -> ModelError? = { nil }
        ) {
            self.name = name
            self.limits = limits
            self.fault = fault
        }
    }

    /// Models that answer as a test says.
    package init(
        endpoints: [Endpoint] = [Endpoint("fake")],
        sampling: @escaping Sampling = { _ in nil }, scoring: @escaping Scoring = { _ in nil },
        logProbabilities: @escaping LogProbabilities = { _ in nil }
    ) {
        self.endpoints = endpoints
        self.sampling = sampling
        self.scoring = scoring
        self.logProbabilities = logProbabilities
    }

    /// Changes what is served, or makes the servers unreachable.
    package func setOffer(_ offer: Result<Offer, ModelError>) {
        state.withLock { $0.offer = offer }
    }

    /// Lets the pages of an endpoint fail; `nil` lets them come.
    package func setProbe(of endpoint: String, _ error: ModelError?) {
        state.withLock { $0.probes[endpoint] = error }
    }

    /// The endpoints that were asked for draws or scores, in order.
    package var asked: [String] { state.withLock { $0.asked } }

    /// The requests that the policy got.
    package var sampled: [SampleRequest] { state.withLock { $0.sampled } }

    /// The texts that the scorer got, by request.
    package var scored: [[String]] { state.withLock { $0.scored } }

    /// The candidates whose log-probabilities the policy was asked for, by request.
    package var logProbabilityRequests: [LogProbabilityRequest] {
        state.withLock { $0.logProbabilityRequests }
    }

    /// What is served, as the test set it.
    package func offer() async throws(ModelError) -> Offer {
        try state.withLock { $0.offer }.get()
    }

    /// A policy that records what it is asked.
    package func policies(for spec: PolicySpec) throws(ModelError) -> [Served<any Policy>] {
        endpoints.map {
            Served(FakePolicy(models: self, endpoint: $0), name: $0.name, limits: $0.limits)
        }
    }

    /// A scorer that records what it is asked.
    package func scorers(for spec: ScorerSpec) throws(ModelError) -> [Served<any Scorer>] {
        endpoints.map {
            Served(FakeScorer(models: self, endpoint: $0), name: $0.name, limits: $0.limits)
        }
    }

    /// Notes that an endpoint is asked; answers with its fault.
    func ask(_ endpoint: Endpoint) async -> ModelError? {
        state.withLock { $0.asked.append(endpoint.name) }
        return await endpoint.fault()
    }

    func probe(_ endpoint: Endpoint) async throws(ModelError) -> Offer {
        if let error = state.withLock({ $0.probes[endpoint.name] }) { throw error }
        return try await offer()
    }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        state.withLock { $0.sampled.append(request) }
        if let answers = await sampling(request) { return answers }
        return request.indexes.map {
            SimulatedModel().completion(seed: request.seedBase + UInt64($0))
        }
    }

    func answer(_ request: LogProbabilityRequest) async -> [Result<LogProbability, ModelError>] {
        state.withLock { $0.logProbabilityRequests.append(request) }
        if let answers = await logProbabilities(request) { return answers }
        return request.completions.map { SimulatedModel().logProbability(of: $0) }
    }

    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        state.withLock { $0.scored.append(requests.map(\.completion)) }
        if let answers = await scoring(requests) { return answers }
        return requests.map { request in
            SimulatedModel().reward(of: request.completion).map { Score($0) }
        }
    }
}

private struct FakePolicy: Policy {
    let models: FakeModels
    let endpoint: FakeModels.Endpoint

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await models.probe(endpoint).policies[0].fingerprint
    }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        if let error = await models.ask(endpoint) {
            return request.indexes.map { _ in .failure(error) }
        }
        return await models.sample(request)
    }

    func logProbabilityObstacle() async throws(ModelError) -> String? { nil }

    func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        if let error = await models.ask(endpoint) {
            return request.completions.map { _ in .failure(error) }
        }
        return await models.answer(request)
    }
}

private struct FakeScorer: Scorer {
    let models: FakeModels
    let endpoint: FakeModels.Endpoint

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await models.probe(endpoint).scorers[0].fingerprint
    }

    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        if let error = await models.ask(endpoint) {
            return requests.map { _ in .failure(error) }
        }
        return await models.score(requests)
    }
}
