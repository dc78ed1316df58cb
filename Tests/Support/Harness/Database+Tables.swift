internal import Postgres

extension Database {
    /// Every table and draw, bit for bit, by the prompt's key; equal for equal results.
    package func tables() async throws -> [String: String] {
        let rows = try await rows(
            """
            SELECT t.prompt_key, encode(array_send(t.rewards), 'hex') || ' '
                || encode(array_send(t.draw_indexes), 'hex') || ' '
                || encode(array_send(t.draw_rewards), 'hex') || ' ' || c.draws AS digest
            FROM ogive.quantile_tables t
            JOIN (
                SELECT prompt_key, md5(string_agg(draw_index || ' ' || md5(text) || ' '
                    || seed || ' ' || token_count || ' ' || finish_reason || ' '
                    || encode(float8send(sampled_log_probability), 'hex'), ','
                    ORDER BY draw_index)) AS draws
                FROM ogive.run_completions GROUP BY prompt_key
            ) c USING (prompt_key)
            """)
        return try Dictionary(
            uniqueKeysWithValues: rows.map { row in
                (try row.decode("prompt_key"), try row.decode("digest"))
            })
    }

    /// Holds what was submitted against what is there: each draw either has a completion and a
    /// reward, once, or a failure. Throws when that does not hold.
    package func checkSets() async throws {
        let row = try await rows(
            """
            WITH submitted AS (
                SELECT p.id AS prompt_id, i
                FROM ogive.runs r, ogive.prompt_rows p, generate_series(0, r.draws - 1) i
            ), committed AS (
                SELECT prompt_id, unnest(draw_indexes) AS i FROM ogive.quantile_table_rows
            ), failed AS (
                SELECT prompt_id, item_index AS i FROM ogive.failure_rows
                WHERE item_kind = 'draw'
            ), sampled AS (
                SELECT prompt_id, draw_index AS i FROM ogive.completion_rows
            )
            SELECT (SELECT count(*) FROM (
                    SELECT * FROM submitted
                    EXCEPT (SELECT * FROM committed UNION SELECT * FROM failed)) x) AS missing,
                (SELECT count(*) FROM (
                    (SELECT * FROM committed UNION SELECT * FROM failed)
                    EXCEPT SELECT * FROM submitted) x) AS unasked,
                (SELECT count(*) FROM (
                    SELECT * FROM committed INTERSECT SELECT * FROM failed) x) AS contradictory,
                (SELECT count(*) - count(DISTINCT (prompt_id, i)) FROM committed) AS doubled,
                (SELECT count(*) - count(DISTINCT (prompt_id, i)) FROM sampled) AS redrawn,
                (SELECT count(*) FROM (
                    SELECT * FROM committed EXCEPT SELECT * FROM sampled) x) AS textless
            """
        ).one()
        for name in ["missing", "unasked", "contradictory", "doubled", "redrawn", "textless"] {
            let count = try row.decode(name, as: Int.self)
            if count != 0 { throw Unexpected("set check: \(count) draws are \(name)") }
        }
    }
}
