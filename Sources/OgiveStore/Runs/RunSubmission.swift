internal import OgiveCore
internal import Postgres

/// Submits one run within a transaction.
struct RunSubmission {
    let spec: RunSpec
    let now: Int64
    /// The sampling of the reference version before.
    var parent: SHA256Digest?

    /// A snapshot is of the run as it was submitted.
    private func checkSnapshots(_ connection: PostgresConnection) async throws {
        let names = try await connection.query(SnapshotQueries.list, [.string(spec.name)]).map {
            try $0.decode("snapshot", as: String.self)
        }
        if names.isEmpty { return }
        throw StoreError(
            .conflict,
            "Run \"\(spec.name)\" has snapshots (\(names.joined(separator: ", "))) of another "
                + "specification, and they never change: give this run another name.")
    }

    func submit(_ connection: PostgresConnection) async throws -> SubmitReceipt {
        _ = try await connection.query(
            SubmitQueries.acquireLock, [.int64(SubmitQueries.lock)])
        let spec = try await keepingSeeds(connection)
        return try await RunSubmission(spec: spec, now: now, parent: parent)
            .submitLocked(connection)
    }

    /// The specification with seeds as the sampling has them, if there is one: it was begun with 31
    /// bits, or with as many as are asked for.
    private func keepingSeeds(_ connection: PostgresConnection) async throws -> RunSpec {
        var narrow = spec
        narrow.scoring.sampling.parameters.seedBits = nil
        let digests = [spec, narrow].map(\.scoring.sampling.digest.bytes)
        for (digest, spec) in zip(digests, [spec, narrow]) {
            let found = try await connection.query(SubmitQueries.findSampling, [.bytes(digest)])
            if !found.isEmpty { return spec }
        }
        return spec
    }

    private func submitLocked(_ connection: PostgresConnection) async throws -> SubmitReceipt {
        let (promptSet, prompts) = try await findPromptSet(connection)
        let existing = try await ExistingRun.read(spec.name, connection)
        let differences = try checkDifferences(existing)
        if !spec.samples { try await checkRescoring(existing, differences, connection) }
        let (sampling, samplingIsNew) = try await ensureSampling(promptSet, connection)
        if let parent {
            try await connection.execute(
                SubmitQueries.nameParent, [.int64(sampling), .bytes(parent.bytes)])
        }
        let (scoring, scoringIsNew) = try await ensureScoring(sampling, connection)
        if !differences.isEmpty {
            // Another specification is another run, with another id: what workers still make for
            // the former one must not land as results of this one.
            try await checkSnapshots(connection)
            try await connection.execute(SubmitQueries.deleteRun, [.string(spec.name)])
        }
        let isThere = existing != nil && differences.isEmpty
        let former: Int = try await connection.query(
            SubmitQueries.drawsMax, [.int64(sampling)]
        ).one().decode("draws_max")
        try checkAdopted(stored: former)
        try await write(isThere, sampling: sampling, scoring: scoring, connection)
        let run = try RunDescription(
            try await connection.query(RunQueries.byName, [.string(spec.name)]).one())
        let state = try await resolve(run, connection)
        let isPending = state != .finished
        let sharers = try await connection.query(
            SubmitQueries.sharers, [.int64(sampling), .string(spec.name)]
        ).map { try $0.decode("name", as: String.self) }
        try await connection.execute(SubmitQueries.notify)
        return SubmitReceipt(
            run: run,
            outcome: outcome(existing, isRepointed: !differences.isEmpty, isPending: isPending),
            isFinished: !isPending, isOutOfBudget: state == .outOfBudget, prompts: prompts,
            samplingIsNew: samplingIsNew,
            scoringIsNew: scoringIsNew, sharedWith: sharers,
            formerDraws: !isThere && former > spec.draws ? former : nil,
            differences: differences)
    }

    private func outcome(
        _ existing: ExistingRun?, isRepointed: Bool, isPending: Bool
    ) -> SubmitReceipt.Outcome {
        guard let existing else { return .created }
        if isRepointed { return .repointed }
        if existing.draws < spec.draws { return .toppedUp(from: existing.draws, to: spec.draws) }
        return existing.isFinished && isPending ? .reopened : .resumed
    }

