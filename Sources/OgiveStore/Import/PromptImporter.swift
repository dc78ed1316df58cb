package import OgiveCore
internal import Postgres

/// Takes the prompts of a file, batch by batch, into a prompt set: all of them or none.
///
/// Memory holds one batch; the rows wait in the database. A row whose key is there with the same
/// content is a duplicate: the first one's metadata stays, candidates that it has not yet are
/// added. So importing a file twice changes nothing.
package final class PromptImporter {
    private let connection: PostgresConnection
    private var prompts = PostgresCopyBuffer()
    private var candidates = PostgresCopyBuffer()
    private var ordinal: Int64 = 0

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Sends a batch. Throws `.refused` for a prompt that cannot be stored.
    package func add(_ batch: [ImportedPrompt]) async throws(StoreError) {
        do {
            prompts.removeAll()
            candidates.removeAll()
            for prompt in batch {
                try append(prompt)
                ordinal += 1
            }
            try await connection.copyIn(ImportQueries.copyPrompts, prompts)
            if candidates.rowCount > 0 {
                try await connection.copyIn(ImportQueries.copyCandidates, candidates)
            }
        } catch {
            throw StoreError(error, during: "import prompts")
        }
    }

    func begin() async throws {
        try await connection.execute(ImportQueries.createPrompts)
        try await connection.execute(ImportQueries.createCandidates)
    }

    /// Moves the rows into the set.
    func finish(set: String, now: Int64) async throws -> ImportReceipt {
        try await connection.execute(ImportQueries.analyze)
        try await connection.execute(ImportQueries.insertSet, [.string(set), .int64(now)])
        let id: Int64 = try await connection.query(ImportQueries.lockSet, [.string(set)]).one()
            .decode("id")
        try await requireNoConflict(set: set, id: id)
        let examples = try await connection.query(ImportQueries.duplicates, [.int64(id)])
            .map { try $0.decode("key", as: String.self) }
        let imported = try await connection.query(ImportQueries.insertPrompts, [.int64(id)]).one()
            .decode("prompts", as: Int.self)
        let added = try await connection.query(ImportQueries.insertCandidates, [.int64(id)]).one()
            .decode("candidates", as: Int.self)
        try await connection.execute(ImportQueries.insertPairs, [.int64(id)])
        let other = try await connection.query(ImportQueries.otherMetadata, [.int64(id)]).one()
            .decode("rows", as: Int.self)
        try await connection.execute(
            ImportQueries.count, [.int64(id), .int64(Int64(imported)), .int64(Int64(added))])
        let size = try await connection.query(ImportQueries.size, [.int64(id)]).one()
        return ImportReceipt(
            imported: imported, candidates: added, duplicates: Int(ordinal) - imported,
            duplicateExamples: examples, otherMetadata: other,
            promptsInFile: try size.decode("came"), promptsInSet: try size.decode("has"))
    }

    private func requireNoConflict(set: String, id: Int64) async throws {
        let rows = try await connection.query(ImportQueries.conflicts, [.int64(id)])
        if rows.isEmpty { return }
        let lines = try rows.map { row in
            let place =
                try row.decode("is_stored", as: Bool.self)
                ? "the prompt set has" : "an earlier prompt of this import has"
            return "prompt \(try row.decode("ordinal", as: Int.self) + 1), key "
                + "\"\(try row.decode("key", as: String.self))\": \(place) other content"
        }
        throw StoreError(
            .conflict,
            "Prompt set \"\(set)\": a key names one prompt for good, but "
                + lines.joined(separator: "; ")
                + ". Give these prompts other keys, or import them into another set "
                + "(`-o prompts.set=NAME`, or --set NAME); a set that no run uses is removed with "
                + "`ogive drop --set \(set)`.")
    }

    private func append(_ prompt: ImportedPrompt) throws {
        let content = CanonicalJSON.encode(prompt.content)
        let digest = SHA256Digest(hashing: content)
        let key = prompt.key ?? digest.hex
        try requireStorable(prompt, key: key)
        try prompts.row(columns: 5) { (row) throws(PostgresError) in
            row.append(ordinal)
            try row.append(key)
            try row.append(bytes: digest.bytes)
            try row.append(jsonb: String(decoding: content, as: UTF8.self))
            try row.append(jsonb: prompt.metadata)
        }
        for (index, candidate) in prompt.candidates.enumerated() {
            try candidates.row(columns: 5) { (row) throws(PostgresError) in
                row.append(ordinal)
                row.append(Int32(clamping: index))
                try row.append(candidate.label)
                try row.append(candidate.text)
                try row.append(jsonb: candidate.metadata)
            }
        }
    }

    private func requireStorable(_ prompt: ImportedPrompt, key: String) throws(StoreError) {
        let place = "Prompt \(ordinal + 1) of the import, key \"\(key.prefix(80))\""
        guard (1...ImportedPrompt.keyBytesMax).contains(key.utf8.count) else {
            throw StoreError(
                .refused, "\(place): a key must have 1 to \(ImportedPrompt.keyBytesMax) bytes.")
        }
        if let excess = PromptLimits.excess(of: prompt) {
            throw StoreError(.refused, "\(place): \(excess).")
        }
        var texts = [key] + prompt.candidates.flatMap { [$0.label, $0.text] }
        switch prompt.content {
        case .text(let text): texts.append(text)
        case .chat(let messages, let tools):
            texts += [tools ?? ""] + messages.flatMap(\.texts)
        }
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw StoreError(
                .refused,
                "\(place): it holds the character U+0000, which PostgreSQL cannot store. "
                    + "Remove it from the file.")
        }
    }
}

extension PostgresStore {
    /// Imports into the prompt set with this name, made when there is none: `body` reads a file
    /// and adds its prompts. Nothing is imported when `body` throws; its error is passed on.
    ///
    /// Throws `StoreError` with `.conflict` when a key is there with other content.
    package func importPrompts(
        into set: String, _ body: (PromptImporter) async throws -> Void
    ) async throws -> ImportReceipt {
        guard (1...200).contains(set.utf8.count), !set.utf8.contains(0) else {
            throw StoreError(.refused, "The name of a prompt set must have 1 to 200 bytes.")
        }
        // The error of `body` must come out as it is, whatever it is.
        var failure: (any Error)?
        do {
            return try await database.transaction("import into \"\(set)\"") { connection in
                let importer = PromptImporter(connection)
                try await importer.begin()
                do {
                    try await body(importer)
                } catch {
                    failure = error
                    throw error
                }
                return try await importer.finish(set: set, now: clock.now())
            }
        } catch {
            throw failure ?? error
        }
    }
}
