import OgiveCore
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
        #expect(kept.contains("as of 2026-11-30T01:02:03Z"))
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
        #expect(early.contains("That is so as of 2026-11-30T04:05:06Z"))
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
