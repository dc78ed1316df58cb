CREATE OR REPLACE FUNCTION ogive.prompt_sha256(
    sampling bigint, prompt bigint, draw_indexes integer[], draw_rewards float8[],
    unscored_indexes integer[], candidate_indexes integer[], candidate_rewards float8[],
    candidate_log_probabilities float8[]
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sha256(sha256(convert_to(p.key, 'UTF8')) || sha256(convert_to(p.content::text, 'UTF8'))
        || int4send(cardinality(prompt_sha256.draw_indexes || unscored_indexes))
        || coalesce((
            SELECT string_agg(int4send(c.draw_index)
                || sha256(coalesce(c.raw, convert_to(c.text, 'UTF8')))
                || sha256(convert_to(c.finish_reason, 'UTF8'))
                || ogive.optional_bytes(c.token_count) || ogive.optional_bytes(c.log_probability)
                || ogive.optional_bytes(d.reward), '' ORDER BY c.draw_index)
            FROM (
                SELECT u.index, u.reward FROM unnest(prompt_sha256.draw_indexes, draw_rewards)
                    u(index, reward)
                UNION ALL
                SELECT u.index, NULL FROM unnest(unscored_indexes) u(index)
            ) d
            JOIN ogive_internal.completions(prompt_sha256.sampling, prompt_sha256.prompt,
                2147483647) c ON c.draw_index = d.index), '')
        || int4send(cardinality(prompt_sha256.candidate_indexes))
        || coalesce((
            SELECT string_agg(int4send(k.candidate_index)
                || sha256(convert_to(k.label, 'UTF8')) || sha256(convert_to(k.text, 'UTF8'))
                || ogive.optional_bytes(u.reward) || ogive.optional_bytes(u.log_probability), ''
                ORDER BY k.candidate_index)
            FROM unnest(prompt_sha256.candidate_indexes, candidate_rewards,
                candidate_log_probabilities) u(index, reward, log_probability)
            JOIN ogive.candidate_rows k ON k.prompt_id = prompt_sha256.prompt
                AND k.candidate_index = u.index), ''))
    FROM ogive.prompt_rows p WHERE p.id = prompt_sha256.prompt
$$;

COMMENT ON FUNCTION ogive.prompt_sha256(bigint, bigint, integer[], float8[], integer[], integer[],
    float8[], float8[]) IS
    'SHA-256 of what a snapshot holds of a prompt: key, content, draws and candidates with their '
    'texts, rewards and log-probabilities, as the documentation of snapshots spells out.';

GRANT EXECUTE ON FUNCTION ogive.prompt_sha256(bigint, bigint, integer[], float8[], integer[],
    integer[], float8[], float8[])
    TO ogive_reader, ogive_writer;
