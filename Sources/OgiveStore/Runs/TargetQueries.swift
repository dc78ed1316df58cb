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
