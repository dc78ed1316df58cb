import FoundationEssentials
import Glibc
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct ModelServerTests {
    private func failure(_ spec: ModelServerSpec) async throws -> ModelError? {
        let server = try ModelServer(spec, supervisor: [])
        return await #expect(throws: ModelError.self) { try await server.run() }
    }

    @Test func deathAtTheStartShowsTheLastLines() async throws {
        let error = try await failure(
            ModelServerSpec(argv: [
                "sh", "-c", "echo loading {port}; echo out of memory >&2; exit 7",
            ]))
        #expect(error?.code == .processDied)
        #expect(error?.message.contains("out of memory") == true)
        #expect(error?.message.contains("status 7") == true)
    }

    @Test func folderEnvironmentAndLogFileAreUsed() async throws {
        let log = FileManager.default.temporaryDirectory
            .appending(path: "server-\(UInt64.random(in: 0 ... .max)).log").path
        try "of yesterday\n".write(toFile: log, atomically: true, encoding: .utf8)
        var spec = ModelServerSpec(argv: [
            "sh", "-c", "echo $PWD $COLOUR {port} $PLACE {threads}; exit 1",
        ])
        spec.workingDirectory = "/usr"
        spec.environment = ["COLOUR": "green", "PLACE": "p{port}t{threads}"]
        spec.threads = 3
        spec.logFile = log
        let server = try ModelServer(spec, supervisor: ["env"])
        let error = await #expect(throws: ModelError.self) { try await server.run() }
        let port = server.url.split(separator: ":").last ?? ""
        #expect(error?.message.contains("/usr green \(port) p\(port)t3 3") == true)
        #expect(error?.message.contains("of yesterday") == false)
        let kept = try String(contentsOfFile: log, encoding: .utf8)
        #expect(kept.contains("of yesterday") && kept.contains("green"))
        #expect(kept.contains("ogive: starting") && kept.contains("ogive: it exited with status 1"))
        try FileManager.default.removeItem(atPath: log)
    }

    @Test func neverHealthyEndsAtTheTimeLimit() async throws {
        var spec = ModelServerSpec(argv: ["sh", "-c", "echo still loading; sleep 600"])
        spec.startTimeout = .milliseconds(200)
        let error = try await failure(spec)
        #expect(error?.message.contains("still loading") == true)
        #expect(error?.message.contains("was not healthy") == true)
    }

    @Test func missingProgramIsNamed() async throws {
        let error = try await failure(ModelServerSpec(argv: ["/no/such/server"]))
        #expect(error?.message.contains("/no/such/server") == true)
        #expect(throws: ModelError.self) {
            try ModelServer(ModelServerSpec(argv: []), supervisor: [])
        }
    }

    @Test func unwritableLogFileIsNamed() async throws {
        var spec = ModelServerSpec(argv: ["true"])
        spec.logFile = "/no/such/folder/server.log"
        let error = try await failure(spec)
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("/no/such/folder/server.log") == true)
    }

    @Test func failureReachesWhoWaits() async throws {
        let server = try ModelServer(ModelServerSpec(argv: ["false"]), supervisor: [])
        await withTaskGroup { group in
            group.addTask { try? await server.run() }
            let error = await #expect(throws: ModelError.self) {
                try await server.waitUntilHealthy()
            }
            #expect(error?.code == .processDied)
        }
    }

    @Test func aServerThatDiedIsWaitedForUntilItAnswersAgain() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "lives-\(UInt64.random(in: 0 ... .max))").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        // The second life begins only when the test lets it.
        let script = """
            cd "$1"; echo $$ >>lives
            if [ "$(wc -l <lives)" -gt 1 ]; then while [ ! -e go ]; do sleep 0.05; done; fi
            exec python3 -m http.server --bind 127.0.0.1 "$2"
            """
        var spec = ModelServerSpec(argv: ["sh", "-c", script, "sh", folder, "{port}"])
        spec.healthPath = "/"
        let server = try ModelServer(spec, supervisor: [])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await server.waitUntilAnswering()
            let lives = { (try? String(contentsOfFile: folder + "/lives", encoding: .utf8)) ?? "" }
            let first = try #require(pid_t(lives().split(separator: "\n").first ?? ""))
            kill(first, SIGKILL)
            try await eventually("its second life") { lives().split(separator: "\n").count == 2 }
            // Healthy it was, but it does not answer.
            try await server.waitUntilHealthy()
            try await withThrowingTaskGroup(of: Void.self) { waiting in
                waiting.addTask {
                    try await server.waitUntilAnswering()
                    #expect(FileManager.default.fileExists(atPath: folder + "/go"))
                }
                // Time to be wrong in.
                try await Task.sleep(for: .milliseconds(100))
                try "".write(toFile: folder + "/go", atomically: true, encoding: .utf8)
                try await waiting.waitForAll()
            }
            group.cancelAll()
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func aRetiredServerThatDiesIsNotStartedAgain() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "retired-\(UInt64.random(in: 0 ... .max))").path
        let script = #"echo $$ >>"$1"; exec python3 -m http.server --bind 127.0.0.1 "$2""#
        var spec = ModelServerSpec(argv: ["sh", "-c", script, "sh", folder, "{port}"])
        spec.healthPath = "/"
        let server = try ModelServer(spec, supervisor: [])
        let lives = { (try? String(contentsOfFile: folder, encoding: .utf8)) ?? "" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await server.waitUntilAnswering()
            let life = try #require(pid_t(lives().split(separator: "\n").first ?? ""))
            server.retire()
            group.addTask { await server.untilGone() }
            kill(life, SIGKILL)
            // It returns: who runs it beside others must not end with it.
            try await group.waitForAll()
        }
        #expect(lives().split(separator: "\n").count == 1)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("Fault 77: signals to every process of a job leave a supervised server alone")
    func supervisedServersDoNotHearTheEnd() async throws {
        var ends: [Int32] = [-1, -1]
        // The array has room for the two descriptors.
        try #require(
            unsafe socketpair(
                AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
                == 0)
        let (lifeline, ours) = (ends[0], ends[1])
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "shielded-\(UInt64.random(in: 0 ... .max))").path
        // As model servers do, it ends in order by its own handlers.
        let script =
            "import os, signal, sys, time; done = []\n"
            + "for s in (15, 2): signal.signal(s, lambda n, _: done.append(n))\n"
            + "open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\n"
            + "while not done: time.sleep(0.02)\n"
            + "sys.exit(done[0])"
        async let status = ProcessSupervisor.run(
            ["python3", "-c", script, folder], grace: .seconds(60), lifeline: lifeline,
            ignoresSignals: false)
        var id: pid_t?
        try await eventually("the server's id") {
            let text = (try? String(contentsOfFile: folder, encoding: .utf8)) ?? ""
            if text.hasSuffix("\n") { id = pid_t(text.dropLast()) }
            return id != nil
        }
        let server = try #require(id)
        kill(server, SIGTERM)
        // What waits for a blocked signal would be seen here.
        try await Task.sleep(for: .milliseconds(200))
        #expect(isRunning(server))
        close(ours)
        #expect(try await status == SIGINT, "it ends by SIGINT, in order")
        close(lifeline)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func supervisorEndsTheWholeGroupWhenItsLifelineCloses() async throws {
        var ends: [Int32] = [-1, -1]
        // The array has room for the two descriptors.
        try #require(
            unsafe socketpair(
                AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
                == 0)
        let (lifeline, ours) = (ends[0], ends[1])
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "supervisor-\(UInt64.random(in: 0 ... .max))").path
        // A server that ignores SIGINT, and a child of its own.
        let script = "trap '' INT; sleep 600 & echo $$ $! > \(folder); wait; wait; sleep 600"
        async let status = supervise(script, lifeline)
        var ids: [pid_t] = []
        try await eventually("the server's and its child's ids") {
            let text = (try? String(contentsOfFile: folder, encoding: .utf8)) ?? ""
            if text.hasSuffix("\n") {
                ids = text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
            }
            return ids.count == 2
        }
        close(ours)
        #expect(try await status == 128 + SIGKILL)
        // A killed child that is nobody's to wait for ends when the system next runs it.
        for id in ids { try await eventually("the end of process \(id)") { !isRunning(id) } }
        close(lifeline)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func supervisorHandsOnTheStatus() async throws {
        var ends: [Int32] = [-1, -1]
        // The array has room for the two descriptors.
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        #expect(try await supervise("exit 9", ends[0]) == 9)
        for end in ends { close(end) }
    }

    /// Whether a process exists and is no zombie.
    private func isRunning(_ id: pid_t) -> Bool {
        let stat = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
        return !stat.isEmpty && !stat.contains(") Z")
    }

    private func supervise(_ script: String, _ lifeline: Int32) async throws -> Int32 {
        try await ProcessSupervisor.run(
            ["sh", "-c", script], grace: .milliseconds(200), lifeline: lifeline,
            ignoresSignals: false)
    }
}