    private func findPromptSet(
        _ connection: PostgresConnection
    ) async throws -> (id: Int64, prompts: Int) {
        let name = spec.scoring.sampling.promptSet
        let rows = try await connection.query(SubmitQueries.promptSet, [.string(name)])
        if let row = rows.first {
            return (try row.decode("id"), try row.decode("prompts"))
        }
        let known = try await connection.query(SubmitQueries.promptSets)
            .map { "\"\(try $0.decode("name", as: String.self))\"" }
        let list =
            known.isEmpty ? "there are none yet" : "there are " + known.joined(separator: ", ")
        throw StoreError(
            .conflict,
            "There is no prompt set \"\(name)\" (\(list)). Import it first: "
                + "`ogive import FILE --set \(name)`")
    }

    private func checkDifferences(_ existing: ExistingRun?) throws -> [String] {
        guard let existing else { return [] }
        let differences = try SpecDifference.lines(
            from: existing.scoring, to: CanonicalJSON.text(spec.scoring))
        if differences.isEmpty, spec.draws < existing.draws {
            throw StoreError(
                .conflict,
                "Run \"\(spec.name)\" has \(existing.draws) draws a prompt; draws are never thrown "
                    + "away. Ask for at least \(existing.draws), or give the run another name: it "
                    + "then shares the draws that are there.")
        }
        if differences.isEmpty, spec.adaptive != nil, spec.firstDraws < existing.firstDraws {
            throw StoreError(
                .conflict,
                "Run \"\(spec.name)\" asks for \(existing.firstDraws) draws of every prompt; draws "
                    + "are never thrown away. Ask for a min of at least \(existing.firstDraws), or "
                    + "give the run another name: it then shares the draws that are there.")
        }
        return differences
    }

    private func ensureSampling(
        _ promptSet: Int64, _ connection: PostgresConnection
    ) async throws -> (id: Int64, isNew: Bool) {
        let digest = PostgresValue.bytes(spec.scoring.sampling.digest.bytes)
        if let row = try await connection.query(SubmitQueries.findSampling, [digest]).first {
            return (try row.decode("id"), false)
        }
        let row = try await connection.query(
            SubmitQueries.insertSampling,
            [
                .int64(promptSet), digest, .json(CanonicalJSON.text(spec.scoring.sampling)),
                .int64(now),
            ]
        ).one()
        let id: Int64 = try row.decode("id")
        _ = try await connection.query(SubmitQueries.createSamplingPartition, [.int64(id)])
        try await connection.execute(SubmitQueries.insertSamplingProgress, [.int64(id)])
        return (id, true)
    }

    private func ensureScoring(
        _ sampling: Int64, _ connection: PostgresConnection
    ) async throws -> (id: Int64, isNew: Bool) {
        let digest = PostgresValue.bytes(spec.scoring.digest.bytes)
        if let row = try await connection.query(SubmitQueries.findScoring, [digest]).first {
            return (try row.decode("id"), false)
        }
        let row = try await connection.query(
            SubmitQueries.insertScoring,
            [.int64(sampling), digest, .json(CanonicalJSON.text(spec.scoring)), .int64(now)]
        ).one()
        let id: Int64 = try row.decode("id")
        try await connection.execute(SubmitQueries.insertScoringProgress, [.int64(id)])
        return (id, true)
    }

    private func write(
        _ isThere: Bool, sampling: Int64, scoring: Int64, _ connection: PostgresConnection
    ) async throws {
        let sql = isThere ? SubmitQueries.updateRun : SubmitQueries.insertRun
        try await connection.execute(
            sql,
            [
                .string(spec.name), .int64(sampling), .int64(scoring),
                .json(CanonicalJSON.text(spec)), .int32(Int32(clamping: spec.draws)),
                .bool(spec.scoresCandidates), .double(spec.weight), .int64(now),
                .bool(spec.samples), .bool(spec.logProbabilitiesOfCandidates),
                .optional(spec.adaptive.map { Int32(clamping: $0.min) }, PostgresValue.int32),
            ])
        if spec.samples || spec.adopts {
            try await connection.execute(
                SubmitQueries.noteDraws,
                [.int64(sampling), .int32(Int32(clamping: spec.draws))])
        }
        if isThere {
            for sql in [TargetQueries.forget, TargetQueries.overtake, TargetQueries.recount] {
                try await connection.execute(sql, [.string(spec.name)])
            }
        }
    }

