#!/usr/bin/env python3
"""What optional stopping does to a quantile reward: exactly, by enumerating all outcomes.

    Tests/Benchmarks/precision/bias.py

For a candidate whose true quantile reward is F the number of draws ≤ its reward is a random walk
that the rule stops; its distribution is computed, not simulated. Compared with as many draws for
all (fixed n, the mean of the adaptive one), and with the first `min` draws alone. Needs nothing but
Python. Prints Markdown; `--json FILE` keeps it.
"""
import argparse
import json
import math
from pathlib import Path

from rule import following, outcomes, weights, wilson


def figures(p, ended):
    """Mean n, bias, root mean square error, and how often Wilson's interval covers."""
    mean = sum(n * c for (n, _), c in ended.items())
    bias = sum(k / n * c for (n, k), c in ended.items()) - p
    error = math.sqrt(sum((k / n - p)**2 * c for (n, k), c in ended.items()))
    covers = sum(c for (n, k), c in ended.items()
                 if wilson(k, n)[0] - 1e-12 <= p <= wilson(k, n)[1] + 1e-12)
    return {"F": p, "n": mean, "bias": bias, "rmse": error, "covers": covers}


def fixed(p, n):
    """The same for a number that depends on nothing."""
    return figures(p, {(n, k): c for k, c in enumerate(weights(n, p))})


def averaged(rows):
    """Over F, which is uniform for completions of the reference policy itself."""
    def mean(key, power=1):
        return (sum(abs(row[key])**power for row in rows) / len(rows))**(1 / power)
    return {"F": "mean over F", "n": mean("n"), "bias": mean("bias"), "rmse": mean("rmse", 2),
            "covers": mean("covers")}


def line(name, row):
    """A row of the table."""
    where = row["F"] if isinstance(row["F"], str) else f"{row['F']:.2f}"
    return (f"| {where} | {name} | {row['n']:.1f} | {row['bias']:+.4f} | {row['rmse']:.4f} "
            f"| {row['covers']:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", type=float, default=0.05)
    parser.add_argument("--min", type=int, default=8)
    parser.add_argument("--max", type=int, default=128)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    grid = [(2 * i + 1) / 100 for i in range(50)]

    def precise(n, k):
        return following(n, [k], n, options.target, options.max)

    adaptive = [figures(p, outcomes(p, precise, options.min)) for p in grid]
    mean = averaged(adaptive)["n"]

    def allocated(scale):
        def decide(n, k):
            share = (k + 1) / (n + 2)
            wanted = round(scale * math.sqrt(share * (1 - share)))
            return max(n, min(wanted, options.max)) if n == options.min else n
        return [figures(p, outcomes(p, decide, options.min)) for p in grid]

    low, high = 0.0, 10.0 * options.max
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if averaged(allocated(middle))["n"] < mean else (low, middle))
    spread = allocated(low)
    same = [fixed(p, round(mean)) for p in grid]
    first = [fixed(p, options.min) for p in grid]
    sets = [("precision", adaptive), ("allocation", spread), ("fixed n", same),
            (f"first {options.min}", first)]
    print("| F | draws | mean n | bias | RMSE | Wilson 0.95 covers |\n|---|---|---|---|---|---|")
    for place in (0, 2, 5, 10, 15, 24):
        for name, rows in sets:
            print(line(name, rows[place]))
    for name, rows in sets:
        print(line(name, averaged(rows)))
    print("\nIn the last rows bias is the mean of its size.")
    if options.json:
        options.json.write_text(json.dumps(dict(sets), indent=1))


if __name__ == "__main__":
    main()
