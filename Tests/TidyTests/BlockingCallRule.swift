import Testing

/// Nothing blocks Swift's cooperative pool, which has as many threads as the process may use cores.
///
/// A task that waits for a condition awaits an event or sleeps on a clock (`eventually` in tests);
/// a call that must block runs in `BlockingCall.run` or on a `DedicatedThreadExecutor`.
struct BlockingCallRule: Rule {
    /// Functions and properties that keep a thread until something happens, or keep it busy.
    private static let calls: Set<String> = [
        "availableData", "flock", "nanosleep", "poll", "popen", "ppoll", "pselect",
        "pthread_cond_wait", "pthread_join", "readDataToEndOfFile", "readLine", "readToEnd",
        "sem_wait", "sleep", "system", "usleep", "wait", "waitUntilExit", "waitid", "waitpid",
        "zmq_poll",
    ]
    private static let types: Set<String> = ["DispatchGroup", "DispatchSemaphore", "NSCondition"]
    /// Those of the above that are methods of objects as well: there they need not block.
    private static let asMethods: Set<String> = ["sleep", "system"]

    /// A file in which calls may stand.
    struct Place {
        let path: String
        let calls: Set<String>
        let reason: String
    }

    /// Where they may stand. Keep it short.
    static let places = [
        Place(
            path: "Sources/DedicatedThread/WakeDescriptor.swift", calls: ["poll"],
            reason: "the wait of dedicated threads"),
        Place(
            path: "Sources/DedicatedThread/DedicatedThreadExecutor.swift", calls: ["wait"],
            reason: "runs on a dedicated thread"),
        Place(
            path: "Tests/Support/OgiveTesting/SystemProgram.swift",
            calls: ["readDataToEndOfFile", "waitUntilExit"], reason: "in a BlockingCall"),
        Place(
            path: "Sources/Postgres/Libpq/LibpqLink.swift", calls: ["poll"],
            reason: "runs on a connection's dedicated thread"),
        Place(
            path: "Sources/ZeroMQ/ZeroMQSocket.swift", calls: ["zmq_poll"],
            reason: "called on dedicated threads alone"),
        Place(
            path: "Sources/ZeroMQ/ZeroMQChannel.swift", calls: ["poll", "yield"],
            reason: "a channel's dedicated thread, which lets its own waiting jobs run"),
        Place(
            path: "Sources/ZeroMQ/Authenticator.swift", calls: ["poll"],
            reason: "an authenticator's own thread"),
        Place(
            path: "Sources/ZeroMQ/SocketMonitor.swift", calls: ["poll"],
            reason: "a monitor's own thread"),
        Place(
            path: "Sources/ZeroMQ/HandshakeProbe.swift", calls: ["poll"],
            reason: "an actor on a dedicated thread"),
        Place(
            path: "Sources/Postgres/Embedded/FileLock.swift", calls: ["flock"],
            reason: "LOCK_NB: returns at once"),
        Place(
            path: "Sources/OgiveModels/Launch/SpawnedProcess.swift",
            calls: ["poll", "waitid", "waitpid"],
            reason: "WNOHANG, and a timeout of zero: they return at once"),
        Place(
            path: "Sources/ogive/Terminal/Output.swift", calls: ["readLine"],
            reason: "in a BlockingCall"),
        Place(
            path: "Tests/Support/Harness/Program.swift", calls: ["waitid"],
            reason: "WNOHANG: returns at once"),
        Place(
            path: "Tests/ZeroMQTests/SocketFixtures.swift", calls: ["poll"],
            reason: "on the tests' own polling thread"),
        Place(
            path: "Tests/ZeroMQTests/LifetimeTests.swift", calls: ["poll"],
            reason: "on the tests' own polling thread"),
        Place(
            path: "Tests/ZeroMQTests/SocketTests.swift", calls: ["poll"],
            reason: "on the tests' own polling thread"),
        Place(
            path: "Tests/ZeroMQTests/AuthenticatorTests.swift", calls: ["usleep"],
            reason: "hangs an authenticator's own thread, which is what is tested"),
        Place(
            path: "Tests/ZeroMQTests/DedicatedThreadExecutorTests.swift", calls: ["wait", "yield"],
            reason: "blocks the executor's thread, which is what is tested"),
    ]

