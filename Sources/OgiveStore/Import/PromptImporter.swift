package import OgiveCore
internal import Postgres

/// Takes the prompts of a file, batch by batch, into a prompt set: all of them or none.
///
/// Memory holds three batches. The rows of a set that is empty go straight into its table. They go
/// into temporary tables, where they wait for the end of the file, if the set has prompts, and from
/// the first batch on that brings candidates or repeats a key. A row whose key is there with the
/// same content is a duplicate: the first one's metadata stays, candidates that it has not yet are
/// added. So importing a file twice changes nothing.
package final class PromptImporter {
    let connection: PostgresConnection
    /// Where the next batch goes.
    private var way = PromptBatch.Way.waiting
    /// The last batch, which is sent while the next one is encoded.
    private var pending: PromptBatch?
    /// Rows that came.
    private var ordinal: Int64 = 0
    /// Rows that are in the table of prompts already.
    private var stored = 0
    private var hasCandidates = false

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Takes a batch, with the lines that messages name, if there are any. Throws `.refused` for a
    /// prompt that cannot be stored; of the batch before, when the server refuses one.
    package func add(_ batch: [ImportedPrompt], lines: [Int] = []) async throws(StoreError) {
        do {
            if batch.contains(where: { !$0.candidates.isEmpty }) {
                try await leaveSet()
                hasCandidates = true
            }
            let (connection, former) = (connection, pending)
            pending = nil
            let (first, begun) = (ordinal, way)
            async let next = PromptBatch(batch, lines: lines, first: first, way: begun)
            ordinal += Int64(batch.count)
            if let former {
                try await settle(former, isTaken: try await former.send(connection))
            }
            let encoded = try await next
            pending = encoded.way == way ? encoded : try encoded.going(way)
        } catch {
            throw StoreError(error, during: "import prompts")
        }
    }

    /// Begins with rows that wait for the end of the file.
    func begin() async throws {
        way = .waiting
        try await connection.execute(ImportQueries.createPrompts)
        try await connection.execute(ImportQueries.createCandidates)
    }

    /// Begins with rows for a set, which is made when there is none of this name. Those of a set
    /// that has prompts, or that another import writes into, wait for the end of the file.
    func begin(set: String, now: Int64) async throws {
        let isFilled = try await isTrue(ImportQueries.isFilled, set)
        guard !isFilled, try await isTrue(ImportQueries.takeTurn, set) else {
            return try await begin()
        }
        try await connection.execute(ImportQueries.insertSet, [.string(set), .int64(now)])
        let id = try await lock(set)
        // Somebody may have filled it meanwhile.
        guard try await isEmpty(id) else { return try await begin() }
        way = .set(id)
    }

    private func isTrue(_ sql: String, _ set: String) async throws -> Bool {
        try await connection.query(sql, [.string(set)]).one().decode(0)
    }

    /// Waits for other imports into a set: as long as their files take, which no statement may.
    private func waitForTurn(_ set: String) async throws {
        while try await !isTrue(ImportQueries.takeTurn, set) {
            try await Task.sleep(for: Self.turnInterval)
        }
    }

    /// How often it looks whether another import has ended.
    private static let turnInterval = Duration.milliseconds(200)

    /// Sends what has not been sent.
    func flush() async throws {
        guard let batch = pending else { return }
        pending = nil
        try await settle(batch, isTaken: try await batch.send(connection))
    }

    /// Counts a batch that was sent. One that repeats a key was not taken, and waits with all that
    /// follow.
    private func settle(_ batch: PromptBatch, isTaken: Bool) async throws {
        guard !isTaken else {
            if batch.way != .waiting { stored += batch.count }
            return
        }
        try await begin()
        _ = try await batch.going(way).send(connection)
    }

    /// Lets all that follows wait for the end of the file.
    private func leaveSet() async throws {
        guard way != .waiting else { return }
        try await flush()
        if way != .waiting { try await begin() }
    }

    private func lock(_ set: String) async throws -> Int64 {
        try await connection.query(ImportQueries.lockSet, [.string(set)]).one().decode("id")
    }

    private func isEmpty(_ set: Int64) async throws -> Bool {
        try await connection.query(ImportQueries.isEmpty, [.int64(set)]).one().decode(0)
    }

    /// Ends the import. `use` is what must not differ from what is stored.
    func finish(
        set: String, for use: MetadataUse, now: Int64
    ) async throws -> ImportReceipt {
        try await flush()
        if case .set(let id) = way {
            return try await receipt(id: id, imported: stored, candidates: 0)
        }
        try await connection.execute(ImportQueries.analyze)
        try await waitForTurn(set)
        try await connection.execute(ImportQueries.insertSet, [.string(set), .int64(now)])
        let id = try await lock(set)
        let came = try await connection.query(ImportQueries.came).one().decode(0, as: Int.self)
        if came == Int(ordinal), try await isEmpty(id) { return try await fill(id: id) }
        try await requireNoConflict(set: set, id: id)
        let examples = try await connection.query(ImportQueries.duplicates, [.int64(id)])
            .map { try $0.decode("key", as: String.self) }
        // Without duplicates nothing can differ.
        let hasDuplicates = !examples.isEmpty
        let other: (rows: Int, fields: [MetadataDifference]) =
            hasDuplicates ? try await otherMetadata(id: id, use) : (0, [])
        if let refusal = use.refusal(of: other.fields, set: set) { throw refusal }
        let imported =
            try await connection.query(ImportQueries.insertPrompts, [.int64(id)]).one()
            .decode("prompts", as: Int.self) + stored
        let added = try await insertCandidates(id: id)
        let size = try await count(id: id, imported: imported, candidates: added)
        var receipt = ImportReceipt(
            imported: imported, candidates: added, duplicates: Int(ordinal) - imported,
            duplicateExamples: examples, otherMetadata: other.rows,
            // What went straight into the set is all that was in it.
            metadataDifferences: other.fields, promptsInFile: stored > 0 ? imported : came,
            promptsInSet: size)
        if hasDuplicates {
            receipt.otherCandidates = try await keptBack(ImportQueries.otherCandidates, id: id)
            receipt.otherCandidateMetadata = try await keptBack(
                ImportQueries.otherCandidateMetadata, id: id)
        }
        return receipt
    }

    /// Moves the rows into a set that is empty, where no key came twice: nothing can differ.
    private func fill(id: Int64) async throws -> ImportReceipt {
        // Read by an index the rows come in their order, and none of them is sorted.
        try await connection.execute(ImportQueries.indexOrdinals)
        let imported = try await connection.execute(ImportQueries.fill, [.int64(id)])
        let added = try await insertCandidates(id: id)
        return try await receipt(id: id, imported: imported, candidates: added)
    }

    /// Counts what was added to a set that was empty, without duplicates.
    private func receipt(
        id: Int64, imported: Int, candidates: Int
    ) async throws -> ImportReceipt {
        let size = try await count(id: id, imported: imported, candidates: candidates)
        return ImportReceipt(
            imported: imported, candidates: candidates, duplicates: 0, duplicateExamples: [],
            promptsInFile: imported, promptsInSet: size)
    }

    /// Adds the candidates and pairs of the prompts that are in the set; how many candidates.
    private func insertCandidates(id: Int64) async throws -> Int {
        guard hasCandidates else { return 0 }
        let added = try await connection.query(ImportQueries.insertCandidates, [.int64(id)]).one()
            .decode("candidates", as: Int.self)
        try await connection.execute(ImportQueries.insertPairs, [.int64(id)])
        return added
    }

    /// Counts what was added; how many prompts the set has then.
    private func count(id: Int64, imported: Int, candidates: Int) async throws -> Int {
        try await connection.query(
            ImportQueries.count, [.int64(id), .int64(Int64(imported)), .int64(Int64(candidates))]
        ).one().decode("prompts")
    }

    private func otherMetadata(
        id: Int64, _ use: MetadataUse
    ) async throws -> (rows: Int, fields: [MetadataDifference]) {
        var first: [String] = []
        if case .fields(let names) = use { first = names.sorted() }
        let rows = try await connection.query(
            ImportQueries.otherMetadata, [.int64(id), .stringArray(first)])
        let fields = try rows.map { row in
            MetadataDifference(
                field: try row.decode("field"), rows: try row.decode("rows"),
                firstKey: try row.decode("key"), isStored: try wasStored(row))
        }
        return (try rows.first?.decode("all_rows", as: Int.self) ?? 0, fields)
    }

    /// What a query finds that asks for a number of things and the key of the first one's prompt.
    func keptBack(_ sql: String, id: Int64) async throws -> KeptBack? {
        try await connection.query(sql, [.int64(id)]).first.map { row in
            KeptBack(count: try row.decode("count"), firstKey: try row.decode("key"))
        }
    }

    private func requireNoConflict(set: String, id: Int64) async throws {
        let rows = try await connection.query(ImportQueries.conflicts, [.int64(id)])
        if rows.isEmpty { return }
        let lines = try rows.map { row in
            let place =
                try wasStored(row)
                ? "the prompt set has" : "an earlier prompt of this import has"
            let line = try row.decode("line", as: Int.self)
            let which =
                line > 0
                ? "line \(line)" : "prompt \(try row.decode("ordinal", as: Int.self) + 1)"
            return "\(which), key "
                + "\"\(try row.decode("key", as: String.self))\": \(place) other content"
        }
        throw StoreError(
            .conflict,
            "Prompt set \"\(set)\": a key names one prompt for good, but "
                + lines.joined(separator: "; ")
                + ". Give these prompts other keys, or import them into another set "
                + "(by `prompts.set` of the configuration; import and adopt take --set NAME); a "
                + "set that no run uses is removed with "
                + "`ogive drop --set \(set)`.")
    }

    /// Whether the prompt of a row was in the set before this import.
    private func wasStored(_ row: PostgresRow) throws -> Bool {
        try row.decode("is_stored", as: Bool.self) && stored == 0
    }
}

