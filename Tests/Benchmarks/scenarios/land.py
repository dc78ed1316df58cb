"""Scenario *land*: 64 draws a prompt, against psql's \\copy of the same rows, one connection."""
import sys
import time
from pathlib import Path

from .fleet import Fleet, import_prompts, temporary_database
from .rounds import alternate, compare

HERE = Path(__file__).resolve().parents[1]
PROMPTS, DRAWS = 10_000, 64
TABLES = """
DROP SCHEMA IF EXISTS copied CASCADE;
CREATE SCHEMA copied;
CREATE TABLE copied.draws (run int, prompt bigint, draw int, reward float8,
    log_probability float8, text text, PRIMARY KEY (run, prompt, draw));
CREATE TABLE copied.tables (run int, prompt bigint, n int, rewards float8[],
    PRIMARY KEY (run, prompt));
"""


def write_rows(folder, prompts, draws):
    """The rows as COPY reads them, in two files."""
    sys.path.insert(0, str(HERE / "peers"))
    from null_work import complete
    with (folder / f"draws-{draws}").open("w", encoding="utf-8") as rows, \
            (folder / f"tables-{draws}").open("w", encoding="utf-8") as tables:
        for prompt in range(prompts):
            made = complete(prompt, draws)[1]
            for index, reward, log_probability, text in made:
                rows.write(f"1\t{prompt}\t{index}\t{reward}\t{log_probability}\t{text}\n")
            rewards = ",".join(str(reward) for reward in sorted(row[1] for row in made))
            tables.write(f"1\t{prompt}\t{draws}\t{{{rewards}}}\n")


def copy_limit(database, prompts, draws):
    """Draws a second by \\copy: what nobody beats over one connection."""
    for table in ["draws", "tables"]:
        if not (database.folder / f"{table}-{draws}").exists():
            write_rows(database.folder, prompts, draws)
    database.psql("-c", TABLES)
    database.psql("-c", "CHECKPOINT")
    start = time.perf_counter()
    database.psql("-c", f"\\copy copied.draws FROM '{database.folder}/draws-{draws}'",
                  "-c", f"\\copy copied.tables FROM '{database.folder}/tables-{draws}'")
    return prompts * draws / (time.perf_counter() - start)


def ogive(options, prompts):
    """Draws a second end to end, in a database of its own: \\copy has new tables each time, too.
    The first run is not timed: it makes the files of the log that all later ones write again."""
    with temporary_database(options.ogive) as database:
        prompts_set = import_prompts(database, prompts)
        with Fleet(database, options.workers, draws_per_task=DRAWS) as fleet:
            fleet.ready()
            fleet.seconds(prompts_set, prompts, DRAWS)
            database.psql("-c", "CHECKPOINT")
            return prompts * DRAWS / fleet.seconds(prompts_set, prompts, DRAWS)


def run(options, say):
    """Alternating rounds."""
    prompts = PROMPTS // 2 if options.quick else PROMPTS
    with temporary_database(options.ogive) as database:
        copy_limit(database, prompts, DRAWS)
        rates, skipped = alternate({
            "ogive": lambda: ogive(options, prompts),
            "copy": lambda: copy_limit(database, prompts, DRAWS),
        }, options.rounds, say)
    return compare(rates) | {"unit": "draws", "skipped": skipped, "workers": options.workers,
                             "prompts": prompts, "draws": DRAWS, "goals": {"copy": 0.85}}
