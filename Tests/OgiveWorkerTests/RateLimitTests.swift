import OgiveCore
import Testing

@testable import OgiveWorker

/// Rates, and the estimate of tokens that they go by.
@Suite(.timeLimit(.minutes(10))) struct RateLimitTests {
    private func at(_ seconds: Double) -> TimePoint { .zero + .seconds(seconds) }

    @Test(
        "A rate of nearly nothing waits, and does not trap",
        arguments: [Double.leastNonzeroMagnitude, 1e-300, 1e-9])
    func tiny(_ perMinute: Double) {
        var limit = RateLimit(perMinute: perMinute, now: .zero)
        limit.spend(1e6)
        let wait = limit.wait(for: 1, now: at(1))
        #expect(wait > .zero && wait <= .seconds(3_600))
    }

    @Test("No minute gets more than a tenth above the rate", arguments: [6.0, 60, 600])
    func rate(_ perMinute: Double) {
        var limit = RateLimit(perMinute: perMinute, now: .zero)
        var now = TimePoint.zero
        var times: [TimePoint] = []
        while now < at(300) {
            let wait = limit.wait(for: 1, now: now)
            if wait == .zero {
                limit.spend(1)
                times.append(now)
            } else {
                now = now + wait
            }
        }
        for start in stride(from: 0.0, to: 240, by: 7) {
            let count = times.count { $0 >= at(start) && $0 < at(start + 60) }
            #expect(Double(count) <= 1.1 * perMinute + 1)
            #expect(Double(count) >= perMinute - 1)
        }
    }

    @Test("What costs more than can be saved passes when the store is full, and leaves a debt")
    func debt() {
        var limit = RateLimit(perMinute: 60, now: .zero)
        #expect(limit.wait(for: 100, now: .zero) == .zero)
        limit.spend(100)
        // 6 were there; 94 and the next one's 6 come back at one a second.
        #expect(limit.wait(for: 6, now: .zero) == .seconds(100))
        limit.spend(-40)
        #expect(limit.wait(for: 6, now: .zero) == .seconds(60))
        #expect(limit.wait(for: 1, now: at(55)) == .zero)
    }

    @Test("A draw counts as long as it may be, until answers tell the mean")
    func tokens() {
        var meter = TokenMeter()
        let request = RequestSize(work: 8, inputTokens: 10, tokensMax: 100)
        #expect(meter.estimate(request) == 810)
        meter.learn(request, RequestAnswer(items: 8, tokens: 160))
        #expect(meter.estimate(request) == 170)
        #expect(meter.actual(request, RequestAnswer(items: 8, tokens: 240)) == 250)
        #expect(meter.actual(request, RequestAnswer(items: 7, tokens: 240)) == nil)
        let texts = RequestSize(work: 4, inputTokens: 99)
        #expect(meter.estimate(texts) == 99)
    }
}
