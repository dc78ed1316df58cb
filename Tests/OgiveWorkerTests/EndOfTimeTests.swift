import OgiveCore
import OgiveTesting
import Testing

@testable import OgiveWorker

@Suite("The end of a worker's time", .timeLimit(.minutes(10)))
struct EndOfTimeTests {
    private static func at(_ seconds: Double) -> TimePoint { TimePoint(.seconds(seconds)) }

    /// A session's tickets, which only a session makes.
    private static func ticket() throws -> WorkerSession.Ticket {
        var session = WorkerSession(
            name: "w", version: "1", offer: SimulatedModel.offer,
            limits: WorkerLimits(), now: .zero)
        let welcome = Welcome(
            term: Term(1), heartbeatInterval: .seconds(2), silenceMax: .seconds(10), adopted: [])
        _ = session.handle(.tick, now: .zero)
        _ = session.handle(.message(.welcome(welcome)), now: .zero)
        _ = session.handle(.message(.serve(SimulatedModel.run(draws: 1))), now: .zero)
        let lease = Lease(
            name: LeaseName(term: Term(1), task: TaskID(1), epoch: Epoch(1)), run: RunID(1),
            prompt: SimulatedModel.prompts(1)[0].prompt, seedBase: 1,
            items: [WorkItem(name: .draw(0))], duration: .seconds(900), proof: .unproved)
        let effects = session.handle(.message(.lease(lease)), now: .zero)
        for effect in effects {
            if case .start(let ticket, _, _) = effect { return ticket }
        }
        throw CancellationError()
    }

    @Test("Before any task is known, the time for draining is kept, and it drains once")
    func unknown() {
        var end = EndOfTime(remaining: .seconds(1000), unknown: .seconds(25), now: .zero)
        let graces = [969.0, 970, 971].map { end.grace(now: Self.at($0)) }
        #expect(graces == [nil, .seconds(25), nil])
    }

    @Test("The longest of the last tasks is what the next one is expected to take")
    func longest() throws {
        var end = EndOfTime(remaining: .seconds(1000), unknown: .seconds(25), now: .zero)
        let ticket = try Self.ticket()
        for (start, stop) in [(0.0, 60.0), (60, 70)] {
            end.note(.started(ticket), now: Self.at(start))
            end.note(.done(ticket, []), now: Self.at(stop))
        }
        #expect(end.estimate == .seconds(60))
        let graces = [934.0, 935].map { end.grace(now: Self.at($0)) }
        #expect(graces == [nil, .seconds(60)])
        for _ in 0..<EndOfTime.tasksMax {
            end.note(.started(ticket), now: Self.at(100))
            end.note(.done(ticket, []), now: Self.at(102))
        }
        #expect(end.estimate == .seconds(2), "only the last ones count")
    }

    @Test("A time that is over already leaves at once")
    func over() {
        var end = EndOfTime(remaining: .zero, unknown: .seconds(25), now: Self.at(5))
        let grace = end.grace(now: Self.at(5))
        #expect(grace == .zero)
    }

    @Test("A task that was stopped tells nothing of how long one takes")
    func stopped() throws {
        var end = EndOfTime(remaining: .seconds(1000), unknown: .seconds(25), now: .zero)
        let ticket = try Self.ticket()
        end.note(.started(ticket), now: .zero)
        end.forget(ticket)
        end.note(.done(ticket, []), now: Self.at(500))
        #expect(end.estimate == .seconds(25))
    }
}

@Suite("The search for a coordinator", .timeLimit(.minutes(10)))
struct CoordinatorSearchTests {
    private static func at(_ seconds: Double) -> TimePoint { TimePoint(.seconds(seconds)) }

    @Test("Moves on after its patience, again and again, and not while registered")
    func movesOn() {
        var search = CoordinatorSearch(patience: .seconds(3))
        let isDue = [0.0, 2.9, 3, 3.1, 6, 6.2].map {
            search.isDue(isRegistered: false, now: Self.at($0), jitter: 0)
        }
        #expect(isDue == [false, false, true, false, false, true])
        // Silence begins anew: the same address gets its time again.
        let later = [(true, 60.0), (false, 70), (false, 73)].map {
            search.isDue(isRegistered: $0.0, now: Self.at($0.1), jitter: 0)
        }
        #expect(later == [false, false, true])
    }

    @Test("Jitter lengthens a wait by up to a half")
    func jitter() {
        var search = CoordinatorSearch(patience: .seconds(4))
        let isDue = [(0.0, 1.0), (5.9, 0), (6, 0)].map {
            search.isDue(isRegistered: false, now: Self.at($0.0), jitter: $0.1)
        }
        #expect(isDue == [false, false, true])
    }
}
