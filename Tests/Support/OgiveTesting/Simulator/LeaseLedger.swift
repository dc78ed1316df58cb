internal import OgiveCore

/// Who was granted what by one coordinator, kept apart from what the coordinator itself remembers.
struct LeaseLedger: Sendable {
    /// An item of a run.
    struct Item: Hashable, Sendable {
        let run: RunID
        let key: MemoryDatabase.ItemKey
    }

    /// An attempt at an item.
    struct Attempt: Hashable, Sendable {
        let item: Item
        let number: Int
    }

    /// The last lease of each item.
    var latest: [Item: LeaseName] = [:]
    /// Items whose last lease is one that went on: what they are was decided before.
    var carried: Set<Item> = []
    /// Whose each lease is.
    var holders: [LeaseName: WorkerID] = [:]
    /// What each worker said that it holds, in its last hello.
    var held: [WorkerID: [HeldLease]] = [:]
    /// Leases that ran out.
    var expired: Set<LeaseName> = []
    /// Attempts that came under the latest lease, and those that came under a former one only.
    var valid: Set<Attempt> = []
    var superseded: Set<Attempt> = []

    /// Notes a grant; `false` when another worker has a lease of this name.
    mutating func note(_ lease: Lease, to worker: WorkerID) -> Bool {
        for item in lease.items {
            let place = Item(run: lease.run, key: .init(lease.prompt.id, item.name))
            latest[place] = lease.name
            carried.remove(place)
        }
        return note(lease.name, to: worker)
    }

    /// Notes leases that go on; `false` when another worker has one of these names.
    mutating func note(_ welcome: Welcome, to worker: WorkerID) -> Bool {
        var isFree = true
        for adoption in welcome.adopted {
            guard let old = held[worker]?.first(where: { $0.claim.lease == adoption.old }) else {
                continue
            }
            for name in old.items {
                let place = Item(run: old.claim.run, key: .init(old.claim.prompt, name))
                latest[place] = adoption.new
                carried.insert(place)
            }
            isFree = note(adoption.new, to: worker) && isFree
        }
        return isFree
    }

    private mutating func note(_ name: LeaseName, to worker: WorkerID) -> Bool {
        let former = holders.updateValue(worker, forKey: name)
        return former == nil || former == worker
    }

    /// Notes a result on its way in. Attempts are told apart by their content.
    mutating func note(_ result: TaskResult) {
        for item in result.items {
            guard let number = item.attempt else { continue }
            let place = Item(
                run: result.claim.run, key: .init(result.claim.prompt, item.name))
            let attempt = Attempt(item: place, number: number)
            let isLatest = latest[place] == nil || latest[place] == result.claim.lease
            if isLatest || carried.contains(place) {
                valid.insert(attempt)
            } else if !valid.contains(attempt) {
                superseded.insert(attempt)
            }
        }
    }
}

extension ItemResult {
    /// The attempt of the model that is not deterministic.
    fileprivate var attempt: Int? {
        logProbability.map { Int(AttemptModel.attempt(ofSum: $0.sum)) }
            ?? reward.map { Int(AttemptModel.attempts(ofReward: $0).reward) } ?? failure?.attempts
    }
}
