"""A reader that follows a run while it lands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive import _queries, _rows, schemas
from ogive._session import Session, quoted
from ogive.errors import OgiveError
from ogive.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ogive.run import Run

# A look that takes long is repeated less often: at most this share of the time is spent on looking.
_SHARE = 0.1
_NUMBERS = schemas.Columns("prompts", (schemas.Column("prompt_id", schemas.LONG),), "prompt_id")


def follow(
    run: Run, beta: float, page_prompts: int, interval: float, options: dict[str, Any]
) -> Iterator[Table]:
    """Pages of training rows; see `Run.follow`. What is refused is refused at once."""
    if run.snapshot is not None:
        raise OgiveError("a snapshot does not change: read its training_rows")
    if page_prompts < 1 or not interval >= 0:
        raise ValueError("page_prompts must be at least 1, and interval 0 or more")
    if "source" in options:
        raise TypeError("follow reads draws only: candidates may land after the draws")
    if options.get("transform") == "scaled-normal-icdf" and options.get("mean_spread") is None:
        raise OgiveError(
            "the mean spread of a run is known when it has finished: give mean_spread=, or wait()"
        )
    with Session(run.database.conninfo) as session:
        adaptive = session.value(
            f"SELECT count(*) FROM ogive.adaptive_runs WHERE run = {quoted(run.name)}"
        )
    if adaptive:
        raise OgiveError(
            f"run {run.name!r} is adaptive: a prompt may get more draws after it was read; wait()"
        )
    given = {"beta": beta, **options, "source": "draws"}
    _rows.statement(run, "training_rows", given)  # refuses unknown options now
    return _pages(run, given, page_prompts, interval)


def _pages(
    run: Run, options: dict[str, Any], page_prompts: int, interval: float
) -> Iterator[Table]:
    seen: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    while True:
        begin = time.monotonic()
        # The state first: what lands after this look is found by the next one.
        done = run.status().done
        with run._session() as session:
            query = f"SELECT prompt_id FROM {_queries.complete(run.name, None)}"
            found = session.table(query, _NUMBERS)["prompt_id"].to_numpy()
        looked = time.monotonic() - begin
        fresh = np.setdiff1d(found, seen)
        for first in range(0, len(fresh), page_prompts):
            page = fresh[first : first + page_prompts]
            columns, query = _rows.statement(run, "training_rows", options, page.tolist())
            with run._session() as session:
                table = session.table(query, columns)
            seen = np.union1d(seen, page)
            yield Table(table, columns.kind)
        if done:
            return
        time.sleep(max(interval, looked / _SHARE))
