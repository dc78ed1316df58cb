internal import OgiveCore

/// What rows are read from: a file of JSON, or a table that the Python package reads.
struct RowFile {
    /// The file or folder; `-` is standard input.
    let path: String
    /// How rows are read.
    let rules: ImportRules

    /// Hands the rows to `body` in batches of `size`, with the share of the file that has been
    /// read, until it wants no more. Answers with SHA-256 of the file where completions are
    /// adopted. Throws `.input` when the file cannot be read to its end, and what `body` throws.
    @discardableResult
    func forEachBatch(
        of size: Int, _ body: ([ImportedRow], _ progress: Double?) async throws -> Bool
    ) async throws -> SHA256Digest? {
        guard PythonTable.isOne(path) else {
            var reader = try ImportReader(path: path, rules: rules)
            while true {
                let rows = try reader.next(limit: size)
                if rows.isEmpty { return reader.digest }
                guard try await body(rows, reader.progress) else { return nil }
            }
        }
        let before = try digest()
        var reader = RowReader(file: path, rules: rules)
        var batch: [ImportedRow] = []
        var isWanted = true
        /// Hands over whole batches of the rows that there are; all of them `atEnd`.
        func drain(atEnd: Bool) async throws {
            while isWanted, let row = try reader.next() {
                batch.append(row)
                guard batch.count >= size else { continue }
                isWanted = try await body(batch, nil)
                batch = []
            }
            if atEnd, isWanted, !batch.isEmpty { isWanted = try await body(batch, nil) }
        }
        try await PythonTable(path: path).read { piece in
            try reader.feed(piece)
            try await drain(atEnd: false)
            return isWanted && !reader.isEnded
        }
        guard isWanted else { return nil }
        if !reader.isEnded { try reader.feed([]) }
        try await drain(atEnd: true)
        guard try digest() == before else {
            throw CommandError(.input, "\(path) changed while it was read: adopt it again")
        }
        return before
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
