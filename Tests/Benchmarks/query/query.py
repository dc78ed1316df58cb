#!/usr/bin/env python3
"""Times what trainers ask of SQL, against numpy on the same data in the same run.

    Tests/Benchmarks/query/query.py [--prompts 50000] [--candidates 20] [--draws 32] [--json FILE]
    ... --explain                       also prints the plans

Makes a private database under /tmp with made-up rewards (INSERT, not a run; the schema is Ogive's),
and removes it. Needs .venv-trainers (deploy/setup --trainers) and a built `ogive`. Use a release
build where `ogive` itself matters; here only PostgreSQL works.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REPEATS = 5
MADE = """
SELECT setseed(0.5);
INSERT INTO ogive.quantile_table_rows
    (scoring_id, prompt_id, n, complete_to, updated_at, draw_indexes, draw_rewards, rewards)
SELECT r.scoring_id, p.id, %(draws)s, %(draws)s, now(), m.indexes, m.rewards,
    ARRAY(SELECT x FROM unnest(m.rewards) x ORDER BY x)
FROM ogive.runs r, ogive.prompt_rows p, LATERAL (
    SELECT array_agg(i) AS indexes, array_agg(random() + 0 * (p.id + i)) AS rewards
    FROM generate_series(0, %(draws)s - 1) i) m;
INSERT INTO ogive.candidate_reward_rows (scoring_id, prompt_id, candidate_index, reward)
SELECT r.scoring_id, k.prompt_id, k.candidate_index, random()
FROM ogive.runs r, ogive.candidate_rows k;
INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, text, log_probability, seed,
    landed_at, token_count, sample_ms, worker, finish_reason)
SELECT r.sampling_id, p.id, i, repeat('word ', 40), -30 * random(), i, now(), 40, 1,
    gen_random_uuid(), 'stop'
