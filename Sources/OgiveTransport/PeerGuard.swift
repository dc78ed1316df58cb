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
            if verdict == .accepted, case .goodbye = message { owners.remove(worker) }
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

/// Which key each worker's incarnation belongs to: the first that spoke under its routing id.
///
/// Pure. Routing ids are random and new for each incarnation, so that an owner is never mistaken;
/// one that fell silent is forgotten, which bounds the number and lets nobody be locked out. One
/// key has no more than half of them: else it could keep newcomers of all others out.
struct PeerOwners {
    /// What is to be done with a message.
    enum Verdict: Hashable {
        case accepted
        /// The routing id belongs to another key.
        case wrongUser
        /// There are too many incarnations already.
        case full
    }

    private struct Owner {
        var key: PublicKey
        var heardAt: ContinuousClock.Instant
    }

    private let countMax: Int
    private let silenceMax: Duration
    private var owners: [WorkerID: Owner] = [:]
    /// How many incarnations each key has.
    private var counts: [PublicKey: Int] = [:]
    private var sweptAt: ContinuousClock.Instant?

    /// Remembers `countMax` owners, each for `silenceMax` after its last message.
    init(countMax: Int, silenceMax: Duration) {
        self.countMax = countMax
        self.silenceMax = silenceMax
    }

    /// How many owners are remembered.
    var count: Int { owners.count }

    /// The key that an incarnation belongs to.
    func owner(of worker: WorkerID) -> PublicKey? { owners[worker]?.key }

    /// Judges a message of `worker` that came by a connection of `key`.
    mutating func admit(
        _ worker: WorkerID, _ key: PublicKey, at now: ContinuousClock.Instant
    ) -> Verdict {
        if let owner = owners[worker], owner.key == key {
            owners[worker] = Owner(key: key, heardAt: now)
            return .accepted
        }
        if let owner = owners[worker] {
            guard now - owner.heardAt >= silenceMax else { return .wrongUser }
            remove(worker)
        }
        if !hasRoom(for: key) { sweep(at: now) }
        guard hasRoom(for: key) else { return .full }
        owners[worker] = Owner(key: key, heardAt: now)
        counts[key, default: 0] += 1
        return .accepted
    }

    /// The incarnation left.
    mutating func remove(_ worker: WorkerID) {
        guard let owner = owners.removeValue(forKey: worker), let count = counts[owner.key] else {
            return
        }
        counts[owner.key] = count > 1 ? count - 1 : nil
    }

    private func hasRoom(for key: PublicKey) -> Bool {
        owners.count < countMax && counts[key] ?? 0 < max(1, countMax / 2)
    }

    /// Forgets who fell silent: at most once a second, so that newcomers cannot keep the
    /// coordinator busy.
    private mutating func sweep(at now: ContinuousClock.Instant) {
        if let sweptAt, now - sweptAt < .seconds(1) { return }
        sweptAt = now
        for (worker, owner) in owners where now - owner.heardAt >= silenceMax { remove(worker) }
    }
}
