import Foundation
import Glibc
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct SharedFolders {}
}

extension EndToEndTests.SharedFolders {
    /// How a second host sees the folder.
    enum Sight: CaseIterable {
        /// A container on the same kernel: it meets the other's locks and its socket.
        case container
        /// Another machine, whose locks are its own, and where no socket of the other is.
        case machine
    }

    @Test(
        "Fault 53: a second host that sees the folder of a database in use is refused",
        arguments: Sight.allCases)
    func refusal(_ sight: Sight) async throws {
        try await Hosts.with { hosts in
            let run = try hosts.start("first", ["run", "--no-preflight", hosts.config])
            let database = try await hosts.connectWhenSomeLanded(run)
            let before = try await Hosts.landed(database)
            let second = try hosts.start("second", ["status", "--config", hosts.config], sight)
            #expect(try await second.status() == 1, "\(second.transcript)")
            #expect(second.errors.contains("host first"), "\(second.errors)")
            #expect(second.errors.contains("after 60 seconds"), "\(second.errors)")
            #expect(second.errors.contains(Self.today), "\(second.errors)")
            // The same server goes on, with all that it acknowledged.
            #expect(try await Hosts.landed(database) >= before)
            await database.close()
            #expect(run.isRunning, "\(run.transcript)")
        }
    }

    @Test("Fault 53: the folder of a host that crashed is taken over when it has been silent")
    func takeover() async throws {
        try await Hosts.with { hosts in
            let run = try hosts.start("first", ["run", "--no-preflight", hosts.config])
            let database = try await hosts.connectWhenSomeLanded(run)
            let before = try await Hosts.landed(database)
            await database.close()
            run.signal(SIGKILL)
            try await run.status()
            let second = try hosts.start(
                "second", ["status", "--json", "--config", hosts.config], .machine)
            try await second.says("host first")
            #expect(try await second.status() == 0, "\(second.transcript)")
            // Stopped in order, so that nobody waits for the next.
            let third = try hosts.start("third", ["status", "--config", hosts.config], .machine)
            #expect(try await third.status() == 0, "\(third.transcript)")
            #expect(!third.errors.contains("host second"), "\(third.errors)")
            // All that was acknowledged is there.
            let count = try await hosts.workspace.ogive([
                "psql", "--write", "--config", hosts.config, "--", "-Atc",
                "SELECT count(*) FROM ogive.completion_rows",
            ])
            let after = Int(count.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
            #expect(after >= before, "\(count.transcript)")
        }
    }

    private static var today: String {
        let now = Date().ISO8601Format()
        return String(now.prefix(10))
    }
}

/// Hosts that share one folder: each has its own processes and its own name.
struct Hosts {
    /// What they share.
    let workspace: Workspace
    /// A run of some minutes, with its database in the folder.
    let config: String

    private static let unshare = [
        "/usr/bin/unshare", "--pid", "--ipc", "--uts", "--mount", "--mount-proc", "--fork",
        "--kill-child",
    ]

    /// Runs `body` with a folder. Prints why not where such hosts are not permitted.
    static func with(_ body: (Hosts) async throws -> Void) async throws {
        try await Workspace.with { workspace in
            let trial = try workspace.run(unshare + ["/bin/hostname", "trial"])
            guard try await trial.status() == 0 else {
                print("skipped: fault 53 between two hosts: \(trial.errors)")
                return
            }
            try Settings.writePrompts(workspace, 400)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")), latency: "1s")
            try await body(Hosts(workspace: workspace, config: config))
        }
    }

    /// Starts `ogive` on a host.
    func start(
        _ host: String, _ arguments: [String],
        _ sight: EndToEndTests.SharedFolders.Sight = .container
    ) throws -> Program {
        let script = """
            hostname "$1" && folder=$2 sight=$3 && shift 3 || exit
            if [ "$sight" = machine ]; then
                for lock in gate users; do
                    : >"$folder-$lock.$$"
                    mount --bind "$folder-$lock.$$" "$folder/$lock.lock" || exit
                done
                mount -t tmpfs none "$folder/run" || exit
            fi
            exec "$@"
            """
        return try workspace.run(
            Self.unshare + [
                "/bin/sh", "-c", script, "sh", host, workspace.path("database"), "\(sight)",
                try Checkout.program,
            ] + arguments)
    }

    /// A connection of a person on the first host, once the run has landed something.
    func connectWhenSomeLanded(_ run: Program) async throws -> PostgresConnection {
        let database = PostgresConfiguration(
            socketDirectory: workspace.path("database/run"), user: "ogive", database: "ogive")
        var found: PostgresConnection?
        try await eventually("the run to land something", detail: { run.transcript }) {
            guard run.isRunning else { throw Unexpected(run.transcript) }
            do {
                let connection = try await PostgresConnection.connect(database)
                if try await Self.landed(connection) > 0 {
                    found = connection
                    return true
                }
                await connection.close()
                return false
            } catch is PostgresError {
                // The server, its database or its tables are still to come.
                return false
            }
        }
        guard let found else { throw Unexpected("no connection") }
        return found
    }

    /// How many draws are in the database.
    static func landed(_ database: PostgresConnection) async throws -> Int {
        let row = try await database.query("SELECT count(*)::integer FROM ogive.completion_rows")
            .one()
        let count: Int32 = try row.decode(0)
        return Int(count)
    }
}
