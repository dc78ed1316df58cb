package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Pins the draws of a run, its candidates and their rewards under a name. Throws `.conflict`
    /// when there is no such run, when the name is taken, or when the run has not finished and
    /// `allowsPending` is false. `program` is the version of the program that asks.
    package func makeSnapshot(
        ofRun run: String, named name: String, allowsPending: Bool = false, program: String
    ) async throws(StoreError) -> Snapshot {
        guard (1...200).contains(name.utf8.count) else {
            throw StoreError(.conflict, "The name of a snapshot has 1 to 200 bytes.")
        }
        _ = try await self.run(named: run)
        let now = clock.now()
        let action = "make snapshot \"\(name)\" of run \"\(run)\""
        return try await database.transaction(action, isolation: .repeatableRead) { connection in
            let taken = try await connection.query(
                SnapshotQueries.one, [.string(run), .string(name)])
            guard taken.isEmpty else { throw Self.taken(run, name) }
            do {
                _ = try await connection.query(
                    SnapshotQueries.make,
                    [
                        .string(run), .string(name), .int64(now), .bool(allowsPending),
                        .string(program),
                    ])
            } catch let error as PostgresError where error.sqlState == "55000" {
                throw StoreError(
                    .conflict,
                    "\(error.message) Let it finish, or give --incomplete to pin what is there.")
            } catch let error as PostgresError where error.sqlState == "23505" {
                throw Self.taken(run, name)
            }
            return try Snapshot(
                try await connection.query(SnapshotQueries.one, [.string(run), .string(name)])
                    .one())
        }
    }

    /// Snapshots in order of runs and time; only those of a run when there is a name. Throws
    /// `.conflict` when there is no such run.
    package func snapshots(ofRun run: String? = nil) async throws(StoreError) -> [Snapshot] {
        if let run { _ = try await self.run(named: run) }
        return try await database.with("read the snapshots") { connection in
            try await connection.query(
                SnapshotQueries.list, [.optional(run, PostgresValue.string)]
            ).map(Snapshot.init)
        }
    }

    /// A snapshot by its name; throws `.conflict` when there is none.
    package func snapshot(
        named name: String, ofRun run: String
    ) async throws(StoreError) -> Snapshot {
        let all = try await snapshots(ofRun: run)
        guard let found = all.first(where: { $0.name == name }) else {
            let names = all.suffix(10).map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw StoreError(
                .conflict,
                "Run \"\(run)\" has no snapshot \"\(name)\". "
                    + (all.isEmpty
                        ? "There are none: `ogive snapshot RUN NAME` makes one."
                        : "There are \(names)."))
        }
        return found
    }

    private static func taken(_ run: String, _ name: String) -> StoreError {
        StoreError(
            .conflict,
            "Run \"\(run)\" has a snapshot \"\(name)\" already, and snapshots never change: "
                + "choose another name. `ogive snapshot list` shows them.")
    }
}
