import OgiveCore
import OgiveTesting
import Postgres
import Testing

@testable import OgiveStore

extension StoreTests {
    /// What lists of prompts say of tables, and what the dashboard keeps of it.
    @Suite("numbers of tables", .timeLimit(.minutes(10)))
    struct TableNumbersTests {
        private static func run(_ id: Int64 = 1, submittedAt: String = "now") -> RunOverview {
            RunOverview(
                id: RunID(id), promptSetID: 1, scoringID: ScoringID(id),
                source: RunOverview.Source(
                    run: "run", state: "open", promptSet: "set", policy: "p", scorer: "s",
                    isSynthetic: true, submittedAt: submittedAt, finishedAt: nil),
                counts: ReportCounts(), meanReward: nil, cost: nil)
        }

        private static func state(
            _ prompt: Int64, _ count: Int, candidates: Int = 0
        ) -> PromptState {
            PromptState(id: PromptID(prompt), count: count, target: 9, candidates: candidates)
        }

        @Test("arrays of numbers are read as they are, and all else is refused")
        func unpacks() {
            let header: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 189, 0, 0, 0, 2, 0, 0, 0, 1]
            let two =
                header + [0, 0, 0, 8, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
                + [0, 0, 0, 8, 0xc0, 0x45, 0, 0, 0, 0, 0, 0]
            #expect(PackedNumbers.numbers(two) == [1, -42])
            #expect(PackedNumbers.numbers([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 189]) == [])
            for length in 0..<two.count {
                #expect(PackedNumbers.numbers(Array(two[..<length])) == nil)
            }
            #expect(PackedNumbers.numbers(two + [0]) == nil)
            // Two dimensions, elements of four bytes, a NULL, far too many elements.
            for (place, byte) in [(3, 2), (23, 4), (20, 255), (12, 255)] as [(Int, UInt8)] {
                var other = two
                other[place] = byte
                #expect(PackedNumbers.numbers(other) == nil)
            }
        }

        @Test("numbers are those of the database's functions")
        func computes() async throws {
            let tables: [[Double]] = [
                [], [2], [2, 2, 2], [0.1, 0.1, 0.1], [-1, 0.5, 0.5, 3], [1e-300, 2e-300],
                [-1e140, 1e140], [0, .leastNonzeroMagnitude],
                (0..<4096).map { Double($0 % 97) }.sorted(),
                (0..<500).map { 1e6 + Double($0) / 7 },
            ]
            try await TestDatabase.with { database in
                for table in tables {
                    let connection = try await PostgresConnection.connect(database.configuration)
                    let row = try await connection.query(
                        """
                        SELECT \(DashboardQueries.packed("x", "packed")),
                            ogive.reward_spread(x) AS spread, ogive.effective_count(x) AS effective,
                            (SELECT avg(u.reward) FROM unnest(x) u(reward)) AS mean
                        FROM (SELECT $1::float8[] AS x) t
                        """, [.doubleArray(table)]
                    ).one()
                    #expect(try row.numbers("packed") == table)
                    let numbers = TableNumbers(table)
                    let mean = try row.decode("mean", as: Double?.self)
                    #expect(numbers?.mean == mean)
                    #expect(numbers?.count == (table.isEmpty ? nil : table.count))
                    let spread = try row.decode("spread", as: Double?.self)
                    #expect((numbers?.deviation == nil) == (spread == nil))
                    if let deviation = numbers?.deviation, let spread {
                        #expect(abs(deviation - spread) <= 1e-9 * spread, "\(table.prefix(4))")
                    }
                    if let numbers {
                        #expect(numbers.effective == (try row.decode("effective", as: Double.self)))
                        #expect(numbers.isDegenerate == (table.first == table.last))
                    }
                    await connection.close()
                }
            }
        }

        @Test("numbers are known for as long as there are as many rewards, in the same run")
        func keeps() throws {
            let (known, run) = (KnownTables(), Self.run())
            let numbers = try #require(TableNumbers([1, 2]))
            known.keep([PromptID(5): numbers], of: run)
            known.keep(quantiles: [0.5], of: PromptID(5), in: run, rewards: 2)
            #expect(
                known.tables(of: run, [Self.state(5, 2), Self.state(6, 2)]) == [
                    PromptID(5): numbers
                ])
            #expect(known.tables(of: run, [Self.state(5, 3)]).isEmpty)
            #expect(
                known.quantiles(of: run, [Self.state(5, 2, candidates: 1)]) == [PromptID(5): [0.5]])
            #expect(known.quantiles(of: run, [Self.state(5, 2, candidates: 2)]).isEmpty)
            #expect(known.quantiles(of: run, [Self.state(5, 3, candidates: 1)]).isEmpty)
            // Another run, and one of the same number in a database that was made anew.
            for other in [Self.run(2), Self.run(submittedAt: "later")] {
                #expect(known.tables(of: other, [Self.state(5, 2)]).isEmpty)
                #expect(known.quantiles(of: other, [Self.state(5, 2, candidates: 1)]).isEmpty)
            }
        }

        @Test("what is kept is bounded")
        func isBounded() throws {
            let (known, run) = (KnownTables(), Self.run())
            let numbers = try #require(TableNumbers([1]))
            let most = KnownTables.numbersMax / KnownTables.entrySize
            for first in stride(from: 0, to: 3 * most, by: 1000) {
                let some = (first..<(first + 1000)).map { (PromptID(Int64($0)), numbers) }
                known.keep(Dictionary(uniqueKeysWithValues: some), of: run)
            }
            let all = (0..<(3 * most + 1000)).map { Self.state(Int64($0), 1) }
            let kept = known.tables(of: run, all)
            #expect(kept.count <= most && !kept.isEmpty)
            // Those of the end are there.
            #expect(kept[PromptID(Int64(3 * most - 1))] == numbers)
        }

        @Test("of large tables, fewer are read for a page")
        func fits() {
            #expect(PromptListing.fitting(2000, draws: 4) == 2000)
            #expect(PromptListing.fitting(2000, draws: 200) == 2000)
            #expect(PromptListing.fitting(2000, draws: 201) == 1000)
            #expect(PromptListing.fitting(2000, draws: 4096) == 62)
            #expect(PromptListing.fitting(2000, draws: 4096, least: 50) == 62)
            #expect(PromptListing.fitting(2000, draws: 1 << 20, least: 50) == 62)
            #expect(PromptListing.fitting(2000, draws: 1 << 20) == 1)
            #expect(PromptListing.fitting(2000, draws: 0) == 2000)
        }
    }
}
