import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct OwnRun {}
}

extension EndToEndTests.OwnRun {
    private static func states(_ database: Database) async throws -> String {
        try await database.value(
            """
            SELECT coalesce(string_agg(run || ' ' || state, ', ' ORDER BY run), '')
            FROM ogive.run_status
            """)
    }

    @Test func `Another open run, whose label the model lacks, costs only itself`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let models = try await ScriptedModels(workspace)
            let database = try await Database.make()
            let config = try Settings.scripted(
                workspace, database: .url(database.url), models: models.url(client: "own"))
            // The same policy and reward model; the worker cannot tell one run from the other.
            try await workspace.ogive([
                "submit", config, "-o", "run.name=bad", "-o", "scorer.label=good",
            ])
            let run = try await workspace.ogive(["run", "--no-preflight", config])
            #expect(run.output.contains("run 'scripted': finished"), "\(run.transcript)")
            #expect(run.output.contains("'bad'"), "\(run.transcript)")
            let states = try await Self.states(database)
            #expect(states == "bad open, scripted finished")
            // A fleet serves all runs, and its workers outlive the one that none can serve.
            try await workspace.ogive([
                "submit", config, "-o", "run.name=more", "-o", "run.draws=6",
            ])
            let coordinator = try workspace.start(["coordinator", config])
            let worker = try workspace.start(["worker", config])
            try await eventually("the other run to finish", detail: { worker.transcript }) {
                try await Self.states(database).contains("more finished")
            }
            try await worker.says("label `good`")
            #expect(worker.errors.contains("run 'bad'") && worker.errors.contains("prompt `p"))
            for process in [worker, coordinator] {
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
            let own = try await workspace.ogive(
                ["run", "--no-preflight", config, "-o", "run.name=bad", "-o", "scorer.label=good"],
                exit: 1)
            #expect(own.errors.contains("run 'bad'") && own.errors.contains("label `good`"))
            try await models.kill()
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `With --all every open run is worked on`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["submit", config, "-o", "run.name=other"])
            try await workspace.ogive(["submit", config])
            try await workspace.ogive(
                ["run", "--no-preflight", config, "--all", "-o", "run.draws=9"])
            #expect(try await Self.states(database).contains("other finished"))
        }
    }

    @Test func `With --all a finished run works on the other open runs`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            try await workspace.ogive([
                "submit", config, "-o", "run.name=other", "-o", "policy.sampling.seed=5",
            ])
            let waits = try await workspace.ogive(["run", config])
            #expect(waits.output.contains("other open runs wait: 'other'"), "\(waits.transcript)")
            #expect(!(try await Self.states(database).contains("other finished")))
            let works = try await workspace.ogive(["run", config, "--all"])
            #expect(works.output.contains("finished already"), "\(works.transcript)")
            #expect(works.output.contains("works on the other open runs too: 'other'"))
            #expect(try await Self.states(database).contains("other finished"))
        }
    }

    @Test func `A preflight that fails leaves no run`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let models = try await ScriptedModels(workspace)
            try models.change { $0.policy = [ScriptedModels.Fault("one_seed")] }
            let database = try await Database.make()
            let config = try Settings.scripted(
                workspace, database: .url(database.url), models: models.url(client: "own"))
            let run = try await workspace.ogive(["run", config], exit: 1)
            #expect(run.errors.contains("one seed for all"))
            #expect(try await Self.states(database) == "")
            try models.change { $0.policy = [] }
            try await workspace.ogive(["run", config, "-o", "run.draws=2"])
            #expect(try await database.landed() == 6)
            try await models.kill()
        }
    }

    @Test func `A second run waits for the first one, and both finish`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 60)
            let models = try await ScriptedModels(workspace)
            try models.change { $0.latency = 1 }
            let database = try await Database.make()
            let config = try Settings.scripted(
                workspace, database: .url(database.url), models: models.url(client: "own"))
            let first = try workspace.start(["run", "--no-preflight", config])
            try await eventually("the first run to land", detail: { first.transcript }) {
                try await database.landed() > 0
            }
            let second = try workspace.start([
                "run", "--no-preflight", config, "-o", "run.name=second", "-o", "run.draws=5",
            ])
            try await second.says("waits for its turn")
            try models.change { $0.latency = 0 }
            #expect(try await first.status() == 0, "\(first.transcript)")
            #expect(try await second.status() == 0, "\(second.transcript)")
            #expect(try await Self.states(database) == "scripted finished, second finished")
            #expect(try await database.landed() == 300)
            try await models.kill()
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A port is chosen for an address with none`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive([
                "run", "--no-preflight", config, "-o", "coordinator.listen='tcp://127.0.0.1:*'",
            ])
            #expect(try await Self.states(database) == "made finished")
        }
    }

    @Test func `Prompts that the scorer cannot carry are counted before the run`() async throws {
        try await Workspace.with { workspace in
            let system = #"{"role": "system", "content": "Be brief."}"#
            let rows = (0..<5).map { row in
                #"{"key": "p\#(row)", "messages": [\#(row < 2 ? system + ", " : "")"#
                    + #"{"role": "user", "content": "Question \#(row)?"}]}"#
            }
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let models = try await ScriptedModels(workspace)
            let database = try await Database.make()
            let config = try Settings.scripted(
                workspace, database: .url(database.url), models: models.url(client: "own"))
            let run = try await workspace.ogive(["run", config], exit: 1)
            #expect(run.errors.contains("2 of 5 prompts"), "\(run.transcript)")
            #expect(run.errors.contains("leave the template out"))
            #expect(try await Self.states(database) == "")
            try await models.kill()
        }
    }
}

extension EndToEndTests.OwnRun {
    @Test func `The database of another user is there, and cannot be read`() async throws {
        guard geteuid() == 0 else {
            print("skipped: to be another user takes root")
            return
        }
        try await Workspace.with { workspace in
            let folder = workspace.path("database")
            let config = try Settings.synthetic(workspace, database: .embedded(folder))
            try FileManager.default.createDirectory(
                atPath: folder + "/data", withIntermediateDirectories: true)
            // Takes a path and keeps nothing of it.
            #expect(unsafe chmod(folder + "/data", 0o700) == 0)
            let other = [
                "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
            ]
            let program = try Checkout.program
            let sees = "test -x \(program) && test -r \(config)"
            guard try await workspace.run(other + ["/bin/sh", "-c", sees]).status() == 0 else {
                print("skipped: another user cannot run the program or read the workspace")
                return
            }
            let status = try workspace.run(other + [program, "status", "--config", config])
            #expect(try await status.status() == 1, "\(status.transcript)")
            #expect(status.errors.contains("cannot be written to"), "\(status.transcript)")
            #expect(!status.errors.contains("mistyped"), "\(status.transcript)")
        }
    }

    @Test func `A full disk is named before PostgreSQL starts, and by the doctor`() async throws {
        guard geteuid() == 0 else {
            print("skipped: a small disk takes root")
            return
        }
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let disk = workspace.path("disk")
            try FileManager.default.createDirectory(
                atPath: disk, withIntermediateDirectories: false)
            let config = try Settings.synthetic(
                workspace, database: .embedded(disk + "/database"))
            let small = [
                "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                "mount -t tmpfs -o size=16m ogive \(disk) && exec \"$@\"", "sh",
            ]
            guard try await workspace.run(small + ["/bin/true"]).status() == 0 else {
                print("skipped: a small disk cannot be mounted here")
                return
            }
            let run = try workspace.run(small + [try Checkout.program, "run", config])
            #expect(try await run.status() == 1)
            #expect(run.errors.contains("MiB are free"), "\(run.transcript)")
            #expect(run.errors.contains(disk + "/database"), "\(run.transcript)")
            let doctor = try workspace.run(
                small + [try Checkout.program, "doctor", config, "--json"])
            #expect(try await doctor.status() == 1)
            #expect(
                try DoctorFindings.read(doctor)["disk_space"] == ["error"],
                "\(doctor.transcript)")
        }
    }
}
