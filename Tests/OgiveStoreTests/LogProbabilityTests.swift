import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("log-probabilities", .timeLimit(.minutes(10)))
    struct LogProbabilityTests {
        /// A run over prompts with two candidates each that asks for rewards and log-probabilities.
        static func run(
            _ database: TestDatabase, prompts: Int = 1,
            candidates: [CandidateWork] = CandidateWork.allCases
        ) async throws -> (run: RunDescription, prompts: [PromptID], term: Term) {
            try await database.importPrompts(prompts, candidates: true)
            var spec = TestDatabase.spec(draws: 1)
            spec.candidates = candidates
            let run = try await database.store.submit(spec).run
            let term = try await database.store.lead(as: "test")
            return (run, try await database.pending(run).map(\.prompt.id), term)
        }

        @Test("of candidates and the tokens of draws are columns of the views")
        func areColumns() async throws {
            try await TestDatabase.with { database in
                let (run, prompts, term) = try await Self.run(database)
                var draw = Made.draw(0, "a", reward: 1)
                draw.completion?.tokenIDs = [57, 2]
                draw.completion?.tokenLogProbabilities = [-1.25, -0.25]
                _ = try await database.store.land(
                    Made.batch(
                        run, prompts[0],
                        [
                            draw, Made.reward(.candidate(0), 1),
                            Made.logProbability(0, -3, tokens: true),
                        ]),
                    term: term)
                let candidate = try await database.query(
                    """
                    SELECT reward, log_probability, token_count, token_ids::text AS ids,
                        token_log_probabilities::text AS parts
                    FROM ogive.candidates WHERE run = 'run' ORDER BY candidate_index LIMIT 1
                    """
                ).one()
                #expect(try candidate.decode("reward") == 1.0)
                #expect(try candidate.decode("log_probability") == -3.0)
                #expect(try candidate.decode("token_count", as: Int32.self) == 2)
                #expect(try candidate.decode("ids", as: String.self) == "{7,2}")
                #expect(try candidate.decode("parts", as: String.self) == "{-2.5,-0.5}")
                let text: String = try await database.value(
                    "SELECT token_ids::text || token_log_probabilities::text "
                        + "FROM ogive.run_completions WHERE run = 'run'")
                #expect(text == "{57,2}{-1.25,-0.25}")
            }
        }

        @Test("are counted, audited, and tried again where they failed")
        func areCounted() async throws {
            try await TestDatabase.with { database in
                let (run, prompts, term) = try await Self.run(database, candidates: [.logprobs])
                #expect(try await database.store.audit(run: "run").pendingLogProbabilities == 2)
                let failed = Made.failure(.candidateLogProbability(1), .logProbability)
                _ = try await database.store.land(
                    Made.batch(
                        run, prompts[0],
                        [Made.draw(0, "a", reward: 1), Made.logProbability(0, -3), failed]),
                    term: term)
                let status = try await database.store.status(ofRun: "run")[0]
                #expect(status.targetCandidates == 0 && status.targetLogProbabilities == 2)
                #expect(status.landedLogProbabilities == 1 && status.logProbabilityFailures == 1)
                let report = try await database.store.audit(run: "run")
                #expect(report.isSound && report.failedLogProbabilities == 1)
                #expect(report.missing.map(\.kind) == ["candidate_logprob"])
                let (groups, entries) = try await database.store.failures(
                    ofRun: "run", FailureFilter(stage: "logprob"), limit: 9)
                #expect(groups.map(\.count) == [1] && entries.map(\.index) == [1])
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                #expect(
                    try await database.store.retryFailures(
                        ofRun: "run", FailureFilter(stage: "scoring")) == 0)
                #expect(try await database.store.retryFailures(ofRun: "run") == 1)
                #expect(
                    try await database.pending(run).map { $0.items.map(\.name) } == [
                        [.candidateLogProbability(1)]
                    ])
                #expect(try await database.store.audit(run: "run").problems == [])
            }
        }

        @Test("that are no numbers become failures")
        func areNumbers() async throws {
            try await TestDatabase.with { database in
                let (run, prompts, term) = try await Self.run(database)
                var odd = Made.logProbability(1, -1, tokens: true)
                odd.logProbability?.tokenValues = [-.infinity, 0]
                _ = try await database.store.land(
                    Made.batch(run, prompts[0], [Made.logProbability(0, .nan), odd]), term: term)
                let (groups, _) = try await database.store.failures(
                    ofRun: "run", FailureFilter(), limit: 9)
                #expect(groups.map(\.code) == ["not_finite"] && groups.map(\.count) == [2])
            }
        }
    }
}
