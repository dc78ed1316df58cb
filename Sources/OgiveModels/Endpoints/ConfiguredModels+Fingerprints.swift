internal import OgiveCore

/// What tells one model of a configuration from another.
protocol ModelEndpoint {
    /// The adapters.
    associatedtype Kind: RawRepresentable<String>
    /// The adapter.
    var kind: Kind { get }
    /// The model id.
    var model: String { get }
}

extension PolicyEndpoint: ModelEndpoint {}
extension ScorerEndpoint: ModelEndpoint {}

extension ConfiguredModels {
    /// The first endpoint of each model.
    static func models<Endpoint: ModelEndpoint>(_ endpoints: [Endpoint]) -> [Endpoint] {
        var known: Set<[String]> = []
        return endpoints.filter { known.insert([$0.kind.rawValue, $0.model]).inserted }
    }

    /// Why an endpoint of a policy cannot give log-probabilities of candidates; `nil` when each
    /// that answers can.
    static func logProbabilityObstacle(
        _ served: [Served<any Policy>]
    ) async throws(ModelError) -> String? {
        for policy in served {
            do throws(ModelError) {
                if let obstacle = try await policy.model.logProbabilityObstacle() {
                    return obstacle
                }
            } catch {
                guard error.isRetriable else { throw error }
            }
        }
        return nil
    }

    /// The one fingerprint of all endpoints of a model that answer. Throws when none does, when
    /// one has another fingerprint, or refuses for good.
    static func fingerprint(
        _ endpoints: [(name: String, read: () async throws(ModelError) -> Fingerprint)]
    ) async throws(ModelError) -> Fingerprint {
        var first: (name: String, fingerprint: Fingerprint)?
        var absence: ModelError?
        for endpoint in endpoints {
            let fingerprint: Fingerprint
            do throws(ModelError) {
                fingerprint = try await endpoint.read()
            } catch {
                guard error.isRetriable else { throw error }
                absence = absence ?? error
                continue
            }
            if let first, first.fingerprint != fingerprint {
                throw ModelError(
                    .wrongModel,
                    "\(endpoint.name) and \(first.name) serve different models: "
                        + "\(fingerprint.facts) and \(first.fingerprint.facts); "
                        + "serve one model, with the same server and settings, at all endpoints")
            }
            first = first ?? (endpoint.name, fingerprint)
        }
        guard let first else {
            throw absence ?? ModelError(.misconfigured, "there is no endpoint to be asked")
        }
        return first.fingerprint
    }
}
