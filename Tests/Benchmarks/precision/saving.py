#!/usr/bin/env python3
"""Draws that adaptive runs save against the same number for all prompts, at equal error.

    Tests/Benchmarks/precision/saving.py [--real]

Runs `run.precision`, then `run.allocation` and a fixed number with as many draws on average, and
compares the quantile rewards of the candidates with the truth: the known distribution function of a
synthetic run; with --real, of the quickstart's prompts and models, a reference run of 1024 draws a
prompt with other seeds. Equal error: a fixed n has the mean square error mean F(1 − F)/n exactly,
so the n with the adaptive run's error follows. Also asked: for how many candidates the true
standard error √(F(1 − F)/n) is within the target, and which fixed n would promise it. On synthetic
runs the targets are compared with a second implementation of the rule. Prints Markdown;
`--json FILE` keeps it.
"""
import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from rule import stopped
from runs import LAWS, ROOT, Place, array, candidates, synthetic, write_prompts

SCENARIOS = [
    # name, distribution, candidates a prompt, shift of the first one's distribution
    ("normal, 1 candidate of the policy", 0, 1, 0.0),
    ("normal, 2 candidates of the policy", 0, 2, 0.0),
    ("normal, 1 candidate 2σ better", 0, 1, 2.0),
    ("discrete, 1 candidate of the policy", 2, 1, 0.0),
]


def estimates(place, file, name):
    """For each prompt: key, draws, rewards by index, and the candidates' rewards."""
    rows = place.rows(file, f"""
        SELECT p.prompt_key, p.draws, t.draw_rewards, ARRAY(
            SELECT c.reward FROM ogive.candidates c WHERE c.run_id = p.run_id
                AND c.prompt_id = p.prompt_id AND c.reward IS NOT NULL ORDER BY c.candidate_index)
        FROM ogive.prompt_targets p JOIN ogive.quantile_tables t USING (run_id, prompt_id)
        WHERE p.run = '{name}' ORDER BY p.prompt_id""")
    return {key: (int(draws), array(rewards), array(given)) for key, draws, rewards, given in rows}


def compare(found, truth, target):
    """The error of a run against the true shares, by prompt."""
    pairs = [(sum(r <= c for r in rewards) / len(rewards), share, len(rewards))
             for key, (_, rewards, given) in found.items()
             for c, share in zip(given, truth[key], strict=True)]
    square = sum((q - f)**2 for q, f, _ in pairs) / len(pairs)
    spread = sum(f * (1 - f) for _, f, _ in pairs) / len(pairs)
    draws = sum(len(rewards) for _, rewards, _ in found.values())
    return {
        "prompts": len(found), "candidates": len(pairs), "draws": draws,
        "mean": draws / len(found), "rmse": math.sqrt(square),
        "rmse_by_n": math.sqrt(sum(f * (1 - f) / n for _, f, n in pairs) / len(pairs)),
        "bias": sum(q - f for q, f, _ in pairs) / len(pairs), "spread": spread,
        "fixed_n_of_equal_error": spread / square if square else 0,
        "within": sum(math.sqrt(f * (1 - f) / n) <= target + 1e-9 for _, f, n in pairs)
        / len(pairs)}


def three(place, options, name, make, truth):
    """A precision run, then as many draws by allocation and for all."""
    bounds = {"min": options.min, "max": options.max}
    results = {}
    file = place.run(f"{name}-precision", make(
        {"precision": {"target_stderr": options.target, **bounds}}, 1))
    found = {"precision": estimates(place, file, f"{name}-precision")}
    mean = sum(draws for draws, _, _ in found["precision"].values()) / len(found["precision"])
    place.run(f"{name}-allocation", make({"allocation": {"mean": round(mean, 2), **bounds}}, 2))
    place.run(f"{name}-fixed", make({"draws": round(mean)}, 3))
    for kind in ("allocation", "fixed"):
        found[kind] = estimates(place, file, f"{name}-{kind}")
    for kind, rows in found.items():
        results[kind] = compare(rows, truth, options.target)
    return results, found["precision"]


