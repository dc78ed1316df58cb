"""Scenarios *land* and *long*: draws into tables, against psql's \\copy of the same rows, one
connection: 64 draws of 400 characters a prompt, and 16 of 6 400."""
import sys
import time
from pathlib import Path

from .fleet import Fleet, import_prompts, temporary_database
from .rounds import alternate, compare

HERE = Path(__file__).resolve().parents[1]
# Prompts, draws of each, characters of a text.
SHORT, LONG = (10_000, 64, 400), (3_125, 16, 6_400)
TABLES = """
DROP SCHEMA IF EXISTS copied CASCADE;
CREATE SCHEMA copied;
CREATE TABLE copied.draws (run int, prompt bigint, draw int, reward float8,
    log_probability float8, text text COMPRESSION lz4, PRIMARY KEY (run, prompt, draw));
CREATE TABLE copied.tables (run int, prompt bigint, n int, rewards float8[],
    PRIMARY KEY (run, prompt));
"""


def write_rows(database, prompts, draws, length):
    """The rows as COPY reads them, in two files, unless they are there."""
    sys.path.insert(0, str(HERE / "peers"))
    from null_work import complete
    paths = [database.folder / f"{table}-{draws}-{length}" for table in ["draws", "tables"]]
    if all(path.exists() for path in paths):
        return paths
    with paths[0].open("w", encoding="utf-8") as rows, \
            paths[1].open("w", encoding="utf-8") as tables:
        for prompt in range(prompts):
            made = complete(prompt, draws, length)[1]
            for index, reward, log_probability, text in made:
                rows.write(f"1\t{prompt}\t{index}\t{reward}\t{log_probability}\t{text}\n")
            rewards = ",".join(str(reward) for reward in sorted(row[1] for row in made))
            tables.write(f"1\t{prompt}\t{draws}\t{{{rewards}}}\n")
    return paths


def copy_limit(database, prompts, draws, length=SHORT[2]):
    """Draws a second by \\copy: what nobody beats over one connection."""
    rows, tables = write_rows(database, prompts, draws, length)
    database.psql("-c", TABLES)
    database.psql("-c", "CHECKPOINT")
    start = time.perf_counter()
    database.psql("-c", f"\\copy copied.draws FROM '{rows}'",
                  "-c", f"\\copy copied.tables FROM '{tables}'")
    return prompts * draws / (time.perf_counter() - start)


def ogive(options, prompts, draws, length):
    """Draws a second end to end, in a database of its own: \\copy has new tables each time, too.
    The first run is not timed: it makes the files of the log that all later ones write again."""
    with temporary_database(options.ogive) as database:
        prompts_set = import_prompts(database, prompts)
        with Fleet(database, options.workers, min(draws, 64), length) as fleet:
            fleet.ready()
            fleet.seconds(prompts_set, prompts, draws)
            database.psql("-c", "CHECKPOINT")
            return prompts * draws / fleet.seconds(prompts_set, prompts, draws)


def rounds(options, say, shape):
    """Alternating rounds."""
    prompts, draws, length = shape
    prompts = prompts // 2 if options.quick else prompts
    with temporary_database(options.ogive) as database:
        copy_limit(database, prompts, draws, length)
        rates, skipped = alternate({
            "ogive": lambda: ogive(options, prompts, draws, length),
            "copy": lambda: copy_limit(database, prompts, draws, length),
        }, options.rounds, say)
    return compare(rates) | {
        "unit": "draws", "skipped": skipped, "workers": options.workers, "prompts": prompts,
        "draws": draws, "characters": length, "goals": {"copy": 0.85}}


def run(options, say):
    """Many draws of usual texts."""
    return rounds(options, say, SHORT)


def long(options, say):
    """Draws of long texts, which PostgreSQL keeps beside their rows."""
    return rounds(options, say, LONG)
