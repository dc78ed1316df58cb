internal import Logging
internal import OgiveCore
internal import ServiceLifecycle

/// A coordinator before it leads: asks to, and stands by while another one does.
struct Candidate: Sendable {
    let configuration: CoordinatorConfiguration
    let store: any Store
    let time: TimeSource
    let logger: Logger

    /// What a coordinator that leads has to know.
    struct Success: Sendable {
        /// Its term.
        let term: Term
        /// The secret of the workers' leases.
        let key: LeaseKey
        /// The moment from which its lease counts.
        let since: Instant
    }

    /// Returns once this coordinator leads; `nil` when it was shut down before. Throws
    /// `CoordinatorError` when it cannot lead.
    func lead() async throws -> Success? {
        var leader: Leader?
        var isAway = false
        while !Task.isShuttingDownGracefully {
            let asked = time.now()
            do throws(StoreError) {
                switch try await store.lead(as: configuration.name, for: configuration.lease) {
                case .leading(let term, let key):
                    return Success(term: term, key: key, since: asked)
                case .following(let found):
                    try follow(found, after: leader)
                    leader = found
                }
                isAway = false
            } catch {
                guard leader != nil, error.isRetriable else {
                    throw CoordinatorError(
                        code: .leadership, message: error.message, cause: error)
                }
                if !isAway {
                    logger.warning(
                        "the database does not say who leads",
                        metadata: ["reason": "\(error.message)"])
                }
                isAway = true
            }
            do {
                try await cancelWhenGracefulShutdown {
                    try await time.sleep(configuration.standbyInterval)
                }
            } catch  where Task.isShuttingDownGracefully {
                return nil
            }
        }
        return nil
    }

    /// Throws when this one must not wait for a leader that lives.
    private func follow(_ leader: Leader, after former: Leader?) throws(StoreError) {
        let isRenewed = former.map {
            $0.term == leader.term && $0.renewedAt != leader.renewedAt
        }
        if !configuration.standsBy, isRenewed == true {
            throw StoreError(.conflict, leader.conflict)
        }
        if former?.term != leader.term {
            logger.notice(
                "standing by: another coordinator leads", metadata: ["leader": "\(leader)"])
        }
    }
}
