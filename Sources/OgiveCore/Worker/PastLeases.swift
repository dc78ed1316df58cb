internal import DequeModule

/// The last leases that ended, at most `WorkerLimits.pastMax`: one that comes a second time is not
/// begun again.
struct PastLeases: Sendable {
    private var order = Deque<LeaseName>()
    private var names: Set<LeaseName> = []

    func contains(_ name: LeaseName) -> Bool { names.contains(name) }

    mutating func append(_ name: LeaseName) {
        guard names.insert(name).inserted else { return }
        order.append(name)
        if order.count > WorkerLimits.pastMax, let oldest = order.popFirst() {
            names.remove(oldest)
        }
    }
}
