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
