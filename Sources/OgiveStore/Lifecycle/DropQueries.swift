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

    /// The tables of scorings, with their sizes in bytes. $1 scorings.
    static let scoringTables = tables([
        "quantile_table_rows", "candidate_reward_rows", "reward_part_rows",
    ])
    /// The tables of samplings. $1 samplings.
    static let samplingTables = tables(["completion_rows", "candidate_log_probability_rows"])

    private static func tables(_ parents: [String]) -> String {
        """
        SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent IN (\(parents.map { "'ogive.\($0)'::regclass" }.joined(separator: ", ")))
            AND c.relname = ANY (SELECT p || '_' || id FROM unnest($1::bigint[]) id,
                unnest(ARRAY[\(parents.map { "'\($0)'" }.joined(separator: ", "))]) p)
        ORDER BY c.relname
        """
    }

    /// Names of tables are those that `scoringTables` and `samplingTables` found.
    static func drop(_ table: String) -> String { "DROP TABLE ogive.\(table)" }
    /// $1 run. Its spending and its targets go with it.
    static let deleteRun = "DELETE FROM ogive.runs WHERE id = $1"
    /// $1 scorings. Their failures and counters go with them.
    static let deleteScorings = "DELETE FROM ogive.scorings WHERE id = ANY($1)"
    /// $1 sampling.
    static let deleteSampling = "DELETE FROM ogive.samplings WHERE id = $1"
}
