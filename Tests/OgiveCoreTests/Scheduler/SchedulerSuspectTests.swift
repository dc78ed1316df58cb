import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: tasks that end their workers", .timeLimit(.minutes(10)))
struct SchedulerSuspectTests {
    typealias Bench = SchedulerBench

    /// Workers come one after the other; each falls silent when it has the deadly task, and
    /// finishes all it has otherwise. Answers with the failures and the other landed items.
    private func wearOut(
        _ bench: inout Bench, deadly: PromptID, credit: Int, workers: Int
    ) -> (failures: [Failure], done: Int) {
        var failures: [Failure] = []
        var done = 0
        func land(_ effects: [Scheduler.Effect]) {
            for batch in effects.batches {
                let items = batch.groups.flatMap(\.items)
                failures += items.compactMap(\.failure)
                done += items.count { $0.reward != nil }
            }
        }
        for worker in 1...UInt64(workers) {
            var leases = bench.hello(from: worker, credit: credit).leases
            while !leases.isEmpty {
                let lease = leases.removeFirst()
                if lease.prompt.id == deadly {
                    if leases.isEmpty { break }
                    let isAlone = bench.scheduler.leases(of: Bench.worker(worker))?.held == 1
                    #expect(!isAlone)
                    break
                }
                let effects = bench.say(Bench.result(lease), from: worker)
                land(effects)
                leases += effects.leases
                for batch in effects.batches {
                    leases += bench.handle(.landed(batch.id, Bench.receipt)).leases
                }
            }
            land(bench.handle(.tick, after: .seconds(10)))
        }
        return (failures, done)
    }

    @Test("The deadly task is given up after attempts_max workers; what was beside it is done")
    func isolates() {
        var bench = Bench.loaded(prompts: 6, draws: 2) { $0.attemptsMax = 3 }
        let (failures, done) = wearOut(&bench, deadly: PromptID(3), credit: 4, workers: 8)
        #expect(failures.map(\.code) == [.workerLost, .workerLost])
        #expect(failures.map(\.attempts) == [3, 3])
        #expect(done == 10)
        #expect(failures.first?.message.hasPrefix("Given up: its worker was lost") == true)
    }

