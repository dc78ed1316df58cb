import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: paging", .timeLimit(.minutes(10)))
struct SchedulerPagingTests {
    typealias Bench = SchedulerBench

    @Test("A bound run asks for its first page, bounded by the window")
    func firstPage() throws {
        var bench = SchedulerBench {
            $0.windowItems = 10
            $0.pagePrompts = 7
        }
        let pages = bench.handle(.runs([Bench.boundRun()])).pages
        #expect(pages.count == 1)
        #expect(pages.first?.after == nil)
        #expect(pages.first?.limit.prompts == 7)
        #expect(pages.first?.limit.items == 10)
    }

    @Test("One page at a time; the next only when the window is half empty")
    func window() {
        var bench = SchedulerBench { $0.windowItems = 8 }
        bench.handle(.runs([Bench.boundRun()]))
        #expect(bench.handle(.tick).pages.isEmpty)
        #expect(bench.page(Bench.pending(1...1, draws: 4), next: 1).pages.isEmpty)
        let pages = bench.hello(credit: 1).pages
        #expect(pages.first?.after == PromptID(1))
        #expect(pages.first?.limit.items == 6)
        #expect(bench.hello(from: 2, credit: 1).pages.isEmpty)
    }

    @Test("However much is leased, the next page is read when few items wait for a worker")
    func leasedBesideWindow() {
        var bench = SchedulerBench { $0.windowItems = 8 }
        bench.handle(.runs([Bench.boundRun()]))
        bench.page(Bench.pending(1...2, draws: 4), next: 2)
        let pages = bench.hello(credit: 3).pages
        #expect(bench.scheduler.load.inFlightItems == 6)
        #expect(pages.first?.after == PromptID(2))
        #expect(pages.first?.limit.items == 6)
    }

