/// SQL that removes what a run made.
enum DropQueries {
    /// Only members may: of these rows and tables nobody else can remove any.
    static let becomeOwner = "SET LOCAL ROLE ogive_owner"
    /// A reader of a table that is to go keeps it for as long as it reads.
    static let limitWaiting = "SET LOCAL lock_timeout = '10s'"

    /// A run, with what else hangs on its scoring and sampling. Snapshots of a run that is gone are
    /// none: the run stays with them. $1 name.
    static let run = """
        SELECT r.id, r.sampling_id, r.scoring_id, r.state, e.name AS prompt_set,
            coalesce(b.rewards + b.candidate_rewards, 0) AS rewards, coalesce(a.draws, 0) AS draws,
            ARRAY(SELECT s.name FROM ogive.snapshot_rows s WHERE s.run_id = r.id ORDER BY s.id)
                AS snapshots,
            ARRAY(SELECT o.name FROM ogive.runs o
                WHERE o.scoring_id = r.scoring_id AND o.id <> r.id ORDER BY o.id) AS scoring_runs,
            ARRAY(SELECT o.name FROM ogive.runs o
                WHERE o.sampling_id = r.sampling_id AND o.id <> r.id ORDER BY o.id)
                AS sampling_runs
        FROM ogive.runs r
        JOIN ogive.samplings p ON p.id = r.sampling_id
        JOIN ogive.prompt_sets e ON e.id = p.prompt_set_id
        LEFT JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
        LEFT JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id
        WHERE r.name = $1
        """
    /// Scorings of a sampling, all of which go with it. $1 sampling.
    static let scorings = "SELECT id FROM ogive.scorings WHERE sampling_id = $1 ORDER BY id"

    /// Bytes on disk of samplings and scorings. $1 samplings, $2 scorings.
    static let bytes = """
        SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM ogive.stored_data
        WHERE (kind = 'sampling' AND data_id = ANY($1)) OR (kind = 'scoring' AND data_id = ANY($2))
        """

    /// Completions go with their table.
    static func dropCompletions(_ sampling: Int64) -> String {
        "DROP TABLE ogive.completion_rows_\(sampling)"
    }
    /// What has a row for a prompt, a candidate or a part, of scorings: $1.
    static let deleteRewards = ["quantile_table_rows", "candidate_reward_rows", "reward_part_rows"]
        .map { "DELETE FROM ogive.\($0) WHERE scoring_id = ANY($1)" }
    /// $1 samplings.
    static let deleteLogProbabilities =
        "DELETE FROM ogive.candidate_log_probability_rows WHERE sampling_id = ANY($1)"
    /// $1 run. Its spending and its targets go with it.
    static let deleteRun = "DELETE FROM ogive.runs WHERE id = $1"
    /// $1 scorings. Their failures and counters go with them.
    static let deleteScorings = "DELETE FROM ogive.scorings WHERE id = ANY($1)"
    /// $1 samplings.
    static let deleteSamplings = "DELETE FROM ogive.samplings WHERE id = ANY($1)"

    /// A prompt set, with the runs and samplings on it; no import adds to it meanwhile. $1 name.
    static let promptSet = """
        SELECT e.id, e.prompts, e.candidates,
            ARRAY(SELECT r.name FROM ogive.runs r JOIN ogive.samplings s ON s.id = r.sampling_id
                WHERE s.prompt_set_id = e.id ORDER BY r.id) AS runs,
            (SELECT count(*) FROM ogive.samplings s WHERE s.prompt_set_id = e.id) AS samplings
        FROM ogive.prompt_sets e WHERE e.name = $1
        """
    /// $1 name.
    static let lockSet = "SELECT 1 FROM ogive.prompt_sets WHERE name = $1 FOR UPDATE"
    /// $1 prompt set. Its pairs go with the candidates.
    static let deleteSet = [
        """
        DELETE FROM ogive.candidate_rows WHERE prompt_id IN (
            SELECT id FROM ogive.prompt_rows WHERE prompt_set_id = $1)
        """,
        "DELETE FROM ogive.prompt_rows WHERE prompt_set_id = $1",
        "DELETE FROM ogive.prompt_sets WHERE id = $1",
    ]
}
