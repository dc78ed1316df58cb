"""Training rows from PostgreSQL, page by page, as a dataset of torch.

    rows = TrainingRows("postgresql://trainer@host/ogive", "quickstart", beta=0.1, seed=1)
    for row in torch.utils.data.DataLoader(rows, batch_size=None): ...

A page is all rows of some prompts. Pages come in an order that the seed and the epoch decide, and
so do the rows within a page. Ranks and workers take turns at the pages: each page is read by one of
them. Only one page is in memory at a time.
"""
import hashlib

import numpy as np
import psycopg
import torch
from psycopg.rows import dict_row

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Of a snapshot where one is named, else of what is there now.
TABLES = {False: "ogive.quantile_tables WHERE run = %(run)s AND complete AND NOT degenerate",
          True: "ogive.snapshot_tables WHERE run = %(run)s AND snapshot = %(snapshot)s "
                "AND complete AND NOT degenerate"}
PROMPTS = "SELECT prompt_id, n FROM {tables} ORDER BY prompt_id"
ROWS = """
    SELECT * FROM ogive.training_rows({arguments})
    WHERE prompt_id = ANY (%(page)s) ORDER BY prompt_id, item_kind DESC, item_index"""
TOKENS = """
    SELECT prompt_id, 'draw' AS kind, draw_index AS index, token_ids
    FROM ogive.scored_completions WHERE run = %(run)s AND prompt_id = ANY (%(page)s)
    UNION ALL
    SELECT prompt_id, 'candidate', candidate_index, token_ids
    FROM ogive.candidates WHERE run = %(run)s AND prompt_id = ANY (%(page)s)"""
# Rows of an epoch, counted without reading the texts.
DRAWS = "SELECT coalesce(sum(n), 0)::bigint AS count FROM {tables}"
CANDIDATES = """
    SELECT count(*) FROM ogive.candidates
    WHERE run = %(run)s AND reward IS NOT NULL AND prompt_id IN (SELECT prompt_id FROM {tables})"""
OPTIONS = ("transform", "ties", "source", "partition_function", "mean_spread", "snapshot")


class TrainingRows(torch.utils.data.IterableDataset):
    """The rows of `ogive.training_rows` as dictionaries, in an order that can be repeated."""

    def __init__(self, conninfo, run, beta, *, page_prompts=1000, seed=0, rank=0, world=1,
                 tokens=False, **options):
        """`options` are further arguments of training_rows; `tokens` adds `token_ids`."""
        unknown = set(options) - set(OPTIONS)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(OPTIONS)}")
        if page_prompts < 1 or not 0 <= rank < world:
            raise ValueError("page_prompts must be at least 1, and rank from 0 to world - 1")
        self.conninfo, self.run, self.tokens = conninfo, run, tokens
        self.arguments = {"run": run, "beta": beta,
                          **{k: v for k, v in options.items() if v is not None}}
        self.page_prompts, self.seed, self.rank, self.world = page_prompts, seed, rank, world
        self.epoch, self.page, self.row, self.digest = 0, 0, 0, None

    def state_dict(self):
        """Where it stands, to be saved with a checkpoint. StatefulDataLoader asks each worker."""
        return {"epoch": self.epoch, "page": self.page, "row": self.row, "digest": self.digest,
                "order": self.order()}

    def load_state_dict(self, state):
        """Goes on with the row after the last one that was given."""
        if state["order"] != self.order():
            raise ValueError(
                f"the checkpoint's rows came in another order ({state['order']}, now "
                f"{self.order()}): give the same run, seed, page size, ranks and options")
        self.epoch, self.page, self.row = state["epoch"], state["page"], state["row"]
        self.digest = state["digest"]

    def order(self):
        """All that the order of rows depends on, besides the run's tables and the workers."""
        return {"seed": self.seed, "page_prompts": self.page_prompts, "rank": self.rank,
                "world": self.world, **self.arguments}

    def __iter__(self):
        """The rest of the current epoch; then the next epoch is the current one."""
        worker = torch.utils.data.get_worker_info()
        workers, number = (worker.num_workers, worker.id) if worker else (1, 0)
        # One transaction: every page of the epoch is of the same state of the run.
        with psycopg.connect(self.conninfo, autocommit=True, row_factory=dict_row) as connection:
            connection.execute(READ)
            pages = self.pages(connection)
            order = np.random.default_rng([self.seed, self.epoch]).permutation(len(pages))
            mine = order[self.rank * workers + number::self.world * workers]
            arguments = self.with_spread(connection)
            for place in mine[self.page:]:
                rows = self.read(connection, arguments, pages[place])
                shuffle = np.random.default_rng([self.seed, self.epoch, int(place)])
                for index in shuffle.permutation(len(rows))[self.row:]:
                    self.row += 1
                    yield rows[index]
                self.page, self.row = self.page + 1, 0
        self.epoch, self.page = self.epoch + 1, 0

    def count(self):
        """How many rows an epoch has, over all ranks; of a run that is still going on, about."""
        source = self.arguments.get("source", "all")
        with psycopg.connect(self.conninfo, row_factory=dict_row) as connection:
            return sum(self.ask(connection, query)[0]["count"]
                       for query, name in ((DRAWS, "draws"), (CANDIDATES, "candidates"))
                       if source in (name, "all"))

    def ask(self, connection, query):
        """The rows of a query on the run's tables, or on its snapshot's."""
        tables = TABLES["snapshot" in self.arguments]
        return connection.execute(query.format(tables=tables), self.arguments).fetchall()

    def pages(self, connection):
        """The prompts of each page. Refuses to go on within other tables than before."""
        prompts = self.ask(connection, PROMPTS)
        if not prompts:
            connection.execute("SELECT ogive.run_id(%s)", [self.run])    # is there such a run?
            if "snapshot" in self.arguments:
                connection.execute("SELECT ogive.snapshot_id(%(run)s, %(snapshot)s)",
                                   self.arguments)
            raise ValueError(f"run '{self.run}' has no prompt whose table is complete and not "
                             "degenerate; look at it with: ogive status")
        table = np.array([(row["prompt_id"], row["n"]) for row in prompts], dtype=np.int64)
        digest = hashlib.sha256(table.tobytes()).hexdigest()
        if (self.page or self.row) and digest != self.digest:
            raise ValueError(f"run '{self.run}' has other prompts or draws than when this epoch "
                             "began: train from a snapshot, or begin the epoch again")
        self.digest = digest
        return np.array_split(table[:, 0], range(self.page_prompts, len(table), self.page_prompts))

    def with_spread(self, connection):
        """The arguments, with the mean spread that would otherwise be computed for every page."""
        if (self.arguments.get("transform") != "scaled-normal-icdf"
                or "mean_spread" in self.arguments):
            return self.arguments
        names = [name for name in ("run", "snapshot") if name in self.arguments]
        spread = connection.execute(
            f"SELECT ogive.mean_reward_spread({', '.join(f'%({name})s' for name in names)}) "
            "AS spread", self.arguments).fetchone()["spread"]
        return {**self.arguments, "mean_spread": spread}

    def read(self, connection, arguments, page):
        """The rows of some prompts, in one order."""
        named = ", ".join(f"{name} => %({name})s" for name in arguments)
        values = {**arguments, "page": page.tolist()}
        rows = connection.execute(ROWS.format(arguments=named), values).fetchall()
        if self.tokens:
            found = {(item["prompt_id"], item["kind"], item["index"]): item["token_ids"]
                     for item in connection.execute(TOKENS, values)}
            for row in rows:
                row["token_ids"] = found[row["prompt_id"], row["item_kind"], row["item_index"]]
        return rows
