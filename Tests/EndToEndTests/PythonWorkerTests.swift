import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct PythonWorker {}
}

extension EndToEndTests.PythonWorker {
    /// The Python that has what `worker.py` needs; prints why not when there is none.
    static func python() -> String? {
        let path = Checkout.root + "/.venv-workers/bin/python"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
        print("skipped: \(path) is not there; deploy/setup --workers makes it")
        return nil
    }

    /// A submitted run, its coordinator, and workers of both languages.
    private struct Fleet {
        let workspace: Workspace
        let python: String
        let database: Database
        let config: String
        let draws: Int
        var coordinator: Program

        init(
            _ workspace: Workspace, _ python: String, prompts: Int, latency: String = "0ms",
            options: [String] = []
        ) async throws {
            self.workspace = workspace
            self.python = python
            draws = prompts * 8
            try Settings.writePrompts(workspace, prompts)
            database = try await Database.make()
            config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: latency)
            try await workspace.ogive(["submit", config] + options)
            coordinator = try workspace.start(["coordinator", config])
            try await coordinator.says("leading")
        }

        func swiftWorker() throws -> Program { try workspace.start(["worker", config]) }

        func pythonWorker(_ script: String = "deploy/workers/worker.py") throws -> Program {
            try workspace.run([
                python, "\(Checkout.root)/\(script)", "--connect",
                "ipc://\(workspace.path("coordinator.sock"))",
            ])
        }

        /// Waits until a worker's results have landed, then ends all and gives what is there.
        func finish(_ workers: [Program]) async throws -> String {
            let programs = workers + [coordinator]
            try await eventually(
                "all draws to land", detail: { programs.map(\.transcript).joined() }
            ) {
                try await database.landed() == draws
            }
            for program in programs {
                program.signal(SIGTERM)
                #expect(try await program.status() == 0, "\(program.transcript)")
            }
            try await workspace.ogive(["audit", "--config", config])
            try await database.checkSets()
            return try await database.digest()
        }