extension MetadataUse {
    /// Why an import is refused whose rows have what is read here otherwise than it is stored.
    fileprivate func refusal(of differences: [MetadataDifference], set: String) -> StoreError? {
        guard let first = differences.first(where: { reads($0.field) }) else { return nil }
        let rows = first.rows == 1 ? "1 row has" : "\(first.rows) rows have"
        let (than, way) =
            first.isStored
            ? (
                "than the set has",
                "What is stored of a prompt stays, so rewards would be computed from the former "
                    + "value. Import the file into another set (`-o prompts.set=NAME`), whose "
                    + "draws are sampled anew; or go on with the set as it is, without the file "
                    + "(`-o prompts.file=null` and `-o prompts.set=NAME`)."
            )
            : (
                "than an earlier row with their prompt",
                "Two rows with one prompt are one prompt, and the first one's value would count "
                    + "for both. Fix the file, or give its rows keys (`id`) of their own."
            )
        return StoreError(
            .conflict,
            "Prompt set \"\(set)\": the scorer reads the field `\(first.field)` of prompts, and "
                + "\(rows) it otherwise \(than), first key \"\(first.firstKey)\". \(way)")
    }
}

extension PostgresStore {
    /// Imports into the prompt set with this name, made when there is none: `body` reads a file
    /// and adds its prompts. Nothing is imported when `body` throws; its error is passed on.
    ///
    /// Throws `StoreError` with `.conflict` when a key is there with other content, or with other
    /// metadata of a field that `use` has.
    package func importPrompts(
        into set: String, for use: MetadataUse = .none,
        _ body: (PromptImporter) async throws -> Void
    ) async throws -> ImportReceipt {
        guard (1...200).contains(set.utf8.count), !set.utf8.contains(0) else {
            throw StoreError(.refused, "The name of a prompt set must have 1 to 200 bytes.")
        }
        if let problem = GivenName.problem(of: set) {
            throw StoreError(.refused, "Prompt set \"\(set)\": \(problem).")
        }
        // The error of `body` must come out as it is, whatever it is.
        var failure: (any Error)?
        do {
            return try await database.transaction(
                "import into \"\(set)\"", isRepeatable: false
            ) { connection in
                let importer = PromptImporter(connection)
                try await importer.begin(set: set, now: clock.now())
                do {
                    try await body(importer)
                } catch {
                    failure = error
                    throw error
                }
                return try await importer.finish(set: set, for: use, now: clock.now())
            }
        } catch {
            throw failure ?? error
        }
    }
}

