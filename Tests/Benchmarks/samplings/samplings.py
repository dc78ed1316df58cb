#!/usr/bin/env python3
"""Times what is asked of one run beside few samplings and beside many, in one database.

    Tests/Benchmarks/samplings/samplings.py [--few 10] [--many 2000] [--ogive PATH]

Makes a private database under /tmp with made-up rows (INSERT, not a run; the schema is Ogive's),
and removes it. A first query of a session learns of the tables: its time stands apart. Of those
after it the least time counts, as other programs only add to it. Each ratio is what many samplings
cost, and should stay below 2. Needs psql and a built `ogive`.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REPEATS = 20
MAKE = """
DO $$
BEGIN
    FOR i IN {first}..{last} LOOP
        INSERT INTO ogive.samplings (prompt_set_id, spec_sha256, spec, created_at, draws_max)
            SELECT 1, sha256(('sampling ' || i)::bytea), '{{}}', now(), 8;
        PERFORM ogive_internal.create_sampling_partition(i);
        INSERT INTO ogive.sampling_progress (sampling_id) VALUES (i);
        INSERT INTO ogive.scorings (sampling_id, spec_sha256, spec, created_at)
            SELECT i, sha256(('scoring ' || i)::bytea), '{{}}', now();
        INSERT INTO ogive.scoring_progress (scoring_id) VALUES (i);
        INSERT INTO ogive.runs (name, sampling_id, scoring_id, spec, draws, scores_candidates,
            weight, state, submitted_at)
            VALUES ('made' || i, i, i, '{{}}', 8, false, 1, 'open', now());
        INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to, updated_at,
            draw_indexes, draw_rewards, rewards)
            SELECT i, id, 8, 8, now(), '{{0,1,2,3,4,5,6,7}}', '{{0,1,2,3,4,5,6,7}}',
                '{{0,1,2,3,4,5,6,7}}' FROM ogive.prompt_rows;
        INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, worker, landed_at,
            text, finish_reason)
            SELECT i, id, d, gen_random_uuid(), now(), 'text', 'stop'
            FROM ogive.prompt_rows, generate_series(0, 7) d;
    END LOOP;
END
$$;
"""
QUERIES = {
    "status of the run": "SELECT * FROM ogive.run_status WHERE run = 'made3'",
    "quantile_tables": "SELECT * FROM ogive.quantile_tables WHERE run = 'made3'",
    "scored_completions": "SELECT * FROM ogive.scored_completions WHERE run = 'made3'",
    "candidates": "SELECT * FROM ogive.candidates WHERE run = 'made3'",
    "training_rows": "SELECT * FROM ogive.training_rows('made3', 0.1)",
    "a landing": "BEGIN; INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, "
                 "worker, landed_at, text, finish_reason) SELECT 3, id, 8, gen_random_uuid(), "
                 "now(), 'text', 'stop' FROM ogive.prompt_rows; ROLLBACK",
}


class Database:
    """A run's private database, asked by `ogive psql`."""

    def __init__(self, ogive, config):
        self.command = [ogive, "psql", "--write", "--config", config, "--", "-qAtX",
                        "-v", "ON_ERROR_STOP=1"]

    def run(self, script):
        """The output of a script."""
        return subprocess.run(self.command, input=script, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def times(self):
        """The milliseconds of each query: the first of a session, and the least of later ones."""
        found = {}
        for name, query in QUERIES.items():
            output = self.run("\\timing on\n" + f"{query};\n" * (REPEATS + 1))
            values = [float(line.split()[1]) for line in output.splitlines()
                      if line.startswith("Time: ")]
            statements = len(values) // (REPEATS + 1)
            rounds = [sum(values[i:i + statements]) for i in range(0, len(values), statements)]
            found[name] = (rounds[0], min(rounds[1:]))
        return found


def make(database, first, last):
    """Adds samplings, some at a time: each new table is a lock until the transaction ends."""
    for start in range(first, last + 1, 100):
        database.run(MAKE.format(first=start, last=min(start + 99, last)))
    database.run("VACUUM ANALYZE")


def main():
    """Makes the database, measures, adds samplings, measures again."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--ogive", default=str(ROOT / ".build/debug/ogive"))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ogive-samplings-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        rows = "".join(json.dumps({"key": f"p{i}", "prompt": f"prompt {i}"}) + "\n"
                       for i in range(20))
        (folder / "prompts.jsonl").write_text(rows, encoding="utf-8")
        config = folder / "bench.yaml"
        config.write_text(f"""
run: {{name: bench, draws: 8}}
prompts: {{file: {folder / 'prompts.jsonl'}, set: bench}}
policy: {{kind: synthetic, synthetic: {{distribution: normal}}}}
scorer: {{kind: synthetic}}
database: {{embedded: {folder / 'database'}}}
""", encoding="utf-8")
        subprocess.run([arguments.ogive, "submit", config], check=True, stdout=subprocess.DEVNULL)
        database = Database(arguments.ogive, config)
        make(database, 2, arguments.few)
        start = time.monotonic()
        few = database.times()
        make(database, arguments.few + 1, arguments.many)
        many = database.times()
        for query in QUERIES:
            (few_first, few_least), (many_first, many_least) = few[query], many[query]
            print(f"{query}: {few_least:.2f} ms beside {arguments.few} samplings, "
                  f"{many_least:.2f} ms beside {arguments.many}: "
                  f"{many_least / few_least:.2f} times (first of a session {few_first:.2f} ms, "
                  f"{many_first:.2f} ms)")
        print(f"{time.monotonic() - start:.0f} s in all", file=sys.stderr)
        if arguments.json:
            arguments.json.write_text(json.dumps(
                {query: {"few_ms": few[query][1], "many_ms": many[query][1],
                         "ratio": many[query][1] / few[query][1],
                         "few_first_ms": few[query][0], "many_first_ms": many[query][0]}
                 for query in QUERIES}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
