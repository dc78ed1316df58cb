CREATE OR REPLACE FUNCTION ogive.choose_pairs(
    strategy text, draw_rewards float8[], candidate_rewards float8[], candidate_labels text[],
    k integer DEFAULT 6, pairs integer DEFAULT 1, salt text DEFAULT ''
)
RETURNS TABLE (pair_index integer, chosen integer, rejected integer)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 3
AS $$
DECLARE
    n integer := cardinality(draw_rewards);
    first_rewards float8[] := draw_rewards[1:k];
    sorted float8[];
    worst float8;
    high integer[];
    low integer[];
    ranks integer[];
    quantiles float8[];
BEGIN
    IF (k >= 2 AND pairs >= 1) IS NOT TRUE THEN
        RAISE EXCEPTION 'k must be at least 2 and pairs at least 1, not % and %', k, pairs
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE strategy
    WHEN 'labels' THEN
        RETURN QUERY SELECT 0, n + array_position(candidate_labels, 'chosen'),
                n + array_position(candidate_labels, 'rejected')
            WHERE array_position(candidate_labels, 'chosen') IS NOT NULL
                AND array_position(candidate_labels, 'rejected') IS NOT NULL;
    WHEN 'best-worst' THEN
        RETURN QUERY SELECT 0, b.best, b.worst FROM (
            SELECT (array_agg(u.place::integer ORDER BY u.reward DESC, u.place))[1] AS best,
                (array_agg(u.place::integer ORDER BY u.reward, u.place))[1] AS worst
            FROM unnest(first_rewards) WITH ORDINALITY u(reward, place)) b
            WHERE b.best <> b.worst;
    WHEN 'first-two' THEN
        RETURN QUERY SELECT 0, CASE WHEN draw_rewards[2] >= draw_rewards[1] THEN 2 ELSE 1 END,
                CASE WHEN draw_rewards[2] >= draw_rewards[1] THEN 1 ELSE 2 END
            WHERE n >= 2;
    WHEN 'consecutive' THEN
        RETURN QUERY SELECT g.pair,
                CASE WHEN draw_rewards[2 * g.pair + 1] >= draw_rewards[2 * g.pair + 2]
                    THEN 2 * g.pair + 1 ELSE 2 * g.pair + 2 END,
                CASE WHEN draw_rewards[2 * g.pair + 1] >= draw_rewards[2 * g.pair + 2]
                    THEN 2 * g.pair + 2 ELSE 2 * g.pair + 1 END
            FROM generate_series(0, least(k, n) / 2 - 1) g(pair);
    WHEN 'balanced' THEN
        IF n < 2 OR n + cardinality(candidate_rewards) < 2 * pairs THEN
            RETURN;
        END IF;
        sorted := ARRAY(SELECT u.reward FROM unnest(draw_rewards) u(reward) ORDER BY 1);
        SELECT array_agg(u.place ORDER BY u.quantile DESC, u.coin),
            array_agg(u.quantile ORDER BY u.quantile DESC, u.coin)
        INTO ranks, quantiles
        FROM (
            SELECT i.place::integer, ogive.quantile_reward(sorted, i.reward) AS quantile,
                md5(salt || ' first ' || i.place) AS coin
            FROM unnest(draw_rewards || candidate_rewards) WITH ORDINALITY i(reward, place)
        ) u;
        -- The best; against it the first of the worst, else the next one in the middle.
        worst := greatest(0.2, 1 / n::float8);
        pair_index := 0;
        chosen := ranks[1];
        rejected := ranks[(SELECT g FROM generate_subscripts(quantiles, 1) g WHERE g > 1
            ORDER BY CASE WHEN quantiles[g] >= 1 THEN 2 WHEN quantiles[g] <= worst THEN 0
                ELSE 1 END, g LIMIT 1)];
        RETURN NEXT;
        high := ARRAY(SELECT ranks[g] FROM generate_subscripts(ranks, 1) g
            WHERE ranks[g] NOT IN (chosen, rejected) AND quantiles[g] >= 0.5
            ORDER BY md5(salt || ' rest ' || ranks[g]));
        low := ARRAY(SELECT ranks[g] FROM generate_subscripts(ranks, 1) g
            WHERE ranks[g] NOT IN (chosen, rejected) AND quantiles[g] < 0.5
            ORDER BY md5(salt || ' rest ' || ranks[g]));
        FOR pair IN 1..pairs - 1 LOOP
            pair_index := pair;
            IF cardinality(high) > 0 THEN
                chosen := high[1];
                high := high[2:];
            ELSE
                chosen := low[1];
                low := low[2:];
            END IF;
            IF cardinality(low) > 0 THEN
                rejected := low[1];
                low := low[2:];
            ELSE
                rejected := high[1];
                high := high[2:];
            END IF;
            IF quantiles[array_position(ranks, chosen)]
                < quantiles[array_position(ranks, rejected)] THEN
                SELECT c.rejected, c.chosen INTO chosen, rejected
                FROM (SELECT chosen, rejected) c(chosen, rejected);
            END IF;
            RETURN NEXT;
        END LOOP;
    ELSE
        PERFORM ogive.is_one_of('strategy', strategy,
            'labels', 'best-worst', 'first-two', 'consecutive', 'balanced');
    END CASE;
END
$$;

COMMENT ON FUNCTION ogive.choose_pairs(text, float8[], float8[], text[], integer, integer, text) IS
    'Pairs of a prompt, as places in draw_rewards || candidate_rewards. labels: the first '
    'candidates labelled chosen and rejected. Of QRPO''s code: best-worst of the first k draws; '
    'first-two; consecutive pairs of the first k draws. balanced, of swiss-ai/posttraining: the '
    'best against the first of the worst fifth, then the upper against the lower half in an order '
    'that salt decides. None where the best is the worst, or where there are too few.';

GRANT EXECUTE ON FUNCTION
    ogive.choose_pairs(text, float8[], float8[], text[], integer, integer, text)
    TO ogive_reader, ogive_writer;
