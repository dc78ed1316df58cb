import OgiveCore
import OgiveTesting
import Testing

@Suite("Worker's session: leases and results", .timeLimit(.minutes(10)))
struct SessionLeaseTests {
    typealias Bench = SessionBench

    @Test("A lease is begun once, however often it comes")
    func once() {
        var bench = SessionBench.registered()
        #expect(bench.hear(.lease(Bench.lease(1))).started.count == 1)
        #expect(bench.hear(.lease(Bench.lease(1))).started.isEmpty)
        #expect(bench.session.working == 1)
    }

    @Test("A lease of another term is ignored; one of an unknown run is given back")
    func foreignLeases() {
        var bench = SessionBench.registered()
        #expect(bench.hear(.lease(Bench.lease(1, term: 4))).isEmpty)
        let effects = bench.hear(.lease(Bench.lease(2, run: 9)))
        #expect(effects.started.isEmpty)
        #expect(effects.returned == [Bench.name(2)])
    }

    @Test("A run that cannot be served is declined with all of its leases, and stays so")
    func declined() throws {
        var bench = SessionBench.registered()
        let first = try bench.take(1)
        _ = try bench.take(2)
        let done = try bench.take(3)
        bench.handle(.done(done, [Bench.results(0, 1)]))
        let effects = bench.handle(.declined(first, "no label"))
        #expect(
            effects.sent.contains(
                .declined(RunID(1), reason: "no label", [Bench.name(1), Bench.name(2)])))
        #expect(effects.stopped.count == 2)
        #expect(bench.session.working == 0 && bench.session.unacked == 1)
        // One that crossed with it is not begun.
        let late = bench.hear(.lease(Bench.lease(4)))
        #expect(late.started.isEmpty)
        #expect(late.sent.contains(.declined(RunID(1), reason: "no label", [Bench.name(4)])))
        // The same specification again changes nothing, another one does.
        bench.hear(.serve(SimulatedModel.run(draws: 8)))
        #expect(bench.hear(.lease(Bench.lease(5))).started.isEmpty)
        bench.hear(.serve(SimulatedModel.run(draws: 9)))
        #expect(bench.hear(.lease(Bench.lease(6))).started.count == 1)
    }

    @Test("The age of unacknowledged results counts from the oldest")
    func oldestUnacked() throws {
        var bench = SessionBench.registered()
        let (first, second) = (try bench.take(1), try bench.take(2))
        #expect(bench.session.oldestUnacked == nil)
        bench.handle(.done(first, [Bench.results(0)]))
        let done = bench.now
        bench.handle(.done(second, [Bench.results(0)]), after: .seconds(1))
        // To send it again does not make it younger.
        bench.hear(.heartbeat, after: .seconds(6))
        #expect(bench.session.oldestUnacked == done)
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 0)]))
        #expect(bench.session.oldestUnacked == done + .seconds(1))
        bench.hear(.acks([ResultName(lease: Bench.name(2), part: 0)]))
        #expect(bench.session.oldestUnacked == nil)
    }

    @Test("What happened meanwhile is answered as one by one, with one credit for all of it")
    func batch() throws {
        var (one, all) = (SessionBench.registered(), SessionBench.registered())
        let leases = (1...3).map { WorkerSession.Event.message(.lease(Bench.lease($0))) }
        let begun = leases.flatMap { one.handle($0) }.started
        #expect(all.session.handle(leases, now: all.now).started == begun)
        var events: [WorkerSession.Event] = [.started(begun[2]), .room(3)]
        events += begun.prefix(2).map { .done($0, [Bench.results(0, 1)]) }
        events += [.message(.acks([ResultName(lease: Bench.name(1), part: 0)])), .room(2), .drain]
        let apart = events.flatMap { one.handle($0) }
        let together = all.session.handle(events, now: all.now)
        #expect(together.results == apart.results)
        #expect(together.returned == apart.returned)
        #expect(apart.credits == [3, 2, 0])
        #expect(together.credits == [0])
        #expect(all.session.unacked == 1 && all.session.working == 1)
        #expect(one.session.unacked == 1 && one.session.working == 1)
        // Nothing is taken in any more once it leaves.
        let end: [WorkerSession.Event] = [.message(.refused("no")), .drain, .tick]
        #expect(all.session.handle(end, now: all.now).exits == [.refused("no")])
    }

    @Test("Results are sent again until every part is acknowledged")
    func resent() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        let first = bench.handle(.done(ticket, [Bench.results(0), Bench.results(1)]))
        #expect(first.results.map(\.part) == [0, 1])
        bench.hear(.heartbeat, after: .seconds(4))
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 0)]))
        #expect(bench.handle(.tick, after: .seconds(1)).results.map(\.part) == [1])
        bench.hear(.heartbeat, after: .seconds(4))
        #expect(bench.session.unacked == 1)
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 1)]))
        #expect(bench.session.unacked == 0)
        #expect(bench.handle(.tick, after: .seconds(5)).results.isEmpty)
    }

    @Test("An acknowledgement of something else changes nothing")
    func foreignAck() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 0)]))
        #expect(bench.session.working == 1)
        bench.handle(.done(ticket, [Bench.results(0, 1)]))
        bench.hear(.acks([ResultName(lease: Bench.name(1, epoch: 2), part: 0)]))
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 3)]))
        #expect(bench.session.unacked == 1)
    }

    @Test("A cancelled lease is stopped; finished results stay until they are acknowledged")
    func cancelled() throws {
        var bench = SessionBench.registered()
        let working = try bench.take(1)
        let done = try bench.take(2)
        bench.handle(.done(done, [Bench.results(0, 1)]))
        #expect(bench.hear(.cancel(Bench.name(1))).stopped == [working])
        #expect(bench.hear(.cancel(Bench.name(2))).stopped.isEmpty)
        #expect(bench.session.unacked == 1)
        #expect(bench.handle(.done(working, [Bench.results(0)])).results.isEmpty)
    }

    @Test("A lease that takes too long is stopped by the worker itself")
    func deadline() throws {
        var bench = SessionBench.registered()
        let first = try bench.take(1, duration: .seconds(3))
        let second = try bench.take(2, duration: .seconds(3))
        #expect(bench.hear(.heartbeat, after: .milliseconds(2_999)).stopped.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(1)).stopped == [first, second])
        #expect(bench.session.working == 0)
    }

    @Test("The time of an adopted lease begins anew")
    func adoptedDeadline() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1, duration: .seconds(9))
        bench.hear(.reRegister, after: .seconds(5))
        bench.welcome(
            term: 6,
            adopting: [Bench.adoption(1, as: 8)])
        #expect(bench.hear(.heartbeat, after: .seconds(8)).stopped.isEmpty)
        #expect(bench.handle(.tick, after: .seconds(1)).stopped == [ticket])
    }

    @Test("Results without any part are given back: nothing could acknowledge them")
    func noParts() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        #expect(bench.handle(.done(ticket, [])).returned == [Bench.name(1)])
        #expect(bench.session.unacked == 0)
    }

    @Test("Credit shrinks with results that wait for their acknowledgement, and is sent at once")
    func credit() throws {
        var bench = SessionBench.registered { $0.unackedMax = 3 }
        #expect(bench.handle(.tick).credits.isEmpty)
        var sent: [Int] = []
        for task in 1...3 {
            let ticket = try bench.take(UInt64(task))
            sent += bench.handle(.done(ticket, [Bench.results(0, 1)])).credits
        }
        #expect(sent == [2, 1, 0])
        #expect(bench.hear(.acks([ResultName(lease: Bench.name(2), part: 0)])).credits == [1])
    }

    @Test("Leases that wait for the scorer are named beside the credit, within bounds, in steps")
    func unscored() {
        var bench = SessionBench.registered { $0.leasesMax = 16 }
        func said(_ leases: Int) -> [WorkerMessage] { bench.handle(.unscored(leases)).sent }
        #expect(said(1).isEmpty)
        #expect(said(5) == [.crowded(16, unscored: 5)])
        #expect(said(6).isEmpty)
        #expect(said(4).isEmpty)
        #expect(said(7) == [.crowded(16, unscored: 7)])
        #expect(said(9_999) == [.crowded(16, unscored: 512)])
        #expect(said(0) == [.credit(16)])
        #expect(said(3) == [.crowded(16, unscored: 3)])
        #expect(bench.handle(.suspended(true)).sent == [.credit(0)])
    }

    @Test("While the servers are away the worker wants nothing")
    func suspended() {
        var bench = SessionBench.registered()
        #expect(bench.handle(.suspended(true)).credits == [0])
        #expect(bench.handle(.suspended(false)).credits == [4])
    }

    @Test("Draining gives back what is not begun, finishes the rest, and leaves")
    func drain() throws {
        var bench = SessionBench.registered()
        let begun = try bench.take(1)
        let waiting = try bench.take(2)
        bench.handle(.started(begun))
        let effects = bench.handle(.drain)
        #expect(effects.sent.contains(.draining))
        #expect(effects.returned == [Bench.name(2)])
        #expect(effects.stopped == [waiting])
        #expect(effects.credits == [0])
        #expect(bench.handle(.drain).isEmpty)
        #expect(bench.hear(.lease(Bench.lease(3))).returned == [Bench.name(3)])
        #expect(bench.handle(.done(begun, [Bench.results(0, 1)])).exits.isEmpty)
        let end = bench.hear(.acks([ResultName(lease: Bench.name(1), part: 0)]))
        #expect(end.exits == [.drained])
        #expect(end.sent.last == .goodbye)
    }

    @Test("What is unfinished after the grace period is given back")
    func grace() throws {
        var bench = SessionBench.registered { $0.drainGrace = .seconds(3) }
        let begun = try bench.take(1)
        bench.handle(.started(begun))
        #expect(bench.handle(.drain).exits.isEmpty)
        let end = bench.handle(.tick, after: .seconds(3))
        #expect(end.returned == [Bench.name(1)])
        #expect(end.exits == [.drained])
    }

    @Test("Without its servers a worker gives back what is unfinished, and keeps its results")
    func abandon() throws {
        var bench = SessionBench.registered()
        let begun = try bench.take(1)
        let done = try bench.take(2)
        bench.handle(.started(begun))
        bench.handle(.started(done))
        bench.handle(.done(done, [Bench.results(0, 1)]))
        bench.handle(.drain)
        let effects = bench.handle(.abandon)
        #expect(effects.returned == [Bench.name(1)])
        #expect(effects.stopped == [begun])
        #expect(effects.exits.isEmpty)
        let end = bench.hear(.acks([ResultName(lease: Bench.name(2), part: 0)]))
        #expect(end.exits == [.drained])
    }

    @Test("A worker that finds no work for a time leaves, and one that waits for servers does not")
    func idle() throws {
        var bench = SessionBench.registered { $0.idleMax = .seconds(60) }
        // Silence would be no coordinator, and not a lack of work.
        func wait(_ seconds: Int, _ bench: inout SessionBench) -> [WorkerSession.Effect] {
            (0..<seconds).flatMap { _ in bench.hear(.heartbeat, after: .seconds(1)) }
        }
        #expect(wait(59, &bench).exits.isEmpty)
        let ticket = try bench.take(1)
        #expect(wait(100, &bench).exits.isEmpty, "it works")
        bench.handle(.done(ticket, [Bench.results(0, 1)]))
        #expect(wait(100, &bench).exits.isEmpty, "its results wait for their acknowledgement")
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 0)]))
        #expect(wait(59, &bench).exits.isEmpty)
        bench.handle(.suspended(true))
        #expect(wait(100, &bench).exits.isEmpty, "its servers are away")
        bench.handle(.suspended(false))
        #expect(wait(59, &bench).exits.isEmpty)
        let end = wait(1, &bench)
        #expect(end.exits == [.idle(.seconds(60))])
        #expect(end.sent.last == .goodbye)
    }

    @Test("A worker without work leaves though its coordinator ended, not before it found one")
    func idleAlone() throws {
        var bench = SessionBench.registered { $0.idleMax = .seconds(60) }
        let alone = (0..<60).flatMap { _ in bench.handle(.tick, after: .seconds(1)) }
        #expect(alone.exits == [.idle(.seconds(60))])
        var early = SessionBench { $0.idleMax = .seconds(10) }
        let waiting = (0..<59).flatMap { _ in early.handle(.tick, after: .seconds(1)) }
        #expect(waiting.exits.isEmpty)
    }

    @Test("Without a bound a worker waits for work")
    func patience() {
        var bench = SessionBench.registered()
        for _ in 0..<1000 {
            let effects = bench.hear(.heartbeat, after: .seconds(9))
            #expect(effects.exits.isEmpty)
        }
    }

    @Test("Draining with nothing to do leaves at once, registered or not")
    func idleDrain() {
        var bench = SessionBench.registered()
        #expect(bench.handle(.drain).exits == [.drained])
        var unregistered = SessionBench()
        let effects = unregistered.handle(.drain)
        #expect(effects.exits == [.drained])
        #expect(!effects.sent.contains(.goodbye))
    }
}

