import Foundation
import Glibc
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Signals {}
}

extension EndToEndTests.Signals {
    @Test func `An interrupted run says so, stops everything, and is finished later`() async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 400)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")), latency: "300ms")
            let run = try workspace.start(["run", "--no-preflight", config])
            try await run.isUnderWay(workspace, config)
            run.signal(SIGINT)
            #expect(try await run.status() == 130)
            #expect(run.errors.contains("interrupted"))
            #expect(run.errors.contains("run the same command again"))
            try await workspace.expectNothingRuns()
            let again = try await workspace.ogive(["run", "--no-preflight", config])
            #expect(again.output.contains("resumed"))
            #expect(again.output.contains("3 200 of 3 200"))
            try await workspace.ogive(["audit", "--config", config])
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `A run that is interrupted while it makes its database says so and leaves nothing`(
        _ signal: Int32
    ) async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 4)
            let folder = workspace.path("database")
            let config = try Settings.synthetic(workspace, database: .embedded(folder))
            let run = try workspace.start(["run", config])
            try await eventually("the folder of the database", detail: { run.transcript }) {
                FileManager.default.fileExists(atPath: folder)
            }
            run.signal(signal)
            #expect(try await run.status() == 130, "\(run.transcript)")
            #expect(run.errors.contains("interrupted: stopping"), "\(run.transcript)")
            #expect(run.errors.contains("run the same command again"), "\(run.transcript)")
            #expect(!run.output.contains("created"), "\(run.transcript)")
            try await workspace.expectNothingRuns()
            let again = try await workspace.ogive(["run", config])
            #expect(again.output.contains("created"), "\(again.transcript)")
        }
    }

    @Test
    func `A run that is interrupted in its import ends, and a second signal needs no patience`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 4)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let connection = try await database.connect()
            try await connection.execute("BEGIN")
            try await connection.execute("LOCK TABLE ogive.prompt_sets")
            let waiting = """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """
            for signals in [1, 2] {
                let run = try workspace.start(["run", config])
                try await eventually("the import to wait", detail: { run.transcript }) {
                    try await database.value(waiting, as: Int.self) > 0
                }
                for _ in 0..<signals { run.signal(SIGTERM) }
                #expect(try await run.status() == 130, "\(run.transcript)")
                #expect(run.errors.contains("interrupted: stopping"), "\(run.transcript)")
                try await eventually("its session to end") {
                    try await database.value(waiting, as: Int.self) == 0
                }
            }
            try await connection.execute("ROLLBACK")
            await connection.close()
            let sets: Int = try await database.value("SELECT count(*) FROM ogive.prompt_sets")
            #expect(sets == 0)
        }
    }

    @Test func `A quickstart that is interrupted while it looks for Python ends it too`()
        async throws
    {
        try await Workspace.with { workspace in
            let share = try workspace.run(
                [Checkout.root + "/deploy/packages/share", workspace.path("share"), "0a1b2c"])
            #expect(try await share.status() == 0, "\(share.transcript)")
            let asked = workspace.path("asked")
            let python = try workspace.write(
                "python3", "#!/bin/sh\n: >'\(asked)'\nwhile :; do sleep 0.1; done\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: python)
            let quickstart = try workspace.start(
                ["quickstart", workspace.path("first")],
                environment: ["OGIVE_SHARE": workspace.path("share"), "OGIVE_PYTHON": python])
            try await eventually("Python to be asked", detail: { quickstart.transcript }) {
                FileManager.default.fileExists(atPath: asked)
            }
            quickstart.signal(SIGINT)
            #expect(try await quickstart.status() == 130, "\(quickstart.transcript)")
            #expect(quickstart.errors.contains("interrupted"), "\(quickstart.transcript)")
            #expect(!quickstart.errors.contains("not found"), "\(quickstart.transcript)")
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A run whose output is closed leaves nothing behind`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 400)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")), latency: "300ms")
            // The second line of progress meets a closed pipe, which kills the run.
            let run = try workspace.run([
                "/bin/sh", "-c", #""$1" run --no-preflight --json "$2" | head -n 1"#, "sh",
                try Checkout.program, config,
            ])
            try await run.status()
            #expect(run.output.contains("event"), "\(run.transcript)")
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A database whose users were all killed is stopped`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 400)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")), latency: "300ms")
            let run = try workspace.start(["run", "--no-preflight", config])
            try await run.isUnderWay(workspace, config)
            // Until nothing is left that could stop the database in an orderly way.
            try await eventually("all of Ogive's processes to be gone") {
                let ours = workspace.processes.filter { $0.argv[0].hasSuffix("/ogive") }
                for process in ours { kill(process.id, SIGKILL) }
                return ours.isEmpty
            }
            try await workspace.expectNothingRuns()
            let again = try await workspace.ogive(["run", "--no-preflight", config])
            #expect(again.output.contains("3 200 of 3 200"))
        }
    }

    @Test func `SIGTERM drains worker and coordinator without losing a result`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 400)
            let database = try await Database.make()
            let config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "100ms")
            try await workspace.ogive(["submit", config])
            let coordinator = try workspace.start(["coordinator", config])
            let worker = try workspace.start(["worker", config])
            try await eventually("some draws to land") { try await database.landed() > 0 }
            worker.signal(SIGTERM)
            #expect(try await worker.status() == 0, "\(worker.transcript)")
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
            let state: String = try await database.value("SELECT state FROM ogive.worker_status")
            #expect(state == "left")
            let tables: Bool = try await database.value(
                "SELECT bool_and(n = 8) FROM ogive.quantile_tables")
            #expect(tables, "a drained worker finishes the tasks that it began")
        }
    }

    @Test(arguments: ["worker", "run"])
    func `A second signal forces the exit`(_ command: String) async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 40)
            let database = try await Database.make()
            // A draw takes some twenty seconds, and draining would wait for it.
            let config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "20s")
            let single = ["-o", "run.draws=1"]
            try await workspace.ogive(["submit", config] + single)
            var coordinator: Program?
            if command == "worker" { coordinator = try workspace.start(["coordinator", config]) }
            let program = try workspace.start(
                [command, config, "-o", "log.level=info", "-o", "worker.drain_timeout=1h"]
                    + single + (command == "run" ? ["--no-preflight"] : []))
            // With one draw there, the other slots are at work.
            try await eventually("a draw to land") {
                let landed: Int = try await database.value(
                    "SELECT count(*) FROM ogive.scored_completions")
                return landed > 0
            }
            program.signal(SIGTERM)
            try await program.says("a second signal forces the exit")
            program.signal(SIGTERM)
            #expect(try await program.status() == 130)
            coordinator?.signal(SIGTERM)
            #expect(try await coordinator?.status() ?? 0 == 0)
            try await workspace.expectNothingRuns()
        }
    }
}
