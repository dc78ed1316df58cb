internal import OgiveCore
internal import Postgres

/// Decides which prompts of an adaptive run get more draws.
///
/// Only while nothing of the run is pending: then each draw that was asked for has a reward or a
/// failure, and so has each candidate. What is decided follows from the rewards of draws 0 to
/// target − 1 alone, whoever made them and in whatever order; a decision that is lost is found
/// again.
struct PromptTargets {
    let extent: RunExtent

    private static let pageSize = 1000

    init(_ extent: RunExtent) {
        self.extent = extent
    }

    /// Raises targets until something is pending or every prompt has enough; whether something is
    /// pending. Ends, since targets only rise, up to the most draws of the run.
    func resolve(_ connection: PostgresConnection) async throws -> Bool {
        guard extent.isAdaptive else { return try await extent.isPending(connection) }
        _ = try await connection.query(TargetQueries.lock, [.int64(extent.run)])
        let row = try await connection.query(RunQueries.byID, [.int64(extent.run)]).one()
        guard let rule = try RunDescription(row).spec.adaptive else {
            return try await extent.isPending(connection)
        }
        while true {
            if try await extent.isPending(connection) { return true }
            if try await raise(by: rule, connection) == 0 { return false }
        }
    }

    /// Raises each target once; how many rose.
    private func raise(
        by rule: AdaptiveDraws, _ connection: PostgresConnection
    ) async throws -> Int {
        var decision = TargetDecision(rule, max: Int(extent.draws))
        try await connection.forEachPage(
            TargetQueries.looks,
            [
                .int64(extent.promptSet), .int64(extent.run), .int64(extent.scoring),
                .int32(extent.firstDraws), .int32(extent.draws), .bool(rule.looksAtFirst),
            ], size: Self.pageSize
        ) { rows in
            for row in rows {
                decision.see(
                    PromptObservation(
                        prompt: PromptID(try row.decode("prompt_id")),
                        draws: try row.decode("draws"), count: try row.decode("count"),
                        ranks: try row.decode("ranks", as: [Int32].self).map(Int.init)))
            }
        }
        let raises = decision.raises()
        if raises.isEmpty { return 0 }
        try await connection.execute(
            TargetQueries.raise,
            [
                .int64(extent.run), .int64Array(raises.map(\.prompt.rawValue)),
                .int32Array(raises.map { Int32(clamping: $0.draws) }),
            ])
        let more = raises.reduce(0) { $0 + $1.draws - $1.from }
        try await connection.execute(
            TargetQueries.count, [.int64(extent.run), .int64(Int64(more))])
        return raises.count
    }
}

/// SQL on the draws that an adaptive run asks for of each prompt.
enum TargetQueries {
    /// Lets one decision come after the other. $1 run.
    static let lock = "SELECT FROM ogive.runs WHERE id = $1 FOR UPDATE"

    /// What is seen of each prompt that may get more. $1 prompt set, $2 run, $3 scoring, $4 draws
    /// of prompts without a target of their own, $5 most draws, $6 whether only the first draws
    /// are looked at, of prompts at the most draws as well. `width_bucket` counts the indexes that
    /// are below the end; the rewards of draws beyond it, which other runs may have asked for, are
    /// not looked at.
    static let looks = """
        SELECT p.id AS prompt_id, n.draws, m.count, ARRAY(
            SELECT (SELECT count(*) FROM unnest(t.draw_rewards[1:m.count]) u(reward)
                WHERE u.reward <= w.reward)::integer
            FROM ogive.candidate_reward_rows w
            WHERE w.scoring_id = $3 AND w.prompt_id = p.id
            ORDER BY w.candidate_index) AS ranks
        FROM ogive.prompt_rows p
        LEFT JOIN LATERAL (
            SELECT draws FROM ogive.prompt_target_rows
            WHERE run_id = $2 AND prompt_id = p.id OFFSET 0
        ) g ON true
        LEFT JOIN LATERAL (
            SELECT draw_indexes, draw_rewards FROM ogive_internal.whole_tables
            WHERE scoring_id = $3 AND prompt_id = p.id OFFSET 0
        ) t ON true
        CROSS JOIN LATERAL (SELECT coalesce(g.draws, $4::integer) AS draws) n
        CROSS JOIN LATERAL (SELECT coalesce(width_bucket(
            CASE WHEN $6::boolean THEN $4::integer ELSE n.draws END - 1, t.draw_indexes), 0)
            AS count) m
        WHERE p.prompt_set_id = $1 AND ($6::boolean OR n.draws < $5::integer)
        ORDER BY p.id
        """

    /// $1 run, $2 prompts, $3 their new targets.
    static let raise = """
        INSERT INTO ogive.prompt_target_rows AS g (run_id, prompt_id, draws, raises)
        SELECT $1, u.prompt_id, u.draws, 1
        FROM unnest($2::bigint[], $3::integer[]) u(prompt_id, draws)
        ORDER BY u.prompt_id
        ON CONFLICT (run_id, prompt_id) DO UPDATE SET draws = excluded.draws,
            raises = g.raises + 1
        """
    /// $1 run, $2 draws more than before.
    static let count = "UPDATE ogive.runs SET raised_draws = raised_draws + $2 WHERE id = $1"

    /// Lets a run give all prompts its draws again. $1 name.
    static let forget = """
        DELETE FROM ogive.prompt_target_rows g USING ogive.runs r
        WHERE r.name = $1 AND g.run_id = r.id AND r.min_draws IS NULL
        """
    /// Takes out the targets that a raised min_draws has overtaken. $1 name.
    static let overtake = """
        DELETE FROM ogive.prompt_target_rows g USING ogive.runs r
        WHERE r.name = $1 AND g.run_id = r.id AND g.draws <= r.min_draws
        """
    /// Counts anew what is asked for beyond min_draws. $1 name.
    static let recount = """
        UPDATE ogive.runs r SET raised_draws = coalesce((
            SELECT sum(g.draws - r.min_draws) FROM ogive.prompt_target_rows g
            WHERE g.run_id = r.id), 0)
        WHERE r.name = $1
        """
}