FROM ogive.runs r, ogive.prompt_rows p, generate_series(0, %(draws)s - 1) i;
"""
JOIN = "SELECT count(*), sum(quantile_reward) FROM ogive.candidate_rewards WHERE run = 'bench'"
WITH_TEXTS = JOIN.replace("candidate_rewards", "candidates")
PAGE = """ WHERE prompt_id = ANY (ARRAY(SELECT prompt_id FROM ogive.quantile_tables
    WHERE run = 'bench' AND complete AND NOT degenerate AND prompt_id > {after}
    ORDER BY prompt_id LIMIT 1000))"""
PAGES = {
    "training_rows, candidates":
        "SELECT * FROM ogive.training_rows('bench', 0.1, source => 'candidates')",
    "training_rows, draws": "SELECT * FROM ogive.training_rows('bench', 0.1, source => 'draws')",
    "preference_pairs, labels": "SELECT * FROM ogive.preference_pairs('bench')",
    "preference_pairs, best-worst": "SELECT * FROM ogive.preference_pairs('bench', 'best-worst')",
    "value_rows": "SELECT * FROM ogive.value_rows('bench')",
    "prompt_features": "SELECT * FROM ogive.prompt_features('bench')",
}


def timed(action):
    """The median time of some repeats, after one that is not counted; and the last result."""
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), result


def measure(arguments):
    """Runs with the database in libpq's variables."""
    import numpy
    import psycopg
    # A prepared statement would keep its plan when the number of processes is set.
    with psycopg.connect("", autocommit=True, prepare_threshold=None) as connection:
        for statement in MADE.split(";\n")[:-1]:
            connection.execute(statement % vars(arguments))
        connection.execute("VACUUM ANALYZE")
        candidates = connection.execute(
            "SELECT prompt_id, array_agg(reward) FROM ogive.candidates WHERE run = 'bench' "
            "GROUP BY 1 ORDER BY 1").fetchall()
        tables = dict(connection.execute(
            "SELECT prompt_id, rewards FROM ogive.quantile_tables WHERE run = 'bench'").fetchall())
        pairs = [(numpy.array(tables[prompt]), numpy.array(rewards))
                 for prompt, rewards in candidates]

        def by_numpy():
            return sum((table.searchsorted(rewards, side="right") / len(table)).sum()
                       for table, rewards in pairs)

        found = {}
        plain, total = timed(by_numpy)
        with_texts, _ = timed(lambda: connection.execute(WITH_TEXTS).fetchone())
        joined, (count, other) = timed(lambda: connection.execute(JOIN).fetchone())
        assert count == arguments.prompts * arguments.candidates, count
        assert abs(total - other) < 1e-6 * total, (total, other)
        connection.execute("SET max_parallel_workers_per_gather = 0")
        alone, _ = timed(lambda: connection.execute(JOIN).fetchone())
        connection.execute("RESET max_parallel_workers_per_gather")
        found["join"] = {"candidates": count, "numpy_s": plain, "sql_s": joined,
                         "sql_one_process_s": alone, "candidates_view_s": with_texts,
                         "ratio": joined / plain}
        for name, query in PAGES.items():
            text = query + PAGE.format(after=arguments.prompts // 2)
            seconds, rows = timed(lambda text=text: connection.execute(text).fetchall())
            server = json.loads(json.dumps(connection.execute(
                "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + text).fetchone()[0]))[0]
            found[name] = {"rows": len(rows), "with_client_s": seconds,
                           "server_s": server["Execution Time"] / 1000,
                           "planning_s": server["Planning Time"] / 1000}
        if arguments.explain:
            pages = [query + PAGE.format(after=0) for query in PAGES.values()]
            for text in [JOIN, WITH_TEXTS, *pages]:
                print("\n".join(row[0] for row in connection.execute(
                    "EXPLAIN (ANALYZE, BUFFERS) " + text)), "\n", flush=True)
    return found


def report(found):
    """The numbers for people."""
    join = found.pop("join")
    print(f"quantile rewards of {join['candidates']} candidates: numpy {join['numpy_s']:.3f} s, "
          f"SQL {join['sql_s']:.3f} s (one process {join['sql_one_process_s']:.3f} s), "
          f"{join['ratio']:.1f} times; from ogive.candidates "
          f"{join['candidates_view_s']:.3f} s")
    for name, item in found.items():
        print(f"1000 prompts of {name}: {item['rows']} rows, {item['server_s'] * 1000:.0f} ms on "
              f"the server, {item['with_client_s'] * 1000:.0f} ms with psycopg's rows")


def make(folder, arguments):
    """Prompts with candidates, a submitted run, and then this script within its database."""
    prompts, config = folder / "prompts.jsonl", folder / "bench.yaml"
    with prompts.open("w", encoding="utf-8") as file:
        for number in range(arguments.prompts):
            row = {"key": f"p{number}", "prompt": f"prompt {number} " * 10, "chosen": "word " * 40,
                   "rejected": "word " * 40}
            # The first two are labelled for pairs.
            row["outputs"] = ["word " * 40] * (arguments.candidates - 2)
            file.write(json.dumps(row) + "\n")
    config.write_text(f"""
run: {{name: bench, draws: {arguments.draws}}}
prompts: {{file: {prompts}, set: bench, fields: {{key: key, prompt: prompt,
    candidates: {{chosen: chosen, rejected: rejected}}, completions: outputs}}}}
policy: {{kind: synthetic, synthetic: {{distribution: normal}}}}
scorer: {{kind: synthetic}}
database: {{embedded: {folder / 'database'}}}
""", encoding="utf-8")
    subprocess.run([arguments.ogive, "submit", config], check=True)
    subprocess.run([arguments.ogive, "psql", "--write", "--config", config, "--program",
                    sys.executable, "--",
                    __file__, "--inside", *sys.argv[1:]], check=True)


def main():
    """Makes the database, measures within it, removes it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", type=int, default=50_000)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--draws", type=int, default=32)
    parser.add_argument("--ogive", default=str(ROOT / ".build/debug/ogive"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        found = measure(arguments)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        report(found)
        return
    python = ROOT / ".venv-trainers/bin/python"
    if Path(sys.prefix).resolve() != (ROOT / ".venv-trainers").resolve():
        os.execv(python, [str(python), *sys.argv])
    with tempfile.TemporaryDirectory(prefix="ogive-query-") as folder:
        Path(folder).chmod(0o755)
        make(Path(folder), arguments)


if __name__ == "__main__":
    main()
