#!/usr/bin/env python3
"""Do the intervals cover as often as they say, and are the draws what was declared?

    Tests/Benchmarks/precision/coverage.py

For each of three distributions a synthetic run lands in PostgreSQL; one candidate a prompt is drawn
from the same distribution by another generator, so that its true quantile reward F is uniform
(discrete: uniform over the values that F takes). The SQL functions make the intervals. Each share
that covers is compared with its exact expectation for this design, in units of its binomial error,
and with the nominal level. All draws, transformed by the true distribution function (discrete:
randomised), are tested against the uniform distribution (Kolmogorov and Smirnov). Prints Markdown;
`--json FILE` keeps everything. Exit code 1: something is not as expected.
"""
import argparse
import json
import math
import random
import sys
import tempfile
from pathlib import Path

from runs import LAWS, ROOT, Place, array, candidates, synthetic, write_prompts

LEVEL = 0.95
SHARES = (0.1, 0.5)


def binomial_above(n, p, k):
    """Pr[B ≥ k] for B binomial (n, p)."""
    return sum(math.comb(n, i) * p**i * (1 - p)**(n - i) for i in range(max(k, 0), n + 1))


def expected_share(law, intervals, n):
    """The exact coverage of the intervals, one for each k, where F is that of a random reward."""
    if law.values:
        shares = [law.cdf(value) for value in law.values]
        return sum(math.comb(n, k) * f**k * (1 - f)**(n - k)
                   for f in shares for k, (low, high) in enumerate(intervals)
                   if low - 1e-12 <= f <= high + 1e-12) / len(shares)
    return sum(binomial_above(n + 1, high, k + 1) - binomial_above(n + 1, low, k + 1)
               for k, (low, high) in enumerate(intervals)) / (n + 1)


def kolmogorov(x):
    """Pr[√n D > x] for large n."""
    terms = (2 * (-1)**(j - 1) * math.exp(-2 * j * j * x * x) for j in range(1, 101))
    return min(1.0, max(0.0, sum(terms))) if x > 0.2 else 1.0


def distance(law, rewards):
    """sup |F̂ − F| of one table."""
    n = len(rewards)
    if law.values:
        return max(abs(sum(r <= v for r in rewards) / n - law.cdf(v)) for v in law.values)
    shares = [law.cdf(r) for r in rewards]
    return max(max((i + 1) / n - f, f - i / n) for i, f in enumerate(shares))


def judged(what, n, covered, count, expected, note=""):
    """One line of the table: a share that covers."""
    share = covered / count
    error = math.sqrt(max(expected * (1 - expected), 1e-9) / count)
    return {"what": what, "n": n, "coverage": share, "expected": expected,
            "z": (share - expected) / error, "note": note}


def shares_of(place, file, law, name, n):
    """Coverage of intervals for quantile rewards."""
    lines = []
    for method in ("wilson", "jeffreys"):
        # One interval for each k, which many prompts share.
        by_rank = [tuple(map(float, row)) for row in place.rows(file, f"""
            SELECT i.lower, i.upper FROM generate_series(0, {n}) k
            CROSS JOIN LATERAL ogive.share_interval(k, {n}, {LEVEL}, '{method}') i ORDER BY k""")]
        rows = place.rows(file, f"""
            SELECT c.reward, round({n} * ogive.quantile_reward(ogive.first_rewards(
                t.draw_indexes, t.draw_rewards, {n}), c.reward))::integer
            FROM ogive.candidates c JOIN ogive.quantile_tables t USING (run_id, prompt_id)
            WHERE c.run = '{name}'""")
        covered = sum(by_rank[int(k)][0] - 1e-12 <= law.cdf(float(reward))
                      <= by_rank[int(k)][1] + 1e-12 for reward, k in rows)
        lines.append(judged(method, n, covered, len(rows), expected_share(law, by_rank, n)))
    return lines


