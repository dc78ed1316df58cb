/// SQL that adopts completions of others. All rows of a file wait in a temporary table until the
/// file is read; then they land page by page, as results of workers do.
enum AdoptionQueries {
    /// It lasts longer than the transaction that fills it.
    static let createRows = """
        CREATE TEMPORARY TABLE ogive_adopted (
            ordinal bigint NOT NULL, place integer NOT NULL, key text NOT NULL, text text,
            error text, reward float8, finish_reason text NOT NULL, token_count integer
        )
        """
    static let copyRows = "COPY pg_temp.ogive_adopted FROM STDIN (FORMAT binary)"
    static let indexRows =
        "CREATE INDEX ogive_adopted_key ON pg_temp.ogive_adopted (key, ordinal, place)"
    static let analyzeRows = "ANALYZE pg_temp.ogive_adopted"
    static let dropRows = "DROP TABLE pg_temp.ogive_adopted"

    /// The run of this name, if it adopted the same. $1 name, $2 digest of its scoring.
    static let former = """
        SELECT r.state, r.draws, e.prompts
        FROM ogive.runs r
        JOIN ogive.scorings g ON g.id = r.scoring_id
        JOIN ogive.samplings s ON s.id = r.sampling_id
        JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
        WHERE r.name = $1 AND g.spec_sha256 = $2
        """
    /// How many completions the prompts of a set have in the file: the most of one, and how many
    /// prompts have fewer, with the first of them. $1 name of the set.
    static let counts = """
        WITH present AS MATERIALIZED (
            SELECT p.id, p.prompt_set_id, p.key, coalesce(a.completions, 0) AS completions
            FROM ogive.prompt_rows p
            LEFT JOIN (
                SELECT key, count(*)::integer AS completions FROM pg_temp.ogive_adopted GROUP BY key
            ) a ON a.key = p.key
            WHERE p.prompt_set_id = (SELECT id FROM ogive.prompt_sets WHERE name = $1)
        ), most AS (
            SELECT max(completions) AS most FROM present
        )
        SELECT max(x.prompt_set_id) AS prompt_set, max(x.id) AS last, count(*) AS prompts,
            coalesce(max(x.completions), 0) AS most,
            count(*) FILTER (WHERE x.completions < m.most) AS uneven,
            (array_agg(x.key ORDER BY x.id) FILTER (WHERE x.completions < m.most))[1]
                AS uneven_key,
            (array_agg(x.completions ORDER BY x.id) FILTER (WHERE x.completions < m.most))[1]
                AS uneven_count
        FROM present x CROSS JOIN most m
        """
    /// Closes a run that no coordinator is to take up. $1 run.
    static let close =
        "UPDATE ogive.runs SET state = 'cancelled', finished_at = NULL WHERE id = $1"

    /// The tokens of completions that others sampled are no spending of the run. $1 run.
    static let forgetSpending = """
        UPDATE ogive.run_spending_rows SET policy_input = 0, policy_output = 0 WHERE run_id = $1
        """

    /// The next prompts, each with some of its completions, which are numbered in the order of the
    /// file; a prompt without one has a row of NULLs. `id + 0` names the paging index. $1 prompt
    /// set, $2 cursor, $3 last prompt, $4 most prompts, $5 first draw, $6 most draws.
    static let page = """
        SELECT p.id AS prompt_id, x.draw_index, x.text, x.error, x.reward, x.finish_reason,
            x.token_count
        FROM (
            SELECT id, key, id + 0 AS position FROM ogive.prompt_rows
            WHERE prompt_set_id = $1 AND id + 0 > $2 AND id + 0 <= $3
            ORDER BY id + 0 LIMIT $4
        ) p
        LEFT JOIN LATERAL (
            SELECT * FROM (
                SELECT (row_number() OVER (ORDER BY a.ordinal, a.place) - 1)::integer
                        AS draw_index,
                    a.text, a.error, a.reward, a.finish_reason, a.token_count
                FROM pg_temp.ogive_adopted a WHERE a.key = p.key
            ) n
            WHERE n.draw_index >= $5::integer AND n.draw_index < $5::integer + $6::integer
            OFFSET 0
        ) x ON true
        ORDER BY p.position, x.draw_index
        """
    /// How much of a page that has landed is stored otherwise: texts, which must not be, and
    /// rewards, of which a text has one. The parameters of `page`, $7 sampling, $8 scoring.
    static let differences = """
        SELECT count(*) FILTER (WHERE c.text IS DISTINCT FROM x.text) AS texts,
            count(*) FILTER (WHERE r.reward <> x.reward) AS rewards
        FROM (\(page)) x
        LEFT JOIN LATERAL (
            SELECT d.text FROM ogive.completion_rows d
            WHERE d.sampling_id = $7 AND d.prompt_id = x.prompt_id
                AND d.draw_index = x.draw_index OFFSET 0
        ) c ON true
        LEFT JOIN LATERAL (
            SELECT ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, x.draw_index) AS reward
            FROM ogive_internal.whole_tables t
            WHERE t.scoring_id = $8 AND t.prompt_id = x.prompt_id OFFSET 0
        ) r ON true
        """
}
