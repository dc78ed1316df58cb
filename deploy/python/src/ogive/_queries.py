"""The SQL of each kind of rows: of what is there now, or of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ogive._session import arguments, quoted
from ogive.errors import OgiveError
from ogive.schemas import CANDIDATES, COMPLETIONS, FAILURES, TABLES, Columns

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
    WHERE t.{_PINNED}) pinned"""
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
    WHERE t.{_PINNED}) pinned"""
_VIEWS = {
    TABLES.kind: (f"ogive.quantile_tables WHERE {_RUN}", _PINNED_TABLES),
    COMPLETIONS.kind: (f"ogive.run_completions WHERE {_RUN}", _PINNED_COMPLETIONS),
    CANDIDATES.kind: (f"ogive.candidates WHERE {_RUN}", _PINNED_CANDIDATES),
    # Empty: a snapshot has none.
    FAILURES.kind: (f"ogive.failures WHERE {_RUN}", ""),
}


def of_view(columns: Columns, run: str, snapshot: str | None) -> str:
    """All rows of a view for a run, or for its snapshot."""
    now, pinned = _VIEWS[columns.kind]
    source = now if snapshot is None else pinned
    if not source:
        raise OgiveError(
            "a snapshot counts failures, in its manifest, and does not keep them: take the run "
            "without a snapshot"
        )
    place = source.format(run=quoted(run), snapshot=quoted(snapshot))
    return f"SELECT {columns.selected} FROM {place} ORDER BY {columns.order}"


def of_function(
    name: str,
    columns: Columns,
    values: Mapping[str, object],
    prompts: Sequence[int] | None = None,
) -> str:
    """All rows of a function for trainers, or those of some prompts."""
    page = "" if prompts is None else f" WHERE prompt_id = ANY ({numbers(prompts)})"
    return (
        f"SELECT {columns.selected} FROM ogive.{name}({arguments(values)}){page} "
        f"ORDER BY {columns.order}"
    )


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