    func violations(in file: SourceFile) -> [Violation] {
        let allowed = Self.places.filter { $0.path == file.path }.flatMap(\.calls)
        return found(in: file).filter { !allowed.contains($0.text) }.map {
            file.violation(
                $0.line,
                "`\($0.text)` keeps a thread of the cooperative pool; await an event, sleep on a "
                    + "clock, or use `BlockingCall.run`")
        }
    }

    /// The tokens of blocking calls.
    func found(in file: SourceFile) -> [Token] {
        guard file.isSwift else { return [] }
        return file.tokens.indices.filter { isBlocking(file, at: $0) }.map { file.tokens[$0] }
    }

    private func isBlocking(_ file: SourceFile, at index: Int) -> Bool {
        let token = file.tokens[index]
        let last = file.token(index - 1)?.text ?? ""
        let isMethod = last == "."
        let isCall = file.token(index + 1)?.text == "("
        if Self.types.contains(token.text) { return true }
        if token.text == "yield" { return isMethod && file.token(index - 2)?.text == "Task" }
        guard Self.calls.contains(token.text), !["func", "case", "let", "var"].contains(last) else {
            return false
        }
        if token.text == "availableData" { return isMethod }
        guard isCall else { return false }
        if token.text == "sleep", isMethod { return file.token(index - 2)?.text == "Thread" }
        if Self.asMethods.contains(token.text) { return !isMethod }
        // A case of an enumeration has a value; a socket is polled `for` something.
        if token.text == "poll", isMethod { return file.token(index + 2)?.text == "for" }
        if token.text == "wait" {
            // With arguments it is a question or a case: how long, or for what.
            return isMethod && file.token(index + 2)?.text == ")"
                && !isAwaited(file, before: index)
        }
        return true
    }

    /// Whether `await` or `async` stands before it on its line: then it does not block.
    private func isAwaited(_ file: SourceFile, before index: Int) -> Bool {
        file.tokens[..<index].reversed().prefix { $0.line == file.tokens[index].line }
            .contains { ["await", "async"].contains($0.text) }
    }
}

@Suite(.timeLimit(.minutes(10))) struct BlockingCallTests {
    @Test func `Nothing blocks the cooperative pool`() throws {
        try BlockingCallRule().expectObeyed()
    }

    @Test(arguments: [
        "usleep(1000)", "sleep(1)", "Thread.sleep(forTimeInterval: 1)", "process.waitUntilExit()",
        "pipe.fileHandleForReading.readDataToEndOfFile()", "waitpid(id, nil, 0)",
        "poll(&item, 1, -1)", "try socket.poll(for: .readable, timeout: nil)",
        "while !isThere { await Task.yield() }", "let done = DispatchSemaphore(value: 0)",
        "wake.wait()", "let line = readLine()", "_ = handle.availableData",
    ])
    func `A blocking call is found`(code: String) {
        #expect(BlockingCallRule().violations(in: code).count == 1)
    }

    @Test(arguments: [
        "try await Task.sleep(for: x)", "try await clock.sleep(until: x)", "queue.push(.poll(1))",
        "await latch.wait()", "async let end = child.wait()", "// usleep(1)",
        #"let a = "sleep(1)""#,
        "func poll() {}", "stream.yield(1)", "case poll(Int)",
        "let pause = limit.wait(for: 1, now: now)", "return .wait(latch)",
    ])
    func `What does not block is fine`(code: String) {
        #expect(BlockingCallRule().violations(in: code).isEmpty)
    }

    @Test func `A call is allowed in its place alone`() {
        let code = "poll(&item, 1, -1); usleep(1)"
        let path = "Sources/DedicatedThread/WakeDescriptor.swift"
        #expect(BlockingCallRule().violations(in: code, path: path).count == 1)
    }

    @Test func `Each allowed place still has its calls`() throws {
        let files = try SourceTree.files.get()
        for place in BlockingCallRule.places {
            let file = files.first { $0.path == place.path }
            let found = Set(file.map { BlockingCallRule().found(in: $0).map(\.text) } ?? [])
            #expect(found == place.calls, "\(place.path): \(place.reason)")
        }
    }
}
