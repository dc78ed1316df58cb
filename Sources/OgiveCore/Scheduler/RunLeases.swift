/// The leases that a worker has of each run, and how many of each it finished of late.
struct RunLeases {
    private struct Entry {
        let run: RunID
        var held = 0
        /// Finished since the last turn, and in the span before it.
        var finished = 0
        var former = 0
        /// The virtual time that the run has at this worker at least; see `loseClaim`.
        var floor = 0.0
    }

    /// Few: they are looked at for each lease, and comparing is cheaper than hashing.
    private var entries: [Entry] = []
    private var turnedAt = TimePoint.zero
    /// Whether a run lost its claim to what it missed.
    private(set) var hasLostClaims = false

    /// What was finished is counted for this long, and for as long again at most.
    static let span = Duration.seconds(10)

    /// The worker has a lease more.
    mutating func add(_ run: RunID) {
        entries[place(of: run)].held += 1
    }

    /// The worker has a lease less.
    mutating func remove(_ run: RunID) {
        entries[place(of: run)].held -= 1
    }

    /// The worker finished a lease.
    mutating func noteFinished(_ run: RunID, now: TimePoint) {
        let elapsed = now - turnedAt
        if elapsed >= Self.span {
            turnedAt = now
            for index in entries.indices {
                entries[index].former = elapsed < Self.span * 2 ? entries[index].finished : 0
                entries[index].finished = 0
            }
            entries.removeAll { $0.held == 0 && $0.former == 0 && $0.run != run }
            hasLostClaims = entries.contains { $0.floor > 0 }
        }
        entries[place(of: run)].finished += 1
    }

    /// How many leases of a run it has.
    func held(_ run: RunID) -> Int {
        entries.first { $0.run == run }?.held ?? 0
    }

    /// Whether it may have another lease of a run, where leases that wait for a scorer do not
    /// count: as many as it asks for, and twice what it finished of late, which is what a run needs
    /// whose rewards come in bursts; but of this no more than `most`.
    func mayHold(_ run: RunID, asked: Int, most: Int) -> Bool {
        guard let entry = entries.first(where: { $0.run == run }) else { return true }
        return entry.held < asked + min(2 * max(entry.finished, entry.former), most)
    }

    /// A run that may hold no more leases of this worker loses its claim to what it missed here:
    /// else it would have the worker for itself once its scorer is quick, for as long as it was
    /// slow. Here alone, as other workers serve other runs.
    mutating func loseClaim(_ run: RunID, below pass: Double) {
        let index = place(of: run)
        entries[index].floor = max(entries[index].floor, pass)
        hasLostClaims = true
    }

    /// The virtual time of a run at this worker, whose own is `pass`.
    func pass(_ run: RunID, _ pass: Double) -> Double {
        guard hasLostClaims else { return pass }
        return max(pass, entries.first { $0.run == run }?.floor ?? 0)
    }

    /// The worker was granted a lease that moves its run's virtual time on by `step` from `pass`.
    mutating func advance(_ run: RunID, from pass: Double, by step: Double) {
        guard hasLostClaims, let index = entries.firstIndex(where: { $0.run == run }),
            entries[index].floor > 0
        else { return }
        entries[index].floor = max(entries[index].floor, pass) + step
    }

    private mutating func place(of run: RunID) -> Int {
        if let index = entries.firstIndex(where: { $0.run == run }) { return index }
        entries.append(Entry(run: run))
        return entries.count - 1
    }
}