    @Test("A page brings nothing twice: neither what is in memory nor what was resolved meanwhile")
    func skips() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        bench.page(Bench.pending(1...1, draws: 4), next: 1)
        let lease = try #require(bench.hello(credit: 1).leases.first)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        bench.handle(.landed(batch.id, Bench.receipt))
        #expect(bench.scheduler.load.tasks == 1)
        bench.page(Bench.pending(1...1, draws: 4))
        #expect(bench.scheduler.load.tasks == 1)
    }

    @Test("Raising n pages anew from the first prompt")
    func raised() {
        var bench = SchedulerBench.loaded(draws: 2)
        let effects = bench.handle(.runs([Bench.boundRun(draws: 3)]))
        #expect(effects.pages.count == 1)
        #expect(effects.pages.first?.after == nil)
        bench.page(Bench.pending(1...1, draws: 3))
        #expect(bench.scheduler.load.tasks == 2)
    }

    @Test("Raising n while a page is on its way pages anew after it")
    func raisedWhileFetching() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        #expect(bench.handle(.runs([Bench.boundRun(draws: 3)])).pages.isEmpty)
        let effects = bench.page(Bench.pending(1...1, draws: 2))
        #expect(effects.pages.count == 1)
        #expect(effects.pages.first?.after == nil)
        #expect(effects.finishes.isEmpty)
    }

    @Test("Only the first page of a run may leave out what is done")
    func skipsDone() {
        var bench = SchedulerBench()
        let first = bench.handle(.runs([Bench.boundRun()])).pages
        #expect(first.first?.limit.skipsDone == true)
        #expect(bench.handle(.pageFailed(RunID(1), Bench.away)).pages.isEmpty)
        let again = bench.handle(.tick, after: .seconds(2)).pages
        #expect(again.first?.limit.skipsDone == true)
        let second = bench.page([], next: 7).pages
        #expect(second.first?.limit.skipsDone == false)
        bench.page([])
        bench.handle(.finished(RunID(1), .open))
        let anew = bench.handle(.tick, after: .seconds(1)).pages
        #expect(anew.first?.after == nil)
        #expect(anew.first?.limit.skipsDone == false)
    }

    @Test("A run that is raised before its first page came leaves nothing out")
    func raisedBeforeTheFirstPage() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        bench.handle(.runs([Bench.boundRun(draws: 3)]))
        #expect(bench.page([]).pages.first?.limit.skipsDone == false)
    }

    @Test("The same specification again changes nothing")
    func unchanged() {
        var bench = SchedulerBench.loaded()
        #expect(bench.handle(.runs([Bench.boundRun()])).isEmpty)
    }

    @Test("A page that could not be read is asked for again after a pause")
    func failedPage() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        #expect(bench.handle(.pageFailed(RunID(1), Bench.away)).pages.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(900)).pages.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(200)).pages.count == 1)
    }

    @Test("Tasks hold at most `drawsPerTask` items, never both with and without a text")
    func chunks() {
        var bench = SchedulerBench { $0.drawsPerTask = 3 }
        bench.handle(.runs([Bench.boundRun(draws: 6)]))
        var pending = Bench.pending(1...1, draws: 6)
        pending[0].items[1].text = "landed"
        pending[0].items[2].text = "landed"
        bench.page(pending)
        let leases = bench.hello(credit: 10).leases
        #expect(leases.map { $0.items.map(\.name.index) } == [[0], [1, 2], [3, 4, 5]])
        for lease in leases {
            #expect(Set(lease.items.map(\.needsSampling)).count == 1)
        }
    }

    @Test("A run whose items are all resolved is finished; then it is gone")
    func finished() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        #expect(bench.handle(.landed(batch.id, Bench.receipt)).finishes == [RunID(1)])
        bench.handle(.finished(RunID(1), .finished))
        #expect(bench.handle(.tick, after: .seconds(1)).pages.isEmpty)
        #expect(bench.scheduler.isQuiet)
    }

    @Test("Fault 67: a run ends though a worker sends what has landed again and again")
    func finishedBesideRepeats() throws {
        var bench = SchedulerBench.loaded(draws: 4)
        let leases = bench.hello(credit: 2).leases
        let first = try #require(bench.say(Bench.result(leases[0])).batches.first)
        bench.handle(.landed(first.id, Bench.receipt))
        #expect(bench.say(Bench.result(leases[0])).batches.count == 1)
        let last = try #require(bench.say(Bench.result(leases[1])).batches.first)
        #expect(bench.handle(.landed(last.id, Bench.receipt)).finishes == [RunID(1)])
    }

    @Test("A run that is not finished after all is paged anew")
    func unfinished() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        #expect(bench.page([]).finishes == [RunID(1)])
        #expect(bench.handle(.finished(RunID(1), .open)).pages.isEmpty)
        let pages = bench.handle(.tick, after: .seconds(1)).pages
        #expect(pages.count == 1)
        #expect(pages.first?.after == nil)
    }

    @Test("When it cannot be asked whether a run is finished, it is asked again")
    func finishFailed() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        bench.page([])
        #expect(bench.handle(.finishFailed(RunID(1), Bench.away)).finishes.isEmpty)
        #expect(bench.handle(.tick, after: .seconds(2)).finishes == [RunID(1)])
    }

    @Test("Trouble with the database is reported once a minute, and again after it went well")
    func troubleIsReported() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        #expect(bench.handle(.pageFailed(RunID(1), Bench.away)).troubles == ["run-1"])
        for _ in 0..<20 {
            #expect(bench.handle(.tick, after: .seconds(2)).pages.count == 1)
            #expect(bench.handle(.pageFailed(RunID(1), Bench.away)).troubles == [])
        }
        bench.handle(.tick, after: .seconds(30))
        #expect(bench.handle(.pageFailed(RunID(1), Bench.away)).troubles == ["run-1"])
        bench.handle(.tick, after: .seconds(2))
        bench.page([], next: 7)
        #expect(bench.handle(.pageFailed(RunID(1), Bench.away)).troubles == ["run-1"])
        #expect(bench.scheduler.counters.databaseErrors == 23)
    }

    @Test("What is refused again and again costs its run, and without another one the coordinator")
    func refused() {
        let refusal = StoreError(.refused, "permission denied for table prompt_rows")
        var bench = SchedulerBench()
        var other = Bench.boundRun(id: 2)
        other.sampling = SamplingID(2)
        bench.handle(.runs([Bench.boundRun(), other]))
        for _ in 0..<10 {
            #expect(bench.handle(.pageFailed(RunID(1), refusal)).stops.isEmpty)
            bench.handle(.tick, after: .seconds(11))
        }
        let alone = bench.handle(.runs([Bench.boundRun()]))
        #expect(alone.stops.isEmpty)
        #expect(
            bench.handle(.pageFailed(RunID(1), refusal)).stops.map(\.message) == [
                refusal.message
            ])
    }

    @Test("A schema that is not this program's stops the coordinator, whatever it was asked for")
    func wrongSchema() {
        let error = StoreError(.schema, "column is missing")
        for event: Scheduler.Event in [
            .pageFailed(RunID(1), error), .bindFailed(RunID(1), error),
            .finishFailed(RunID(1), error), .refused(error),
        ] {
            var bench = SchedulerBench.loaded()
            #expect(bench.handle(event).stops.map(\.code) == [.schema])
        }
    }

    @Test("Runs that share a sampling are served in order")
    func shared() {
        var bench = SchedulerBench()
        bench.hello(credit: 1)
        let effects = bench.handle(.runs([Bench.boundRun(id: 1), Bench.boundRun(id: 2)]))
        #expect(effects.pages.count == 1)
        bench.page([])
        let after = bench.handle(.finished(RunID(1), .finished))
        #expect(after.pages.count == 1)
    }

    @Test("A run waits for an earlier one of its sampling whose fingerprints are being bound")
    func sharedWhileBinding() throws {
        var bench = SchedulerBench()
        bench.hello(credit: 1)
        var second = SimulatedModel.run(id: 2, draws: 4)
        second.scoring = ScoringID(2)
        let asked = bench.handle(.runs([SimulatedModel.run(id: 1, draws: 4), second])).bindings
        #expect(asked.map(\.run.rawValue) == [1, 2])
        #expect(bench.handle(.bound(asked[1])).pages.isEmpty)
        let effects = bench.handle(.bound(asked[0]))
        #expect(effects.pages.count == 1)
        bench.page(Bench.pending(1...1, draws: 4), run: 1)
        #expect(bench.scheduler.load.activeItems == 4)
    }

    @Test("A page for a run that ended is ignored")
    func pageOfEndedRun() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        bench.handle(.runs([]))
        bench.page(Bench.pending(1...1, draws: 2))
        #expect(bench.scheduler.load.tasks == 0)
    }
}
