#!/usr/bin/env python3
"""Compares the mean reward of two runs over the same prompts, from SQL, paired by prompt.

    compare_runs.py BEFORE AFTER [--database URL]

Exit code 0: the second one is higher by more than twice the standard error of the difference; 1: it
is not; 2: wrong arguments, or nothing to compare.
"""
import argparse
import json
import sys

import psycopg

# A prompt's mean reward is one observation: draws of a prompt are not independent of one another.
COMPARISON = """
    WITH of_prompts AS (
        SELECT b.prompt_key, b.n AS before_n, a.n AS after_n,
            (SELECT avg(r) FROM unnest(b.rewards) r) AS before,
            (SELECT avg(r) FROM unnest(a.rewards) r) AS after
        FROM ogive.quantile_tables b JOIN ogive.quantile_tables a USING (prompt_key)
        WHERE b.run = %s AND a.run = %s AND b.complete AND a.complete
    )
    SELECT count(*) AS prompts, sum(before_n)::bigint AS before_draws,
        sum(after_n)::bigint AS after_draws,
        avg(before) AS before, stddev_samp(before) / sqrt(count(*)) AS before_error,
        avg(after) AS after, stddev_samp(after) / sqrt(count(*)) AS after_error,
        avg(after - before) AS gain, stddev_samp(after - before) / sqrt(count(*)) AS gain_error
    FROM of_prompts"""


def compare(connection, before, after):
    """Numbers of prompts and draws, both means, their difference, and the standard errors."""
    for run in before, after:
        connection.execute("SELECT ogive.run_id(%s)", [run])    # an error where there is none
    cursor = connection.execute(COMPARISON, [before, after])
    found = dict(zip((column.name for column in cursor.description), cursor.fetchone()))
    if found["prompts"] < 2:
        raise ValueError(f"runs '{before}' and '{after}' share {found['prompts']} complete prompts")
    return found


def main():
    """Prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--database", default="", help="a libpq URL or connection string")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        with psycopg.connect(arguments.database) as connection:
            found = compare(connection, arguments.before, arguments.after)
    except (ValueError, psycopg.Error) as error:
        print(f"compare_runs: {str(error).strip()}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps(found))
    else:
        print(f"{found['prompts']} held-out prompts, mean reward ± standard error over prompts")
        for name in "before", "after":
            print(f"  {name:6} {found[name]:8.4f} ± {found[name + '_error']:.4f}   "
                  f"({found[name + '_draws']} draws)")
        print(f"  gain   {found['gain']:+8.4f} ± {found['gain_error']:.4f}   (paired by prompt)")
    return 0 if found["gain"] > 2 * found["gain_error"] else 1


if __name__ == "__main__":
    sys.exit(main())
