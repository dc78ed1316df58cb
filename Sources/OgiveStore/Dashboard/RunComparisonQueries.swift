internal import OgiveCore

/// SQL behind the dashboard's comparisons of runs, of their reference versions and snapshots. Each
/// looks at some prompts, by the index, and leaves the definitions to the functions of `ogive`.
enum RunComparisonQueries {
    /// Runs that share the completions, or prompts and scorer. $1 run.
    static let related = """
        SELECT o.run_id, o.run, o.sampling_id = r.sampling_id AS shares_completions,
            coalesce(o.sampling_spec #>> '{policy,model}', '') AS policy,
            o.sampling_spec #>> '{policy,revision}' AS revision,
            coalesce(o.scoring_spec #>> '{scorer,model}', '') AS scorer
        FROM ogive.run_specifications r
        JOIN ogive.run_specifications o ON o.prompt_set_id = r.prompt_set_id
            AND CASE WHEN o.sampling_id = r.sampling_id THEN o.scoring_id <> r.scoring_id
                ELSE o.scoring_spec -> 'scorer' = r.scoring_spec -> 'scorer' END
        WHERE r.run_id = $1 ORDER BY o.run_id DESC LIMIT \(RelatedRun.most)
        """
    /// $1 run.
    static let snapshots = """
        SELECT snapshot_id, snapshot, complete, draws, rewards, failures, candidates, sha256,
            \(DashboardQueries.time("made_at")) AS made_at
        FROM ogive.snapshots WHERE run_id = $1 ORDER BY snapshot_id DESC
        LIMIT \(SnapshotOverview.most)
        """

    /// $1 run, $2 scoring, $3 prompt set, $4 most prompts, $5 and $6 the names of the runs, $7
    /// shares of quantiles, $8 most characters.
    static func drift(isAll: Bool, hasPValues: Bool) -> String {
        """
        WITH places AS MATERIALIZED (\(DashboardQueries.places(isAll: isAll)))
        SELECT d.prompt_id, \(DashboardQueries.cut("d.prompt_key", "key", "$8")), d.n, d.other_n,
            d.ks_distance, \(hasPValues ? "d.ks_p_value" : "NULL::float8 AS ks_p_value"), d.mean,
            d.other_mean, d.quantile_shifts
        FROM places p
        CROSS JOIN LATERAL (
            SELECT v.* FROM ogive.drift($5, $6, $7) v WHERE v.prompt_id = p.prompt_id OFFSET 0
        ) d
        ORDER BY d.ks_distance DESC, d.prompt_id
        """
    }
    /// $1 and $2 the names of the runs.
    static let moved = "SELECT moved FROM ogive.drift_summary($1, $2)"

    /// $1 run, $2 scoring, $3 prompt set, $4 most prompts, $5 and $6 snapshots, 0 for what is there
    /// now, $7 most characters.
    static func snapshots(isAll: Bool) -> String {
        func table(_ snapshot: String) -> String {
            """
            SELECT t.n, t.rewards, t.draw_indexes, t.draw_rewards, t.candidate_indexes,
                t.candidate_rewards
            FROM ogive.run_tables t
            WHERE t.run_id = $1 AND t.scoring_id = $2 AND t.snapshot_id = \(snapshot)
                AND t.prompt_id = p.prompt_id OFFSET 0
            """
        }
        return """
            WITH places AS MATERIALIZED (\(DashboardQueries.places(isAll: isAll)))
            SELECT p.prompt_id, \(DashboardQueries.cut("k.prompt_key", "key", "$7")),
                coalesce(a.n, 0) AS n, coalesce(b.n, 0) AS other_n,
                (a.draw_indexes, a.draw_rewards, a.candidate_indexes, a.candidate_rewards)
                    IS NOT DISTINCT FROM (b.draw_indexes, b.draw_rewards, b.candidate_indexes,
                        b.candidate_rewards) AS is_same,
                ogive.ks_distance(a.rewards, b.rewards) AS ks_distance, x.value AS mean,
                y.value AS other_mean
            FROM places p
            JOIN ogive.prompts k ON k.prompt_id = p.prompt_id
            LEFT JOIN LATERAL (\(table("$5"))) a ON true
            LEFT JOIN LATERAL (\(table("$6"))) b ON true
            CROSS JOIN LATERAL ogive.mean_value(a.rewards) x
            CROSS JOIN LATERAL ogive.mean_value(b.rewards) y
            ORDER BY ks_distance DESC NULLS LAST, p.prompt_id
            """
    }
}
