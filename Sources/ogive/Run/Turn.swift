internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// The turn of a run among those that want to lead its database: one at a time does.
struct Turn {
    /// The database.
    var store: PostgresStore
    /// The run, when it is submitted: the one that leads may finish it.
    var run: String?

    /// How often the database is asked.
    private static let period = Duration.milliseconds(250)

    /// Returns once nobody leads, or nothing of the run is left to do.
    func wait() async throws {
        var leader: CoordinatorStatus?
        var isTold = false
        while true {
            do {
                let found = try await store.coordinator()
                guard found.leads else { return }
                if let run, try await store.runStatus(run).isClosed { return }
                // A killed one leads until its lease runs out, but does not renew it.
                if !isTold, let leader, leader.term == found.term,
                    leader.renewedAt != found.renewedAt
                {
                    isTold = true
                    tell(found)
                }
                if leader?.term != found.term { leader = found }
            } catch let error as StoreError where error.isRetriable {
                // The database is asked again, as while the run is on.
                try await Task.sleep(for: Self.period)
            }
            try await Task.sleep(for: Self.period)
        }
    }

    private func tell(_ leader: CoordinatorStatus) {
        Output.show(
            "this run waits for its turn: \(leader.name ?? "another coordinator") works on this "
                + "database; `ogive submit` gives the run to a coordinator that stays",
            on: STDERR_FILENO)
    }
}
