import OgiveCore
import Testing

@testable import OgiveWorker

/// The pure state machines of retries and outages, with time moved by hand.
@Suite(.timeLimit(.minutes(10))) struct CircuitBreakerTests {
    private static let away = ModelError(.unreachable, "connection refused")
    private static let down = ModelError(.serverError, "500")

    private func breaker(waitMax: Duration = .seconds(600)) -> CircuitBreaker {
        var backOff = BackOff()
        backOff.first = .seconds(2)
        backOff.longest = .seconds(30)
        return CircuitBreaker(backOff: backOff, waitMax: waitMax)
    }

    private func at(_ seconds: Double) -> TimePoint { .zero + .seconds(seconds) }

    @Test("A server that is away opens the breaker at once")
    func opens() {
        var breaker = breaker()
        #expect(breaker.admit() == .normal)
        breaker.report(.normal, .away(Self.away), now: at(0), random: 1)
        #expect(breaker.admit() == nil)
        #expect(breaker.state == .open(until: at(2)))
        #expect(breaker.outage?.error == Self.away)
    }

    @Test("Half open, one request is on trial; its answer closes the breaker")
    func closes() {
        var breaker = breaker()
        breaker.report(.normal, .away(Self.away), now: at(0), random: 1)
        #expect(!breaker.isDue(now: at(1.9)))
        #expect(breaker.isDue(now: at(2)))
        breaker.probeSucceeded()
        #expect(breaker.admit() == .trial)
        #expect(breaker.admit() == nil)
        breaker.report(.trial, .answered, now: at(3), random: 1)
        #expect(breaker.admit() == .normal)
        #expect(breaker.outage == nil)
    }

    @Test("Each failed trial doubles the wait, up to its bound, and the outage keeps its beginning")
    func doubles() {
        var breaker = breaker()
        breaker.report(.normal, .away(Self.away), now: at(0), random: 1)
        var waits: [Double] = []
        for round in 1...6 {
            breaker.probeSucceeded()
            #expect(breaker.admit() == .trial)
            let now = Double(round) * 100
            breaker.report(.trial, .failed(Self.down), now: at(now), random: 1)
            guard case .open(let until) = breaker.state else { continue }
            waits.append((until - at(now)) / .seconds(1))
        }
        #expect(waits == [4, 8, 16, 30, 30, 30])
        #expect(breaker.outage?.since == at(0))
    }

    @Test("Waits are jittered, and a server's wish is honoured within its bound")
    func waits() {
        var jittered = breaker()
        jittered.report(.normal, .away(Self.away), now: at(0), random: 0)
        #expect(jittered.state == .open(until: at(1)))
        var asked = breaker(waitMax: .seconds(50))
        let busy = ModelError(.overloaded, "429", retryAfter: .seconds(20))
        asked.report(.normal, .away(busy), now: at(0), random: 1)
        #expect(asked.state == .open(until: at(20)))
        // One that was on its way learns of a longer wait.
        let busier = ModelError(.overloaded, "429", retryAfter: .seconds(3_600))
        asked.report(.normal, .away(busier), now: at(1), random: 1)
        #expect(asked.state == .open(until: at(51)))
    }

    @Test("A server that fails everything is left alone after half a bucket of failures")
    func budget() {
        var breaker = breaker()
        var failures = 0
        while let pass = breaker.admit(), failures < 1_000 {
            breaker.report(pass, .failed(Self.down), now: at(0), random: 1)
            failures += 1
        }
        #expect(failures == 10)
        #expect(breaker.outage?.error == Self.down)
    }

    @Test("One failure in ten is sustained for ever, one in five is not")
    func share() {
        for (period, isSustained) in [(11, true), (5, false)] {
            var breaker = breaker()
            for request in 1...10_000 {
                guard let pass = breaker.admit() else { break }
                let fails = request % period == 0
                breaker.report(
                    pass, fails ? .failed(Self.down) : .answered, now: at(0), random: 1)
            }
            #expect((breaker.state == .closed) == isSustained)
        }
    }

    @Test("What the server says of an item is an answer, and never opens the breaker")
    func itemsOwnFaults() {
        var attempts = ItemAttempts(attemptsMax: 5)
        for code in [ModelError.Code.rejected, .promptTooLong, .malformed, .notFinite, .wrongCount]
        {
            attempts.begin()
            #expect(attempts.next(0, ModelError(code, "")) != .again)
            guard case .answered = attempts.verdict else {
                Issue.record("\(code) is held against the server")
                continue
            }
        }
    }

    @Test("Faults of the server count for no item; others are bounded by attempts")
    func attempts() {
        var attempts = ItemAttempts(attemptsMax: 3)
        for _ in 0..<100 { #expect(attempts.next(7, Self.away) == .again) }
        attempts.begin()
        #expect(attempts.next(7, Self.down) == .again)
        #expect(attempts.next(8, Self.down) == .again)
        #expect(attempts.next(7, Self.down) == .again)
        #expect(attempts.next(7, Self.down) == .failed(attempts: 3))
    }

    @Test("Pauses double, are capped, and jittered between a half and the whole")
    func backOff() {
        let backOff = BackOff()
        #expect(backOff.delay(afterFailures: 1, random: 0) == .milliseconds(125))
        #expect(backOff.delay(afterFailures: 1) == .milliseconds(250))
        #expect(backOff.delay(afterFailures: 3) == .seconds(1))
        #expect(backOff.delay(afterFailures: .max) == .seconds(20))
    }
}
