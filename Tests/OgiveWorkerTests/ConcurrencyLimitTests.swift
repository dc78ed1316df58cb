import OgiveCore
import Testing

@testable import OgiveWorker

/// The search for a server's saturation, before simulated servers; time is theirs.
@Suite(.timeLimit(.minutes(10))) struct ConcurrencyLimitTests {
    private func auto(
        _ bounds: ClosedRange<Int> = 2...256, initial: Int = 8, latencyMax: Duration? = nil
    ) -> ConcurrencyLimit {
        ConcurrencyLimit(bounds: bounds, initial: initial, latencyMax: latencyMax, now: .zero)
    }

    /// The limits of the latter half of a run.
    private func converged(
        _ server: SimulatedServer, _ limit: ConcurrencyLimit, answers: Int = 40_000
    ) -> (limits: [Int], limit: ConcurrencyLimit) {
        var (server, limit, limits) = (server, limit, [Int]())
        _ = server.run(&limit, answers: answers) { now, _ in limits.append(now) }
        return (Array(limits.dropFirst(answers / 2)), limit)
    }

    @Test("A fixed limit stays, whatever comes")
    func fixed() {
        var limit = auto(5...5)
        var server = SimulatedServer { Double($0) }
        server.refusesAbove = 3
        _ = server.run(&limit, answers: 1_000) { limit, _ in #expect(limit == 5) }
    }

    @Test("Slots of constant service time are filled, and not much more", arguments: [4, 16, 64])
    func slots(_ slots: Int) {
        let server = SimulatedServer { 10 * Double(min($0, slots)) }
        let (limits, _) = converged(server, auto())
        let mean = Double(limits.reduce(0, +)) / Double(limits.count)
        #expect(limits.allSatisfy { $0 >= slots * 3 / 4 })
        #expect(mean >= 0.97 * Double(slots) && mean <= 1.5 * Double(slots))
    }

    @Test("A batching server gets most of its throughput", arguments: [0.0, 1.0])
    func batching(_ spread: Double) {
        // Half of the most at 8 at once: T = 500 B / (B + 8).
        var server = SimulatedServer { 500 * Double($0) / Double($0 + 8) }
        server.spread = spread
        let (limits, _) = converged(server, auto())
        let mean = limits.map { server.rate($0) }.reduce(0, +) / Double(limits.count)
        #expect(mean >= 0.85 * server.rate(256))
        #expect(limits.allSatisfy { (2...256).contains($0) })
    }

    @Test("A server that gets slower with load is held near its best", arguments: [0.0, 1.0])
    func degrading(_ spread: Double) {
        // Best at 32; at 64 a fifth is lost, at 256 three quarters.
        var server = SimulatedServer {
            let load = Double($0) / 32
            return 400 * 2 * load / (1 + load * load)
        }
        server.spread = spread
        for initial in [2, 8, 256] {
            let (limits, _) = converged(server, auto(initial: initial))
            let mean = limits.map { server.rate($0) }.reduce(0, +) / Double(limits.count)
            #expect(mean >= 0.9 * 400, "from \(initial)")
        }
    }

    @Test("In steady state it stays where it is most of the time, and its steps are bounded")
    func stable() {
        let server = SimulatedServer { 10 * Double(min($0, 32)) }
        let (limits, _) = converged(server, auto())
        let moves = zip(limits, limits.dropFirst()).filter { $0 != $1 }
        #expect(moves.count < 40)
        #expect(moves.allSatisfy { $1 <= 2 * $0 && 2 * $1 >= $0 })
    }

    @Test("A server that becomes larger is found out")
    func grows() {
        var limit = auto()
        var small = SimulatedServer { 10 * Double(min($0, 8)) }
        let then = small.run(&limit, answers: 5_000)
        #expect(limit.limit <= 16)
        var large = SimulatedServer { 10 * Double(min($0, 48)) }
        _ = large.run(&limit, answers: 60_000, from: then)
        #expect(limit.limit >= 36)
    }

    @Test("Refusals halve the limit, once for all that were under way; bounds hold")
    func refusals() {
        var server = SimulatedServer { 10 * Double($0) }
        server.refusesAbove = 20
        let (limits, limit) = converged(server, auto(4...256))
        #expect(limits.allSatisfy { $0 >= 4 })
        #expect(Double(limits.count { $0 > 20 }) < 0.05 * Double(limits.count))
        #expect(limit.limit >= 10)
        var burst = auto(2...256, initial: 64)
        for _ in 0..<64 { burst.begin(now: .zero) }
        for _ in 0..<64 { burst.backOff(began: .zero, now: .zero + .seconds(1)) }
        #expect(burst.limit == 32)
    }

    @Test("Requests that would come near their time limit are not added")
    func latency() {
        // Throughput grows for ever, but each request takes ever longer.
        let server = SimulatedServer { Double($0).squareRoot() }
        let (limits, _) = converged(server, auto(latencyMax: .seconds(8)))
        // At B requests at once an answer takes √B seconds.
        #expect(limits.allSatisfy { $0 <= 64 })
    }

    @Test("A server that says that requests wait in its queue is asked for no more")
    func queue() {
        var limit = auto()
        limit.note(ServerLoad(running: 4, waiting: 4))
        var server = SimulatedServer { 10 * Double($0) }
        _ = server.run(&limit, answers: 1_000)
        #expect(limit.limit <= 8)
        limit.note(ServerLoad(running: 8, waiting: 0))
        _ = server.run(&limit, answers: 30_000, from: .zero + .seconds(1_000))
        #expect(limit.limit > 64)
    }

    @Test("A queue at the server is kept short where that loses nothing", arguments: [0.0, 1.0])
    func uncrowded(_ spread: Double) {
        // Eight sequences at once; each request brings eight, and those that wait are a burden.
        var server = SimulatedServer { $0 == 1 ? 80 : 100 - Double($0 - 2) }
        server.spread = spread
        server.load = { ServerLoad(running: 8, waiting: max(0, 8 * $0 - 8)) }
        let (limits, _) = converged(server, auto())
        let mean = Double(limits.reduce(0, +)) / Double(limits.count)
        #expect(mean >= 1.9 && mean <= 3)
        // It is not found by small steps alone.
        var soon = auto()
        _ = server.run(&soon, answers: 200)
        #expect(soon.limit <= 3)
        // llama.cpp counts what runs in sequences, and what waits in requests.
        server.load = {
            ServerLoad(running: 8, waiting: max(0, $0 - 1), queuesRequests: true)
        }
        soon = auto()
        _ = server.run(&soon, answers: 200)
        #expect(soon.limit <= 3)
    }

    @Test("One of two is not tried where the server's word can do")
    func needed() {
        // With one request its slots are idle in between: each trial would cost.
        var server = SimulatedServer { $0 == 1 ? 60 : 100 - Double($0 - 2) }
        server.load = { ServerLoad(running: 8, waiting: max(0, 8 * $0 - 8)) }
        let (limits, _) = converged(server, auto(1...256), answers: 4_000)
        #expect(limits.allSatisfy { $0 == 2 })
    }

    @Test("Where fewer requests lose throughput, a queue at the server is no reason for fewer")
    func crowded() {
        // It says that half of them wait, and yet does all the more.
        var server = SimulatedServer { 10 * Double(min($0, 32)) }
        server.load = { ServerLoad(running: $0 / 2, waiting: $0 / 2) }
        let (limits, _) = converged(server, auto(initial: 32))
        let mean = limits.map { server.rate($0) }.reduce(0, +) / Double(limits.count)
        #expect(mean >= 0.95 * 320)
    }

    @Test("A large server that says it has room is filled soon")
    func room() {
        var server = SimulatedServer { 10 * Double(min($0, 128)) }
        server.load = { ServerLoad(running: min($0, 128), waiting: max(0, $0 - 128)) }
        var limit = auto()
        var answers = 0
        var filled: Int?
        _ = server.run(&limit, answers: 2_000) { limit, _ in
            answers += 1
            if limit >= 128 { filled = filled ?? answers }
        }
        #expect(filled ?? .max < 240)
        #expect((120...192).contains(limit.limit))
    }

    @Test("Nothing is learned while there is too little to ask")
    func idle() {
        var limit = auto()
        var now = TimePoint.zero
        for _ in 0..<1_000 {
            limit.begin(now: now)
            now = now + .milliseconds(50)
            limit.end(work: 1, began: now, now: now)
        }
        #expect(limit.limit == 8)
    }
}