def quantiles_of(place, file, law, name, n):
    """Coverage of intervals for quantiles of reward."""
    lines = []
    for p in SHARES:
        rows = place.rows(file, f"""
            SELECT i.lower, i.upper, i.coverage FROM ogive.quantile_tables t
            CROSS JOIN LATERAL ogive.quantile_interval(ogive.first_rewards(
                t.draw_indexes, t.draw_rewards, {n}), {p}, {LEVEL}) i WHERE t.run = '{name}'""")
        truth = law.quantile(p)
        covered = sum(float(low) - 1e-9 <= truth <= float(high) + 1e-9 for low, high, _ in rows)
        said = float(rows[0][2])
        if law.values:
            # Of 1, 2, … n the interval's ends are their own ranks.
            low, high = (float(x) for x in place.rows(file, f"""
                SELECT i.lower, i.upper FROM ogive.quantile_interval(
                    ARRAY(SELECT k::float8 FROM generate_series(1, {n}) k), {p}, {LEVEL}) i""")[0])
            expected = (1.0 if math.isinf(low) else binomial_above(n, law.cdf(truth), int(low))) - (
                0.0 if math.isinf(high) else binomial_above(n, law.below(truth), int(high)))
        else:
            expected = said
        lines.append(judged(f"quantile {p}", n, covered, len(rows), expected,
                            f"says {said:.4f}"))
    return lines


def measure(place, law, options):
    """One run and all that is asked of it."""
    name = law.name
    prompts = place.folder / f"coverage-{name}.jsonl"
    write_prompts(prompts, candidates(law, options.prompts, 1, f"coverage {name}"))
    file = place.run(f"coverage-{name}", synthetic(law, prompts, {"draws": options.draws}))
    name = f"coverage-{name}"
    lines = []
    for n in sorted({32, options.draws}):
        if n > options.draws:
            continue
        lines += shares_of(place, file, law, name, n)
    lines += quantiles_of(place, file, law, name, options.draws)
    tables = [array(row[0]) for row in place.rows(
        file, f"SELECT rewards FROM ogive.quantile_tables WHERE run = '{name}' ORDER BY prompt_id")]
    half = float(place.rows(file, f"SELECT ogive.band_half_width({options.draws}, {LEVEL})")[0][0])
    inside = sum(distance(law, table) <= half for table in tables)
    lines.append({"what": "DKW band", "n": options.draws, "coverage": inside / len(tables),
                  "expected": None, "z": None, "note": "at least nominal"})
    dice = random.Random(7)
    pooled = sorted(
        law.below(r) + dice.random() * (law.cdf(r) - law.below(r)) if law.values else law.cdf(r)
        for table in tables for r in table)
    n = len(pooled)
    d = max(max((i + 1) / n - u, u - i / n) for i, u in enumerate(pooled))
    return {"law": law.name, "prompts": len(tables), "lines": lines,
            "ks": {"n": n, "D": d, "p": kolmogorov(math.sqrt(n) * d)}}


def is_right(line):
    """Whether a share is within 4 binomial errors of its expectation, a band not below 1 %."""
    if line["z"] is None:
        return line["coverage"] >= LEVEL - 0.01
    return abs(line["z"]) < 4


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--laws", default="normal,exponential,discrete")
    parser.add_argument("--ogive", type=Path, default=ROOT / ".build/release/ogive")
    parser.add_argument("--folder", type=Path, help="keeps the database there, to go on with")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(options.folder or folder, options.ogive)
        results = [measure(place, law, options) for law in LAWS
                   if law.name in options.laws.split(",")]
    print("| rewards | interval | n | covers | expected exactly | z | |\n"
          "|---|---|---|---|---|---|---|")
    for result in results:
        for line in result["lines"]:
            exact = "" if line["expected"] is None else f"{line['expected']:.4f}"
            z = "" if line["z"] is None else f"{line['z']:+.1f}"
            print(f"| {result['law']} | {line['what']} | {line['n']} | {line['coverage']:.4f} "
                  f"| {exact} | {z} | {line['note']} |")
    for result in results:
        ks = result["ks"]
        print(f"\n{result['law']}: {ks['n']} draws, D = {ks['D']:.6f}, p = {ks['p']:.3f}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    good = all(is_right(line) for result in results for line in result["lines"]) and all(
        result["ks"]["p"] > 0.001 for result in results)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
