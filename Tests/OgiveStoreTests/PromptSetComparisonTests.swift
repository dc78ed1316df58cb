import OgiveCore
import Testing

@testable import OgiveStore

extension StoreTests {
    @Suite("comparing a file with a stored set", .timeLimit(.minutes(10)))
    struct PromptSetComparisonTests {
        private struct Abort: Error {}

        private static func prompt(
            _ key: String, _ text: String? = nil, metadata: String = "{}",
            candidates: [String] = ["same"]
        ) -> ImportedPrompt {
            ImportedPrompt(
                key: key, content: .text(text ?? "text of \(key)"), metadata: metadata,
                candidates: candidates.map { ImportedCandidate(label: "any", text: $0) })
        }

        /// Stores prompts, and compares others with them.
        private static func compare(
            _ stored: [ImportedPrompt], _ file: [[ImportedPrompt]]
        ) async throws -> PromptSetComparison? {
            var comparison: PromptSetComparison?
            try await TestDatabase.with { database in
                _ = try await database.store.importPrompts(into: "set") { importer in
                    try await importer.add(stored)
                }
                let before = try await Self.rows(database)
                comparison = try await database.store.compare(set: "set") { importer in
                    for batch in file { try await importer.add(batch) }
                }
                #expect(try await Self.rows(database) == before)
            }
            return comparison
        }

        /// The rows of all that an import changes.
        private static func rows(_ database: TestDatabase) async throws -> [String] {
            var rows: [String] = []
            for table in ["prompt_sets", "prompt_rows", "candidate_rows"] {
                rows.append(
                    try await database.value(
                        "SELECT coalesce(string_agg(t::text, ';' ORDER BY t::text), '')"
                            + " FROM ogive.\(table) t"))
            }
            return rows
        }

        @Test("finds nothing where an import would change nothing")
        func same() async throws {
            let stored = [Self.prompt("a"), Self.prompt("b"), Self.prompt("c")]
            // In another order, and one twice.
            let found = try #require(
                try await Self.compare(stored, [[stored[2], stored[0]], [stored[1], stored[0]]]))
            #expect(found == PromptSetComparison(promptsInSet: 3, promptsInFile: 3))
            #expect(found.isSame)
        }

        @Test("counts what differs, with the key of the first one, and stores nothing")
        func different() async throws {
            let stored = ["a", "b", "c", "d", "e", "f"].map { Self.prompt($0) }
            let file = [
                [Self.prompt("c", "another text"), Self.prompt("x"), Self.prompt("b", "another")],
                [
                    Self.prompt("y"), Self.prompt("e", metadata: "{\"n\": 1}"),
                    Self.prompt("f", candidates: ["other", "more"]), Self.prompt("x"),
                ],
            ]
            let found = try #require(try await Self.compare(stored, file))
            #expect(!found.isSame)
            #expect(found.promptsInSet == 6 && found.promptsInFile == 6)
            #expect(found.otherContent == KeptBack(count: 2, firstKey: "c"))
            #expect(found.absent == KeptBack(count: 2, firstKey: "a"))
            #expect(found.added == KeptBack(count: 2, firstKey: "x"))
            #expect(found.otherMetadata == KeptBack(count: 1, firstKey: "e"))
            #expect(found.otherCandidates == KeptBack(count: 1, firstKey: "f"))
            #expect(found.addedCandidates == KeptBack(count: 2, firstKey: "f"))
        }

        @Test("does not read a file where no set is stored, and passes its errors on")
        func noSet() async throws {
            try await TestDatabase.with { database in
                let none = try await database.store.compare(set: "set") { _ in throw Abort() }
                #expect(none == nil)
                try await database.importPrompts(1)
                await #expect(throws: Abort.self) {
                    _ = try await database.store.compare(set: "set") { _ in throw Abort() }
                }
            }
        }
    }
}
