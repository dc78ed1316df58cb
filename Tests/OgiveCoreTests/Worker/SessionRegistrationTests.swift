import OgiveCore
import OgiveTesting
import Testing

@Suite("Worker's session: registration", .timeLimit(.minutes(10)))
struct SessionRegistrationTests {
    typealias Bench = SessionBench

    @Test("Hello is said at once, and repeated until a coordinator answers")
    func hello() {
        var bench = SessionBench()
        #expect(bench.handle(.tick).hellos.count == 1)
        #expect(bench.handle(.tick, after: .milliseconds(1_499)).hellos.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(1_001)).hellos.map(\.credit) == [4])
        bench.welcome()
        #expect(bench.session.isRegistered)
        #expect(bench.session.term == Term(5))
        #expect(bench.handle(.tick, after: .seconds(2)).hellos.isEmpty)
    }

    @Test("Who speaks to nobody speaks again soon, until somebody is there")
    func unheard() {
        var bench = SessionBench()
        let first = bench.handle(.tick)
        #expect(first.hellos.count == 1)
        bench.session.noteUnheard(first.sent, now: bench.now)
        #expect(bench.handle(.tick, after: .milliseconds(200)).hellos.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(200)).hellos.count == 1)
        #expect(bench.handle(.tick, after: .milliseconds(1_400)).hellos.isEmpty)
        bench.welcome()
        #expect(bench.handle(.tick, after: .seconds(2)).sent == [.heartbeat, .credit(4)])
        #expect(bench.handle(.tick, after: .milliseconds(500)).sent.isEmpty)
        bench.session.noteUnheard([.heartbeat], now: bench.now)
        #expect(bench.handle(.tick).sent == [.heartbeat, .credit(4)])
        #expect(bench.handle(.tick, after: .milliseconds(500)).sent.isEmpty)
    }

    @Test("Who has no room in the queue of a coordinator that speaks does not speak more often")
    func slowReader() {
        var bench = SessionBench.registered()
        bench.session.noteUnheard([.credit(4)], now: bench.now)
        #expect(bench.handle(.tick, after: .milliseconds(500)).sent.isEmpty)
    }

    @Test("A hello that was not said is not answered: a repeated welcome is ignored after it")
    func unsaid() throws {
        var bench = SessionBench()
        for _ in 0..<5 {
            let sent = bench.handle(.tick, after: .seconds(3)).sent
            bench.session.noteUnheard(sent, now: bench.now)
        }
        bench.handle(.tick, after: .seconds(3))
        bench.welcome()
        #expect(bench.session.isRegistered)
        bench.hear(.serve(SimulatedModel.run(draws: 8)))
        _ = try bench.take(1)
        bench.welcome()
        #expect(bench.session.working == 1)
    }

    @Test("Heartbeat and credit are repeated in the interval of the welcome")
    func heartbeat() {
        var bench = SessionBench.registered()
        let effects = bench.handle(.tick, after: .seconds(2))
        #expect(effects.sent == [.heartbeat, .credit(4)])
        #expect(bench.handle(.tick).sent.isEmpty)
    }

    @Test("Heartbeats tell which endpoints get no requests, at once and until they do again")
    func outages() {
        var bench = SessionBench.registered()
        let outage = EndpointOutage(
            model: "policy openai m", endpoint: "http://a", code: .timeout, message: "late",
            lasting: .seconds(1))
        #expect(bench.handle(.outages([outage])).sent.first == .impaired([outage]))
        #expect(bench.handle(.outages([outage])).sent.isEmpty)
        let later = bench.handle(.tick, after: .seconds(2)).sent
        #expect(later.first == .impaired([outage].aged(by: .seconds(2))))
        #expect(bench.handle(.outages([])).sent.first == .heartbeat)
        #expect(bench.handle(.tick, after: .seconds(2)).sent.first == .heartbeat)
    }

    @Test("What happened to endpoints while nobody listened is reported after the welcome")
    func outagesBefore() {
        var bench = SessionBench()
        let outage = EndpointOutage(
            model: "m", endpoint: "e", code: .unreachable, message: "", lasting: .zero)
        #expect(!bench.handle(.outages([outage])).sent.contains(.impaired([outage])))
        #expect(bench.welcome().sent.contains(.impaired([outage])))
    }

