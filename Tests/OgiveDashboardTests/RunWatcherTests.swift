import OgiveCore
import OgiveTesting
import Synchronization
import Testing

@testable import OgiveDashboard

/// What the dashboard keeps of a run for a moment, and what it does not.
@Suite(.timeLimit(.minutes(10))) struct RunWatcherTests {
    /// A database in which draws land between two looks at it.
    private final class GrowingReader: Sendable {
        let landed = Mutex(0)
        /// Whether tables are found where draws have landed.
        let hasTables = Mutex(true)
        let samples = Mutex(0)

        var run: RunOverview {
            var run = FakeReader().overview()
            run.counts.landed = landed.withLock { $0 }
            return run
        }

        func sample() -> RunSample {
            samples.withLock { $0 += 1 }
            let isThere = landed.withLock { $0 } > 0 && hasTables.withLock { $0 }
            return RunSample(
                isWhole: false,
                tables: isThere ? [.init(isDegenerate: true, rewards: [1, 1])] : [], lengths: [],
                isInTokens: true, readAt: "2026-11-30T00:00:0\(samples.withLock { $0 })Z")
        }
    }

    private static func watcher(_ growing: GrowingReader) -> RunWatcher {
        var reader = FakeReader()
        reader.sampled = { growing.sample() }
        reader.isDegenerate = {
            let tables = growing.sample().tables
            return (tables.count, tables.count)
        }
        return RunWatcher(reader)
    }

    @Test func `A sample without tables is not kept once draws have landed`() async throws {
        let growing = GrowingReader()
        let watcher = Self.watcher(growing)
        // Nothing has landed: an empty sample is the answer, and is read once.
        for _ in 0..<2 { #expect(try await watcher.sample(of: growing.run).isEmpty) }
        #expect(growing.samples.withLock { $0 } == 1)
        // Within the time for which a sample of a run that goes on is kept.
        growing.landed.withLock { $0 = 1920 }
        #expect(try await !watcher.sample(of: growing.run).isEmpty)
        #expect(try await watcher.sample(of: growing.run).readAt == "2026-11-30T00:00:02Z")
        #expect(growing.samples.withLock { $0 } == 2)
    }

    @Test func `Tables that take long to read are read again after a longer time, up to a bound`()
        async throws
    {
        for (taken, wanted) in [
            (Duration.milliseconds(10), RunWatcher.sampleFreshness),
            (.milliseconds(200), .milliseconds(200) * RunWatcher.sampleRest),
            (.seconds(9), RunWatcher.sampleFreshnessMax),
        ] {
            let growing = GrowingReader()
            let clock = Mutex(ContinuousClock.now)
            var reader = FakeReader()
            reader.sampled = {
                clock.withLock { $0 += taken }
                return growing.sample()
            }
            let watcher = RunWatcher(reader) { clock.withLock { $0 } }
            growing.landed.withLock { $0 = 1 }
            _ = try await watcher.sample(of: growing.run)
            growing.landed.withLock { $0 = 2 }
            clock.withLock { $0 += wanted - .milliseconds(1) }
            _ = try await watcher.sample(of: growing.run)
            #expect(growing.samples.withLock { $0 } == 1)
            clock.withLock { $0 += .milliseconds(1) }
            _ = try await watcher.sample(of: growing.run)
            #expect(growing.samples.withLock { $0 } == 2)
        }
    }

    @Test func `Where no table is found, every look looks again`() async throws {
        let growing = GrowingReader()
        let watcher = Self.watcher(growing)
        growing.landed.withLock { $0 = 1920 }
        growing.hasTables.withLock { $0 = false }
        for _ in 0..<2 {
            #expect(try await watcher.sample(of: growing.run).isEmpty)
            #expect(try await watcher.degenerate(of: growing.run).of == 0)
        }
        #expect(growing.samples.withLock { $0 } == 4)
        growing.hasTables.withLock { $0 = true }
        for _ in 0..<2 {
            #expect(try await !watcher.sample(of: growing.run).isEmpty)
            #expect(try await watcher.degenerate(of: growing.run) == (1, 1))
        }
        #expect(growing.samples.withLock { $0 } == 6)
    }

    @Test func `The page says of when its charts are, and never that nothing landed`()
        async throws
    {
        var reader = FakeReader()
        let kept = try await Self.page(reader)
        #expect(kept.contains("From 3 prompts at even distances among all"))
        #expect(kept.contains(#"as of <span class="time">2026-11-30T01:02:03Z</span>."#))
        reader.sampled = {
            RunSample(
                isWhole: true, tables: [], lengths: [], isInTokens: true,
                readAt: "2026-11-30T04:05:06Z")
        }
        let empty = try await Self.page(reader)
        #expect(!empty.contains("No draw has a reward yet"))
        #expect(empty.contains("4 draws have a reward. None of them was found"))
        reader.landed = 0
        let early = try await Self.page(reader)
        #expect(early.contains("No draw has a reward yet."))
        #expect(
            early.contains(#"That is so as of <span class="time">2026-11-30T04:05:06Z</span>:"#))
    }

    @Test func `One worker is, two workers are`() async throws {
        #expect(try await Self.page(FakeReader()).contains("1 worker is there, 0 active."))
    }

    @Test func `The fleet has host, rate, busy share and some endpoints of each worker`()
        async throws
    {
        let answer = await DashboardSite(FakeReader()).answer(.init(path: "/fleet"))
        guard case .page(let html, status: 200) = answer else {
            Issue.record("no page: \(answer)")
            return
        }
        for text in [
            ">12.3<", ">22\u{202f}129<", ">88\u{202f}%<", "host plain, job plain", "and 2 more",
        ] {
            #expect(html.contains(text), "\(text)")
        }
    }

    private static func page(_ reader: FakeReader) async throws -> String {
        let answer = await DashboardSite(reader).answer(.init(path: "/runs/7"))
        guard case .page(let html, status: 200) = answer else {
            Issue.record("no page: \(answer)")
            return ""
        }
        return html
    }
}

/// How often many who look at the same make the dashboard read it.
@Suite(.timeLimit(.minutes(5))) struct SharedReadTests {
    /// Counts reads, each of which lasts until `isOpen`.
    private final class Gate: Sendable {
        let reads = Atomic(0)
        let isOpen = Atomic(false)
        /// How many were told of a failure.
        let told = Atomic(0)

        func pass() async throws(StoreError) {
            reads.add(1, ordering: .relaxed)
            do {
                try await eventually("the gate") { self.isOpen.load(ordering: .relaxed) }
            } catch {
                throw StoreError(.unavailable, "\(error)")
            }
        }

        var reader: FakeReader {
            var reader = FakeReader()
            reader.reading = { () throws(StoreError) in try await self.pass() }
            return reader
        }
    }

    enum Question: CaseIterable, Sendable {
        case run, latest, degenerate, sample, failures

        func ask(_ watcher: RunWatcher) async throws {
            let run = FakeReader().overview()
            switch self {
            case .run: _ = try await watcher.run(run.id)
            case .latest: _ = try await watcher.latest()
            case .degenerate: _ = try await watcher.degenerate(of: run)
            case .sample: _ = try await watcher.sample(of: run)
            case .failures: _ = try await watcher.failures(of: run)
            }
        }
    }

    private static let many = 60

    @Test(arguments: Question.allCases)
    func `All who ask at the same time share one read`(question: Question) async throws {
        let gate = Gate()
        let watcher = RunWatcher(gate.reader)
        try await withThrowingTaskGroup { group in
            defer { gate.isOpen.store(true, ordering: .relaxed) }
            for _ in 0..<Self.many { group.addTask { try await question.ask(watcher) } }
            try await eventually("all but one to wait", within: .seconds(60)) {
                await watcher.waiters == Self.many - 1
            }
            gate.isOpen.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        #expect(gate.reads.load(ordering: .relaxed) == 1)
        #expect(await watcher.waiters == 0)
    }

    @Test func `All who ask for a sorted list share its first step`() async throws {
        let gate = Gate()
        let ranking = PromptRanking(gate.reader)
        try await withThrowingTaskGroup { group in
            defer { gate.isOpen.store(true, ordering: .relaxed) }
            for _ in 0..<Self.many {
                group.addTask {
                    _ = try await ranking.page(FakeReader().overview(), .spread, from: 0)
                }
            }
            try await eventually("all but one to wait", within: .seconds(60)) {
                await ranking.waiters == Self.many - 1
            }
            gate.isOpen.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        #expect(gate.reads.load(ordering: .relaxed) == 1)
    }

    @Test func `Sixty streams of a run read it once in each interval`() async throws {
        let gate = Gate()
        gate.isOpen.store(true, ordering: .relaxed)
        let clock = Mutex(ContinuousClock.now)
        let watcher = RunWatcher(gate.reader) { clock.withLock { $0 } }
        let site = DashboardSite(gate.reader, watcher: watcher)
        for interval in 1...10 {
            for _ in 0..<Self.many {
                _ = try await site.numbers(RunID(7))
                // A moment later, and still the same interval.
                clock.withLock { $0 += RunWatcher.freshness / (2 * Self.many) }
            }
            #expect(gate.reads.load(ordering: .relaxed) == interval)
            clock.withLock { $0 += RunWatcher.freshness }
        }
    }

    @Test func `If the one who reads goes away, one of those who wait reads`() async throws {
        let gate = Gate()
        let watcher = RunWatcher(gate.reader)
        try await withThrowingTaskGroup { group in
            defer { gate.isOpen.store(true, ordering: .relaxed) }
            await withTaskGroup { first in
                first.addTask { _ = try? await watcher.run(RunID(7)) }
                try? await eventually("a read") { gate.reads.load(ordering: .relaxed) == 1 }
                for _ in 0..<2 { group.addTask { _ = try await watcher.run(RunID(7)) } }
                try? await eventually("two who wait") { await watcher.waiters == 2 }
                first.cancelAll()
            }
            try await eventually("another read", within: .seconds(60)) {
                gate.reads.load(ordering: .relaxed) == 2
            }
            gate.isOpen.store(true, ordering: .relaxed)
            // Nobody is told of what befell the first one.
            try await group.waitForAll()
        }
        #expect(gate.reads.load(ordering: .relaxed) == 2)
    }

    @Test func `All who wait are told of a failure, and the next one asks again`() async throws {
        let gate = Gate()
        var reader = gate.reader
        reader.error = StoreError(.unavailable, "gone")
        let watcher = RunWatcher(reader)
        try await withThrowingTaskGroup { group in
            defer { gate.isOpen.store(true, ordering: .relaxed) }
            for _ in 0..<Self.many {
                group.addTask {
                    do throws(StoreError) {
                        _ = try await watcher.run(RunID(7))
                    } catch {
                        gate.told.add(1, ordering: .relaxed)
                    }
                }
            }
            try await eventually("all but one to wait", within: .seconds(60)) {
                await watcher.waiters == Self.many - 1
            }
            gate.isOpen.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        #expect(gate.told.load(ordering: .relaxed) == Self.many)
        #expect(gate.reads.load(ordering: .relaxed) == 1)
        await #expect(throws: StoreError.self) { _ = try await watcher.run(RunID(7)) }
        #expect(gate.reads.load(ordering: .relaxed) == 2)
    }
}
