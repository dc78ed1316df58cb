import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("landing", .timeLimit(.minutes(10)))
    struct LandingTests {
        @Test("stores completions and rewards and takes a repeated batch as duplicates")
        func repeatsAreHarmless() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 3)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let batch = Made.batch(
                    run, prompt,
                    [
                        Made.draw(0, " a\n", reward: 2), Made.draw(1, "b", reward: -1),
                        Made.draw(2, "", reward: 2),
                    ])
                let first = try await database.store.land(batch, term: term)
                #expect(
                    first
                        == LandingReceipt(completions: 3, rewards: 3, failures: 0, duplicates: 0))
                let again = try await database.store.land(batch, term: term)
                #expect(
                    again
                        == LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 3))
                let table = try await database.store.table(ofRun: "run", prompt: .key("p0"))
                #expect(table.rewards == [-1, 2, 2])
                #expect(table.drawRewards == [2, -1, 2])
                #expect(table.drawIndexes == [0, 1, 2])
                #expect(table.isComplete)
                let text: String = try await database.value(
                    "SELECT text FROM ogive.scored_completions WHERE draw_index = 0")
                #expect(text == " a\n")
                let quantile: Double = try await database.value(
                    "SELECT quantile_reward FROM ogive.scored_completions WHERE draw_index = 1")
                #expect(quantile == 1.0 / 3)
            }
        }

        @Test(
            "Fault 33: of two texts of one draw in a batch the first stays, and only its reward")
        func keepsFirstOfBatch() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let receipt = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [Made.draw(0, "first", reward: 1), Made.draw(0, "second", reward: 9)]),
                    term: term)
                #expect(receipt.completions == 1)
                #expect(receipt.rewards == 1)
                #expect(receipt.duplicates == 1)
                let table = try await database.store.table(ofRun: "run", prompt: .id(prompt))
                #expect(table.rewards == [1])
            }
        }

        @Test("never stores the reward or failure of a text that was dropped")
        func dropsOutcomeOfDroppedText() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 2)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "kept", reward: nil)]), term: term)
                let other = Made.failure(
                    .draw(0), .scoring, completion: Made.completion("other"))
                let receipt = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "other", reward: 5), other]), term: term)
                #expect(
                    receipt
                        == LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 2))
                let items = try #require(try await database.pending(run).first).items
                #expect(
                    items == [WorkItem(name: .draw(0), text: "kept"), WorkItem(name: .draw(1))])
                // The same text again, with its reward: a worker that repeats after a restart.
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "kept", reward: 5)]), term: term)
                let table = try await database.store.table(ofRun: "run", prompt: .id(prompt))
                #expect(table.rewards == [5])
            }
        }

        @Test("tells texts apart that Unicode calls equivalent")
        func comparesBytes() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "e\u{301}", reward: nil)]), term: term)
                let receipt = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "\u{E9}", reward: 1)]), term: term)
                #expect(receipt.rewards == 0)
            }
        }

        @Test("keeps U+0000 in a text, both ways")
        func keepsNUL() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let text = "a\0b"
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, text, reward: nil)]), term: term)
                let item = try #require(try await database.pending(run).first?.items.first)
                #expect(Array(try #require(item.text).utf8) == Array(text.utf8))
                let other = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "a\u{FFFD}b", reward: 1)]), term: term)
                #expect(other.rewards == 0)
                let same = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, text, reward: 1)]), term: term)
                #expect(same.rewards == 1)
                let shown: String = try await database.value(
                    "SELECT text FROM ogive.scored_completions")
                #expect(shown == "a\u{FFFD}b")
            }
        }

        @Test("merges partial results; a committed reward never changes")
        func mergesPartialResults() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 4)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [Made.draw(3, "d", reward: 0), Made.draw(1, "b", reward: 7)]), term: term)
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [
                            Made.draw(0, "a", reward: 3), Made.draw(1, "b", reward: 8),
                            Made.draw(2, "c", reward: nil),
                        ]), term: term)
                let table = try await database.store.table(ofRun: "run", prompt: .id(prompt))
                #expect(table.drawIndexes == [0, 1, 3])
                #expect(table.drawRewards == [3, 7, 0])
                #expect(table.rewards == [0, 3, 7])
                #expect(!table.isComplete)
                let complete: Int32 = try await database.value(
                    "SELECT complete_to FROM ogive.quantile_table_rows")
                #expect(complete == 2)
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.reward(.draw(2), -1)]), term: term)
                let status = try #require(try await database.store.status(ofRun: "run").first)
                #expect(status.landed == 4 && status.pending == 0 && status.sampled == 4)
                #expect(status.meanReward == 9.0 / 4)
                #expect(status.tokens == 12)
                #expect(try await database.store.audit(run: "run").isSound)
            }
        }

        @Test("resolves an item by its failure until a person asks for a retry")
        func failureResolves() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 2)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let failures = [
                    Made.failure(.draw(0), .sampling),
                    Made.failure(.draw(1), .scoring, completion: Made.completion("kept")),
                ]
                let receipt = try await database.store.land(
                    Made.batch(run, prompt, failures), term: term)
                #expect(
                    receipt
                        == LandingReceipt(completions: 1, rewards: 0, failures: 2, duplicates: 0))
                #expect(try await database.pending(run).isEmpty)
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                var status = try #require(try await database.store.status().first)
                #expect(status.failures == 2 && status.state == "finished")

                // Another outcome comes too late, whatever it is, its text included.
                let successes = Made.batch(
                    run, prompt,
                    [Made.draw(0, "late", reward: 1), Made.reward(.draw(1), 2)])
                #expect(
                    try await database.store.land(successes, term: term)
                        == LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 2))

                #expect(try await database.store.retryFailures(ofRun: "run") == 2)
                let items = try #require(try await database.pending(run).first).items
                #expect(
                    items == [WorkItem(name: .draw(0)), WorkItem(name: .draw(1), text: "kept")])
                #expect(try await database.store.finish(run.id, term: term) == .open)

                _ = try await database.store.land(successes, term: term)
                status = try #require(try await database.store.status().first)
                #expect(status.failures == 0 && status.landed == 2)
                // A failure that comes after the reward is not wanted.
                let late = try await database.store.land(
                    Made.batch(run, prompt, failures), term: term)
                #expect(late.failures == 0 && late.duplicates == 2)
                #expect(try await database.store.audit(run: "run").isSound)
            }
        }

        @Test("turns what is not finite into a failure or nothing, never into a number")
        func refusesNonFinite() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 2)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                var odd = Made.draw(0, "a", reward: .nan)
                odd.completion?.logProbability = -.infinity
                let receipt = try await database.store.land(
                    Made.batch(run, prompt, [odd, Made.draw(1, "b", reward: .infinity)]),
                    term: term)
                #expect(receipt.completions == 2 && receipt.rewards == 0 && receipt.failures == 2)
                let codes: [String] = try await database.value(
                    "SELECT array_agg(DISTINCT code) FROM ogive.failures")
                #expect(codes == ["not_finite"])
            }
        }

        @Test("adds rewards of largest size without overflow of the counters")
        func survivesHugeRewards() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 2)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let huge = Score.magnitudeMax
                let receipt = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [Made.draw(0, "a", reward: huge), Made.draw(1, "b", reward: huge)]),
                    term: term)
                #expect(receipt.rewards == 2)
                let table = try await database.store.table(ofRun: "run", prompt: .id(prompt))
                #expect(table.rewards == [huge, huge])
            }
        }

        @Test("drops results of prompts that are not of the run's set, and of unknown runs")
        func dropsWhatIsForeign() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                var batch = Made.batch(run, PromptID(999), [Made.draw(0, "a", reward: 1)])
                batch.groups.append(
                    LandingGroup(
                        run: RunID(77), prompt: prompt, worker: Made.worker,
                        items: [Made.draw(0, "a", reward: 1)]))
                let receipt = try await database.store.land(batch, term: term)
                #expect(receipt.completions == 0 && receipt.duplicates == 2)
            }
        }

        @Test("is refused to a coordinator whose term is over, and writes nothing")
        func refusesStaleTerm() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let old = try await database.store.lead(as: "first")
                await database.store.resign(old)
                let next = PostgresStore(database.configuration)
                let term = try await next.lead(as: "second")
                #expect(term > old)
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let batch = Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)])
                await #expect { try await database.store.land(batch, term: old) } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                await #expect { try await database.store.finish(run.id, term: old) } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                let binding = FingerprintBinding(
                    run: run.id, policy: Fingerprint([:]), scorer: Fingerprint([:]))
                await #expect { try await database.store.bind(binding, term: old) } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                let record = WorkerRecord(
                    id: Made.worker, name: "w", state: .active, note: nil)
                await #expect { try await database.store.record([record], term: old) } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                #expect(
                    try await database.value("SELECT count(*) FROM ogive.completion_rows") == 0)
                await next.close()
            }
        }
    }
}