    private enum Resolved {
        case open, finished, outOfBudget
    }

    /// Opens the run when something of it is pending. One that stopped because its budget is spent
    /// stays so until that is raised; to stop one that is open is for its coordinator, which knows
    /// what is under way.
    private func resolve(
        _ run: RunDescription, _ connection: PostgresConnection
    ) async throws -> Resolved {
        let id = PostgresValue.int64(run.id.rawValue)
        guard let extent = try await RunExtent.read(run.id, connection) else { return .finished }
        guard try await PromptTargets(extent).resolve(connection) else {
            if extent.state != "finished" {
                try await connection.execute(RunQueries.finish, [id, .int64(now)])
            }
            return .finished
        }
        if extent.state == "budget", run.spec.isExhausted(by: run.spent) { return .outOfBudget }
        if extent.state != "open" { try await connection.execute(RunQueries.reopen, [id]) }
        return .open
    }
}

/// A run that has the submitted name already.
struct ExistingRun: Sendable {
    let draws: Int
    /// Draws of every prompt.
    let firstDraws: Int
    let isFinished: Bool
    let samples: Bool
    let scoresCandidates: Bool
    /// The specification of its scoring, as JSON.
    let scoring: String

    /// Reads and locks it; `nil` when there is none.
    static func read(
        _ name: String, _ connection: PostgresConnection
    ) async throws -> ExistingRun? {
        guard let row = try await connection.query(SubmitQueries.findRun, [.string(name)]).first
        else { return nil }
        let draws: Int = try row.decode("draws")
        return ExistingRun(
            draws: draws, firstDraws: try row.decode("min_draws", as: Int?.self) ?? draws,
            isFinished: try row.decode("state", as: String.self) == "finished",
            samples: try row.decode("samples"),
            scoresCandidates: try row.decode("scores_candidates"),
            scoring: try row.decode("scoring"))
    }
}

extension RunSubmission {
    /// Of completions that were adopted there are as many as their file has. `stored` is how many
    /// that are, of each prompt.
    func checkAdopted(stored: Int) throws(StoreError) {
        guard spec.scoring.sampling.policy.isAdopted, !spec.adopts, spec.draws > stored else {
            return
        }
        throw StoreError(
            .conflict,
            "Run \"\(spec.name)\" asks for \(spec.draws) draws, and of each prompt \(stored) "
                + "completions were adopted: no more can be sampled. Ask for at most as many, or "
                + "adopt a file that has more.")
    }

    /// A run that only scores takes no name from another one, and scores nothing that is scored.
    func checkRescoring(
        _ existing: ExistingRun?, _ differences: [String], _ connection: PostgresConnection
    ) async throws {
        let name = spec.name
        guard differences.isEmpty else {
            throw StoreError(
                .conflict,
                "There is another run \"\(name)\" (\(differences.joined(separator: "; "))). "
                    + "Give \(spec.adopts ? "what you adopt" : "the new scoring") another name.")
        }
        if let existing, existing.samples {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" samples and is scored by this scorer itself: submit it again "
                    + "to go on with it.")
        }
        if let existing, existing.scoresCandidates, !spec.scoresCandidates {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" was submitted with candidates, and their rewards are kept: ask "
                    + "for candidates again, or give the scoring another name.")
        }
        let scored = try await connection.query(
            SubmitQueries.scorers, [.bytes(spec.scoring.digest.bytes), .string(name)]
        ).map { "\"\(try $0.decode("name", as: String.self))\"" }
        guard scored.isEmpty else {
            if spec.adopts {
                throw StoreError(
                    .conflict,
                    "The file was adopted already, as run \(scored.joined(separator: ", ")): its "
                        + "completions and rewards are there.")
            }
            throw StoreError(
                .conflict,
                "This scorer has scored the same sampling already, as run "
                    + "\(scored.joined(separator: ", ")). Give that name to score what was sampled "
                    + "since, or the scorer another `revision` when it is another one.")
        }
    }
}
