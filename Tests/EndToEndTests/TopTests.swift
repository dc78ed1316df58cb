import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Top {}
}

/// A program on a terminal of its own. SIGINT for it types ^C there.
private struct OnTerminal {
    private static let script = #"""
        import fcntl, os, pty, select, signal, struct, sys, termios
        # A test's processes begin with signals blocked.
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        rows, columns = int(sys.argv[1]), int(sys.argv[2])
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(sys.argv[3], sys.argv[3:])
        signal.signal(signal.SIGINT, lambda *_: os.write(terminal, b"\x03"))
        while True:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        status = os.waitpid(child, 0)[1]
        sys.exit(os.waitstatus_to_exitcode(status) & 255)
        """#

    static func start(
        _ workspace: Workspace, rows: Int = 24, columns: Int = 80, _ argv: [String],
        environment: [String: String] = [:]
    ) throws -> Program {
        let file = try workspace.write("terminal.py", script)
        return try workspace.run(
            ["/usr/bin/python3", "-B", file, "\(rows)", "\(columns)"] + argv,
            environment: ["TERM": "xterm", "NO_COLOR": "1"].merging(environment) { $1 })
    }

    /// What the terminal shows of all that was written.
    static func screen(_ program: Program, columns: Int = 80) -> TerminalScreen {
        var screen = TerminalScreen(width: columns)
        screen.write(program.output)
        return screen
    }
}

extension EndToEndTests.Top {
    /// A coordinator and two workers, one of which serves another model.
    private struct Fleet {
        let config: String
        let programs: [Program]

        init(_ workspace: Workspace) async throws {
            try Settings.writePrompts(workspace, 4000)
            let database = try await Database.make()
            config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "50ms")
            try await workspace.ogive(["submit", config])
            let settings = try String(contentsOfFile: config, encoding: .utf8)
            let other = try workspace.write(
                "other.yaml",
                settings.replacing(
                    "kind: synthetic\n  synthetic:",
                    with: "kind: synthetic\n  model: another\n  synthetic:"
                )
                .replacing("worker:", with: #"worker:\#n  name: "zz\e[31m\u202Eother""#))
            programs = [
                try workspace.start(["coordinator", config]),
                try workspace.start(["worker", config]),
                try workspace.start(["worker", other]),
            ]
            let config = config
            try await eventually("both workers to report") {
                let status = try await workspace.ogive(["status", "--json", "--config", config])
                let workers = try Self.object(status.output)["workers"] as? [[String: Any]] ?? []
                return workers.count == 2 && workers.allSatisfy { $0["busy_share"] is Double }
                    && workers.contains { ($0["draws_per_second"] as? Double ?? 0) > 0 }
            }
        }

        static func object(_ text: String) throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        func stop() async throws {
            for program in programs.reversed() {
                program.signal(SIGTERM)
                try await program.status()
            }
        }
    }

    @Test func `Top shows runs and workers, the fastest first, with rates and reasons`()
        async throws
    {
        try await Workspace.with { workspace in
            let fleet = try await Fleet(workspace)
            let option = ["--config", fleet.config]
            let schema = try JSONSchema(file: Checkout.root + "/config/output.schema.json")

            let once = try await workspace.ogive(["top", "--interval", "1s", "--once"] + option)
            let lines = once.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first?.contains("leads (term 1) · 2 workers") == true, "\(once.output)")
            #expect(lines.contains { $0.hasPrefix("RUN ") && $0.contains("ETA") })
            #expect(lines.contains { $0.hasPrefix("made ") })
            let workers = lines.drop { !$0.hasPrefix("WORKER ") }
            #expect(workers.dropFirst().first?.contains("%") == true, "\(once.output)")
            let idle = try #require(workers.dropFirst(2).first)
            #expect(idle.hasPrefix(#"zz\u001b[31m\u202eother"#), "\(once.output)")
            #expect(idle.contains("this worker serves"), "\(once.output)")
            #expect(!once.output.contains("\u{1b}"))

            // Without a terminal it prints once; with --interval it goes on.
            let json = try await workspace.ogive(["top", "--json"] + option)
            let problems = schema.problems(json.output, "top")
            #expect(problems.isEmpty, "\(problems)\n\(json.output)")
            let run = try #require(
                (try Fleet.object(json.output)["runs"] as? [[String: Any]])?.first)
            #expect(run["draws_per_second"] as? Double ?? 0 > 0, "\(json.output)")

            let stream = try workspace.run(
                [
                    "/bin/sh", "-c", #""$@" | head -n 2"#, "sh", try Checkout.program, "top",
                    "--json", "--interval", "200ms",
                ] + option)
            #expect(try await stream.status() == 0)
            let objects = stream.output.split(separator: "\n")
            #expect(objects.count == 2)
            for object in objects { #expect(schema.problems(String(object), "top").isEmpty) }
            try await fleet.stop()
        }
    }

    @Test(arguments: [["LC_ALL": "C.UTF-8"], ["LC_ALL": "C"]])
    func `On a terminal it is refreshed in place until ^C`(
        _ environment: [String: String]
    ) async throws {
        try await Workspace.with { workspace in
            let fleet = try await Fleet(workspace)
            let top = try OnTerminal.start(
                workspace,
                [try Checkout.program, "top", "--interval", "200ms", "--config", fleet.config],
                environment: environment)
            try await eventually("some pictures", detail: { top.transcript }) {
                top.output.components(separatedBy: "\u{1b}[J").count > 5
            }
            let screen = OnTerminal.screen(top)
            #expect(!screen.hasWrapped && screen.unknown.isEmpty, "\(screen)")
            #expect(screen.lines.count { $0.hasPrefix("WORKER ") } == 1, "\(screen.lines)")
            #expect(screen.lines.allSatisfy { $0.count < 80 }, "\(screen.lines)")
            if environment["LC_ALL"] == "C" {
                #expect(top.output.utf8.allSatisfy { $0 < 128 }, "\(top.output)")
            }
            top.signal(SIGINT)
            #expect(try await top.status() == 0, "\(top.transcript)")
            let rest = OnTerminal.screen(top)
            #expect(rest.lines.filter { $0 != "^C" }.isEmpty, "\(rest.lines)")
            try await fleet.stop()
        }
    }

    @Test func `A run on a terminal shows what waits, and no line of a log is lost`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 600)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")), latency: "200ms")
            let run = try OnTerminal.start(
                workspace, columns: 200,
                [
                    try Checkout.program, "run", "--no-preflight", config,
                    "-o", "log.level=info", "-o", "worker.processes=2",
                ])
            #expect(try await run.status() == 0, "\(run.transcript)")
            let screen = OnTerminal.screen(run, columns: 200)
            #expect(screen.unknown.isEmpty, "\(screen.unknown)")
            #expect(run.output.contains("waits for policy "), "\(run.output)")
            #expect(run.output.contains("draws/s (average "))
            let lines = screen.lines
            // Each worker's logs stand, whole, above the last state of the run.
            #expect(lines.count { $0.contains("worker registered") } == 2, "\(lines)")
            #expect(lines.count { $0.contains("worker left") } == 2, "\(lines)")
            #expect(lines.count { $0.contains("4 800/4 800 draws") } == 1, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("  slots      sampling ") }, "\(lines)")
            let status = try await workspace.ogive(["status", "--json", "--config", config])
            let runs = try Fleet.object(status.output)["runs"] as? [[String: Any]]
            let time = try #require(runs?.first?["slot_time"] as? [String: Any])
            let sample = try #require(time["sample"] as? [String: Any])
            let total = ["policy", "scorer", "coordinator", "nothing"].reduce(0.0) {
                $0 + (sample["\($1)_seconds"] as? Double ?? 0)
            }
            // 4 800 draws in tasks of 8, each 200 ms at least, by 16 slots of each worker.
            #expect(sample["policy_seconds"] as? Double ?? 0 >= 60, "\(time)")
            #expect(sample["busy_share"] as? Double ?? 0 > 0 && total >= 60, "\(time)")
            let report = workspace.path("report.html")
            try await workspace.ogive(
                ["report", "made", "--no-audit", "--output", report, "--config", config])
            let page = try String(contentsOfFile: report, encoding: .utf8)
            #expect(page.contains("Slots of the workers") && page.contains("slots busy"))
        }
    }
}
