import Logging
import OgiveCore
import OgiveTesting
import Synchronization
import Testing

@testable import OgiveCoordinator

/// What a leader says, and grants, when its term is not renewed in time.
@Suite("A term that is renewed late", .timeLimit(.minutes(10)))
struct TermRenewerTests {
    private let log = LevelledLog()
    private let store = MemoryStore(MemoryDatabase())

    /// A leader since 0 s with a term of 15 s, which it renews every 2 s.
    private func renewer(interval: Duration = .seconds(2)) -> TermRenewer {
        var configuration = CoordinatorConfiguration(name: "coordinator")
        configuration.renewInterval = interval
        return TermRenewer(
            store: store, term: Term(1), since: .zero, configuration: configuration,
            time: .machine, feed: EventFeed(eventsMax: 16),
            logger: Logger(label: "test") { _ in log },
            transportCounts: { [:] })
    }

    private static func at(_ seconds: Double) -> TimePoint { TimePoint(.seconds(seconds)) }

    /// Whether an event holds grants back or lets them go.
    private static func holds(_ event: Scheduler.Event?) -> Bool? {
        if case .hold(let isHeld) = event { isHeld } else { nil }
    }

    @Test func `A renewal that takes long is a warning near the end of the term, once`() {
        let renewer = renewer()
        #expect(Self.holds(renewer.change(at: Self.at(12.9))) == nil)
        #expect(log.lines.isEmpty)
        #expect(Self.holds(renewer.change(at: Self.at(13))) == true)
        #expect(Self.holds(renewer.change(at: Self.at(14))) == nil)
        #expect(log.lines.map(\.level) == [.warning])
        let text = log.lines.first?.text ?? ""
        #expect(text.contains("the machine or the database is slow. Nothing is lost"))
    }

    @Test func `A renewal that fails is a notice, and a warning only near the end of the term`()
        async throws
    {
        store.setFate { call in
            call == .renew ? .fail(StoreError(.unavailable, "connection refused")) : .succeed
        }
        let renewer = renewer(interval: .milliseconds(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await renewer.run() }
            try await eventually("the renewal to fail") { !log.lines.isEmpty }
            group.cancelAll()
        }
        #expect(Self.holds(renewer.change(at: Self.at(2.9))) == nil)
        #expect(Self.holds(renewer.change(at: Self.at(3))) == true)
        #expect(log.lines.map(\.level) == [.notice, .notice])
        #expect(log.lines.last?.text.contains("nothing is lost") == true)
        #expect(Self.holds(renewer.change(at: Self.at(14.999))) == nil)
        #expect(log.lines.map(\.level) == [.notice, .notice, .warning])
    }
}

/// A log that keeps its lines with their levels.
private final class LevelledLog: LogHandler {
    private let all = Mutex<[(level: Logger.Level, text: String)]>([])

    var lines: [(level: Logger.Level, text: String)] { all.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        all.withLock { $0.append((event.level, "\(event.message)")) }
    }
}
