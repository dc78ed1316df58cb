import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("scoring again what is stored", .timeLimit(.minutes(10)))
    struct RescoringTests {
        /// Another scoring of the completions of `TestDatabase.spec`.
        private static func spec(
            _ name: String = "again", draws: Int, scorer: String = "other"
        ) -> RunSpec {
            var spec = TestDatabase.spec(name, draws: draws, scorer: scorer)
            spec.samples = false
            return spec
        }

        /// Three prompts with two draws each: the last draw of the last prompt failed to sample.
        private static func sampled(_ database: TestDatabase) async throws -> [PromptID] {
            let run = try await database.run(prompts: 3, draws: 2, candidates: true)
            let term = try await database.store.lead(as: "test")
            let prompts = try await database.pending(run).map(\.prompt.id)
            for (number, prompt) in prompts.enumerated() {
                let second =
                    number == 2
                    ? Made.failure(.draw(1), .sampling)
                    : Made.draw(1, "second \(number)", reward: 1)
                let items = [Made.draw(0, "first \(number)", reward: 2), second]
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
            }
            return prompts
        }

        /// Scores everything that is pending of a run: draws by `reward`, candidates by 0.
        private static func score(
            _ run: RunDescription, _ database: TestDatabase, _ reward: (Int32) -> Double
        ) async throws {
            let term = try await database.store.lead(as: "test")
            for prompt in try await database.pending(run) {
                let items = prompt.items.map { item in
                    Made.reward(item.name, item.name.kind == .draw ? reward(item.name.index) : 0)
                }
                _ = try await database.store.land(
                    Made.batch(run, prompt.prompt.id, items), term: term)
            }
            #expect(try await database.store.finish(run.id, term: term) == .finished)
        }

        @Test("keeps what every store must keep of runs that sample nothing")
        func conforms() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 3)
                let rescoring = try await database.store.submit(Self.spec(draws: 3))
                // Nothing is stored yet.
                #expect(rescoring.isFinished && rescoring.run.sampling == run.sampling)
                try await database.query("UPDATE ogive.runs SET state = 'open', finished_at = NULL")
                let suite = RescoringConformance(
                    store: database.store, run: run, rescoring: rescoring.run)
                #expect(try await suite.problems() == [])
            }
        }

        @Test("owes the draws that are stored, and says so in status and audit")
        func owesWhatIsStored() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.sampled(database)
                let receipt = try await database.store.submit(Self.spec(draws: 2))
                #expect(receipt.outcome == .created && receipt.scoringIsNew)
                #expect(!receipt.samplingIsNew && !receipt.isFinished)
                #expect(receipt.run.spec.samples == false)
                var status = try await database.store.status(ofRun: "again")[0]
                #expect(!status.samples && status.targetDraws == 5 && status.pending == 5)
                var report = try await database.store.audit(run: "again")
                #expect(!report.isSound && report.pending == 5 && report.unsampled == 1)

                try await Self.score(receipt.run, database) { Double($0) }
                status = try await database.store.status(ofRun: "again")[0]
                #expect(status.state == "finished" && status.pending == 0 && status.landed == 5)
                #expect(status.landedCandidates == 6)
                report = try await database.store.audit(run: "again")
                #expect(report.isSound, "\(report)")
                #expect(report.landed == 5 && report.unsampled == 1 && report.failed == 0)
                // The source is as it was.
                let source = try await database.store.audit(run: "run")
                #expect(source.landed == 5 && source.failed == 1 && source.pendingCandidates == 6)
            }
        }

        @Test("takes what was sampled since when it is asked again")
        func topsUp() async throws {
            try await TestDatabase.with { database in
                let prompts = try await Self.sampled(database)
                let first = try await database.store.submit(Self.spec(draws: 2))
                try await Self.score(first.run, database) { Double($0) }
                let again = try await database.store.submit(Self.spec(draws: 2))
                #expect(again.outcome == .resumed && again.isFinished)

                let more = try await database.store.submit(TestDatabase.spec(draws: 4)).run
                let term = try await database.store.lead(as: "test")
                _ = try await database.store.land(
                    Made.batch(more, prompts[0], [Made.draw(3, "late", reward: 9)]), term: term)
                // Counted exactly, though another run asks for more draws than this one.
                let status = try await database.store.status(ofRun: "again")[0]
                #expect(status.targetDraws == 5 && status.pending == 0)
                let topped = try await database.store.submit(Self.spec(draws: 4))
                #expect(topped.outcome == .toppedUp(from: 2, to: 4) && !topped.isFinished)
                let pending = try await database.pending(topped.run)
                #expect(pending.map(\.prompt.id) == [prompts[0]])
                #expect(pending[0].items == [WorkItem(name: .draw(3), text: "late")])
                #expect(try await database.store.status(ofRun: "again")[0].targetDraws == 6)
            }
        }

        @Test("takes no name from another run, and scores nothing a second time")
        func refuses() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.sampled(database)
                _ = try await database.store.submit(Self.spec(draws: 2))
                var withoutCandidates = Self.spec(draws: 2)
                withoutCandidates.candidates = []
                for (spec, words) in [
                    (Self.spec("run", draws: 2), "another run \"run\""),
                    (Self.spec("run", draws: 2, scorer: "scorer"), "samples and is scored"),
                    (Self.spec("new", draws: 2, scorer: "scorer"), "already, as run \"run\""),
                    (Self.spec("new", draws: 2), "already, as run \"again\""),
                    (Self.spec(draws: 2, scorer: "third"), "scorer.model: other → third"),
                    (withoutCandidates, "was submitted with candidates"),
                ] {
                    let error = await #expect(throws: StoreError.self) {
                        try await database.store.submit(spec)
                    }
                    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
                }
                // The name of a rescoring may be given to a run that samples, which then goes on.
                var sampling = Self.spec(draws: 2)
                sampling.samples = true
                let receipt = try await database.store.submit(sampling)
                #expect(receipt.outcome == .resumed && receipt.run.spec.samples)
                let pending = try await database.pending(receipt.run).flatMap(\.items)
                #expect(pending.contains { $0.needsSampling })
            }
        }

        @Test("shows both scorings side by side, with ranks")
        func pairs() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 5)
                let term = try await database.store.lead(as: "test")
                let prompt = try await database.pending(run)[0].prompt.id
                let rewards = [0.5, 0.1, 0.5, -2, 7]
                let items = rewards.enumerated().map { Made.draw(Int32($0), "t\($0)", reward: $1) }
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
                let others = [3.0, 1, 2, 2, 9]
                let rescoring = try await database.store.submit(Self.spec(draws: 5)).run
                try await Self.score(rescoring, database) { others[Int($0)] }
                let rows = try await database.query(
                    """
                    SELECT draw_index, reward, other_reward, rank, other_rank
                    FROM ogive.reward_pairs WHERE run = 'run' AND other_run = 'again'
                    ORDER BY draw_index
                    """)
                #expect(
                    try rows.map { try $0.decode("draw_index", as: Int32.self) } == [0, 1, 2, 3, 4])
                #expect(try rows.map { try $0.decode("reward", as: Double.self) } == rewards)
                #expect(try rows.map { try $0.decode("other_reward", as: Double.self) } == others)
                #expect(
                    try rows.map { try $0.decode("rank", as: Double.self) } == [3.5, 2, 3.5, 1, 5])
                #expect(
                    try rows.map { try $0.decode("other_rank", as: Double.self) }
                        == [4, 1, 2.5, 2.5, 5])
                let spearman: Double = try await database.value(
                    """
                    SELECT corr(rank, other_rank) FROM ogive.reward_pairs
                    WHERE run = 'again' AND other_run = 'run'
                    """)
                // scipy.stats.spearmanr of the two lists.
                #expect(abs(spearman - 0.763157894737) < 1e-9)
            }
        }
    }
}