    @Test("A silent coordinator is greeted again; the results are kept")
    func silence() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        bench.handle(.done(ticket, [Bench.results(0), Bench.results(1)]))
        bench.hear(.acks([ResultName(lease: Bench.name(1), part: 0)]))
        let hello = try #require(bench.handle(.tick, after: .seconds(10)).hellos.first)
        #expect(
            hello.inFlight == [
                HeldLease(claim: Bench.lease(1).claim, resolved: [.draw(0)])
            ])
        #expect(hello.inFlight.first?.items == [.draw(1)])
        #expect(bench.session.unacked == 1)
    }

    @Test("Adopted leases go on under new names, the others are dropped")
    func adoption() throws {
        var bench = SessionBench.registered()
        let done = try bench.take(1)
        let lost = try bench.take(2)
        let working = try bench.take(3)
        bench.handle(.done(done, [Bench.results(0, 1)]))
        bench.hear(.reRegister)
        let effects = bench.welcome(
            term: 6,
            adopting: [
                Bench.adoption(1, as: 11),
                Bench.adoption(3, as: 13),
            ])
        #expect(effects.stopped == [lost])
        #expect(effects.results.map(\.claim.lease) == [Bench.name(11, term: 6)])
        let later = bench.handle(.done(working, [Bench.results(0, 1)]))
        #expect(later.results.map(\.claim.lease) == [Bench.name(13, term: 6)])
    }

    @Test("A lease of this term that is not adopted is given back by name")
    func lostIsReturned() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        bench.hear(.reRegister)
        let effects = bench.welcome()
        #expect(effects.stopped == [ticket])
        #expect(effects.returned == [Bench.name(1)])
        #expect(bench.session.working == 0)
    }

    @Test("A welcome that answers no hello is ignored: what is held stays")
    func repeatedWelcome() throws {
        var bench = SessionBench.registered()
        let ticket = try bench.take(1)
        bench.handle(.done(ticket, [Bench.results(0, 1)]))
        _ = try bench.take(2)
        #expect(bench.welcome().isEmpty)
        #expect(bench.session.unacked == 1)
        #expect(bench.session.working == 1)
    }

    @Test("A welcome of a former coordinator is ignored")
    func olderWelcome() {
        var bench = SessionBench.registered()
        bench.hear(.reRegister)
        bench.welcome(term: 4)
        #expect(bench.session.term == Term(5))
        #expect(!bench.session.isRegistered)
    }

    @Test("A storm of requests to register again is answered once an interval")
    func storm() {
        var bench = SessionBench.registered()
        var hellos = 0
        for _ in 0..<100 { hellos += bench.hear(.reRegister).hellos.count }
        #expect(hellos == 1)
        #expect(bench.hear(.reRegister, after: .milliseconds(2_500)).hellos.count == 1)
    }

    @Test("Fault 71: a worker for which there is no place says so once, and waits for one")
    func waitsForAPlace() {
        var bench = SessionBench()
        bench.handle(.tick)
        var told: [String] = []
        for _ in 0..<100 {
            let effects =
                bench.handle(.tick, after: .seconds(3)) + bench.hear(.idle("no place"))
            #expect(effects.hellos.count == 1 && effects.exits.isEmpty)
            told += effects.idleReasons
        }
        #expect(told == ["no place"])
        bench.welcome()
        #expect(bench.session.isRegistered)
        #expect(bench.hear(.idle("no place")).idleReasons == ["no place"])
    }

    @Test("Without any coordinator the worker gives up")
    func registrationMax() {
        var bench = SessionBench()
        bench.handle(.tick)
        #expect(bench.handle(.tick, after: .seconds(59)).exits.isEmpty)
        #expect(
            bench.handle(.tick, after: .seconds(1)).exits == [.noCoordinator(.seconds(60))])
        #expect(bench.handle(.tick, after: .seconds(60)).isEmpty)
    }

    @Test("A coordinator that was there is waited for longer")
    func orphanMax() {
        var bench = SessionBench.registered()
        #expect(bench.handle(.tick, after: .seconds(599)).exits.isEmpty)
        #expect(
            bench.handle(.tick, after: .seconds(1)).exits == [.noCoordinator(.seconds(600))])
    }

    @Test("Refused, it leaves with the reason, and does nothing more")
    func refused() {
        var bench = SessionBench.registered()
        let effects = bench.hear(.refused("too old"), after: .seconds(5))
        #expect(effects.exits == [.refused("too old")])
        #expect(effects.sent == [.goodbye])
        #expect(bench.handle(.drain).isEmpty)
    }

    @Test("Other models are announced; what is unfinished is dropped, what is finished kept")
    func offerChanged() throws {
        var bench = SessionBench.registered()
        let done = try bench.take(1)
        let working = try bench.take(2)
        bench.handle(.done(done, [Bench.results(0, 1)]))
        var offer = SimulatedModel.offer
        offer.policies[0].fingerprint = Fingerprint(["model": "another"])
        let effects = bench.handle(.offerChanged(offer))
        #expect(effects.stopped == [working])
        #expect(effects.hellos.map(\.offer) == [offer])
        #expect(effects.hellos.first?.inFlight.map(\.claim.lease) == [Bench.name(1)])
    }
}
