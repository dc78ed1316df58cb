package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Adopts completions of others, and their rewards: `body` reads a file, adds its rows, and
    /// answers with the SHA-256 of the file. Nothing is changed when `body` throws; its error is
    /// passed on.
    ///
    /// Prompts and run are registered in one transaction, after the whole file was read; then the
    /// rows land batch by batch. The run is finished when all have landed. Until then it is closed,
    /// and the same call goes on with it. The same file again changes nothing.
    ///
    /// Throws `StoreError` with `.conflict` when the run's name is taken, when prompts have
    /// different numbers of completions and that is not allowed, or when the sampling holds other
    /// texts than the file.
    package func adopt(
        _ adoption: Adoption, _ body: (AdoptionImporter) async throws -> SHA256Digest
    ) async throws -> AdoptionReceipt {
        guard (1...200).contains(adoption.promptSet.utf8.count), !adoption.promptSet.hasNUL else {
            throw StoreError(.refused, "The name of a prompt set must have 1 to 200 bytes.")
        }
        if let problem = GivenName.problem(of: adoption.promptSet) {
            throw StoreError(.refused, "Prompt set \"\(adoption.promptSet)\": \(problem).")
        }
        // The error of `body` must come out as it is, whatever it is.
        var failure: (any Error)?
        do {
            return try await database.with("adopt \"\(adoption.run)\"") { connection in
                let now = clock.now()
                let beginning = try await connection.transaction { connection in
                    let importer = AdoptionImporter(PromptImporter(connection))
                    try await importer.begin()
                    let file: SHA256Digest
                    do {
                        file = try await body(importer)
                    } catch {
                        failure = error
                        throw error
                    }
                    return try await importer.finish(adoption, file: file, now: now)
                }
                let result: Result<AdoptionReceipt, any Error>
                do {
                    result = .success(
                        try await AdoptionLanding(beginning, now: now).land(connection))
                } catch {
                    result = .failure(error)
                }
                // With the session the table would go, too.
                _ = try? await connection.execute(AdoptionQueries.dropRows)
                return try result.get()
            }
        } catch {
            throw failure ?? error
        }
    }
}

/// Lands the rows of an adopted file that wait in the session's table, by the rules that hold for
/// results of workers.
private struct AdoptionLanding {
    private let beginning: AdoptionBeginning
    private let now: Int64
    /// Most draws of a batch.
    private let batch: Int

    /// Most draws of a batch of short texts, and about the most bytes of texts.
    private static let drawsMax = 2_000
    private static let bytesMax = 64 << 20

    init(_ beginning: AdoptionBeginning, now: Int64) {
        self.beginning = beginning
        self.now = now
        batch = max(
            1, min(Self.drawsMax, Self.bytesMax / max(1, beginning.longestText)))
    }

    /// Lands what has not landed yet, and finishes the run.
    func land(_ connection: PostgresConnection) async throws -> AdoptionReceipt {
        var receipt = beginning.receipt
        guard let run = beginning.run else { return receipt }
        let prompts = max(1, batch / receipt.draws)
        var cursor: Int64 = 0
        while true {
            var last: Int64?
            for first in stride(from: 0, to: receipt.draws, by: batch) {
                let page = AdoptionPage(
                    run: run, draws: first..<min(receipt.draws, first + batch),
                    parameters: [
                        .int64(beginning.promptSet), .int64(cursor), .int64(beginning.lastPrompt),
                        .int64(Int64(prompts)), .int32(Int32(clamping: first)),
                        .int32(Int32(clamping: batch)),
                    ])
                (last, receipt) = try await landed(page, receipt, connection)
            }
            guard let last else { break }
            cursor = last
        }
        try await connection.transaction { connection in
            let id = PostgresValue.int64(run.id.rawValue)
            try await connection.execute(AdoptionQueries.forgetSpending, [id])
            try await connection.execute(
                LandingQueries.foldTails, [id, .int32(Int32(CommittedState.Table.shortMax))])
            try await connection.execute(RunQueries.finish, [id, .int64(now)])
        }
        // The planner learns of the tables later otherwise.
        _ = try? await connection.query(RunQueries.analyzeNewTables)
        return receipt
    }

