import OgiveCore
import Testing

@testable import OgiveWorker

/// Which endpoint a request goes to, with time moved by hand.
@Suite(.timeLimit(.minutes(10))) struct EndpointPoolTests {
    private static let away = ModelError(.unreachable, "connection refused")

    private func at(_ seconds: Double) -> TimePoint { .zero + .seconds(seconds) }

    private func pool(_ limits: [EndpointLimits], concurrency: Concurrency = 64) -> EndpointPool {
        var backOff = BackOff()
        backOff.first = .seconds(2)
        let breaker = CircuitBreaker(backOff: backOff, waitMax: .seconds(600))
        return EndpointPool(
            limits.enumerated().map { number, limits in
                EndpointState(
                    name: "http://\(number)", limits: limits, breaker: breaker,
                    concurrency: concurrency.limit(of: limits, now: .zero), now: .zero)
            })
    }

    private func admit(
        _ pool: inout EndpointPool, work: Int = 1, avoiding: Int? = nil, at seconds: Double = 0
    ) -> EndpointPool.Pass? {
        let admission = pool.admit(
            RequestSize(work: work), avoiding: avoiding, now: at(seconds))
        if case .pass(let pass) = admission { return pass }
        return nil
    }

    private func wait(_ pool: inout EndpointPool, _ request: RequestSize) -> Duration? {
        guard case .wait(let wait) = pool.admit(request, avoiding: nil, now: .zero) else {
            return .zero
        }
        return wait
    }

    @Test("Requests go to the endpoint with the least outstanding work; ties go round")
    func leastOutstanding() throws {
        var pool = pool([.init(), .init(), .init()])
        #expect((0..<3).map { _ in admit(&pool, work: 4)?.endpoint } == [0, 1, 2])
        let large = try #require(admit(&pool, work: 9))
        #expect(large.endpoint == 0)
        #expect((0..<4).map { _ in admit(&pool, work: 4)?.endpoint } == [1, 2, 1, 2])
        pool.report(large, .answered, RequestAnswer(items: 9), now: at(1), random: 1)
        #expect(admit(&pool)?.endpoint == 0)
    }

    @Test("Work is weighed by what an endpoint may be asked at once")
    func relative() {
        var pool = pool([.init(concurrency: 2), .init(concurrency: 6)])
        let chosen = (0..<8).compactMap { _ in admit(&pool)?.endpoint }
        #expect(chosen.count { $0 == 0 } == 2)
        #expect(chosen.count { $0 == 1 } == 6)
        // Neither has room now.
        #expect(admit(&pool) == nil)
        #expect(pool.capacity == 8)
    }

    @Test("An endpoint that is away gets nothing; there is no outage while another is left")
    func away() throws {
        var pool = pool([.init(), .init()])
        let first = try #require(admit(&pool))
        pool.report(first, .away(Self.away), RequestAnswer(), now: at(0), random: 1)
        #expect(pool.outage == nil)
        #expect((0..<3).map { _ in admit(&pool)?.endpoint } == [1, 1, 1])
        let second = try #require(admit(&pool))
        pool.report(second, .away(Self.away), RequestAnswer(), now: at(5), random: 1)
        #expect(pool.outage?.since == at(5))
        #expect(admit(&pool) == nil)
        pool.change(0) { $0.probeSucceeded() }
        let trial = try #require(admit(&pool))
        #expect(trial.endpoint == 0 && trial.leave == .trial)
        pool.report(trial, .answered, RequestAnswer(items: 1), now: at(6), random: 1)
        #expect(pool.outage == nil)
    }

    @Test("An outage that can pass is waited out, even when another endpoint is lost for good")
    func mixedOutage() throws {
        var pool = pool([.init(), .init()])
        let wrong = ModelError(.wrongModel, "another model")
        for error in [wrong, Self.away] {
            let pass = try #require(admit(&pool))
            pool.report(pass, .away(error), RequestAnswer(), now: at(0), random: 1)
        }
        #expect(pool.outage?.error == Self.away)
    }

    @Test("What failed at one endpoint is asked for at another, if that has room")
    func avoids() {
        var pool = pool([.init(concurrency: 4), .init(concurrency: 1)])
        #expect(admit(&pool, work: 1, avoiding: 0)?.endpoint == 1)
        #expect(admit(&pool, work: 1, avoiding: 0)?.endpoint == 0)
    }

    @Test("Rates hold requests back, and say for how long; another endpoint takes them meanwhile")
    func rates() throws {
        var pool = pool([.init(requestsPerMinute: 10), .init(requestsPerMinute: 60)])
        var chosen: [Int] = []
        while let pass = admit(&pool) {
            chosen.append(pass.endpoint)
            pool.report(pass, .answered, RequestAnswer(items: 1), now: .zero, random: 1)
        }
        // A tenth of a minute's allowance each.
        #expect(chosen.count { $0 == 0 } == 1)
        #expect(chosen.count { $0 == 1 } == 6)
        #expect(wait(&pool, RequestSize(work: 1)) == .seconds(1))
        #expect(admit(&pool, at: 1.01)?.endpoint == 1)
    }

    @Test("Tokens are debited by the longest that may come, and corrected by the answer")
    func tokens() throws {
        var pool = pool([.init(tokensPerMinute: 6_000)])
        let request = RequestSize(work: 6, tokensMax: 100)
        guard case .pass(let pass) = pool.admit(request, avoiding: nil, now: .zero) else {
            Issue.record("the store is full")
            return
        }
        #expect(pass.tokens == 600)
        #expect(wait(&pool, request) == .seconds(6))
        pool.report(
            pass, .answered, RequestAnswer(items: 6, tokens: 60), now: .zero, random: 1)
        // The mean is 10 a draw now, and 540 of the 600 came back.
        #expect(wait(&pool, request) == .zero)
        #expect(wait(&pool, RequestSize(work: 60, tokensMax: 100)) != .zero)
    }

    @Test("What an endpoint refused costs no tokens")
    func refund() throws {
        var pool = pool([.init(tokensPerMinute: 6_000), .init(tokensPerMinute: 6_000)])
        let request = RequestSize(work: 6, tokensMax: 100)
        guard case .pass(let pass) = pool.admit(request, avoiding: nil, now: .zero) else {
            Issue.record("the store is full")
            return
        }
        let busy = ModelError(.overloaded, "429", retryAfter: .seconds(7))
        pool.report(pass, .away(busy), RequestAnswer(), now: .zero, random: 1)
        #expect(pool.endpoints[0].breaker.state == .open(until: at(7)))
        #expect(admit(&pool, work: 6)?.endpoint == 1)
        pool.change(0) { $0.close() }
        #expect(wait(&pool, request) == .zero)
    }
}
