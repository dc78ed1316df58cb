internal import OgiveCore
internal import Synchronization
internal import ZeroMQ

/// Judges the messages of a coordinator with keys: whose they are, and whether their sender still
/// has the right to send.
final class PeerGuard: Sendable {
    /// What is to be done with a message.
    enum Verdict: Hashable {
        case accepted
        /// It is dropped; `answer` tells the sender why, where the sender owns the routing id.
        case dropped(DropReason, because: String, answer: String?)
    }

    private let keys: AuthorizedKeys
    private let owners: Mutex<PeerOwners>

    init(_ keys: AuthorizedKeys, _ configuration: TransportConfiguration) {
        self.keys = keys
        owners = Mutex(
            PeerOwners(
                countMax: configuration.ownersMax, silenceMax: configuration.ownerSilenceMax))
    }

    /// Judges a message that came from `worker` by the connection of `user`.
    func judge(_ message: WorkerMessage, of worker: WorkerID, user: String?) -> Verdict {
        guard let user, let key = PublicKey(user) else {
            return .dropped(.wrongUser, because: "its connection has no key", answer: nil)
        }
        guard keys.name(of: key) != nil else {
            // Whoever uses another's routing id must not make the owner leave.
            let owner = owners.withLock { $0.owner(of: worker) }
            let answer =
                owner == nil || owner == key
                ? "this worker's key \(key) is not authorised any more: authorise it again, or"
                    + " give the worker another key"
                : nil
            return .dropped(.revoked, because: "the key \(key) was revoked", answer: answer)
        }
        let verdict = owners.withLock { owners in
            let verdict = owners.admit(worker, key, at: .now)
            if verdict == .accepted, message == .goodbye { owners.remove(worker) }
            return verdict
        }
        switch verdict {
        case .accepted: return .accepted
        case .wrongUser:
            return .dropped(
                .wrongUser,
                because: "the worker belongs to another key than \(key)"
                    + " (\(keys.name(of: key) ?? "revoked"))", answer: nil)
        case .full:
            return .dropped(
                .tooManyWorkers, because: "too many workers are known already", answer: nil)
        }
    }

    /// Whether an answer to what came as `worker` by the connection of `user` reaches nobody else:
    /// whoever uses another's routing id must not make the owner leave.
    func mayAnswer(_ worker: WorkerID, user: String?) -> Bool {
        guard let key = user.flatMap({ PublicKey($0) }) else { return false }
        let owner = owners.withLock { $0.owner(of: worker) }
        return owner == nil || owner == key
    }

    /// Whether a worker's key was taken off the list since it spoke.
    func isRevoked(_ worker: WorkerID) -> Bool {
        owners.withLock { $0.owner(of: worker) }.map { keys.name(of: $0) == nil } ?? false
    }
}
