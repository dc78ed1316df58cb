import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("runs", .timeLimit(.minutes(10)))
    struct RunTests {
        @Test("a name that looks like an option is refused", arguments: ["-x", "--config=a.yaml"])
        func dashes(name: String) async throws {
            func isRefused(_ error: any Error) -> Bool {
                "\(error)".contains("a name must not begin with")
            }
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 1, draws: 1)
                await #expect {
                    _ = try await database.store.submit(TestDatabase.spec(name, draws: 1))
                } throws: { isRefused($0) }
                await #expect {
                    _ = try await database.store.rehearse(TestDatabase.spec(name, draws: 1))
                } throws: { isRefused($0) }
                await #expect {
                    try await database.importPrompts(1, set: name)
                } throws: { isRefused($0) }
                await #expect {
                    _ = try await database.store.makeSnapshot(
                        ofRun: "run", named: name, allowsPending: true, program: "test")
                } throws: { isRefused($0) }
            }
        }

        @Test("submitting the same again resumes; the specification comes back as it was")
        func resumes() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2)
                var spec = TestDatabase.spec(draws: 4)
                spec.scoring.sampling.parameters.temperature = 0.7
                spec.scoring.sampling.parameters.seed = .max
                spec.weight = 2.5
                let first = try await database.store.submit(spec)
                #expect(first.outcome == .created && first.samplingIsNew && first.scoringIsNew)
                #expect(first.prompts == 2 && !first.isFinished)
                let second = try await database.store.submit(spec)
                #expect(second.outcome == .resumed && !second.samplingIsNew)
                let open = try #require(try await database.store.openRuns().first)
                #expect(open.spec == spec)
                #expect(open.spec.scoring.digest == spec.scoring.digest)
                #expect(open.policyFingerprint == nil)
            }
        }

        @Test("its end follows from the counters, and from the rows where these do not show it")
        func endsByCounters() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 2, candidates: true)
                let term = try await database.store.lead(as: "test")
                #expect(try await database.store.finish(run.id, term: term) == .open)
                for prompt in try await database.pending(run) {
                    let items = [
                        Made.draw(0, "a", reward: 2), Made.failure(.draw(1), .sampling),
                        Made.reward(.candidate(0), 1), Made.reward(.candidate(1), 0),
                    ]
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, items), term: term)
                }
                let open = "UPDATE ogive.runs SET state = 'open', finished_at = NULL"
                // Too low counters show nothing: the rows are whole.
                for counter in ["rewards", "draw_failures", "candidate_rewards"] {
                    try await database.query(open)
                    try await database.query(
                        "UPDATE ogive.scoring_progress SET \(counter) = \(counter) - 1")
                    #expect(
                        try await database.store.finish(run.id, term: term) == .finished,
                        "\(counter)")
                    try await database.query(
                        "UPDATE ogive.scoring_progress SET \(counter) = \(counter) + 1")
                }
                // The rows are not looked at when the counters are complete …
                try await database.query(open)
                try await database.query("DELETE FROM ogive.failure_rows WHERE prompt_id = 1")
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                // … but those of a run beside one that asked for more draws say nothing.
                try await database.query(open)
                try await database.query("UPDATE ogive.samplings SET draws_max = 3")
                #expect(try await database.store.finish(run.id, term: term) == .open)
            }
        }

        @Test("a sampling keeps the seeds that it was begun with; a new one has those asked for")
        func keepsSeeds() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1)
                let narrow = TestDatabase.spec(draws: 2)
                var wide = narrow
                wide.scoring.sampling.parameters.seedBits = DrawSeed.bits
                let first = try await database.store.submit(narrow)
                let again = try await database.store.submit(wide)
                #expect(again.outcome == .resumed && again.differences == [])
                #expect(again.run.id == first.run.id && again.run.spec == narrow)
                wide.scoring.sampling.parameters.temperature = 0.5
                let other = try await database.store.submit(wide)
                #expect(other.outcome == .repointed && other.samplingIsNew)
                #expect(other.run.spec.scoring.sampling.parameters.seedBits == DrawSeed.bits)
                #expect(try await database.store.submit(wide).outcome == .resumed)
            }
        }

        @Test(
            "another specification is another run: late results of the former one do not land in it"
        )
        func movesItsName() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1)
                let former = TestDatabase.spec(draws: 2)
                let first = try await database.store.submit(former).run
                let term = try await database.store.lead(as: "test")
                let prompt = try await database.pending(first)[0].prompt.id
                _ = try await database.store.land(
                    Made.batch(first, prompt, [Made.draw(0, "a", reward: 1)]), term: term)
                let other = TestDatabase.spec(draws: 2, policy: "new")
                let moved = try await database.store.submit(other)
                #expect(moved.outcome == .repointed && moved.samplingIsNew)
                #expect(moved.differences == ["sampling.policy.model: policy → new"])
                #expect(moved.run.id != first.id)
                let late = try await database.store.land(
                    Made.batch(first, prompt, [Made.draw(1, "b", reward: 2)]), term: term)
                #expect(late.completions == 0 && late.rewards == 0)
                #expect(try await database.pending(moved.run)[0].items.count == 2)
                let back = try await database.store.submit(former)
                #expect(back.outcome == .repointed && !back.samplingIsNew)
                #expect(try await database.pending(back.run)[0].items.map(\.name) == [.draw(1)])
            }
        }

        @Test("fewer draws, an unknown prompt set and bad values are refused")
        func refusesBadSubmissions() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1)
                _ = try await database.store.submit(TestDatabase.spec(draws: 2))
                let bad = [
                    (TestDatabase.spec(draws: 1), "never thrown away"),
                    (TestDatabase.spec("x", draws: 1, set: "none"), "ogive import"),
                    (TestDatabase.spec("x", draws: 0), "draws must be in"),
                ]
                for (spec, expected) in bad {
                    await #expect { try await database.store.submit(spec) } throws: { error in
                        let error = error as? StoreError
                        return error?.code == .conflict
                            && error?.message.contains(expected) == true
                    }
                }
            }
        }

        @Test("what is pending of open runs is counted once, with candidates, without failures")
        func countsPendingWork() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 3)
                let work = try await database.store.pendingWork()
                #expect(work.map(\.run) == [run.spec.name] && work.map(\.items) == [6])
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [
                            Made.draw(0, "a", reward: 1), Made.draw(1, "b", reward: nil),
                            Made.failure(.draw(2), .sampling),
                        ]), term: term)
                // A draw without its reward is not done; one that was given up is.
                #expect(try await database.store.pendingWork().map(\.items) == [4])
                _ = try await database.store.cancel(run: run.spec.name)
                #expect(try await database.store.pendingWork().isEmpty)
            }
        }

        @Test("prompts added to the set reopen a finished run")
        func reopens() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                #expect(try await database.store.finish(run.id, term: term) == .open)
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)]), term: term)
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                try await database.importPrompts(2)
                let receipt = try await database.store.submit(run.spec)
                #expect(receipt.outcome == .reopened)
                #expect(try await database.pending(run).map(\.prompt.key) == ["p1"])
            }
        }

        @Test("the first fingerprint is bound; the next caller gets that one")
        func bindsOnce() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let mine = FingerprintBinding(
                    run: run.id, policy: Fingerprint(["model": "a"]),
                    scorer: Fingerprint(["model": "s"]))
                #expect(try await database.store.bind(mine, term: term) == mine)
                var other = mine
                other.policy = Fingerprint(["model": "b"])
                #expect(try await database.store.bind(other, term: term) == mine)
                let open = try #require(try await database.store.openRuns().first)
                #expect(open.policyFingerprint == mine.policy)
            }
        }

        @Test("only one coordinator leads; the message names the other and since when")
        func leadsAlone() async throws {
            try await TestDatabase.with { database in
                let first = try await database.store.lead(as: "host-a:17")
                let other = PostgresStore(database.configuration)
                await #expect { try await other.lead(as: "host-b:18") } throws: { error in
                    let error = error as? StoreError
                    return error?.code == .conflict
                        && error?.message.contains("host-a:17, since 20") == true
                }
                // The same coordinator may begin again, with a new term.
                let again = try await database.store.lead(as: "host-a:17")
                #expect(again > first)
                await database.store.resign(again)
                #expect(try await other.lead(as: "host-b:18") > again)
                await other.close()
            }
        }

        @Test("records workers, the last entry of each")
        func recordsWorkers() async throws {
            try await TestDatabase.with { database in
                let term = try await database.store.lead(as: "test")
                var record = WorkerRecord(
                    id: Made.worker, name: "node:1", state: .active, note: nil)
                try await database.store.record([record], term: term)
                record.state = .idle
                record.note = "another model"
                var last = record
                last.state = .lost
                try await database.store.record([record, last], term: term)
                let workers = try await database.store.workers()
                #expect(workers.count == 1)
                #expect(workers.first?.state == "lost" && workers.first?.note == "another model")
                #expect(workers.first?.id == "80000000-0000-0001-0000-000000000002")
            }
        }

        @Test("records endpoints without requests, and since when")
        func recordsOutages() async throws {
            try await TestDatabase.with { database in
                let term = try await database.store.lead(as: "test")
                var record = WorkerRecord(
                    id: Made.worker, name: "node:1", state: .active, note: nil)
                record.outages = ["http://a", "http://b"].map {
                    EndpointOutage(
                        model: "policy openai m", endpoint: $0, code: .overloaded,
                        message: "said \u{0} \"no\"", lasting: .seconds(90))
                }
                try await database.store.record([record], term: term)
                let worker = try #require(try await database.store.workers().first)
                #expect(worker.unavailable.map(\.endpoint) == ["http://a", "http://b"])
                #expect(worker.unavailable.first?.code == "overloaded")
                #expect(worker.unavailable.first?.message == "said \u{FFFD} \"no\"")
                let lasting: Double = try await database.value(
                    """
                    SELECT extract(epoch FROM seen_at
                        - (unavailable_endpoints -> 0 ->> 'since')::timestamptz)::float8
                    FROM ogive.worker_status
                    """)
                #expect((90..<91.1).contains(lasting))
                record.outages = []
                try await database.store.record([record], term: term)
                #expect(try await database.store.workers().first?.unavailable == [])
            }
        }

        @Test("records where workers run, what they did, and the slot time of runs")
        func recordsLoads() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                var load = WorkerLoad()
                (load.sampleSlots, load.draws, load.tokens) = (8, 1 << 40, 70)
                load.slotTime[SlotWait(stage: .sample, side: .policy)] = 1500
                load.slotTime[SlotWait(stage: .score, side: .nothing)] = 500
                var record = WorkerRecord(
                    id: Made.worker, name: "node:1", state: .active, note: nil)
                record.version = "0.1.0"
                record.site = WorkerSite(
                    host: "node\u{0}", job: "slurm 7", endpoints: ["http://a", "http://b"])
                record.load = RecordedLoad(total: load, recent: load, window: .seconds(10))
                // A run that is gone costs no other record.
                record.slotTimes = [run.id: load.slotTime, RunID(999): load.slotTime]
                try await database.store.record([record], term: term)
                try await database.store.record([record], term: term)
                let worker = try #require(try await database.store.workers().first?.load)
                #expect(worker.host == "node\u{FFFD}" && worker.job == "slurm 7")
                #expect(worker.version == "0.1.0")
                #expect(worker.endpoints == ["http://a", "http://b"])
                #expect(worker.sampleSlots == 8 && worker.draws == 1 << 40)
                #expect(worker.tokensPerSecond == 7 && worker.busyShare == 0.75)
                #expect(worker.waits == load.slotTime)
                let status = try #require(
                    try await database.store.status(ofRun: run.spec.name).first)
                #expect(status.slotTime == load.slotTime + load.slotTime)
                let shares: Double = try await database.value(
                    "SELECT sum(share) FROM ogive.run_slot_time WHERE NOT busy")
                #expect(shares == 1)
                // Before it reported.
                record.load = nil
                record.site = WorkerSite()
                try await database.store.record([record], term: term)
                let silent = try #require(try await database.store.workers().first?.load)
                #expect(silent.job == nil && silent.draws == nil && silent.busyShare == nil)
                #expect(silent.endpoints == [] && silent.waits.isEmpty)
            }
        }

        @Test("names the run or prompt that is not there")
        func namesWhatIsMissing() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                for (name, prompt) in [("none", "p0"), (run.spec.name, "zz")] {
                    await #expect {
                        try await database.store.table(ofRun: name, prompt: .key(prompt))
                    } throws: { error in
                        let message = (error as? StoreError)?.message ?? ""
                        return message.contains("\"\(name == "none" ? name : prompt)\"")
                    }
                }
            }
        }

        @Test("tells a listener that runs were submitted")
        func notifiesListener() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1)
                try await database.store.runsChange()
                _ = try await database.store.submit(TestDatabase.spec(draws: 1))
                try await database.store.runsChange()
            }
        }

        @Test("says that the database is not there, as something that may pass")
        func databaseDown() async throws {
            let configuration = PostgresConfiguration(
                socketDirectory: "/nonexistent", user: "postgres", database: "x")
            let store = PostgresStore(configuration, patience: .milliseconds(100))
            await #expect { try await store.openRuns() } throws: {
                ($0 as? StoreError)?.code == .unavailable
            }
            await store.close()
        }
    }
}
