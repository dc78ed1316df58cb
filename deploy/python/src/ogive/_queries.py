"""The SQL of each kind of rows: of what is there now, or of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ogive._session import arguments, quoted
from ogive.errors import OgiveError
from ogive.schemas import (
    CANDIDATES,
    COMPLETIONS,
    FAILURES,
    QUANTILE_REWARDS,
    TABLES,
    Columns,
)

# A snapshot holds which draws and candidates there were, and their rewards; texts never change.
# ogive.run_id and ogive.snapshot_id name what there is where a run or a snapshot is unknown.
_RUN = "run_id = (SELECT ogive.run_id({run}))"
_PINNED = "snapshot_id = (SELECT ogive.snapshot_id({run}, {snapshot}))"
_PINNED_TABLES = f"ogive.snapshot_tables WHERE {_PINNED} AND n > 0"
_PINNED_COMPLETIONS = f"""(
    SELECT c.prompt_id, c.prompt_key, c.draw_index, c.text, w.reward,
        ogive.quantile_reward(t.rewards, w.reward) AS quantile_reward, c.log_probability,
        c.token_count, c.finish_reason, c.truncated, c.seed, c.worker, c.sample_ms, c.landed_at,
        c.raw, c.text_is_lossy, c.token_ids, c.token_log_probabilities
    FROM ogive.snapshot_tables t
    JOIN ogive.run_completions c ON c.run_id = t.run_id AND c.prompt_id = t.prompt_id
        AND c.draw_index = ANY (t.draw_indexes || t.unscored_indexes)
    CROSS JOIN LATERAL (SELECT ogive.reward_of_draw(
        t.draw_indexes, t.draw_rewards, c.draw_index) AS reward) w
    WHERE t.{_PINNED}) pinned WHERE true"""
_PINNED_CANDIDATES = f"""(
    SELECT k.prompt_id, k.prompt_key, k.candidate_index, k.label, k.text, k.metadata, u.reward,
        ogive.quantile_reward(t.rewards, u.reward) AS quantile_reward, u.log_probability,
        CASE WHEN u.log_probability IS NOT NULL THEN k.token_count END AS token_count,
        CASE WHEN u.log_probability IS NOT NULL THEN k.token_ids END AS token_ids,
        CASE WHEN u.log_probability IS NOT NULL THEN k.token_log_probabilities END
            AS token_log_probabilities
    FROM ogive.snapshot_tables t
    CROSS JOIN LATERAL unnest(t.candidate_indexes, t.candidate_rewards,
        t.candidate_log_probabilities) u(index, reward, log_probability)
    JOIN ogive.candidates k ON k.run_id = t.run_id AND k.prompt_id = t.prompt_id
        AND k.candidate_index = u.index
    WHERE t.{_PINNED}) pinned WHERE true"""
_VIEWS = {
    TABLES.kind: (f"ogive.quantile_tables WHERE {_RUN}", _PINNED_TABLES),
    COMPLETIONS.kind: (f"ogive.run_completions WHERE {_RUN}", _PINNED_COMPLETIONS),
    CANDIDATES.kind: (f"ogive.candidates WHERE {_RUN}", _PINNED_CANDIDATES),
    # Empty: a snapshot has none.
    FAILURES.kind: (f"ogive.failures WHERE {_RUN}", ""),
}


def of_view(
    columns: Columns,
    run: str,
    snapshot: str | None,
    prompts: Sequence[int] | None = None,
    band: str = "",
) -> str:
    """All rows of a view for a run or for its snapshot, or those of some prompts."""
    now, pinned = _VIEWS[columns.kind]
    source = now if snapshot is None else pinned
    if not source:
        raise OgiveError(
            "a snapshot counts failures, in its manifest, and does not keep them: take the run "
            "without a snapshot"
        )
    place = source.format(run=quoted(run), snapshot=quoted(snapshot))
    return f"SELECT {columns.selected} FROM {place}{page(prompts)}{band} ORDER BY {columns.order}"


def of_function(
    name: str,
    columns: Columns,
    values: Mapping[str, object],
    prompts: Sequence[int] | None = None,
    band: str = "",
) -> str:
    """All rows of a function for trainers, or those of some prompts."""
    return (
        f"SELECT {columns.selected} FROM ogive.{name}({arguments(values)}) "
        f"WHERE true{page(prompts)}{band} ORDER BY {columns.order}"
    )


def function(name: str, columns: str, values: Mapping[str, object]) -> str:
    """Some columns of a function that gives one row."""
    return f"SELECT {columns} FROM ogive.{name}({arguments(values)})"


def prompts(run: str) -> str:
    """The numbers of a run's prompts, with rows or without."""
    return (
        "SELECT prompt_id FROM ogive.prompts WHERE prompt_set = (SELECT prompt_set "
        f"FROM ogive.run_status WHERE {_RUN.format(run=quoted(run))}) ORDER BY prompt_id"
    )