    @Test("A suspect is granted to a worker without other leases, which gets nothing else")
    func alone() throws {
        var bench = Bench.loaded(prompts: 4, draws: 2) { $0.attemptsMax = 3 }
        for worker in 1...2 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker).leases.map(\.prompt.id.rawValue) == [1])
            bench.handle(.tick, after: .seconds(10))
        }
        let ordinary = bench.hello(from: 3, credit: 1).leases
        #expect(ordinary.map(\.prompt.id.rawValue) == [2])
        #expect(bench.say(.credit(3), from: 3).leases.isEmpty)
        let suspect = bench.say(Bench.result(ordinary[0]), from: 3).leases
        #expect(suspect.map(\.prompt.id.rawValue) == [1])
        #expect(bench.say(.credit(4), from: 3).leases.isEmpty)
        let after = bench.say(Bench.result(try #require(suspect.first)), from: 3).leases
        #expect(after.map(\.prompt.id.rawValue).sorted() == [3, 4])
    }

    @Test("One worker at a time is emptied for suspects; the others go on")
    func emptiesOne() {
        var bench = Bench.loaded(prompts: 20, draws: 2) { $0.attemptsMax = 9 }
        for worker in 1...2 as ClosedRange<UInt64> {
            bench.hello(from: worker)
            bench.handle(.tick, after: .seconds(10))
        }
        #expect(bench.hello(from: 3, credit: 4).leases.count == 1)
        #expect(bench.hello(from: 4, credit: 4).leases.count == 4)
        #expect(bench.scheduler.leases(of: Bench.worker(3))?.held == 1)
        // The one that was emptied falls silent: another takes its place.
        for _ in 0..<2 { bench.say(.heartbeat, from: 4, after: .seconds(5)) }
        bench.handle(.tick)
        #expect(bench.scheduler.load.workers == 1)
        #expect(bench.say(.credit(6), from: 4).leases.isEmpty)
    }

    @Test("Losses of workers with many tasks make none of these a suspect, until there are many")
    func crowds() {
        var bench = Bench.loaded(prompts: 20, draws: 2)
        for worker in 1...3 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker, credit: 10).leases.count == 10)
            bench.handle(.tick, after: .seconds(10))
        }
        // Ten at once: they are ordinary.
        #expect(bench.hello(from: 4, credit: 10).leases.count == 10)
        bench.handle(.tick, after: .seconds(10))
        // Four such losses: now each of them is looked at alone, after ordinary work.
        #expect(bench.hello(from: 5, credit: 20).leases.count == 1)
    }

    @Test("After a suspect, ordinary work has as long as the suspect took")
    func halfTheTime() throws {
        var bench = Bench.loaded(prompts: 60, draws: 2) { $0.silenceMax = .seconds(100) }
        for worker in 1...2 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker, credit: 3).leases.count == 3)
            bench.handle(.tick, after: .seconds(100))
        }
        // Three are suspects, which take ten seconds each; all else takes one.
        var ordinary: [Int] = []
        var open = bench.hello(from: 3, credit: 1).leases
        var sum = 0
        while ordinary.count < 3 {
            let lease = try #require(open.first)
            let isSuspect = lease.prompt.id.rawValue <= 3
            if isSuspect { ordinary.append(sum) } else { sum += 1 }
            open =
                bench.say(Bench.result(lease), from: 3, after: .seconds(isSuspect ? 10 : 1)).leases
        }
        #expect(ordinary == [1, 11, 21])
    }

    @Test("Too slow each time is a timeout, with the history; losses count apart from it")
    func tooSlow() throws {
        var bench = Bench.loaded(draws: 2) {
            $0.attemptsMax = 2
            $0.silenceMax = .seconds(5_000)
        }
        bench.hello()
        bench.handle(.tick, after: .seconds(900))
        let batch = try #require(bench.handle(.tick, after: .seconds(900)).batches.first)
        let failures = batch.groups.flatMap(\.items).compactMap(\.failure)
        #expect(failures.map(\.code) == [.timeout, .timeout])
        #expect(failures.first?.message.contains("w1 was too slow after 900.0 s") == true)
    }

    @Test("A history has bounds, whatever workers call themselves")
    func historyBound() throws {
        var bench = Bench.loaded(draws: 2) { $0.attemptsMax = 40 }
        var batches: [LandingBatch] = []
        for worker in 1...40 as ClosedRange<UInt64> {
            bench.say(
                .hello(
                    Hello(
                        name: String(repeating: "é", count: 5_000), version: "1",
                        offer: SimulatedModel.offer, credit: 1, inFlight: [])),
                from: worker, term: 0)
            batches += bench.handle(.tick, after: .seconds(10)).batches
        }
        let failure = try #require(batches.first?.groups.first?.items.first?.failure)
        #expect(failure.attempts == 40)
        #expect(failure.message.utf8.count < 1_200)
        #expect(failure.message.contains("32 earlier"))
    }

    @Test("A registration is recorded once, also when the worker is not served")
    func recordsOnce() {
        var bench = Bench.loaded()
        #expect(bench.hello(offer: Offer(policies: [], scorers: [])).records.count == 1)
        #expect(bench.hello(from: 2).records.count == 1)
    }

    @Test("A lease that is too large is halved until its only item is; that one fails")
    func tooLarge() throws {
        var bench = Bench.loaded(draws: 3) { $0.drawsPerTask = 3 }
        var effects = bench.hello()
        var sizes: [Int] = []
        var failures: [Failure] = []
        while let sent = effects.sent.last, case .lease(let lease) = sent.message {
            sizes.append(lease.items.count)
            effects = bench.handle(.sendFailed(sent, .tooLarge)) + bench.say(.credit(1))
            let batches = effects.batches
            failures += batches.flatMap(\.groups).flatMap(\.items).compactMap(\.failure)
            for batch in batches { bench.handle(.landed(batch.id, Bench.receipt)) }
        }
        #expect(sizes == [3, 1, 2, 1, 1])
        #expect(failures.map(\.code) == [.tooLarge, .tooLarge, .tooLarge])
    }

    @Test("A task that does not fit what may be in flight waits; alone it is granted all the same")
    func inFlightBound() {
        var bench = Bench.loaded(prompts: 10) { $0.inFlightItemsMax = 5 }
        #expect(bench.hello(credit: 10).leases.count == 2)
        #expect(bench.scheduler.load.inFlightItems == 4)
        var narrow = Bench.loaded(prompts: 10) { $0.inFlightItemsMax = 1 }
        #expect(narrow.hello(credit: 10).leases.count == 1)
    }
}
