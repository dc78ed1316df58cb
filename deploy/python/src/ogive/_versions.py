"""Two reference versions side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ogive import _queries, schemas
from ogive._session import connect
from ogive.errors import database_errors
from ogive.table import Table

if TYPE_CHECKING:
    from ogive.run import Run


@dataclass(frozen=True)
class Drift:
    """How far the prompts of a run moved to another reference version: `ogive.drift_summary`.

    Attributes:
        prompts: Prompts with rewards in both runs.
        complete: Of these, those with all their draws in both.
        moved: Prompts that moved, so that at most the rate asked for of them is by chance
            (Benjamini and Hochberg 1995).
        moved_ks_p_value: The largest p-value among these; None without any.
        mean_ks_distance: Of all prompts; None without prompts, as are the next two.
        largest_ks_distance: Of all prompts.
        mean_shift: The mean of the shifts of mean rewards.
        mean_shift_standard_error: Its standard error over prompts; None with fewer than two.
    """

    prompts: int
    complete: int
    moved: int
    moved_ks_p_value: float | None
    mean_ks_distance: float | None
    largest_ks_distance: float | None
    mean_shift: float | None
    mean_shift_standard_error: float | None


def drift(run: Run, other: Run, p: Iterable[float]) -> Table:
    """`ogive.drift` as a table."""
    values = _versions(run, other) | {"p": [float(each) for each in p]}
    query = _queries.of_function("drift", schemas.DRIFT, values)
    with run._session() as session:
        return Table(session.table(query, schemas.DRIFT), schemas.DRIFT.kind)


def summary(run: Run, other: Run, rate: float) -> Drift:
    """`ogive.drift_summary`."""
    columns = ", ".join(field.name for field in fields(Drift))
    values = _versions(run, other) | {"false_discovery_rate": rate}
    query = _queries.function("drift_summary", columns, values)
    with connect(run.database.conninfo) as connection, database_errors():
        row = connection.execute(query.encode()).fetchone()
    return Drift(*(row or ()))


def _versions(run: Run, other: Run) -> dict[str, object]:
    if other.database.conninfo != run.database.conninfo:
        raise ValueError("both runs must be of the same database")
    return {
        "run": run.name,
        "other": other.name,
        "snapshot": run.snapshot,
        "other_snapshot": other.snapshot,
    }
