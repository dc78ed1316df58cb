/// SQL of snapshots: made and checked in the database, where the rows are.
enum SnapshotQueries {
    /// Reads all draws of the run. $1 run, $2 name, $3 microseconds, $4 whether pending items are
    /// fine, $5 version of the program.
    static let make = """
        SELECT ogive.make_snapshot(
            $1, $2, timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4, $5)
        """

    private static let columns = """
        SELECT run, snapshot, complete, prompts, draws, rewards, failures, candidates, sha256,
            manifest::text AS manifest, snapshot_id, scoring_id,
            to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS made_at
        FROM ogive.snapshots
        """
    /// All snapshots, or those of a run. $1 run or NULL.
    static let list = columns + " WHERE run = coalesce($1, run) ORDER BY run_id, snapshot_id"
    /// $1 run, $2 name.
    static let one = columns + " WHERE run = $1 AND snapshot = $2"

    /// Prompts of a run's snapshots that are not what they were, and snapshots whose prompts are
    /// not those that were pinned. $1 run.
    static let problems = """
        SELECT 'snapshot "' || s.name || '": prompt ' || m.prompt_id
            || ' is not what was pinned' AS problem
        FROM ogive.snapshot_rows s
        JOIN ogive.runs r ON r.id = s.run_id
        JOIN ogive.snapshot_table_rows m ON m.snapshot_id = s.id
        WHERE r.name = $1 AND (
            m.sha256 IS DISTINCT FROM ogive.prompt_sha256(s.sampling_id, m.prompt_id,
                m.draw_indexes, m.draw_rewards, m.unscored_indexes, m.candidate_indexes,
                m.candidate_rewards, m.candidate_log_probabilities)
            OR m.rewards <> ARRAY(SELECT u.reward FROM unnest(m.draw_rewards) u(reward) ORDER BY 1))
        UNION ALL
        SELECT 'snapshot "' || s.name || '": its checksum is not that of its prompts'
        FROM ogive.snapshot_rows s
        JOIN ogive.runs r ON r.id = s.run_id
        WHERE r.name = $1 AND s.sha256 IS DISTINCT FROM (
            SELECT sha256(coalesce(string_agg(m.sha256, '' ORDER BY p.key COLLATE "C"), ''))
            FROM ogive.snapshot_table_rows m
            JOIN ogive.prompt_rows p ON p.id = m.prompt_id
            WHERE m.snapshot_id = s.id)
        """
}