extension SessionLeaseTests {
    @Test("More leases than it holds at most are given back, not begun")
    func leasesMax() throws {
        var bench = SessionBench.registered {
            $0.leasesMax = 2
            $0.aheadMax = 0
        }
        _ = try bench.take(1)
        _ = try bench.take(2)
        let effects = bench.hear(.lease(SessionBench.lease(3)))
        #expect(effects.started.isEmpty)
        #expect(effects.returned == [SessionBench.name(3)])
        #expect(bench.session.working == 2)
    }

    @Test("A lease that comes a second time after it ended is not begun again")
    func repeatedLease() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        #expect(bench.hear(.lease(SessionBench.lease(1))).isEmpty)
        bench.handle(.done(ticket, [SessionBench.results(0, 1)]))
        bench.hear(.acks([ResultName(lease: SessionBench.name(1), part: 0)]))
        #expect(bench.hear(.lease(SessionBench.lease(1))).isEmpty)
        _ = try bench.take(2)
        bench.hear(.cancel(SessionBench.name(2)))
        #expect(bench.hear(.lease(SessionBench.lease(2))).isEmpty)
        #expect(bench.session.working == 0)
    }

    @Test("Leases and results together have a bound, even when nothing is acknowledged")
    func heldMax() throws {
        var bench = SessionBench.registered {
            $0.leasesMax = 2
            $0.aheadMax = 0
            $0.unackedMax = 3
        }
        for task in 1...5 as ClosedRange<UInt64> {
            let ticket = try bench.take(task)
            bench.handle(.done(ticket, [SessionBench.results(0, 1)]))
        }
        #expect(bench.session.unacked == 5)
        #expect(
            bench.hear(.lease(SessionBench.lease(6))).returned == [SessionBench.name(6)])
        bench.hear(.acks([ResultName(lease: SessionBench.name(1), part: 0)]))
        #expect(bench.hear(.lease(SessionBench.lease(7))).started.count == 1)
    }

    @Test("Fault 41: workers repeat their hellos at different times")
    func jitter() {
        var times: Set<Duration> = []
        for number in 0..<64 {
            var session = WorkerSession(
                name: "host:\(number)", version: "1", offer: SimulatedModel.offer,
                limits: WorkerLimits(), now: .zero)
            _ = session.handle(.tick, now: .zero)
            var now = Duration.zero
            repeat {
                now += .milliseconds(10)
            } while session.handle(.tick, now: TimePoint(now)).hellos.isEmpty
            times.insert(now)
            #expect(now >= .milliseconds(1_500) && now <= .milliseconds(2_500))
        }
        #expect(times.count > 20)
    }
}
