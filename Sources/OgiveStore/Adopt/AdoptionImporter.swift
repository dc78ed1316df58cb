package import OgiveCore
internal import Postgres

/// Takes the rows of a file that is adopted, batch by batch: their prompts on the way of every
/// import, and their completions into a table of this session, where they wait until all are there.
package final class AdoptionImporter {
    private let prompts: PromptImporter
    private let connection: PostgresConnection
    private var rows = PostgresCopyBuffer()
    private var ordinal: Int64 = 0
    private var former: ImportedPrompt?
    /// The length of the longest text so far, in bytes.
    private(set) var longestText = 0

    init(_ prompts: PromptImporter) {
        self.prompts = prompts
        connection = prompts.connection
    }

    func begin() async throws {
        try await prompts.begin()
        try await connection.execute(AdoptionQueries.createRows)
    }

    /// Sends a batch, with the lines that messages name. Completions keep the order in which they
    /// come. Throws `.refused` for what cannot be stored.
    package func add(_ batch: [ImportedPrompt], lines: [Int] = []) async throws(StoreError) {
        var bare: [ImportedPrompt] = []
        var bareLines: [Int] = []
        rows.removeAll()
        do {
            for (index, row) in batch.enumerated() {
                let line = index < lines.count ? lines[index] : 0
                try append(row, line: line)
                var prompt = row
                prompt.adopted = []
                // Rows of one prompt mostly stand together, and say the same of it.
                if prompt == former { continue }
                former = prompt
                bare.append(prompt)
                bareLines.append(line)
            }
            if rows.rowCount > 0 { try await connection.copyIn(AdoptionQueries.copyRows, rows) }
        } catch {
            throw StoreError(error, during: "adopt completions")
        }
        if !bare.isEmpty { try await prompts.add(bare, lines: bareLines) }
    }

    private func append(_ row: ImportedPrompt, line: Int) throws {
        let key =
            row.key ?? row.content.digest.hex
        defer { ordinal += 1 }
        for (place, completion) in row.adopted.enumerated() {
            let texts = [completion.text, completion.error].compactMap(\.self)
            guard texts.allSatisfy({ !$0.hasNUL }) else {
                throw StoreError(
                    .refused,
                    "Line \(line) of the file: a completion holds the character U+0000. Remove it "
                        + "from the file.")
            }
            longestText = max(longestText, completion.text?.utf8.count ?? 0)
            try rows.row(columns: 8) { (cells) throws(PostgresError) in
                cells.append(ordinal)
                cells.append(Int32(clamping: place))
                try cells.append(key)
                try cells.append(.optional(completion.text, PostgresValue.string))
                try cells.append(.optional(completion.error, PostgresValue.string))
                try cells.append(.optional(completion.reward, PostgresValue.double))
                try cells.append(completion.finishReason.rawValue)
                try cells.append(
                    .optional(
                        completion.tokenCount.flatMap { Int32(exactly: $0) }, PostgresValue.int32))
            }
        }
    }

    /// Moves the prompts into the set, and registers the run: closed until its rows are there, so
    /// that no coordinator takes it up. Throws `.conflict` when that cannot be.
    func finish(
        _ adoption: Adoption, file: SHA256Digest, now: Int64
    ) async throws -> AdoptionBeginning {
        let digest = adoption.spec(file: file, draws: 1).scoring.digest
        var receipt = AdoptionReceipt(run: adoption.run, outcome: .adopted, sha256: file.hex)
        let former = try await connection.query(
            AdoptionQueries.former, [.string(adoption.run), .bytes(digest.bytes)]
        ).first
        if let former, try former.decode("state", as: String.self) == "finished" {
            receipt.outcome = .unchanged
            receipt.draws = try former.decode("draws")
            receipt.prompts = try former.decode("prompts")
            return AdoptionBeginning(receipt: receipt)
        }
        if former != nil { receipt.outcome = .resumed }
        receipt.imported = try await prompts.finish(set: adoption.promptSet, for: .none, now: now)
        for sql in [AdoptionQueries.indexRows, AdoptionQueries.analyzeRows] {
            try await connection.execute(sql)
        }
        let found = try await connection.query(
            AdoptionQueries.counts, [.string(adoption.promptSet)]
        ).one()
        receipt.prompts = try found.decode("prompts")
        receipt.draws = try found.decode("most")
        receipt.unevenPrompts = try found.decode("uneven")
        try Self.requireCompletions(receipt, found, adoption)
        let spec = adoption.spec(file: file, draws: receipt.draws)
        if let problem = GivenName.problem(of: spec.name) ?? spec.problem {
            throw StoreError(.conflict, "Run \"\(spec.name)\": \(problem).")
        }
        let submitted = try await RunSubmission(spec: spec, now: now).submit(connection)
        try await connection.execute(
            AdoptionQueries.close, [.int64(submitted.run.id.rawValue)])
        return AdoptionBeginning(
            receipt: receipt, run: submitted.run, promptSet: try found.decode("prompt_set"),
            lastPrompt: try found.decode("last"), longestText: longestText)
    }

    private static func requireCompletions(
        _ receipt: AdoptionReceipt, _ found: PostgresRow, _ adoption: Adoption
    ) throws {
        guard receipt.draws > 0 else {
            throw StoreError(.conflict, "The file has no completions: there is nothing to adopt.")
        }
        guard receipt.unevenPrompts > 0, adoption.uneven == .refuse else { return }
        let key: String = try found.decode("uneven_key")
        let count: Int = try found.decode("uneven_count")
        throw StoreError(
            .conflict,
            "Nothing was adopted: a run has as many draws of each prompt, and of the "
                + "\(receipt.prompts) prompts of set \"\(adoption.promptSet)\" "
                + "\(receipt.unevenPrompts) have fewer completions in the file than the "
                + "\(receipt.draws) of others (first key \"\(key)\": \(count)). Complete the file, "
                + "adopt it into a set of its own (--set NAME), or give --uneven failures: then "
                + "each missing one is a failure.")
    }
}