def artificial(place, options, number):
    """A scenario of known distributions."""
    title, law, count, shift = SCENARIOS[number]
    law = LAWS[law]
    rewards = candidates(law, options.prompts, count, f"saving {number}", shift)
    prompts = place.folder / f"saving-{number}.jsonl"
    write_prompts(prompts, rewards)
    truth = {f"p{i:06}": [law.cdf(r) for r in row] for i, row in enumerate(rewards)}
    results, found = three(
        place, options, f"saving-{number}",
        lambda run, seed: synthetic(law, prompts, run, seed), truth)
    for key, (draws, row, given) in found.items():
        mine = stopped(row, given, options.target, options.min, options.max)
        if draws != mine:
            raise SystemExit(f"prompt {key} has {draws} draws, the rule says {mine}")
    return title, results


def real(place, options):
    """The quickstart's models and candidates."""
    folder = ROOT / "config/quickstart"
    rows = [json.loads(line) for line in (folder / "prompts.jsonl").read_text().splitlines()]
    rows = [row for row in rows if "chosen" in row][:options.real_prompts]
    prompts = place.folder / "real.jsonl"
    prompts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    serve = [str(ROOT / ".venv/bin/python"), str(ROOT / "deploy/serve_llamacpp.py")]

    def model(name, *more):
        return serve + ["--model", str(folder / name), "--threads", "{threads}",
                        "--port", "{port}", *more]

    def make(run, seed):
        return {
            "run": run, "prompts": {"file": str(prompts), "set": "real"},
            "policy": {
                "kind": "openai", "model": "tiny-policy", "api": "chat", "draws_per_request": 8,
                "sampling": {"temperature": 1, "max_tokens": 64, "seed": seed}, "launch": {
                    "startup_timeout": "60s", "command": model(
                        "policy.gguf", "--alias", "tiny-policy", "--slots", "8")}},
            "scorer": {
                "kind": "rerank", "model": "tiny-reward", "batch_size": 16, "launch": {
                    "startup_timeout": "60s", "command": model(
                        "reward.gguf", "--alias", "tiny-reward", "--rank", "--slots", "4")}},
            "worker": {"processes": 1, "sample_concurrency": 4, "score_concurrency": 2}}

    file = place.run("real-reference", make({"draws": options.reference}, 99))
    reference = estimates(place, file, "real-reference")
    truth = {key: [sum(r <= c for r in rewards) / len(rewards) for c in given]
             for key, (_, rewards, given) in reference.items()}
    return f"quickstart, truth from {options.reference} draws", three(
        place, options, "real", make, truth)[0]


def lines(title, results):
    """Rows of the table."""
    for kind, row in results.items():
        equal = row["fixed_n_of_equal_error"]
        yield (f"| {title} | {kind} | {row['candidates']} | {row['mean']:.1f} | {row['rmse']:.4f} "
               f"| {row['rmse_by_n']:.4f} | {row['bias']:+.4f} | {equal:.0f} "
               f"| {100 * (1 - row['mean'] / equal) if equal else 0:+.0f} % "
               f"| {100 * row['within']:.1f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", type=float, default=0.05)
    parser.add_argument("--min", type=int, default=8)
    parser.add_argument("--max", type=int, default=128)
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--real", action="store_true", help="the quickstart's models instead")
    parser.add_argument("--real-prompts", type=int, default=64)
    parser.add_argument("--reference", type=int, default=1024)
    parser.add_argument("--ogive", type=Path, default=ROOT / ".build/release/ogive")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder, options.ogive)
        found = [real(place, options)] if options.real else [
            artificial(place, options, number) for number in range(len(SCENARIOS))]
    print("| rewards | run | candidates | mean n | RMSE | by F and n | bias "
          "| fixed n of equal RMSE | saved | within target |\n"
          "|---|---|---|---|---|---|---|---|---|---|")
    for title, results in found:
        for line in lines(title, results):
            print(line)
    worst = math.ceil(0.25 / options.target**2 - 1e-9)
    print(f"\nA fixed n promises a standard error of {options.target} with {worst} draws.")
    if options.json:
        options.json.write_text(json.dumps(dict(found), indent=1))


if __name__ == "__main__":
    sys.exit(main())
