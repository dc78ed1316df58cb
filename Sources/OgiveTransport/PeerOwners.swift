internal import OgiveCore

/// Which key each worker's incarnation belongs to: the first that spoke under its routing id.
///
/// Pure. Routing ids are random and new for each incarnation, so that an owner is never mistaken;
/// one that fell silent is forgotten, which bounds the number and lets nobody be locked out.
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
        if let owner = owners[worker] {
            guard owner.key == key || now - owner.heardAt >= silenceMax else { return .wrongUser }
        } else {
            sweepIfFull(at: now)
            guard owners.count < countMax else { return .full }
        }
        owners[worker] = Owner(key: key, heardAt: now)
        return .accepted
    }

    /// The incarnation left.
    mutating func remove(_ worker: WorkerID) {
        owners[worker] = nil
    }

    /// At most once a second, so that newcomers cannot keep the coordinator busy.
    private mutating func sweepIfFull(at now: ContinuousClock.Instant) {
        guard owners.count >= countMax else { return }
        if let sweptAt, now - sweptAt < .seconds(1) { return }
        sweptAt = now
        owners = owners.filter { now - $0.value.heardAt < silenceMax }
    }
}
