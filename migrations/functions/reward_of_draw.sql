CREATE OR REPLACE FUNCTION ogive.reward_of_draw(
    draw_indexes integer[], draw_rewards float8[], draw_index integer
) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN draw_indexes[width_bucket(draw_index, draw_indexes)] = draw_index
        THEN draw_rewards[width_bucket(draw_index, draw_indexes)] END
$$;

COMMENT ON FUNCTION ogive.reward_of_draw(integer[], float8[], integer) IS
    'The reward of a draw, found by binary search in ascending draw indexes; NULL when it has '
    'none.';

GRANT EXECUTE ON FUNCTION ogive.reward_of_draw(integer[], float8[], integer)
    TO ogive_reader, ogive_writer;
