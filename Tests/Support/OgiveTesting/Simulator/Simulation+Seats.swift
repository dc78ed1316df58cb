internal import OgiveCore

/// Who leads: one coordinator that leads every run, or several that lead other runs each on one
/// database, as the page Past one coordinator describes.
///
/// Each run has a term of its own: the number of the coordinator that leads it. Numbers rise and no
/// two coordinators get the same. Who leads other runs than before has another number, so it is
/// fenced under its former one.
extension Simulation {
    /// A coordinator that leads beside others, and its successors.
    struct Seat: Sendable {
        /// What it leads; `nil` for every run.
        var runs: Set<RunID>?
        /// The term of the one that leads; `nil` before the first, and where there is nothing to
        /// lead.
        var leader: Int?

        /// One for each coordinator, with the runs in turn.
        static func all(_ options: SimulationOptions) -> [Seat] {
            guard options.coordinators > 1 else { return [Seat()] }
            var seats = Array(repeating: Seat(runs: []), count: options.coordinators)
            for run in 1...Int64(options.runs) {
                seats.give(RunID(run), to: Int(run - 1) % seats.count)
            }
            return seats
        }
    }

    /// The open runs that a coordinator takes for its own, led by others meanwhile or not.
    func openRuns(of id: Int) -> [RunDescription] {
        guard let runs = coordinators.first(where: { $0.id == id })?.runs else {
            return database.openRuns()
        }
        return database.openRuns().filter { runs.contains($0.id) }
    }

    /// A write happened: its coordinator leads these runs, or any where there are none.
    mutating func checkWrite(_ term: Term, of runs: [RunID]) {
        let id = Int(term.rawValue)
        let others = runs.filter { run in
            !seats.contains { $0.leader == id && $0.runs?.contains(run) ?? true }
        }
        if !others.isEmpty || !seats.contains(where: { $0.leader == id }) {
            violations.append(
                "term \(id) wrote of runs \(others.map(\.rawValue)) while "
                    + "\(seats.map { $0.leader ?? 0 }) lead")
        }
    }

    /// A coordinator begins to lead what its seat has, under the next term; the former one dies
    /// now, or does not know yet.
    mutating func replaceCoordinator(_ seat: Int) {
        let free = max(databaseAwayUntil, readOnlyUntil)
        guard free <= now else {
            queue.push(.fault(.replaceCoordinator(seat)), at: free + .milliseconds(1))
            return
        }
        guard seats[seat].runs?.isEmpty != true else { return }
        counts.coordinatorsReplaced += 1
        endCoordinator(seat)
        let term = database.lead(seats[seat].runs)
        let id = Int(term.rawValue)
        seats[seat].leader = id
        var scheduler = Scheduler(
            term: term, key: MemoryDatabase.leaseKey, limits: initial.schedulerLimits)
        #if DEBUG
            if let guardOff { scheduler.guardsOff = [guardOff] }
        #endif
        coordinators.append(
            Coordinator(id: id, seat: seat, runs: seats[seat].runs, scheduler: scheduler))
        queue.push(.coordinatorTick(id), at: now)
        queue.push(.poll(id), at: now + random.duration(0...500))
    }

    /// The coordinator of a seat dies, or goes on for a while beside its successor.
    private mutating func endCoordinator(_ seat: Int) {
        let former = coordinators.last { $0.seat == seat }
        coordinators.removeAll { $0.seat == seat }
        seats[seat].leader = nil
        guard let former, !isHealed, options.zombies || former.pausedUntil > now else { return }
        coordinators.append(former)
        let wakes = max(now, former.pausedUntil)
        queue.push(.killCoordinator(former.id), at: wakes + random.duration(500...5_000))
    }

    /// A coordinator is stopped for a while; another one may take over.
    mutating func pauseCoordinator(_ seat: Int) {
        guard let index = coordinators.indices(ofSeat: seat).last else { return }
        counts.coordinatorsPaused += 1
        coordinators[index].pausedUntil = now + random.duration(500...5_000)
        if random.chance(0.5) {
            queue.push(
                .fault(.replaceCoordinator(seat)), at: now + random.duration(300...1_500))
        }
    }

