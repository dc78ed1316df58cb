"""Scenarios *import* and *export*: files in and out, against \\copy of the same rows."""
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path

from . import processor
from .fleet import ROOT, Fleet, import_prompts, temporary_database
from .rounds import Skipped, alternate, compare, ratios, spread

DRAWS = 64
WORDS = "the reward of a prompt under its policy has one distribution sampled once ".split()
TABLE = """
DROP TABLE IF EXISTS copied;
CREATE TABLE copied (LIKE ogive.prompt_rows INCLUDING ALL);
"""


def text(number, size=500):
    """A prompt of so many bytes, another one for each number."""
    words = [WORDS[(number * 7919 + place * 104_729) % len(WORDS)] for place in range(size // 3)]
    return f"{number:08d} {' '.join(words)}"[:size]


def write_prompts(folder, count):
    """The prompts as JSON Lines, and the rows of them as COPY reads them."""
    with (folder / "prompts.jsonl").open("w", encoding="utf-8") as lines, \
            (folder / "prompts.copy").open("w", encoding="utf-8") as rows:
        for number in range(count):
            row = {"id": f"p{number}", "prompt": text(number), "answer": number % 97}
            lines.write(json.dumps(row) + "\n")
            content = json.dumps({"text": row["prompt"]}, separators=(",", ":"))
            digest = hashlib.sha256(content.encode()).hexdigest()
            metadata = json.dumps({"answer": row["answer"]}, separators=(",", ":"))
            rows.write(f"1\t{row['id']}\t\\\\x{digest}\t{content}\t{metadata}\n")


PARQUET = """
import sys
from pyarrow import json, parquet
table = json.read_json(sys.argv[1], json.ReadOptions(block_size=64 << 20))
parquet.write_table(table, sys.argv[2])
"""


def with_parquet(folder):
    """The environment of an import of Parquet; makes the file of the JSON Lines."""
    python = Path(os.environ.get("OGIVE_PYTHON") or ROOT / ".venv-python/bin/python")
    if not python.exists():
        raise Skipped(f"{python} is not there: deploy/setup --python")
    if not (folder / "prompts.parquet").exists():
        subprocess.run([python, "-c", PARQUET, folder / "prompts.jsonl",
                        folder / "prompts.parquet"], check=True)
    return os.environ | {"OGIVE_PYTHON": str(python),
                         "PYTHONPATH": str(ROOT / "deploy/python/src")}


def measured(database, count, spent, what, work):
    """The rate of some work on so many rows; notes its processor time by client and server."""
    database.psql("-c", "CHECKPOINT")
    before, begun = processor.server(database), time.perf_counter()
    client = work()
    seconds = time.perf_counter() - begun
    spent.setdefault(what, []).append({
        "client_us": client / count * 1e6,
        "server_us": (processor.server(database) - before) / count * 1e6})
    return count / seconds


def middle(spent):
    """The medians of what was noted."""
    def median(values):
        return sorted(values)[len(values) // 2]
    return {what: {key: median([each[key] for each in rounds]) for key in rounds[0]}
            for what, rounds in spent.items()}


def read_in(options, say):
    """*import*: 500 bytes a prompt, JSON Lines and Parquet, each time into a new set."""
    count = 100_000 if options.quick else 1_000_000
    spent, sets = {}, iter(range(1_000_000))
    with temporary_database(options.ogive) as database:
        write_prompts(database.folder, count)
        database.run("migrate", "up", "--config", database.config)

        def ogive(kind="jsonl", environment=None):
            return processor.command([
                database.ogive, "import", str(database.folder / f"prompts.{kind}"), "--set",
                f"set-{next(sets)}", "--config", database.config], environment)

        def parquet():
            environment = with_parquet(database.folder)
            return measured(database, count, spent, "parquet",
                            lambda: ogive("parquet", environment))

        def copy():
            return processor.command([
                "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c",
                "\\copy copied (prompt_set_id, key, content_sha256, content, metadata) from "
                f"'{database.folder}/prompts.copy'"], database.environment)

        def copied():
            database.psql("-c", TABLE)
            return measured(database, count, spent, "copy", copy)
        rates, skipped = alternate({
            "ogive": lambda: measured(database, count, spent, "ogive", ogive), "copy": copied,
            "parquet": parquet,
        }, options.rounds, say)
    found = compare(rates) | {"unit": "prompts", "skipped": skipped, "prompts": count,
                              "goals": {"copy": 0.6}, "processor": middle(spent)}
    if "parquet" in rates:
        found["parquet"] = spread(ratios(rates["parquet"], rates["copy"]))
    return found


def write_out(options, say):
    """*export*: `raw`, JSON Lines, against \\copy of what the rows are made from; and an audit."""
    prompts = 1_000 if options.quick else 10_000
    count, spent = prompts * DRAWS, {}
    with temporary_database(options.ogive) as database:
        prompts_set = import_prompts(database, prompts)
        with Fleet(database, options.workers, draws_per_task=DRAWS) as fleet:
            fleet.ready()
            fleet.seconds(prompts_set, prompts, DRAWS)
            name = fleet.run
        file = database.folder / "rows"

        def ogive():
            return processor.command([
                database.ogive, "export", name, "--for", "raw", "--output", f"{file}.jsonl",
                "--force", "--config", database.config])

        def copy():
            return processor.command([
                "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c",
                f"\\copy (SELECT * FROM ogive.training_rows('{name}', 0.1)) to '{file}.copy'"],
                database.environment)

        def audit():
            return processor.command([
                database.ogive, "audit", name, "--config", database.config])
        rates, skipped = alternate({
            "ogive": lambda: measured(database, count, spent, "ogive", ogive),
            "copy": lambda: measured(database, count, spent, "copy", copy),
        }, options.rounds, say)
        audited = [count / measured(database, count, spent, "audit", audit)
                   for _ in range(options.rounds)]
    return compare(rates) | {"unit": "rows", "skipped": skipped, "prompts": prompts,
                             "draws": DRAWS, "goals": {"copy": 0.8}, "processor": middle(spent),
                             "audit_s": sorted(audited)[len(audited) // 2]}
