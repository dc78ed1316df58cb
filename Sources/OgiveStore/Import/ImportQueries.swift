/// SQL that imports prompts. Rows for an empty set go into its table; others wait in temporary
/// tables until the file is read.
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
            ordinal bigint NOT NULL, line bigint NOT NULL, key text NOT NULL,
            content_sha256 bytea NOT NULL, content jsonb NOT NULL, metadata jsonb NOT NULL
        ) ON COMMIT DROP
        """
    static let createCandidates = """
        CREATE TEMPORARY TABLE ogive_import_candidates (
            ordinal bigint NOT NULL, candidate_index integer NOT NULL, label text NOT NULL,
            text text NOT NULL, metadata jsonb NOT NULL
        ) ON COMMIT DROP
        """
    static let copyPrompts = "COPY pg_temp.ogive_import_prompts FROM STDIN (FORMAT binary)"
    static let copyIntoSet = """
        COPY ogive.prompt_rows (prompt_set_id, key, content_sha256, content, metadata)
        FROM STDIN (FORMAT binary)
        """
    /// What refuses a key that a set has.
    static let keyConstraint = "prompt_rows_set_key_key"
    static let copyCandidates = "COPY pg_temp.ogive_import_candidates FROM STDIN (FORMAT binary)"
    /// The planner knows nothing of temporary tables until told.
    static let analyze = "ANALYZE pg_temp.ogive_import_prompts, pg_temp.ogive_import_candidates"

    /// How many different prompts came.
    static let came = "SELECT count(DISTINCT key) FROM pg_temp.ogive_import_prompts"
    /// Whether the set $1 has no prompt.
    static let isEmpty =
        "SELECT NOT EXISTS (SELECT FROM ogive.prompt_rows WHERE prompt_set_id = $1)"
    /// Whether the set of this name has prompts. $1 name.
    static let isFilled = """
        SELECT EXISTS (SELECT FROM ogive.prompt_sets s WHERE s.name = $1
            AND EXISTS (SELECT FROM ogive.prompt_rows p WHERE p.prompt_set_id = s.id))
        """
    /// Whether no other import writes into the set of this name; then none does before this one's
    /// end. $1 name.
    static let takeTurn =
        "SELECT pg_try_advisory_xact_lock(hashtextextended('ogive import ' || $1, 0))"
    static let indexOrdinals = "CREATE INDEX ON pg_temp.ogive_import_prompts (ordinal)"
    /// All rows, into the empty set $1. Ids follow the order of the file.
    static let fill = """
        INSERT INTO ogive.prompt_rows (prompt_set_id, key, content_sha256, content, metadata)
        SELECT $1, s.key, s.content_sha256, s.content, s.metadata
        FROM pg_temp.ogive_import_prompts s ORDER BY s.ordinal
        """

    /// Rows with one key and two contents, within the file or against the set $1.
    static let conflicts = """
        WITH firsts AS (
            SELECT DISTINCT ON (key) * FROM pg_temp.ogive_import_prompts ORDER BY key, ordinal
        )
        SELECT s.ordinal, s.line, s.key, b.is_stored
        FROM pg_temp.ogive_import_prompts s
        JOIN (
            SELECT f.key, coalesce(p.content_sha256, f.content_sha256) AS content_sha256,
                p.id IS NOT NULL AS is_stored
            FROM firsts f
            LEFT JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = f.key
        ) b ON b.key = s.key
        WHERE s.content_sha256 <> b.content_sha256
        ORDER BY s.ordinal LIMIT 4
        """
    /// Keys that came again with the same content.
    static let duplicates = """
        SELECT s.key FROM (
            SELECT key, ordinal, row_number() OVER (PARTITION BY key ORDER BY ordinal) AS turn
            FROM pg_temp.ogive_import_prompts
        ) s
        LEFT JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
        WHERE s.turn > 1 OR p.id IS NOT NULL
        ORDER BY s.ordinal LIMIT 5
        """
    /// $1 set. Ids follow the order of the file.
    static let insertPrompts = """
        WITH firsts AS MATERIALIZED (
            SELECT DISTINCT ON (key) * FROM pg_temp.ogive_import_prompts ORDER BY key, ordinal
        ), fresh AS (
            INSERT INTO ogive.prompt_rows (prompt_set_id, key, content_sha256, content, metadata)
            SELECT $1, f.key, f.content_sha256, f.content, f.metadata
            FROM firsts f
            WHERE NOT EXISTS (
                SELECT FROM ogive.prompt_rows p WHERE p.prompt_set_id = $1 AND p.key = f.key)
            ORDER BY f.ordinal
            RETURNING id
        )
        SELECT count(*) AS prompts FROM fresh
        """
    /// $1 set. A prompt that comes again brings the candidates that it has not yet; their indexes
    /// follow those that are there, in the order of the file.
    static let insertCandidates = """
        WITH wanted AS (
            SELECT DISTINCT ON (p.id, c.label, c.text) p.id AS prompt_id, p.candidate_count,
                s.ordinal, c.candidate_index, c.label, c.text, c.metadata
            FROM pg_temp.ogive_import_candidates c
            JOIN pg_temp.ogive_import_prompts s ON s.ordinal = c.ordinal
            JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
            WHERE NOT EXISTS (
                SELECT FROM ogive.candidate_rows o
                WHERE o.prompt_id = p.id AND o.label = c.label AND o.text = c.text)
            ORDER BY p.id, c.label, c.text, s.ordinal, c.candidate_index
        ), fresh AS (
            INSERT INTO ogive.candidate_rows (prompt_id, candidate_index, label, text, metadata)
            SELECT prompt_id, candidate_count - 1 + row_number() OVER (
                    PARTITION BY prompt_id ORDER BY ordinal, candidate_index),
                label, text, metadata
            FROM wanted
            RETURNING prompt_id
        ), grown AS (
            UPDATE ogive.prompt_rows p SET candidate_count = p.candidate_count + f.added
            FROM (SELECT prompt_id, count(*)::integer AS added FROM fresh GROUP BY prompt_id) f
            WHERE p.id = f.prompt_id
        )
        SELECT count(*) AS candidates FROM fresh
        """
    /// $1 set. Rows with a chosen and a rejected candidate are pairs; one that is there already
    /// adds nothing.
    static let insertPairs = """
        WITH sides AS (
            SELECT p.id AS prompt_id, s.ordinal, c.label, o.candidate_index
            FROM pg_temp.ogive_import_candidates c
            JOIN pg_temp.ogive_import_prompts s ON s.ordinal = c.ordinal
            JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
            JOIN ogive.candidate_rows o
                ON o.prompt_id = p.id AND o.label = c.label AND o.text = c.text
            WHERE c.label IN ('chosen', 'rejected')
        ), wanted AS (
            SELECT a.prompt_id, a.candidate_index AS chosen, b.candidate_index AS rejected,
                min(a.ordinal) AS ordinal
            FROM sides a
            JOIN sides b ON b.ordinal = a.ordinal AND b.label = 'rejected'
            WHERE a.label = 'chosen'
            GROUP BY a.prompt_id, a.candidate_index, b.candidate_index
        )
        INSERT INTO ogive.candidate_pair_rows (prompt_id, pair_index, chosen_index, rejected_index)
        SELECT w.prompt_id, (
                SELECT count(*) FROM ogive.candidate_pair_rows r WHERE r.prompt_id = w.prompt_id
            ) - 1 + row_number() OVER (PARTITION BY w.prompt_id ORDER BY w.ordinal),
            w.chosen, w.rejected
        FROM wanted w
        WHERE NOT EXISTS (
            SELECT FROM ogive.candidate_pair_rows r
            WHERE r.prompt_id = w.prompt_id AND r.chosen_index = w.chosen
                AND r.rejected_index = w.rejected)
        """
    /// $1 set. How many different prompts came, and how many the set has now.
    static let size = """
        SELECT (SELECT count(DISTINCT key) FROM pg_temp.ogive_import_prompts) AS came,
            (SELECT prompts FROM ogive.prompt_sets WHERE id = $1) AS has
        """
    /// $1 set, $2 fields to name first. The fields in which the metadata of rows differ from those
    /// that are stored, or of the first row of their key.
    static let otherMetadata = """
        WITH firsts AS (
            SELECT DISTINCT ON (key) key, metadata
            FROM pg_temp.ogive_import_prompts ORDER BY key, ordinal
        ), others AS MATERIALIZED (
            SELECT s.ordinal, s.key, p.id IS NOT NULL AS is_stored,
                coalesce(p.metadata, f.metadata) AS kept, s.metadata AS came
            FROM pg_temp.ogive_import_prompts s
            JOIN firsts f ON f.key = s.key
            LEFT JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
            WHERE s.metadata <> coalesce(p.metadata, f.metadata)
        ), fields AS (
            SELECT o.ordinal, o.key, o.is_stored, n.field
            FROM others o
            CROSS JOIN LATERAL (
                SELECT jsonb_object_keys(o.kept) AS field
                UNION SELECT jsonb_object_keys(o.came)
            ) n
            WHERE o.kept -> n.field IS DISTINCT FROM o.came -> n.field
        )
        SELECT f.field, count(*) AS rows, (SELECT count(*) FROM others) AS all_rows,
            (array_agg(f.key ORDER BY f.ordinal))[1] AS key,
            (array_agg(f.is_stored ORDER BY f.ordinal))[1] AS is_stored
        FROM fields f
        GROUP BY f.field
        ORDER BY f.field = ANY ($2::text[]) DESC, min(f.ordinal), f.field
        LIMIT 3
        """
    /// $1 set. Prompts of this import that have candidates or pairs which it does not bring; after
    /// those that it brings are there. The first one's key.
    static let otherCandidates = """
        WITH came AS MATERIALIZED (
            SELECT p.id AS prompt_id, p.key, min(s.ordinal) AS ordinal
            FROM pg_temp.ogive_import_prompts s
            JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
            GROUP BY p.id, p.key
        ), brought AS MATERIALIZED (
            SELECT m.prompt_id, c.ordinal, c.label, c.text
            FROM pg_temp.ogive_import_candidates c
            JOIN pg_temp.ogive_import_prompts s ON s.ordinal = c.ordinal
            JOIN came m ON m.key = s.key
        ), kept AS (
            SELECT o.prompt_id FROM came m
            JOIN ogive.candidate_rows o ON o.prompt_id = m.prompt_id
            WHERE NOT EXISTS (
                SELECT FROM brought b WHERE b.prompt_id = o.prompt_id AND b.label = o.label
                    AND b.text = o.text)
            UNION
            SELECT r.prompt_id FROM came m
            JOIN ogive.candidate_pair_rows r ON r.prompt_id = m.prompt_id
            JOIN ogive.candidate_rows c
                ON c.prompt_id = r.prompt_id AND c.candidate_index = r.chosen_index
            JOIN ogive.candidate_rows d
                ON d.prompt_id = r.prompt_id AND d.candidate_index = r.rejected_index
            LEFT JOIN (
                SELECT x.prompt_id, x.text AS chosen, y.text AS rejected
                FROM brought x JOIN brought y ON y.ordinal = x.ordinal
                WHERE x.label = 'chosen' AND y.label = 'rejected'
            ) b ON b.prompt_id = r.prompt_id AND b.chosen = c.text AND b.rejected = d.text
            WHERE b.prompt_id IS NULL
        )
        SELECT m.key, count(*) OVER () AS count
        FROM kept k JOIN came m ON m.prompt_id = k.prompt_id
        ORDER BY m.ordinal LIMIT 1
        """
    /// $1 set. Candidates that were there with other metadata; the first one's key.
    static let otherCandidateMetadata = """
        SELECT s.key, count(*) OVER () AS count
        FROM pg_temp.ogive_import_candidates c
        JOIN pg_temp.ogive_import_prompts s ON s.ordinal = c.ordinal
        JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
        JOIN ogive.candidate_rows o
            ON o.prompt_id = p.id AND o.label = c.label AND o.text = c.text
        WHERE o.metadata <> c.metadata
        ORDER BY s.ordinal LIMIT 1
        """
    static let count = """
        UPDATE ogive.prompt_sets SET prompts = prompts + $2, candidates = candidates + $3
        WHERE id = $1 RETURNING prompts
        """
}