    /// Runs go to other coordinators: one took over from a dead one, or gave some away. All that
    /// lead other runs than before begin anew.
    mutating func regroup() {
        guard seats.count > 1 else { return }
        let free = max(databaseAwayUntil, readOnlyUntil)
        guard free <= now else {
            queue.push(.fault(.regroup), at: free + .milliseconds(1))
            return
        }
        let former = seats.map(\.runs)
        for seat in seats.indices { seats[seat].runs = [] }
        for run in 1...Int64(initial.runs) {
            seats.give(RunID(run), to: Int.random(in: seats.indices, using: &random))
        }
        guard seats.map(\.runs) != former else { return }
        counts.regroupings += 1
        for seat in seats.indices where seats[seat].runs != former[seat] {
            if seats[seat].runs?.isEmpty == true {
                endCoordinator(seat)
            } else {
                replaceCoordinator(seat)
            }
        }
    }

    /// Former coordinators end, and whoever leads nothing though it has runs begins to lead.
    mutating func healCoordinators() {
        coordinators.removeAll { $0.id != seats[$0.seat].leader }
        for seat in seats.indices
        where !coordinators.contains(where: { $0.seat == seat }) {
            replaceCoordinator(seat)
        }
    }
}

/// Which coordinator workers go to. They read it from what the coordinators write down: who leads,
/// with which weight, and how many workers it has.
extension Simulation {
    /// The sum of the weights of a coordinator's open runs.
    private func weight(of seat: Int) -> Double {
        guard seats[seat].leader != nil else { return 0 }
        return database.runs.values.reduce(0) { sum, run in
            guard run.state == .open, seats[seat].runs?.contains(run.description.id) ?? true
            else { return sum }
            return sum + run.description.spec.weight
        }
    }

    /// How many workers each coordinator should have: one after the other goes to the one with the
    /// largest weight for each worker (d'Hondt).
    private func shares(of workers: Int) -> [Int] {
        let weights = seats.indices.map(weight)
        var shares = Array(repeating: 0, count: seats.count)
        guard weights.contains(where: { $0 > 0 }) else { return shares }
        for _ in 0..<workers {
            let next = seats.indices.max {
                weights[$0] / Double(shares[$0] + 1) < weights[$1] / Double(shares[$1] + 1)
            }
            if let next { shares[next] += 1 }
        }
        return shares
    }

    private var workersOfSeats: [Int] {
        var count = Array(repeating: 0, count: seats.count)
        for worker in workers {
            if let worker, !worker.session.isDraining { count[worker.seat] += 1 }
        }
        return count
    }

    /// Where a worker goes that begins.
    var neediestSeat: Int {
        guard seats.count > 1 else { return 0 }
        let have = workersOfSeats
        let shares = shares(of: have.reduce(1, +))
        return seats.indices.max { shares[$0] - have[$0] < shares[$1] - have[$1] } ?? 0
    }

    /// Coordinators with more workers than their share let one go each: it ends what it began, and
    /// begins anew at another one.
    mutating func balance() {
        queue.push(.balance, at: now + .milliseconds(500))
        let have = workersOfSeats
        let shares = shares(of: have.reduce(0, +))
        guard shares.contains(where: { $0 > 0 }) else { return }
        for seat in seats.indices where have[seat] > shares[seat] {
            let surplus = workers.compactMap { $0 }.last {
                $0.seat == seat && !$0.session.isDraining
            }
            guard let id = surplus?.id else { continue }
            counts.workersMoved += 1
            step(id, .drain, again: .work(id, .drain))
        }
    }

    /// A worker whose coordinator leads nothing any more looks for another one. One that leads with
    /// a later term than the worker knows may go on with its leases; for another one the worker
    /// begins anew. `false` when it does.
    mutating func findCoordinator(_ hello: Hello, _ place: Int) -> Bool {
        guard seats.count > 1, let worker = workers[place], seats[worker.seat].leader == nil
        else { return true }
        let held = hello.inFlight.map(\.claim.run)
        let seat =
            seats.firstIndex { seat in
                seat.leader != nil && held.contains { seat.runs?.contains($0) == true }
            } ?? neediestSeat
        guard let leader = seats[seat].leader else { return true }
        guard leader > Int(worker.session.term.rawValue) else {
            workers[place] = nil
            queue.push(.startWorker(place), at: now + random.duration(100...1_000))
            return false
        }
        workers[place]?.seat = seat
        homes[worker.id] = seat
        return true
    }
}

extension [Simulation.Seat] {
    /// Gives a run to a seat, and what scores the first one's completions with that.
    fileprivate mutating func give(_ run: RunID, to seat: Int) {
        self[seat].runs?.insert(run)
        if run == RunID(1) { self[seat].runs?.insert(SimulationRuns.rescoringID) }
    }
}

extension [Simulation.Coordinator] {
    /// Where the coordinators of a seat are, the current one last.
    func indices(ofSeat seat: Int) -> [Int] {
        indices.filter { self[$0].seat == seat }
    }
}
