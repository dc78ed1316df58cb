import Testing
import ZeroMQ

@testable import OgiveTransport

@Suite(.timeLimit(.minutes(10))) struct ConnectionPlanTests {
    private func plan() -> ConnectionPlan {
        ConnectionPlan(delayFirst: .milliseconds(100), delayMax: .seconds(1))
    }

    @Test("Fault 19: a worker waits longer after each failed handshake, up to a bound")
    func theDelayDoubles() {
        var plan = plan()
        let delays = (1...6).map { plan.handle(.handshakeFailed, of: $0) }
        #expect(
            delays == [100, 200, 400, 800, 1_000, 1_000].map { Duration.milliseconds($0) })
        #expect(plan.handle(.handshakeSucceeded, of: 7) == nil)
        #expect(plan.obstacle == nil)
        #expect(plan.handle(.refused(status: 400), of: 7) == .milliseconds(100))
        #expect(plan.obstacle == .refused(status: 400))
    }

    @Test func lateEventsOfAReplacedSocketSayNothing() {
        var plan = plan()
        #expect(plan.handle(.refused(status: 400), of: 1) != nil)
        #expect(plan.handle(.handshakeFailed, of: 1) == nil)
        #expect(plan.handle(.handshakeSucceeded, of: 1) == nil)
        #expect(plan.obstacle == .refused(status: 400))
    }

    @Test func whoNoLongerListensIsNoObstacle() {
        var plan = plan()
        #expect(plan.handle(.protocolFailed(1), of: 1) != nil)
        #expect(plan.handle(.retried, of: 2) == nil)
        #expect(plan.obstacle == nil)
    }
}