/// What an import did.
package struct ImportReceipt: Hashable, Sendable {
    /// Prompts that are new in the set.
    package var imported: Int
    /// Candidates that are new, of new prompts and of those that were there.
    package var candidates: Int
    /// Rows whose key and content the set or an earlier row had already.
    package var duplicates: Int
    /// Keys of the first few duplicates.
    package var duplicateExamples: [String]
    /// Duplicates whose metadata differ from what is stored, which stays.
    package var otherMetadata = 0
    /// The fields in which they differ: what a scorer reads first, at most three.
    package var metadataDifferences: [MetadataDifference] = []
    /// Prompts with candidates or pairs that the file does not bring, and which stay.
    package var otherCandidates: KeptBack?
    /// Candidates whose metadata differ from what is stored, which stays.
    package var otherCandidateMetadata: KeptBack?
    /// Different prompts of the file.
    package var promptsInFile = 0
    /// Prompts of the set, those of this import among them.
    package var promptsInSet = 0

    /// Rows of the file with a prompt that an earlier row has.
    package var repeats: Int { imported + duplicates - promptsInFile }
    /// Prompts of the file that the set had already.
    package var promptsThere: Int { promptsInFile - imported }
}

/// Things that stay as they are stored, although the file has them otherwise.
package struct KeptBack: Hashable, Sendable {
    /// How many.
    package var count: Int
    /// The key of the first one's prompt.
    package var firstKey: String
}

/// A field of the metadata that rows have otherwise than what is stored, which stays.
package struct MetadataDifference: Hashable, Sendable {
    /// The field.
    package var field: String
    /// How many rows.
    package var rows: Int
    /// The key of the first one.
    package var firstKey: String
    /// Whether that one differs from the set, and not from an earlier row of the file.
    package var isStored: Bool
}