def quantile_rewards(
    run: str, snapshot: str | None, keys: Sequence[str], rewards: Sequence[float]
) -> str:
    """Quantile rewards of any rewards, in their order; nothing of a key that is not the run's."""
    return _QUANTILE_REWARDS.format(
        columns=QUANTILE_REWARDS.selected,
        keys=quoted(keys),
        rewards=quoted(rewards),
        run=_RUN.format(run=quoted(run)),
        tables=tables(run, snapshot),
    )


_QUANTILE_REWARDS = """
    SELECT {columns} FROM (
        SELECT g.place, g.prompt_key, g.reward,
            ogive.quantile_reward(t.rewards, g.reward) AS quantile_reward,
            ogive.quantile_standard_error(t.rewards, g.reward) AS standard_error,
            coalesce(t.n, 0) AS n, coalesce(t.complete, false) AS complete
        FROM unnest({keys}::text[], {rewards}::float8[])
            WITH ORDINALITY g(prompt_key, reward, place)
        JOIN ogive.prompts p ON p.prompt_key = g.prompt_key AND p.prompt_set = (
            SELECT prompt_set FROM ogive.run_status WHERE {run})
        LEFT JOIN (SELECT * FROM {tables}) t ON t.prompt_id = p.prompt_id
    ) x ORDER BY place"""


class PassRateBand(TypedDict, total=False):
    """Which prompts are read, by the share of their draws that passed a verifier.

    Attributes:
        min_rate: The least pass rate, from 0 to 1.
        max_rate: The greatest one.
        passes_from: The least reward with which a draw passes; by default rewards are 0 or 1.
    """

    min_rate: float
    max_rate: float
    passes_from: float | None


BAND = ("passes_from", "min_rate", "max_rate")


def in_band(
    run: str,
    snapshot: str | None,
    options: Mapping[str, Any],
    prompts: Sequence[int] | None = None,
) -> str:
    """The condition on prompts whose pass rate is in the band that options say; "" without one.

    Raises:
        ValueError: If it is no band.
    """
    least, greatest = options.get("min_rate"), options.get("max_rate")
    passes_from = options.get("passes_from")
    if least is None and greatest is None:
        if passes_from is not None:
            raise ValueError("passes_from says what min_rate and max_rate are of: give one of them")
        return ""
    least = 0.0 if least is None else float(least)
    greatest = 1.0 if greatest is None else float(greatest)
    if not 0 <= least <= greatest <= 1:
        raise ValueError(f"min_rate {least} and max_rate {greatest} are not 0 ≤ min ≤ max ≤ 1")
    values: dict[str, object] = {
        "run": run,
        "k": [],
        "passes_from": passes_from,
        "min_rate": least,
        "max_rate": greatest,
        "snapshot": snapshot,
    }
    rates = f"SELECT prompt_id FROM ogive.pass_rates({arguments(values)}) WHERE true{page(prompts)}"
    return f" AND prompt_id IN ({rates})"


def page(prompts: Sequence[int] | None) -> str:
    """The condition on some prompts; "" for all."""
    return "" if prompts is None else f" AND prompt_id = ANY ({numbers(prompts)})"


def numbers(values: Sequence[int]) -> str:
    """Numbers of prompts as an array of SQL."""
    return f"'{{{','.join(str(int(value)) for value in values)}}}'::bigint[]"


def tables(run: str, snapshot: str | None) -> str:
    """Where the tables of a run are, or of its snapshot: what follows FROM."""
    now, pinned = _VIEWS[TABLES.kind]
    source = now if snapshot is None else pinned
    return source.format(run=quoted(run), snapshot=quoted(snapshot))


def complete(run: str, snapshot: str | None) -> str:
    """The same of complete tables only."""
    return f"{tables(run, snapshot)} AND complete"


def counted(name: str, values: Mapping[str, object]) -> str:
    """How many rows a function gives for each prompt."""
    return (
        f"SELECT prompt_id, count(*) AS rows FROM ogive.{name}({arguments(values)}) "
        "GROUP BY prompt_id"
    )
