import Testing

/// The state machines read no clock: time comes in as an argument, and a wall clock never does.
struct WallClockRule: Rule {
    private static let machines = ["Sources/OgiveCore/Scheduler/", "Sources/OgiveCore/Worker/"]
    private static let clocks: Set<String> = [
        "Clock", "ContinuousClock", "Date", "DispatchTime", "DispatchWallTime", "SuspendingClock",
        "SystemRandomNumberGenerator", "TimeSource", "clock_gettime", "gettimeofday", "random",
        "time",
    ]

    func violations(in file: SourceFile) -> [Violation] {
        guard Self.machines.contains(where: file.path.hasPrefix) else { return [] }
        return file.tokens.filter { Self.clocks.contains($0.text) }.map {
            file.violation($0.line, "`\($0.text)`: a state machine takes time and chance as given")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct WallClockTests {
    @Test func `Fault 16: the state machines cannot read a wall clock`() throws {
        try WallClockRule().expectObeyed()
    }

    @Test(arguments: ["let now = Date()", "ContinuousClock.now", "Int.random(in: 0...1)"])
    func `A clock is found`(code: String) {
        let path = "Sources/OgiveCore/Scheduler/A.swift"
        #expect(WallClockRule().violations(in: code, path: path).count == 1)
        #expect(WallClockRule().violations(in: code).isEmpty)
    }
}
