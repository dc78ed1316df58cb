/// SQL on the log-probabilities of candidates: one row is the one outcome of a candidate under a
/// sampling's policy, a failure as much as a number.
enum LogProbabilityQueries {
    /// Prompts of which a candidate has no outcome. $1 prompt set, $5 sampling.
    static let pending = """
        SELECT FROM ogive.prompt_rows p
        WHERE p.prompt_set_id = $1 AND p.candidate_count > 0 AND p.candidate_count > (
            SELECT count(*) FROM ogive.candidate_log_probability_rows l
            WHERE l.sampling_id = $5 AND l.prompt_id = p.id)
        """
    /// Candidates without an outcome. $1 sampling, $2 prompts.
    static let untold = """
        SELECT k.prompt_id, k.candidate_index, k.text
        FROM ogive.candidate_rows k
        WHERE k.prompt_id = ANY($2) AND NOT EXISTS (
            SELECT FROM ogive.candidate_log_probability_rows l
            WHERE l.sampling_id = $1 AND l.prompt_id = k.prompt_id
                AND l.candidate_index = k.candidate_index)
        ORDER BY k.prompt_id, k.candidate_index
        """
    /// Forgets failures of the run with this scoring, where it asks for log-probabilities: $1 run,
    /// $2 code, $3 stage, $4 prompt key, NULL for any.
    static let retry = """
        WITH gone AS (
            DELETE FROM ogive.candidate_log_probability_rows l
            USING ogive.runs r
            WHERE r.id = $1 AND r.candidate_log_probabilities
                AND l.sampling_id = r.sampling_id AND l.code IS NOT NULL
                AND ($2::text IS NULL OR l.code = $2)
                AND ($3::text IS NULL OR $3 = 'logprob')
                AND ($4::text IS NULL OR l.prompt_id IN (
                    SELECT p.id FROM ogive.prompt_rows p
                    JOIN ogive.samplings s ON s.prompt_set_id = p.prompt_set_id
                    WHERE s.id = r.sampling_id AND p.key = $4))
            RETURNING l.sampling_id
        ), counted AS (
            UPDATE ogive.sampling_progress a
            SET candidate_log_probability_failures = a.candidate_log_probability_failures - g.gone
            FROM (SELECT sampling_id, count(*) AS gone FROM gone GROUP BY sampling_id) g
            WHERE a.sampling_id = g.sampling_id
        )
        SELECT count(*) AS gone FROM gone
        """
    /// Candidates without a log-probability, with the failure when there is one. $1 prompt set,
    /// $2 sampling.
    static let missing = """
        SELECT p.id AS prompt_id, p.key AS prompt_key, k.candidate_index AS item_index,
            'candidate_logprob' AS item_kind, true AS has_text,
            CASE WHEN l.code IS NOT NULL THEN 'logprob' END AS stage, l.code, l.message,
            0 AS target
        FROM ogive.prompt_rows p
        JOIN ogive.candidate_rows k ON k.prompt_id = p.id
        LEFT JOIN ogive.candidate_log_probability_rows l ON l.sampling_id = $2
            AND l.prompt_id = p.id AND l.candidate_index = k.candidate_index
        WHERE p.prompt_set_id = $1 AND l.log_probability IS NULL
        ORDER BY p.id, k.candidate_index
        """
}
