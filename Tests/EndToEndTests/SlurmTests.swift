import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Slurm {}
}

/// `ogive slurm` with programs in the place of Slurm's, which start what is submitted at once.
/// `deploy/slurm/check` does the same on a real cluster.
extension EndToEndTests.Slurm {
    private static let commands = [
        "sbatch": #"""
        echo "sbatch $*" >>"$CLUSTER/calls"
        echo >>"$CLUSTER/numbers"
        number=$(wc -l <"$CLUSTER/numbers")
        for script; do :; done
        for option; do case $option in --array=1-*) count=${option#--array=1-} ;; esac; done
        case $script in
        *worker.sbatch)
            for index in $(seq "$count"); do
                job="${number}_$index|ogive-made-worker|RUNNING|0:01|9:59|n$index"
                echo "$job" >>"$CLUSTER/queue"
                SLURM_JOB_ID=$number SLURM_ARRAY_JOB_ID=$number SLURM_ARRAY_TASK_ID=$index \
                    nohup bash "$script" >>"$CLUSTER/workers.log" 2>&1 &
            done
            ;;
        esac
        echo "$number"
        """#,
        "squeue": #"""
        echo "squeue $*" >>"$CLUSTER/calls"
        case "$*" in *"--format %L") echo 9:59 ;; *) cat "$CLUSTER/queue" ;; esac
        """#,
        "scancel": #"""
        echo "scancel $*" >>"$CLUSTER/calls"
        case "$*" in *--signal*) : >"$CLUSTER/queue" ;; esac
        """#,
    ]

    /// Makes the commands; answers with the environment in which they are found.
    private func cluster(_ workspace: Workspace, queue: [String] = []) throws -> [String: String] {
        let folder = workspace.path("cluster")
        try FileManager.default.createDirectory(
            atPath: folder + "/bin", withIntermediateDirectories: true)
        for (name, script) in Self.commands {
            let path = try workspace.write("cluster/bin/\(name)", "#!/bin/bash\n\(script)\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: path)
        }
        try workspace.write("cluster/queue", queue.map { $0 + "\n" }.joined())
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return ["CLUSTER": folder, "PATH": "\(folder)/bin:\(path)"]
    }

    private func calls(_ workspace: Workspace) throws -> [String] {
        try String(contentsOfFile: workspace.path("cluster/calls"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    private func options(_ workspace: Workspace) throws -> [String] {
        [
            "slurm.program=\(try Checkout.program)", "slurm.folder=\(workspace.path("slurm"))",
            "slurm.workers=2", "slurm.draws_per_worker=100", "slurm.scale_interval=1s",
            "slurm.idle_timeout=5s", "slurm.chain=3", "coordinator.listen=tcp://127.0.0.1:*",
        ].flatMap { ["-o", $0] }
    }

    private func run(
        _ workspace: Workspace, _ arguments: [String], _ environment: [String: String],
        exit code: Int32 = 0
    ) async throws -> Program {
        let program = try workspace.start(arguments, environment: environment)
        let status = try await program.status()
        #expect(status == code, "\(program.transcript)")
        return program
    }

    @Test func `The scripts that are submitted make the tables, and all of them end`() async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 40)
            let database = try await Database.make()
            let config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "500ms")
            let environment = try cluster(workspace)
            let options = try options(workspace)
            let folder = workspace.path("slurm")
            _ = try await run(workspace, ["slurm", config] + options, environment)
            let last = ["--kill-on-invalid-dep=yes", "\(folder)/coordinator.sbatch"]
            #expect(
                try calls(workspace) == [
                    "sbatch --parsable \(folder)/coordinator.sbatch",
                    (["sbatch --parsable --dependency=afternotok:1"] + last).joined(separator: " "),
                    (["sbatch --parsable --dependency=afternotok:1:2"] + last)
                        .joined(separator: " "),
                ])
            let mode =
                try FileManager.default.attributesOfItem(
                    atPath: "\(folder)/keys/worker.key")[.posixPermissions] as? Int
            #expect(mode == 0o600)

            // As Slurm would run it: it submits its workers itself.
            let coordinator = try workspace.run(
                ["/bin/bash", "\(folder)/coordinator.sbatch"], environment: environment)
            #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
            #expect(coordinator.errors.contains("the coordinator listens at tcp://127.0.0.1:"))
            #expect(try await database.landed() == 320)
            let submitted = try calls(workspace).filter { $0.hasSuffix("worker.sbatch") }
            #expect(
                submitted == ["sbatch --parsable --array=1-2 \(folder)/worker.sbatch"],
                "once, and as many as the bound allows")
            // The workers leave by themselves, and so does the loop of the script.
            try await workspace.expectNothingRuns()
            let log = try String(
                contentsOfFile: workspace.path("cluster/workers.log"), encoding: .utf8)
            #expect(log.contains("this worker leaves"), "\(log)")
            let asked = try calls(workspace).filter { $0.hasSuffix("--format %L") }
            #expect(Set(asked).count == 2, "each asks when its own job of the array ends")
        }
    }

    @Test func `A dry run prints the scripts, and writes and submits nothing`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")))
            let environment = try cluster(workspace)
            let printed = try await run(
                workspace, ["slurm", config, "--dry-run"] + options(workspace), environment)
            #expect(printed.output.contains("#SBATCH --job-name=ogive-made-coordinator"))
            #expect(printed.output.contains("#SBATCH --job-name=ogive-made-worker"))
            #expect(!FileManager.default.fileExists(atPath: workspace.path("slurm")))
            #expect(!FileManager.default.fileExists(atPath: workspace.path("cluster/calls")))
            let one = try await run(
                workspace, ["slurm", config, "--dry-run", "--nodes", "3"] + options(workspace),
                environment)
            #expect(one.output.contains("#SBATCH --nodes=3"))
        }
    }

    @Test func `Jobs are shown, and cancelling drains the workers before the coordinator`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let environment = try cluster(
                workspace,
                queue: [
                    "1|ogive-made-coordinator|RUNNING|0:09|9:51|n1",
                    "2|ogive-made-coordinator|PENDING|0:00|10:00|(Dependency)",
                    "3_1|ogive-made-worker|RUNNING|0:05|9:55|n2",
                    "3_2|ogive-made-worker|PENDING|0:00|10:00|(Resources)",
                ])
            let command = ["slurm", config] + (try options(workspace))
            let shown = try await run(workspace, command + ["--status"], environment)
            #expect(shown.output.contains("3_2") && shown.output.contains("(Resources)"))
            let json = try await run(workspace, command + ["--status", "--json"], environment)
            let schema = try JSONSchema(file: Checkout.root + "/config/output.schema.json")
            #expect(schema.problems(json.output, "slurm_jobs").isEmpty, "\(json.output)")

            try FileManager.default.createDirectory(
                atPath: workspace.path("slurm"), withIntermediateDirectories: false)
            try FileManager.default.removeItem(atPath: workspace.path("cluster/calls"))
            _ = try await run(workspace, command + ["--cancel"], environment)
            let cancelled = try calls(workspace).filter { $0.hasPrefix("scancel") }
            #expect(
                cancelled == [
                    "scancel --state=PENDING 2 3_2", "scancel --batch --signal=TERM 3_1",
                ], "the queue is empty then: the coordinator ended by itself")
            try await workspace.ogive(["submit", config])
            _ = try await run(workspace, command + ["--scale"], environment)
            let late = try calls(workspace).filter { $0.hasPrefix("sbatch") }
            #expect(late.isEmpty, "what is cancelled gets no more workers")
        }
    }

    @Test func `A worker that nobody answers says after a while where it looks, and at the end`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let address = "ipc://\(workspace.path("nobody"))"
            let short = ["-o", "worker.registration_timeout=4s"]
            let worker = try await workspace.ogive(
                ["worker", config, "-o", "worker.connect=\(address)"] + short, exit: 3)
            let place = "\(address) (from `worker.connect`)"
            #expect(
                worker.errors.components(separatedBy: "waiting for a coordinator at \(place)").count
                    == 2, "\(worker.errors)")
            #expect(
                worker.errors.contains("No coordinator answered for 4 s at \(place). Check"),
                "\(worker.errors)")
        }
    }

    @Test func `A worker waits for the file of its coordinator, and gives up in order`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 40)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let place = ["-o", "worker.connect=file:address"]
            let hasty = try await workspace.ogive(
                ["worker", config, "-o", "worker.registration_timeout=300ms"] + place, exit: 3)
            #expect(hasty.errors.contains("no coordinator wrote its address"), "\(hasty.errors)")
            let worker = try workspace.start(
                ["worker", config, "-o", "worker.idle_timeout=5s"] + place)
            try await worker.says("waiting for a coordinator to write its address")
            try await workspace.ogive(["submit", config])
            let coordinator = try workspace.start([
                "coordinator", config, "-o", "coordinator.listen=tcp://127.0.0.1:*", "-o",
                "coordinator.address_file=address",
            ])
            // The port is nobody's choice: it is printed, and the file holds it.
            try await coordinator.says("listening")
            #expect(try await worker.status() == 0, "\(worker.transcript)")
            #expect(try await database.landed() == 320)
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0)
        }
    }
}
