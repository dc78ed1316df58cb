internal import AsyncAlgorithms
internal import OgiveCore

/// What rows are read from: a file of JSON, or a table that the Python package reads.
struct RowFile {
    /// The file or folder; `-` is standard input.
    let path: String
    /// How rows are read.
    let rules: ImportRules

    /// Of a batch that has so many bytes, the rows are handed on, however few they are.
    private static let batchBytes = 4 << 20

    /// Hands the rows to `body` in batches of `size`, of fewer where rows are long, with the share
    /// of the file that has been read, until it wants no more. While `body` has one batch, the next
    /// one is read. Answers with SHA-256 of the file where completions are adopted. Throws `.input`
    /// when the file cannot be read to its end, and what `body` throws.
    @discardableResult
    func forEachBatch(
        of size: Int, _ body: ([ImportedRow], _ progress: Double?) async throws -> Bool
    ) async throws -> SHA256Digest? {
        guard PythonTable.isOne(path) else {
            let source = RowSource(try ImportReader(path: path, rules: rules))
            var batch = try await source.next(limit: size, bytes: Self.batchBytes)
            while !batch.rows.isEmpty {
                async let following = source.next(limit: size, bytes: Self.batchBytes)
                guard try await body(batch.rows, batch.progress) else { return nil }
                batch = try await following
            }
            return await source.digest
        }
        let before = try digest()
        guard try await forEachTableBatch(of: size, body) else { return nil }
        guard try digest() == before else {
            throw CommandError(.input, "\(path) changed while it was read: adopt it again")
        }
        return before
    }

    /// Hands on the rows of a table; answers whether all were wanted.
    private func forEachTableBatch(
        of size: Int, _ body: ([ImportedRow], _ progress: Double?) async throws -> Bool
    ) async throws -> Bool {
        let batches = AsyncThrowingChannel<[ImportedRow], any Error>()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await readTable(into: batches, of: size)
                    batches.finish()
                } catch {
                    batches.fail(error)
                }
            }
            for try await batch in batches {
                guard try await body(batch, nil) else {
                    group.cancelAll()
                    return false
                }
            }
            // A channel ends for a task that is cancelled, too.
            try Task.checkCancellation()
            return true
        }
    }

    /// Reads a table to its end, or until the task is cancelled. A batch waits until it is taken.
    private func readTable(
        into batches: AsyncThrowingChannel<[ImportedRow], any Error>, of size: Int
    ) async throws {
        var reader = RowReader(file: path, rules: rules)
        var batch: [ImportedRow] = []
        var begun = 0
        /// Hands over whole batches of the rows that there are; all of them `atEnd`.
        func drain(atEnd: Bool) async throws {
            while let row = try reader.next() {
                batch.append(row)
                let isFull =
                    batch.count >= size || reader.bytesRead - begun >= Self.batchBytes
                guard isFull else { continue }
                await batches.send(batch)
                batch = []
                begun = reader.bytesRead
            }
            if atEnd, !batch.isEmpty { await batches.send(batch) }
        }
        try await PythonTable(path: path).read { piece in
            try reader.feed(piece)
            try await drain(atEnd: false)
            return !reader.isEnded && !Task.isCancelled
        }
        try Task.checkCancellation()
        if !reader.isEnded { try reader.feed([]) }
        try await drain(atEnd: true)
    }

    /// SHA-256 of the file, where completions are adopted.
    private func digest() throws(CommandError) -> SHA256Digest? {
        guard rules.adoption != nil else { return nil }
        guard !PythonTable.isFolder(path) else {
            throw CommandError(
                .input,
                "\(path) is a folder: adopt one file, whose SHA-256 says where its rows come from; "
                    + "`datasets` writes one by `to_parquet`")
        }
        var source = try ByteSource.open(path: path)
        var hasher = SHA256Hasher()
        while true {
            let block = try source.next()
            if block.isEmpty { return hasher.finish() }
            hasher.update(block)
        }
    }
}

/// Reads a file in a task beside the one that takes its rows.
private actor RowSource {
    private var reader: ImportReader

    init(_ reader: consuming ImportReader) {
        self.reader = reader
    }

    /// SHA-256 of what has been read, where completions are adopted.
    var digest: SHA256Digest? { reader.digest }

    /// The next rows, and the share of the file that has been read; none at the end.
    func next(
        limit: Int, bytes: Int
    ) throws(CommandError) -> (rows: [ImportedRow], progress: Double?) {
        (try reader.next(limit: limit, bytes: bytes), reader.progress)
    }
}
