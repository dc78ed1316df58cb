import OgiveCore
@testable import OgiveStore
import Postgres
import Testing

extension StoreTests {
    @Suite("importing", .timeLimit(.minutes(10)))
    struct ImportTests {
        private struct Abort: Error {}

        private static let call: ChatMessage = {
            var call = ChatMessage(role: "assistant", content: "")
            call.toolCalls = #"[{"z":1,"a":2}]"#
            call.name = "n"
            call.reasoning = "r"
            call.toolCallID = "i"
            return call
        }()

        private static func prompt(
            _ key: String?, _ text: String, candidates: [String] = []
        ) -> ImportedPrompt {
            ImportedPrompt(
                key: key, content: .text(text), metadata: "{}",
                candidates: candidates.map { ImportedCandidate(label: "any", text: $0) })
        }

        @Test("keeps chats, texts, metadata and the order of the file")
        func keepsContent() async throws {
            try await TestDatabase.with { database in
                let chat = PromptContent.chat(
                    [
                        ChatMessage(role: "system", content: "Be \"brief\".\n"),
                        ChatMessage(role: "user", content: "né 日本 \\u0000"), Self.call,
                    ], tools: #"[{"type":"function","b":1,"a":1.50}]"#)
                let receipt = try await database.store.importPrompts(into: "set") { importer in
                    try await importer.add([
                        ImportedPrompt(
                            key: nil, content: chat, metadata: "{\"a\": [1, null]}", candidates: [])
                    ])
                    try await importer.add([Self.prompt("k", "t", candidates: ["c", "d"])])
                }
                #expect(
                    receipt
                        == ImportReceipt(
                            imported: 2, candidates: 2, duplicates: 0, duplicateExamples: [],
                            promptsInFile: 2, promptsInSet: 2))
                let run = try await database.store.submit(TestDatabase.spec(draws: 1)).run
                let pending = try await database.pending(run)
                #expect(pending.map(\.prompt.key) == [chat.digest.hex, "k"])
                #expect(pending[0].prompt.content == chat)
                #expect(pending[0].prompt.metadata == "{\"a\": [1, null]}")
            }
        }

        @Test("keeps pairs of one prompt, a shared completion once")
        func keepsPairs() async throws {
            try await TestDatabase.with { database in
                func row(_ chosen: String, _ rejected: String) -> ImportedPrompt {
                    ImportedPrompt(
                        key: "p", content: .text("Same?"), metadata: "{}",
                        candidates: [
                            ImportedCandidate(label: "chosen", text: chosen),
                            ImportedCandidate(label: "rejected", text: rejected),
                        ])
                }
                func pairs() async throws -> [String] {
                    try await database.query(
                        """
                        SELECT concat_ws(' ', pair_index, c.text, r.text) AS line
                        FROM ogive.candidate_pairs x
                        JOIN ogive.candidate_rows c ON c.prompt_id = x.prompt_id
                            AND c.candidate_index = x.chosen_index
                        JOIN ogive.candidate_rows r ON r.prompt_id = x.prompt_id
                            AND r.candidate_index = x.rejected_index
                        ORDER BY pair_index
                        """
                    ).map { try $0.decode("line") }
                }
                let file = [row("a", "x"), row("b", "y"), row("a", "y")]
                for _ in 0..<2 {
                    _ = try await database.store.importPrompts(into: "set") { importer in
                        try await importer.add(file)
                    }
                    #expect(try await pairs() == ["0 a x", "1 b y", "2 a y"])
                }
                let receipt = try await database.store.importPrompts(into: "set") {
                    try await $0.add([row("b", "x")])
                }
                #expect(receipt.promptsInFile == 1 && receipt.promptsInSet == 1)
                #expect(try await pairs().last == "3 b x")
                #expect(
                    try await database.value("SELECT count(*) FROM ogive.candidate_rows") == 4)
            }
        }

        @Test("tells how many prompts the set has beside those of the file")
        func tellsTheSize() async throws {
            try await TestDatabase.with { database in
                _ = try await database.store.importPrompts(into: "set") { importer in
                    try await importer.add((0..<30).map { Self.prompt("k\($0)", "t\($0)") })
                }
                let receipt = try await database.store.importPrompts(into: "set") {
                    try await $0.add((0..<5).map { Self.prompt("k\($0)", "t\($0)") })
                }
                #expect(receipt.promptsInFile == 5 && receipt.promptsInSet == 30)
            }
        }