    /// Lands a page; again, alone, when it met the same command elsewhere at a draw.
    ///
    /// No term is checked: the run is closed until all is there, so that no coordinator leases
    /// anything of it, and nobody but an adoption of the same file writes its sampling.
    private func landed(
        _ page: AdoptionPage, _ before: AdoptionReceipt, _ connection: PostgresConnection
    ) async throws -> (last: Int64?, receipt: AdoptionReceipt) {
        var isAlone = false
        while true {
            do {
                return try await connection.transaction { connection in
                    var receipt = before
                    let last = try await page.land(
                        connection, alone: isAlone, now: now, &receipt)
                    return (last, receipt)
                }
            } catch  where !isAlone && LandingConflict.isOne(error) {
                isAlone = true
            }
        }
    }
}

/// Some draws of some prompts, on their way from the file's rows into the tables.
private struct AdoptionPage {
    let run: RunDescription
    /// The draws of each prompt that are of this page.
    let draws: Range<Int>
    let parameters: [PostgresValue]

    /// Lands the page; the last prompt of it, or `nil` when there are no more.
    func land(
        _ connection: PostgresConnection, alone: Bool, now: Int64,
        _ receipt: inout AdoptionReceipt
    ) async throws -> Int64? {
        let rows = try await connection.query(AdoptionQueries.page, parameters)
        var groups: [LandingGroup] = []
        var found: [Int: ItemResult] = [:]
        var current: Int64?
        for row in rows {
            let prompt: Int64 = try row.decode("prompt_id")
            if prompt != current {
                if let current { groups.append(group(current, found)) }
                (current, found) = (prompt, [:])
            }
            guard let index = try row.decode("draw_index", as: Int32?.self) else { continue }
            found[Int(index)] = try item(index, row)
        }
        guard let current else { return nil }
        groups.append(group(current, found))
        let batch = LandingBatch(id: BatchID(1), groups: groups)
        let landed = try await BatchLanding(batch, now: now).land(connection, alone: alone)
        receipt.completions += landed.completions
        receipt.rewards += landed.rewards
        receipt.failures += landed.failures
        receipt.otherRewards += try await differences(connection)
        return current
    }

    /// The items of a prompt: what the file has, and failures in place of what it lacks.
    private func group(_ prompt: Int64, _ found: [Int: ItemResult]) -> LandingGroup {
        LandingGroup(
            run: run.id, prompt: PromptID(prompt), worker: .nobody,
            items: draws.map { index in
                found[index]
                    ?? Self.failure(
                        Int32(clamping: index), .sampling,
                        "The adopted file has fewer completions of this prompt than of others.")
            })
    }

    private func item(_ index: Int32, _ row: PostgresRow) throws -> ItemResult {
        guard let text = try row.decode("text", as: String?.self) else {
            let error = try row.decode("error", as: String?.self) ?? "nothing"
            return Self.failure(
                index, .sampling, "The adopted file has no completion here, but: \(error)")
        }
        let reason: String = try row.decode("finish_reason")
        let completion = Completion(
            text: text, tokenCount: try row.decode("token_count", as: Int?.self),
            finishReason: FinishReason(rawValue: reason) ?? .other, logProbability: nil)
        var item = ItemResult(name: .draw(index))
        if let reward = try row.decode("reward", as: Double?.self) {
            item.reward = reward
        } else {
            item = Self.failure(
                index, .scoring,
                "The adopted file has no reward of it; `ogive rescore` lets a scorer give one.")
        }
        item.completion = completion
        return item
    }

    private static func failure(
        _ index: Int32, _ stage: Failure.Stage, _ message: String
    ) -> ItemResult {
        var item = ItemResult(name: .draw(index))
        item.failure = Failure(stage: stage, code: .notGiven, message: message, attempts: 0)
        return item
    }

    /// How many draws have another reward than in the file. Throws when one has another text.
    private func differences(_ connection: PostgresConnection) async throws -> Int {
        let row = try await connection.query(
            AdoptionQueries.differences,
            parameters + [.int64(run.sampling.rawValue), .int64(run.scoring.rawValue)]
        ).one()
        let texts: Int = try row.decode("texts")
        guard texts == 0 else {
            throw StoreError(
                .conflict,
                "The sampling of run \"\(run.spec.name)\" holds other texts than the file, of "
                    + "\(texts) draws: prompts of set "
                    + "\"\(run.spec.scoring.sampling.promptSet)\" were read otherwise then. Remove "
                    + "what was begun (`ogive drop \(run.spec.name)`), and adopt the file into "
                    + "another set (--set NAME).")
        }
        return try row.decode("rewards")
    }
}
