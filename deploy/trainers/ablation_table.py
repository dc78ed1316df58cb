"""The table of deploy/trainers/ablation, from SQL: gains over the reference by n_ref and seed."""
import argparse
import json
import math
import statistics
import sys
from pathlib import Path

import psycopg

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from compare_runs import compare  # noqa: E402


def main():
    """Prints Markdown, writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("references", help="such as '1 3 10 32'")
    parser.add_argument("seeds", help="such as '0 1 2'")
    parser.add_argument("--database", default="")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    seeds, rows = arguments.seeds.split(), []
    with psycopg.connect(arguments.database) as connection:
        for references in arguments.references.split():
            found = [compare(connection, "before", f"after-{references}-{seed}") for seed in seeds]
            after = [item["after"] for item in found]
            rows.append({
                "references": int(references), "prompts": found[0]["prompts"],
                "before": found[0]["before"], "before_error": found[0]["before_error"],
                "after": after, "mean": statistics.mean(after),
                "error": statistics.stdev(after) / math.sqrt(len(after)) if len(after) > 1
                else None, "gain_errors": [item["gain_error"] for item in found]})
    print(f"Before: {rows[0]['before']:.3f} ± {rows[0]['before_error']:.3f} over "
          f"{rows[0]['prompts']} held-out prompts\n")
    print(f"| n_ref | {' | '.join('seed ' + seed for seed in seeds)} | mean ± s.e. over seeds |")
    print("|---" * (len(seeds) + 2) + "|")
    for row in rows:
        error = "" if row["error"] is None else f" ± {row['error']:.3f}"
        cells = " | ".join(f"{value:.3f}" for value in row["after"])
        print(f"| {row['references']} | {cells} | {row['mean']:.3f}{error} |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"seeds": seeds, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
