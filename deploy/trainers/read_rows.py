"""Four ways to read a run's training rows, each in its own idiom. All give the same values.

    python read_rows.py RUN [--database URL] [--parquet FILE]     reads by all four and compares

`URL` is postgresql://user@host/database; without it libpq's variables (PGHOST, …) are used.
"""
import argparse
import sys

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
COLUMNS = ("prompt_id, prompt_key, prompt, item_kind, item_index, label, completion, truncated, "
           "reward, quantile_reward, standard_error, n, complete, degenerate, ref_log_probability, "
           "token_count, log_z, target")
ORDER = "ORDER BY prompt_id, item_kind DESC, item_index"
ROWS = f"SELECT {COLUMNS} FROM ogive.training_rows(%s, %s) {ORDER}"


def pages_by_psycopg(conninfo, run, beta, prompts=1000):
    """Pages of rows, tuples, from one state of the run: each page is of some prompts."""
    import psycopg
    query = (f"SELECT {COLUMNS} FROM ogive.training_rows(%s, %s) "
             f"WHERE prompt_id = ANY (%s) {ORDER}")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(READ)
        # A server-side cursor: the names of the pages, too, come piece by piece. (It cannot be
        # put over training_rows itself with a page's speed: the rows of a run are computed first.)
        with connection.cursor("prompts") as names:
            names.execute("SELECT prompt_id FROM ogive.quantile_tables "
                          "WHERE run = %s ORDER BY prompt_id", [run])
            while page := [row[0] for row in names.fetchmany(prompts)]:
                yield connection.execute(query, [run, beta, page]).fetchall()


def stream_by_psycopg(conninfo, run, beta, rows=2000):
    """All rows, one by one, through a server-side cursor: constant memory on this side."""
    import psycopg
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(READ)
        with connection.cursor("rows") as cursor:
            cursor.itersize = rows
            cursor.execute(ROWS, [run, beta])
            yield from cursor


def frame_by_pandas(url, run, beta):
    """A data frame. pandas wants an engine of SQLAlchemy; with a bare connection it warns."""
    import pandas
    import sqlalchemy
    engine = sqlalchemy.create_engine(engine_url(url))
    query = sqlalchemy.text(ROWS.replace("%s, %s", ":run, :beta"))
    try:
        return pandas.read_sql(query, engine, params={"run": run, "beta": beta})
    finally:
        engine.dispose()


def engine_url(url):
    """SQLAlchemy's name for psycopg 3; without it, it looks for psycopg2."""
    return "postgresql+psycopg" + (url or "postgresql://").removeprefix("postgresql")


def dataset_by_url(url, run, beta, cache=None):
    """A `datasets.Dataset`. It is kept in a cache by query and URL: give `cache` for each state.

    `from_sql` sends the query with no parameters of the driver's own, so the run's name is put into
    the text; `jsonb` has no Arrow type, so it is read as text.
    """
    import datasets
    name = run.replace("'", "''")
    columns = COLUMNS.replace(" prompt,", " prompt::text AS prompt,")
    query = f"SELECT {columns} FROM ogive.training_rows('{name}', {float(beta)!r}) {ORDER}"
    return datasets.Dataset.from_sql(query, engine_url(url), cache_dir=cache)


def table_by_adbc(url, run, beta):
    """An Arrow table, without Python objects in between. `jsonb` comes as a string."""
    import adbc_driver_postgresql.dbapi
    with adbc_driver_postgresql.dbapi.connect(url or "postgresql://") as connection:
        with connection.cursor() as cursor:
            cursor.execute(ROWS.replace("%s, %s", "$1, $2"), (run, beta))
            return cursor.fetch_arrow_table()


def write_parquet(table, path):
    """The table as a Parquet file."""
    import pyarrow.parquet
    pyarrow.parquet.write_table(table, path)


def main():
    """Reads by all four ways; exit code 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("--database", default="")
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--parquet", help="also write the rows there")
    found = parser.parse_args()
    place = found.database, found.run, found.beta
    table = table_by_adbc(*place)
    targets = {
        "psycopg": [row[-1] for page in pages_by_psycopg(*place) for row in page],
        "psycopg, streamed": [row[-1] for row in stream_by_psycopg(*place)],
        "pandas": frame_by_pandas(*place)["target"].tolist(),
        "datasets": list(dataset_by_url(*place)["target"]),
        "ADBC": table["target"].to_pylist(),
    }
    if found.parquet:
        write_parquet(table, found.parquet)
    for name, values in targets.items():
        print(f"{name}: {len(values)} rows")
    return any(values != targets["ADBC"] for values in targets.values())


if __name__ == "__main__":
    sys.exit(main())
