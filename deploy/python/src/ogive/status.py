"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ogive.errors import OgiveError, database_errors
from ogive.schemas import STATUS


@dataclass(frozen=True)
class RunStatus:
    """A row of the view `ogive.run_status`, where each field has its comment.

    `state` is open while something is pending, budget when the run stopped because its budget is
    spent, cancelled when a person ended it, else finished.
    """

    run: str
    state: str
    prompt_set: str
    prompts: int
    draws: int
    target_draws: int
    sampled: int
    landed: int
    failures: int
    pending: int
    target_candidates: int
    landed_candidates: int
    candidate_failures: int
    target_log_probabilities: int
    landed_log_probabilities: int
    log_probability_failures: int
    tokens: int | None
    truncated: int | None
    mean_reward: float | None
    weight: float
    submitted_at: datetime
    finished_at: datetime | None
    policy: str | None
    scorer: str | None
    synthetic: bool
    samples: bool

    @property
    def done(self) -> bool:
        """Whether nothing more will land unless the run is submitted again."""
        return self.state != "open"

    def numbers(self) -> dict[str, float]:
        """What a logger of experiments may show, by name."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            name: value
            for name, value in found.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }


def read(connection: psycopg.Connection[Any], run: str | None) -> list[RunStatus]:
    """The status of one run, or of all of them.

    Raises:
        OgiveError: If there is no such run; the message names those that there are.
    """
    query = f"SELECT {STATUS.selected} FROM ogive.run_status"
    with database_errors(), connection.cursor(row_factory=dict_row) as cursor:
        if run is None:
            rows = cursor.execute(f"{query} ORDER BY submitted_at").fetchall()
        else:
            cursor.execute("SELECT ogive.run_id(%s)", [run])
            rows = cursor.execute(f"{query} WHERE run = %s", [run]).fetchall()
    return [RunStatus(**row) for row in rows]


def require_schema(connection: psycopg.Connection[Any]) -> None:
    """Raises `OgiveError` where the database has no schema of Ogive."""
    with database_errors():
        found = connection.execute("SELECT to_regclass('ogive.run_status') IS NOT NULL").fetchone()
    if not found or not found[0]:
        raise OgiveError(
            "the database has no schema of Ogive: `ogive migrate up` makes it, as `ogive import` "
            "and `ogive run` do"
        )
