import Foundation
import OgiveCore

@testable import OgiveWorker

/// A model server without a network, under a worker that always has something to ask: time goes
/// from answer to answer, and the limit under test says how many requests are under way.
///
/// Every request is a unit of work; the server works on those at once at a rate that depends on
/// how many there are.
struct SimulatedServer {
    /// Requests finished in a second, together, when so many are under way.
    var rate: (Int) -> Double
    /// From which number on a request is refused (429).
    var refusesAbove = Int.max
    /// By how much the lengths of completions vary: 0 not at all, 1 like an exponential law.
    var spread = 0.0
    /// What it says of its load when so many are under way; it is asked after every 20 answers.
    var load: ((Int) -> ServerLoad)?
    private var random: UInt64 = 88_172_645_463_325_252

    private struct Request {
        var began: TimePoint
        var left: Double
        let work: Double
        let isRefused: Bool
    }

    init(rate: @escaping (Int) -> Double) {
        self.rate = rate
    }

    /// Runs so many answers under `limit`; tells the limit after each, and the time.
    mutating func run(
        _ limit: inout ConcurrencyLimit, answers: Int, from start: TimePoint = .zero,
        _ look: (Int, TimePoint) -> Void = { _, _ in }
    ) -> TimePoint {
        var now = start
        var requests: [Request] = []
        for answer in 0..<answers {
            while requests.count < limit.limit {
                limit.begin(now: now)
                let work = 1 - spread + spread * -log(chance())
                requests.append(
                    Request(
                        began: now, left: work, work: work,
                        isRefused: requests.count >= refusesAbove))
            }
            if let refused = requests.lastIndex(where: \.isRefused) {
                now = now + .milliseconds(1)
                let request = requests.remove(at: refused)
                limit.backOff(began: request.began, now: now)
            } else {
                // All share the rate alike; the one with the least left is next.
                let each = rate(requests.count) / Double(requests.count)
                let next = requests.indices.min { requests[$0].left < requests[$1].left } ?? 0
                let done = requests[next].left
                now = now + .seconds(done / each)
                for index in requests.indices { requests[index].left -= done }
                let request = requests.remove(at: next)
                limit.end(work: request.work, began: request.began, now: now)
            }
            if answer.isMultiple(of: 20), let load { limit.note(load(requests.count)) }
            look(limit.limit, now)
        }
        for _ in requests { limit.abandon(now: now) }
        return now
    }

    private mutating func chance() -> Double {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Double(random >> 11 | 1) / Double(1 << 53)
    }
}
