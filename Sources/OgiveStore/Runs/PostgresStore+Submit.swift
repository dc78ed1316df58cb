internal import FoundationEssentials
package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Submits a run: the same again resumes, more draws top it up, prompts added to the set
    /// reopen it. With another specification the name stands for a new run from then on; what the
    /// former one made stays, and is found again by the former specification.
    ///
    /// `parent` is the sampling of the reference version before, if the run is of the next one; a
    /// sampling keeps the parent that it was given first.
    ///
    /// Throws `.conflict` when the prompt set is not there or fewer draws are asked for.
    package func submit(
        _ spec: RunSpec, parent: SHA256Digest? = nil
    ) async throws(StoreError) -> SubmitReceipt {
        if let problem = GivenName.problem(of: spec.name) ?? spec.problem {
            throw StoreError(.conflict, "Run \"\(spec.name)\": \(problem).")
        }
        let submission = RunSubmission(spec: spec, now: clock.now(), parent: parent)
        return try await database.transaction("submit run \"\(spec.name)\"") { connection in
            try await submission.submit(connection)
        }
    }

    /// What submitting would do, and how far the run would be: nothing of it is kept.
    package func rehearse(
        _ spec: RunSpec, parent: SHA256Digest? = nil
    ) async throws(StoreError) -> (receipt: SubmitReceipt, status: RunStatus) {
        if let problem = GivenName.problem(of: spec.name) ?? spec.problem {
            throw StoreError(.conflict, "Run \"\(spec.name)\": \(problem).")
        }
        let submission = RunSubmission(spec: spec, now: clock.now(), parent: parent)
        var outcome: (receipt: SubmitReceipt, status: RunStatus)?
        do {
            try await database.transaction("rehearse run \"\(spec.name)\"") { connection -> Void in
                outcome = nil
                let receipt = try await submission.submit(connection)
                let row = try await connection.query(ReadingQueries.oneRun, [.string(spec.name)])
                    .one()
                outcome = (receipt, try RunStatus(row))
                throw Rehearsed()
            }
        } catch {
            if let outcome { return outcome }
            throw error
        }
        throw StoreError(.refused, "A rehearsal ended without an outcome.")
    }

    /// Ends the transaction of a rehearsal, which is rolled back.
    private struct Rehearsed: Error {}
}

/// What a submission did.
package struct SubmitReceipt: Sendable {
    /// What became of the run.
    package enum Outcome: Hashable, Sendable {
        /// There was no run with this name.
        case created
        /// The run was there and has work left, or is finished and stays so.
        case resumed
        /// The run gets more draws for each prompt.
        case toppedUp(from: Int, to: Int)
        /// The finished run has work again: prompts were added, or candidates are to be scored.
        case reopened
        /// The name stands for a new run, of another specification.
        case repointed
    }

    /// The run.
    package var run: RunDescription
    /// What became of it.
    package var outcome: Outcome
    /// Whether nothing of it is left to do.
    package var isFinished: Bool
    /// Whether it stopped because its budget is spent, and waits for a larger one.
    package var isOutOfBudget: Bool
    /// Prompts in the set now.
    package var prompts: Int
    /// Whether the sampling was made by this submission: its draws all have to be sampled.
    package var samplingIsNew: Bool
    /// Whether the scoring was made by this submission.
    package var scoringIsNew: Bool
    /// Other runs whose draws it shares.
    package var sharedWith: [String]
    /// Draws of each prompt that the sampling was asked for before, when those are more than the
    /// run takes and nobody knows that yet.
    package var formerDraws: Int?
    /// When repointed, the keys in which the specifications differ, as `policy.model: a → b`.
    package var differences: [String]
}

/// Says in which keys two specifications differ.
enum SpecDifference {
    /// The differences as `sampling.policy.model: a → b`, in order of key; both texts are JSON.
    static func lines(from old: String, to new: String) throws -> [String] {
        let decoder = JSONDecoder()
        let before = try decoder.decode(Value.self, from: Data(old.utf8)).leaves
        let after = try decoder.decode(Value.self, from: Data(new.utf8)).leaves
        return Set(before.keys).union(after.keys).sorted().compactMap { key in
            let (left, right) = (before[key], after[key])
            return left == right ? nil : "\(key): \(left ?? "absent") → \(right ?? "absent")"
        }
    }

    /// Any JSON value.
    private enum Value: Decodable {
        case object([String: Value])
        case leaf(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let object = try? container.decode([String: Value].self) {
                self = .object(object)
            } else if let array = try? container.decode([Value].self) {
                self = .leaf("[" + array.map(\.text).joined(separator: ", ") + "]")
            } else if let flag = try? container.decode(Bool.self) {
                self = .leaf(String(flag))
            } else if let whole = try? container.decode(Int64.self) {
                self = .leaf(String(whole))
            } else if let number = try? container.decode(Double.self) {
                self = .leaf(String(number))
            } else if let text = try? container.decode(String.self) {
                self = .leaf(text)
            } else {
                self = .leaf("null")
            }
        }

