import OgiveCore
import OgiveTesting
import Synchronization
import Testing

@testable import OgiveCoordinator

/// What a coordinator that was stopped, or cut off, may conclude.
@Suite(.timeLimit(.minutes(1)))
struct ListeningTests {
    @Test func `A gap between ticks is time in which nobody was heard`() {
        let clock = ListeningClock(ticksEvery: .milliseconds(20))
        func missed(_ gap: Duration) -> Duration {
            clock.note(.zero + .seconds(60), after: gap).missed
        }
        #expect(missed(.milliseconds(20)) == .zero)
        #expect(missed(.milliseconds(100)) == .zero)
        #expect(missed(.seconds(12)) == .milliseconds(11_900))
        #expect(missed(.milliseconds(20)) == .milliseconds(11_900))
    }

    @Test func `So is the time in which messages have no room`() {
        let clock = ListeningClock(ticksEvery: .milliseconds(20))
        clock.isHeldUp = true
        for _ in 0..<5 { _ = clock.note(.zero, after: .milliseconds(20)) }
        clock.isHeldUp = false
        #expect(clock.note(.zero, after: .milliseconds(20)).missed == .milliseconds(100))
    }

    @Test func `A leader whose renewals fail holds after a fifth of its term`() async {
        let fleet = Fleet()
        var configuration = CoordinatorConfiguration(name: "coordinator")
        configuration.termExpiry = .seconds(1_000)
        configuration.renewInterval = .milliseconds(1)
        let renewer = TermRenewer(
            store: fleet.store, term: Term(1), since: .zero, configuration: configuration,
            time: .machine, feed: EventFeed(eventsMax: 9), logger: Fleet.logger,
            transportCounts: { [:] })
        #expect(renewer.change(at: .zero + .seconds(200)) == nil)
        let tries = Atomic(0)
        let hasFailed = Latch()
        fleet.store.setFate { _ in
            if tries.add(1, ordering: .relaxed).newValue == 2 { hasFailed.open() }
            return .fail(StoreError(.unavailable, "connection refused"))
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await renewer.run() }
            await hasFailed.wait()
            group.cancelAll()
        }
        #expect(renewer.change(at: .zero + .seconds(199)) == nil)
        guard case .hold(true)? = renewer.change(at: .zero + .seconds(200)) else {
            Issue.record("a leader that another one may follow goes on granting")
            return
        }
    }
}
