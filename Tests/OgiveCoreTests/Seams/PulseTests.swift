import OgiveCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct PulseTests {
    /// A clock that a test moves.
    private final class ManualTime: Sendable {
        let moment = Mutex(TimePoint.zero)

        var now: TimePoint { moment.withLock { $0 } }
    }

    @Test func `The age of a pulse counts from the last beat`() {
        let time = ManualTime()
        let pulse = Pulse(now: { time.now })
        #expect(pulse.age == nil)
        pulse.beat()
        #expect(pulse.age == .zero)
        time.moment.withLock { $0 = $0 + .seconds(3) }
        #expect(pulse.age == .seconds(3))
        pulse.beat()
        #expect(pulse.age == .zero)
    }

    @Test func `A process is ready once all of its checks are`() {
        let readiness = Readiness(of: ["a", "b"])
        #expect(!readiness.isReady)
        readiness.note("b", isReady: true, "fine")
        #expect(!readiness.isReady)
        readiness.note("a", isReady: true, "fine")
        #expect(readiness.isReady)
        readiness.note("c", isReady: false, "broken")
        #expect(!readiness.isReady)
        #expect(readiness.all.map(\.name) == ["a", "b", "c"])
        #expect(readiness.all.map(\.state) == ["fine", "fine", "broken"])
    }
}