        /// The value as one text.
        var text: String {
            switch self {
            case .leaf(let text): text
            case .object:
                leaves.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                    .joined(separator: ", ")
            }
        }

        /// The values within, by path.
        var leaves: [String: String] {
            guard case .object(let object) = self else { return [:] }
            var leaves: [String: String] = [:]
            for (key, value) in object {
                switch value {
                case .leaf(let text): leaves[key] = text
                case .object:
                    for (path, text) in value.leaves { leaves["\(key).\(path)"] = text }
                }
            }
            return leaves
        }
    }
}

/// SQL that submits runs.
enum SubmitQueries {
    /// Names the lock under which submissions come one after the other.
    static let lock: Int64 = 0x6F67_6976_6500_0003

    static let acquireLock = "SELECT pg_advisory_xact_lock($1)"
    static let promptSet = "SELECT id, prompts FROM ogive.prompt_sets WHERE name = $1"
    static let promptSets = "SELECT name FROM ogive.prompt_sets ORDER BY name LIMIT 20"

    static let findSampling = "SELECT id FROM ogive.samplings WHERE spec_sha256 = $1"
    static let insertSampling = """
        INSERT INTO ogive.samplings (prompt_set_id, spec_sha256, spec, created_at)
        VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000000)) RETURNING id
        """
    /// Names the parent of a sampling that has none, and that was not there before the parent. $1
    /// sampling, $2 digest of the parent.
    static let nameParent = """
        UPDATE ogive.samplings s SET parent_sha256 = $2
        FROM ogive.samplings p
        WHERE s.id = $1 AND s.parent_sha256 IS NULL AND p.spec_sha256 = $2 AND p.id < s.id
        """
    static let createSamplingPartition = "SELECT ogive_internal.create_sampling_partition($1)"
    static let insertSamplingProgress =
        "INSERT INTO ogive.sampling_progress (sampling_id) VALUES ($1)"

    static let findScoring = "SELECT id FROM ogive.scorings WHERE spec_sha256 = $1"
    static let insertScoring = """
        INSERT INTO ogive.scorings (sampling_id, spec_sha256, spec, created_at)
        VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000000)) RETURNING id
        """
    static let insertScoringProgress =
        "INSERT INTO ogive.scoring_progress (scoring_id) VALUES ($1)"

    /// Names of other runs on the same sampling.
    static let sharers = """
        SELECT name FROM ogive.runs WHERE sampling_id = $1 AND name <> $2 ORDER BY id LIMIT 5
        """
    /// Names of other runs on the same scoring. $1 digest, $2 name.
    static let scorers = """
        SELECT r.name FROM ogive.runs r
        JOIN ogive.scorings g ON g.id = r.scoring_id
        WHERE g.spec_sha256 = $1 AND r.name <> $2 ORDER BY r.id LIMIT 5
        """
    static let findRun = """
        SELECT r.id, r.scoring_id, r.draws, r.min_draws, r.state, r.samples, r.scores_candidates,
            g.spec::text AS scoring
        FROM ogive.runs r
        JOIN ogive.scorings g ON g.id = r.scoring_id
        WHERE r.name = $1 FOR UPDATE OF r
        """
    static let insertRun = """
        INSERT INTO ogive.runs (name, sampling_id, scoring_id, spec, draws, scores_candidates,
            weight, state, submitted_at, samples, candidate_log_probabilities, min_draws)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', to_timestamp($8::float8 / 1000000), $9, $10,
            $11)
        RETURNING id
        """
    static let updateRun = """
        UPDATE ogive.runs SET spec = $4, draws = $5, scores_candidates = $6, weight = $7,
            candidate_log_probabilities = $10, min_draws = $11,
            raised_draws = CASE WHEN $11::integer IS NULL THEN 0 ELSE raised_draws END,
            former_draws = CASE WHEN coalesce(min_draws, draws) < coalesce($11::integer, $5)
                THEN former_draws || coalesce(min_draws, draws) ELSE former_draws END,
            submitted_at = CASE WHEN draws = $5 THEN submitted_at
                ELSE to_timestamp($8::float8 / 1000000) END, samples = $9
        WHERE name = $1 AND sampling_id = $2 AND scoring_id = $3
        """
    /// How many draws were ever asked for. $1 sampling.
    static let drawsMax = "SELECT draws_max FROM ogive.samplings WHERE id = $1"
    /// Remembers how many draws were ever asked for. $1 sampling, $2 draws.
    static let noteDraws = """
        UPDATE ogive.samplings SET draws_max = greatest(draws_max, $2)
        WHERE id = $1 AND draws_max < $2
        """
    static let deleteRun = "DELETE FROM ogive.runs WHERE name = $1"
    static let notify = "NOTIFY ogive_runs"
}