        /// What the coordinator counted, as of its last renewal.
        func count(_ name: String) async throws -> Int {
            try await database.value(
                """
                SELECT coalesce((counts->>'\(name)')::int8, 0) FROM ogive.coordinator_status
                """)
        }
    }

    @Test(
        arguments: [
            ["distribution=normal", "text_length=40"], ["distribution=exponential", "mean=-3"],
            ["distribution=discrete", "values=[1e16, 0.00001, -2.5, 1e140, 0, 3]"],
        ])
    func `It lands the run that a Swift worker lands, bit for bit`(law: [String]) async throws {
        guard let python = Self.python() else { return }
        let options =
            law.flatMap { ["-o", "policy.synthetic.\($0)"] }
            + ["-o", "policy.sampling.max_tokens=12"]
        var digests: [String] = []
        for isPython in [false, true] {
            try await Workspace.with { workspace in
                let fleet = try await Fleet(workspace, python, prompts: 200, options: options)
                let worker = try isPython ? fleet.pythonWorker() : fleet.swiftWorker()
                digests.append(try await fleet.finish([worker]))
                try await workspace.expectNothingRuns()
            }
        }
        #expect(digests[0].hasPrefix("200:"))
        #expect(digests[1] == digests[0])
    }

    @Test func `Beside a Swift worker it is killed, and coordinators change, and nothing is lost`()
        async throws
    {
        guard let python = Self.python() else { return }
        var digests: [String] = []
        for isDisturbed in [false, true] {
            try await Workspace.with { workspace in
                var fleet = try await Fleet(workspace, python, prompts: 300, latency: "100ms")
                guard isDisturbed else {
                    digests.append(try await fleet.finish([try fleet.swiftWorker()]))
                    return
                }
                let database = fleet.database
                let alone = try fleet.pythonWorker()
                try await eventually("draws of the first to land") {
                    try await database.landed() >= 80
                }
                kill(alone.id, SIGKILL)
                let second = try fleet.pythonWorker()
                try await second.says("registered in term 1")
                try await eventually("draws of the second to land") {
                    try await database.landed() >= 400
                }
                // Its leases go on under a new name and proof.
                kill(fleet.coordinator.id, SIGKILL)
                fleet.coordinator = try workspace.start(["coordinator", fleet.config])
                try await second.says("registered in term 2")
                try await eventually("leases to be taken over") {
                    try await fleet.count("ogive_leases_adopted_total") > 0
                }
                #expect(try await database.landed() < fleet.draws)
                let swift = try fleet.swiftWorker()
                digests.append(try await fleet.finish([second, swift]))
                #expect(!second.errors.contains("refuses results"), "\(second.transcript)")
                try await workspace.expectNothingRuns()
            }
        }
        #expect(digests[0].hasPrefix("300:"))
        #expect(digests[1] == digests[0])
    }

    @Test func `With its key it is let in, and without one it is told why not`() async throws {
        guard let python = Self.python() else { return }
        try await Workspace.with { workspace in
            let fleet = try await KeyedFleet(workspace, prompts: 40, latency: "0ms")
            for name in ["own", "unknown"] { try await fleet.new(name) }
            try await fleet.authorize("own")
            let (coordinator, address) = try await fleet.coordinator()
            let worker = { (name: String) in
                try workspace.run([
                    python, "\(Checkout.root)/deploy/workers/worker.py", "--connect", address,
                    "--key", workspace.path("\(name).key"), "--coordinator-key",
                    workspace.path("coordinator.pub"), "--registration-timeout", "3",
                ])
            }
            let unknown = try worker("unknown")
            #expect(try await unknown.status() == 1, "\(unknown.transcript)")
            #expect(unknown.errors.contains("authorise it there with `ogive keys authorize`"))
            let own = try worker("own")
            try await eventually("all draws to land", detail: { own.transcript }) {
                try await fleet.database.landed() == 320
            }
            for program in [own, coordinator] {
                program.signal(SIGTERM)
                #expect(try await program.status() == 0, "\(program.transcript)")
            }
            try await workspace.ogive(["audit", "--config", fleet.config])
        }
    }

    @Test func `One whose Hello cannot be read is told what is wrong with it, and ends`()
        async throws
    {
        guard let python = Self.python() else { return }
        try await Workspace.with { workspace in
            let fleet = try await Fleet(workspace, python, prompts: 40)
            let wrong = try fleet.pythonWorker("Tests/EndToEndTests/wrong_hello_worker.py")
            #expect(try await wrong.status() == 1, "\(wrong.transcript)")
            #expect(
                wrong.errors.contains(
                    "refuses this worker: this worker's Hello cannot be read: hello.policies[0]:"
                        + " model.fingerprint is missing"), "\(wrong.transcript)")
            _ = try await fleet.finish([try fleet.pythonWorker()])
        }
    }

    @Test func `One that sends wrong seeds is told so and stops, and others land the run`()
        async throws
    {
        guard let python = Self.python() else { return }
        try await Workspace.with { workspace in
            let fleet = try await Fleet(workspace, python, prompts: 40)
            let wrong = try fleet.pythonWorker("Tests/EndToEndTests/wrong_seed_worker.py")
            try await wrong.says("refuses results of this worker: item 0 (draw): its seed is")
            // It has nothing more of the run, so it keeps nothing and drains at once.
            try await wrong.says("no work for this worker")
            wrong.signal(SIGTERM)
            #expect(try await wrong.status() == 0, "\(wrong.transcript)")
            #expect(try await fleet.database.landed() == 0)
            let reported = wrong.errors.split(separator: "\n").count {
                $0.contains("refuses results")
            }
            #expect((1...8).contains(reported), "\(wrong.transcript)")
            try await eventually("the refusals to be counted") {
                try await fleet.count("ogive_results_total{outcome=rejected}") == reported
            }
            _ = try await fleet.finish([try fleet.pythonWorker()])
        }
    }
}
