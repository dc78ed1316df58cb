"""Lands what a peer's workers made: COPY into two tables, one transaction for 256 prompts."""
import psycopg

BATCH = 256
TABLES = """
DROP SCHEMA IF EXISTS peer CASCADE;
CREATE SCHEMA peer;
CREATE TABLE peer.draws (run int, prompt bigint, draw int, reward float8, log_probability float8,
    text text, PRIMARY KEY (run, prompt, draw));
CREATE TABLE peer.tables (run int, prompt bigint, n int, rewards float8[],
    PRIMARY KEY (run, prompt));
"""


class Landing:
    """Gathers results, and commits them when there are enough."""

    def __init__(self):
        # Where: in libpq's environment variables.
        self.connection = psycopg.connect("")
        self.connection.execute(TABLES)
        self.connection.commit()
        self.waiting = []
        self.landed = 0

    def take(self, result):
        """Takes one prompt's result."""
        self.waiting.append(result)
        if len(self.waiting) == BATCH:
            self.commit()

    def commit(self):
        """Commits what waits."""
        if not self.waiting:
            return
        with self.connection.cursor() as cursor:
            with cursor.copy("COPY peer.draws FROM STDIN") as copy:
                for prompt, rows in self.waiting:
                    for index, reward, log_probability, text in rows:
                        copy.write_row((1, prompt, index, reward, log_probability, text))
            with cursor.copy("COPY peer.tables FROM STDIN") as copy:
                for prompt, rows in self.waiting:
                    copy.write_row((1, prompt, len(rows), sorted(row[1] for row in rows)))
        self.connection.commit()
        self.landed += len(self.waiting)
        self.waiting = []
