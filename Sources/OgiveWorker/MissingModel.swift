internal import OgiveCore

/// Stands in for a model that the provider does not have: every request fails for that reason, and
/// the run that asks for it is declined.
struct MissingModel: Policy, Scorer {
    let error: ModelError

    func fingerprint() async throws(ModelError) -> Fingerprint { throw error }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        request.indexes.map { _ in .failure(error) }
    }

    func logProbabilityObstacle() async throws(ModelError) -> String? { throw error }

    func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        request.completions.map { _ in .failure(error) }
    }

    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        requests.map { _ in .failure(error) }
    }
}

extension ModelProvider {
    /// The endpoints of a policy; never none.
    func endpoints(of spec: PolicySpec) -> [Served<any Policy>] {
        do {
            return try policies(for: spec)
        } catch {
            return [Served(MissingModel(error: error), name: spec.model)]
        }
    }

    /// The endpoints of a scorer; never none.
    func endpoints(of spec: ScorerSpec) -> [Served<any Scorer>] {
        do {
            return try scorers(for: spec)
        } catch {
            return [Served(MissingModel(error: error), name: spec.model)]
        }
    }
}