        @Test("importing a file twice changes nothing")
        func twiceIsOnce() async throws {
            try await TestDatabase.with { database in
                let file = [Self.prompt("a", "A", candidates: ["x"]), Self.prompt(nil, "B")]
                for turn in 0..<2 {
                    let receipt = try await database.store.importPrompts(into: "set") {
                        try await $0.add(file + [Self.prompt("a", "A", candidates: ["x"])])
                    }
                    #expect(receipt.imported == (turn == 0 ? 2 : 0))
                    #expect(receipt.duplicates == (turn == 0 ? 1 : 3))
                    #expect(receipt.duplicateExamples.first == "a")
                }
                #expect(
                    try await database.value("SELECT prompts FROM ogive.prompt_sets") == 2)
                #expect(
                    try await database.value("SELECT count(*) FROM ogive.candidate_rows") == 1)
            }
        }

        @Test(
            "a key with other content is a conflict that names it",
            arguments: ["other", "A "])
        func conflicts(text: String) async throws {
            try await TestDatabase.with { database in
                let good = Self.prompt("a", "A", candidates: ["x"])
                let bad = Self.prompt("a", text, candidates: ["x"])
                let isConflict: (any Error) -> Bool = { error in
                    let error = error as? StoreError
                    return error?.code == .conflict
                        && error?.message.contains("key \"a\"") == true
                }
                await #expect {
                    try await database.store.importPrompts(into: "set") {
                        try await $0.add([good, bad])
                    }
                } throws: {
                    isConflict($0)
                }
                #expect(try await database.value("SELECT count(*) FROM ogive.prompt_sets") == 0)
                _ = try await database.store.importPrompts(into: "set") {
                    try await $0.add([good])
                }
                await #expect {
                    try await database.store.importPrompts(into: "set") {
                        try await $0.add([bad, Self.prompt("new", "N")])
                    }
                } throws: {
                    isConflict($0)
                }
                #expect(try await database.value("SELECT count(*) FROM ogive.prompt_rows") == 1)
                // The same key in another set is another prompt.
                _ = try await database.store.importPrompts(into: "other") {
                    try await $0.add([bad])
                }
            }
        }

        @Test("a prompt that comes again brings its new candidates, and says of other metadata")
        func mergesCandidates() async throws {
            try await TestDatabase.with { database in
                let first = Self.prompt(nil, "A", candidates: ["x", "y"])
                var second = Self.prompt(nil, "A", candidates: ["y", "z"])
                second.metadata = #"{"answer": "2"}"#
                let both = try await database.store.importPrompts(into: "set") {
                    try await $0.add([first, second])
                }
                #expect(both.imported == 1)
                #expect(both.candidates == 3)
                #expect(both.duplicates == 1)
                #expect(both.otherMetadata == 1)
                let later = try await database.store.importPrompts(into: "set") {
                    try await $0.add([second, Self.prompt(nil, "A", candidates: ["w"])])
                }
                #expect(later.imported == 0)
                #expect(later.candidates == 1)
                let texts: String = try await database.value(
                    "SELECT string_agg(text, ',' ORDER BY candidate_index) "
                        + "FROM ogive.candidate_rows")
                #expect(texts == "x,y,z,w")
                let counted: Int = try await database.value(
                    "SELECT candidate_count FROM ogive.prompt_rows")
                #expect(counted == 4)
            }
        }

        @Test("metadata that is read must not differ, from the set or within the file")
        func refusesOtherMetadataThatIsRead() async throws {
            try await TestDatabase.with { database in
                func row(_ key: String, _ metadata: String) -> ImportedPrompt {
                    var prompt = Self.prompt(key, key)
                    prompt.metadata = metadata
                    return prompt
                }
                func imported(
                    _ rows: [ImportedPrompt], for use: MetadataUse
                ) async throws -> ImportReceipt {
                    try await database.store.importPrompts(into: "set", for: use) {
                        try await $0.add(rows, lines: Array(1...rows.count))
                    }
                }
                func refusal(
                    _ rows: [ImportedPrompt], for use: MetadataUse
                ) async throws -> String {
                    do {
                        _ = try await imported(rows, for: use)
                        return ""
                    } catch {
                        let error = try #require(error as? StoreError)
                        #expect(error.code == .conflict)
                        return error.message
                    }
                }
                let gold = MetadataUse.fields(["gold"])
                let within = [row("a", #"{"gold": 1}"#), row("a", #"{"gold": 2}"#)]
                #expect(try await refusal(within, for: gold).contains("an earlier row"))
                #expect(try await database.value("SELECT count(*) FROM ogive.prompt_rows") == 0)
                _ = try await imported([row("a", #"{"gold": 1.0, "b": null}"#)], for: gold)
                // Another way to write the same, and a field that nobody reads.
                let same = try await imported([row("a", #"{"b": 2, "gold": 1}"#)], for: gold)
                #expect(
                    same.metadataDifferences == [
                        MetadataDifference(field: "b", rows: 1, firstKey: "a", isStored: true)
                    ])
                let changed = [row("new", "{}"), row("a", #"{"a": 0, "b": null, "c": 1}"#)]
                let message = try await refusal(changed, for: gold)
                #expect(message.contains("`gold`") && message.contains("the set has"))
                #expect(try await refusal(changed, for: .all).contains("key \"a\""))
                #expect(try await database.value("SELECT count(*) FROM ogive.prompt_rows") == 1)
                let reported = try await imported(changed, for: .fields(["zz"]))
                #expect(reported.otherMetadata == 1 && reported.metadataDifferences.count == 3)
            }
        }

        @Test("an import that is broken off imports nothing and passes its error on")
        func abortImportsNothing() async throws {
            try await TestDatabase.with { database in
                await #expect(throws: Abort.self) {
                    _ = try await database.store.importPrompts(into: "set") { importer in
                        try await importer.add([Self.prompt("a", "A")])
                        throw Abort()
                    }
                }
                #expect(try await database.value("SELECT count(*) FROM ogive.prompt_rows") == 0)
                try await database.importPrompts(1)
            }
        }

        /// Rows 0 to `count` - 1, each of another key.
        private static func rows(_ count: Int) -> [ImportedPrompt] {
            (0..<count).map { prompt("k\($0)", "t\($0)") }
        }

        @Test("a file is read once, also where another transaction could be tried again")
        func readsOnce() async throws {
            try await TestDatabase.with { database in
                var reads = 0
                let conflict = "DO 'BEGIN RAISE SQLSTATE ''40001''; END'"
                do {
                    _ = try await database.store.importPrompts(into: "set") { _ in
                        reads += 1
                        _ = try await database.query(conflict)
                    }
                    Issue.record("it must pass on the error")
                } catch {
                    #expect((error as? PostgresError)?.sqlState == "40001")
                }
                #expect(reads == 1)
            }
        }

        @Test("a key that comes again after whole batches is a duplicate of the file")
        func repeatsAcrossBatches() async throws {
            try await TestDatabase.with { database in
                var other = Self.prompt("k1", "t1", candidates: ["c"])
                other.metadata = #"{"a": 1}"#
                let batches = [
                    Self.rows(3), [Self.prompt("k3", "t3"), Self.prompt("k4", "t4")],
                    [Self.prompt("k5", "t5"), Self.prompt("k0", "t0"), Self.prompt("k5", "t5")],
                    [Self.prompt("k6", "t6")], [other, Self.prompt("k7", "t7")],
                ]
                let receipt = try await database.store.importPrompts(into: "set") { importer in
                    for batch in batches { try await importer.add(batch) }
                }
                #expect(
                    receipt
                        == ImportReceipt(
                            imported: 8, candidates: 1, duplicates: 3,
                            duplicateExamples: ["k0", "k5", "k1"], otherMetadata: 1,
                            metadataDifferences: [
                                MetadataDifference(
                                    field: "a", rows: 1, firstKey: "k1", isStored: false)
                            ], promptsInFile: 8, promptsInSet: 8))
                let keys: String = try await database.value(
                    "SELECT string_agg(key, ' ' ORDER BY id) FROM ogive.prompt_rows")
                #expect(keys == "k0 k1 k2 k3 k4 k5 k6 k7")
                #expect(try await database.value("SELECT prompts FROM ogive.prompt_sets") == 8)
                #expect(try await database.value("SELECT candidates FROM ogive.prompt_sets") == 1)
            }
        }

        @Test("a key with other content is named with its line, whichever batch it is in")
        func conflictsAcrossBatches() async throws {
            try await TestDatabase.with { database in
                for place in 0..<3 {
                    var batches = [
                        Self.rows(2), [Self.prompt("k2", "t2")], [Self.prompt("k3", "t3")],
                    ]
                    batches[place].append(Self.prompt("k0", "other"))
                    await #expect {
                        try await database.store.importPrompts(into: "set") { importer in
                            for (number, batch) in batches.enumerated() {
                                let first = 10 * (number + 1)
                                try await importer.add(
                                    batch, lines: Array(first..<(first + batch.count)))
                            }
                        }
                    } throws: {
                        let line = 10 * (place + 1) + (place == 0 ? 2 : 1)
                        let error = $0 as? StoreError
                        return error?.code == .conflict
                            && error?.message.contains(
                                "line \(line), key \"k0\": an earlier prompt of this import has "
                                    + "other content") == true
                    }
                    for table in ["prompt_rows", "prompt_sets"] {
                        let left: Int = try await database.value(
                            "SELECT count(*) FROM ogive.\(table)")
                        #expect(left == 0)
                    }
                }
            }
        }

        @Test("candidates may begin in any batch")
        func candidatesAfterBatches() async throws {
            try await TestDatabase.with { database in
                let receipt = try await database.store.importPrompts(into: "set") { importer in
                    try await importer.add(Self.rows(2))
                    try await importer.add([Self.prompt("k2", "t2", candidates: ["c", "d"])])
                    try await importer.add([Self.prompt("k3", "t3")])
                }
                #expect(
                    receipt
                        == ImportReceipt(
                            imported: 4, candidates: 2, duplicates: 0, duplicateExamples: [],
                            promptsInFile: 4, promptsInSet: 4))
                let keys: String = try await database.value(
                    "SELECT string_agg(key || candidate_count, ' ' ORDER BY id) "
                        + "FROM ogive.prompt_rows")
                #expect(keys == "k00 k10 k22 k30")
            }
        }

        @Test("an import takes in its file while another one fills the set, and comes after it")
        func takesTurns() async throws {
            try await TestDatabase.with { database in
                let store = database.store
                let (begun, isBegun) = AsyncStream<Void>.makeStream()
                let (read, isRead) = AsyncStream<Void>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        defer { isRead.finish() }
                        for await _ in begun {}
                        let second = try await store.importPrompts(into: "set") { importer in
                            try await importer.add([Self.prompt("a", "A"), Self.prompt("c", "C")])
                            isRead.finish()
                        }
                        #expect(second.imported == 1 && second.duplicates == 1)
                        #expect(second.promptsInSet == 3)
                    }
                    let first = try await store.importPrompts(into: "set") { importer in
                        try await importer.add([Self.prompt("a", "A")])
                        isBegun.finish()
                        for await _ in read {}
                        try await importer.add([Self.prompt("b", "B")])
                    }
                    #expect(first.imported == 2)
                    try await group.waitForAll()
                }
            }
        }

        @Test("prompts belong to a set that is there, and keep it")
        func promptsHaveSets() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2)
                func isRefused(_ sql: String) async -> Bool {
                    do {
                        _ = try await database.query(sql)
                        return false
                    } catch {
                        return (error as? PostgresError)?.sqlState == "23503"
                    }
                }
                let columns = "(prompt_set_id, key, content_sha256, content, metadata)"
                #expect(
                    await isRefused(
                        """
                        INSERT INTO ogive.prompt_rows \(columns)
                        SELECT s.id, p.key || s.id, p.content_sha256, p.content, p.metadata
                        FROM ogive.prompt_rows p
                        CROSS JOIN (SELECT id FROM ogive.prompt_sets UNION ALL SELECT 999) s
                        """))
                #expect(try await database.value("SELECT count(*) FROM ogive.prompt_rows") == 2)
                #expect(await isRefused("DELETE FROM ogive.prompt_sets"))
                let changes = [
                    "prompt_rows SET prompt_set_id = 999", "prompt_sets SET id = DEFAULT",
                ]
                for change in changes {
                    #expect(await isRefused("UPDATE ogive.\(change)"), "\(change)")
                }
                _ = try await database.query("DELETE FROM ogive.prompt_rows")
                #expect(await !isRefused("DELETE FROM ogive.prompt_sets"))
            }
        }

        @Test("refuses what PostgreSQL cannot hold, and keys that are too long")
        func refusesUnstorable() async throws {
            try await TestDatabase.with { database in
                let bad = [
                    Self.prompt("a", "null \0 byte"), Self.prompt("", "x"),
                    Self.prompt(String(repeating: "k", count: 1001), "x"),
                    Self.prompt("a", "x", candidates: ["\0"]),
                    ImportedPrompt(
                        key: "a", content: .text("x"), metadata: "[1]", candidates: []),
                    ImportedPrompt(
                        key: "a", content: .text("x"), metadata: "{oops", candidates: []),
                ]
                for prompt in bad {
                    await #expect {
                        try await database.store.importPrompts(into: "set") {
                            try await $0.add([prompt])
                        }
                    } throws: {
                        ($0 as? StoreError)?.code == .refused
                    }
                }
                await #expect(throws: StoreError.self) {
                    _ = try await database.store.importPrompts(into: "") { _ in }
                }
            }
        }
    }
}
