/// SQL that imports prompts. All rows of a file wait in temporary tables until the file is read.
enum ImportQueries {
    static let insertSet = """
        INSERT INTO ogive.prompt_sets (name, created_at)
        VALUES ($1, to_timestamp($2::float8 / 1000000))
        ON CONFLICT (name) DO NOTHING
        """
    /// Two imports into one set come one after the other.
    static let lockSet = "SELECT id FROM ogive.prompt_sets WHERE name = $1 FOR UPDATE"

    static let createPrompts = """
        CREATE TEMPORARY TABLE ogive_import_prompts (
            ordinal bigint NOT NULL, key text NOT NULL, content_sha256 bytea NOT NULL,
            candidates_sha256 bytea NOT NULL, candidate_count integer NOT NULL,
            content jsonb NOT NULL, metadata jsonb NOT NULL
        ) ON COMMIT DROP
        """
    static let createCandidates = """
        CREATE TEMPORARY TABLE ogive_import_candidates (
            ordinal bigint NOT NULL, candidate_index integer NOT NULL, label text NOT NULL,
            text text NOT NULL, metadata jsonb NOT NULL
        ) ON COMMIT DROP
        """
    static let copyPrompts = "COPY pg_temp.ogive_import_prompts FROM STDIN (FORMAT binary)"
    static let copyCandidates = "COPY pg_temp.ogive_import_candidates FROM STDIN (FORMAT binary)"
    /// The planner knows nothing of temporary tables until told.
    static let analyze = "ANALYZE pg_temp.ogive_import_prompts, pg_temp.ogive_import_candidates"

    /// Rows with one key and two contents, within the file or against the set $1.
    static let conflicts = """
        WITH firsts AS (
            SELECT DISTINCT ON (key) * FROM pg_temp.ogive_import_prompts ORDER BY key, ordinal
        )
        SELECT s.ordinal, s.key, s.content_sha256 <> b.content_sha256 AS is_content, b.is_stored
        FROM pg_temp.ogive_import_prompts s
        JOIN (
            SELECT f.key, coalesce(p.content_sha256, f.content_sha256) AS content_sha256,
                coalesce(p.candidates_sha256, f.candidates_sha256) AS candidates_sha256,
                p.id IS NOT NULL AS is_stored
            FROM firsts f
            LEFT JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = f.key
        ) b ON b.key = s.key
        WHERE s.content_sha256 <> b.content_sha256 OR s.candidates_sha256 <> b.candidates_sha256
        ORDER BY s.ordinal LIMIT 4
        """
    /// Keys that came again with the same content.
    static let duplicates = """
        SELECT s.key FROM pg_temp.ogive_import_prompts s
        WHERE EXISTS (
                SELECT FROM ogive.prompt_rows p WHERE p.prompt_set_id = $1 AND p.key = s.key)
            OR EXISTS (
                SELECT FROM pg_temp.ogive_import_prompts e
                WHERE e.key = s.key AND e.ordinal < s.ordinal)
        ORDER BY s.ordinal LIMIT 5
        """
    /// $1 set. Ids follow the order of the file.
    static let insert = """
        WITH firsts AS MATERIALIZED (
            SELECT DISTINCT ON (key) * FROM pg_temp.ogive_import_prompts ORDER BY key, ordinal
        ), fresh AS (
            INSERT INTO ogive.prompt_rows (prompt_set_id, key, content_sha256, candidates_sha256,
                candidate_count, content, metadata)
            SELECT $1, f.key, f.content_sha256, f.candidates_sha256, f.candidate_count, f.content,
                f.metadata
            FROM firsts f
            WHERE NOT EXISTS (
                SELECT FROM ogive.prompt_rows p WHERE p.prompt_set_id = $1 AND p.key = f.key)
            ORDER BY f.ordinal
            RETURNING id, key
        ), fresh_candidates AS (
            INSERT INTO ogive.candidate_rows (prompt_id, candidate_index, label, text, metadata)
            SELECT n.id, c.candidate_index, c.label, c.text, c.metadata
            FROM fresh n
            JOIN firsts f ON f.key = n.key
            JOIN pg_temp.ogive_import_candidates c ON c.ordinal = f.ordinal
            RETURNING candidate_index
        )
        SELECT (SELECT count(*) FROM fresh) AS prompts,
            (SELECT count(*) FROM fresh_candidates) AS candidates
        """
    static let count = """
        UPDATE ogive.prompt_sets SET prompts = prompts + $2, candidates = candidates + $3
        WHERE id = $1
        """
}
