"""Every kind of rows of a run, page by page, in one state of the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ogive import _queries, schemas
from ogive._session import Session, quoted
from ogive.table import Table

if TYPE_CHECKING:
    from ogive.run import Run

# Prompts of a page: the server sorts, and computes, no more than their rows at once.
_PAGE = 2000

# The SQL function of a kind of rows, and its options.
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "training_rows": (
        "training_rows",
        (
            "beta",
            "transform",
            "ties",
            "source",
            "partition_function",
            "mean_spread",
            "length_normalized",
            "effective_beta_max",
            "own",
            "tie_seed",
        ),
    ),
    "pairs": ("preference_pairs", ("strategy", "k", "pairs", "seed")),
    "value_rows": ("value_rows", ("beta",)),
    "prompt_features": ("prompt_features", ()),
}
# What SQL calls an option of training_rows that Python cannot call so: `self` is a method's own
# argument, and `seed` the order of `ogive.torch.PagedRows`.
_NAMES = {"own": "self", "tie_seed": "seed"}
_NUMBERS = schemas.Columns("prompts", (schemas.Column("prompt_id", schemas.LONG),), "prompt_id")


def read(run: Run, kind: str, **options: Any) -> Table:
    """All rows of a kind."""
    with run._session() as session:
        columns, found = batches(run, session, kind, options)
        arrow = list(found)
    if not arrow:
        return Table(columns.schema.empty_table(), kind)
    return Table(pa.Table.from_batches(arrow), kind)


def batches(
    run: Run, session: Session, kind: str, options: Mapping[str, Any]
) -> tuple[schemas.Columns, Iterator[pa.RecordBatch]]:
    """The columns of a kind of rows, and the rows in their order."""
    columns, _ = statement(run, kind, options)  # refuses what is wrong now
    return columns, _batches(run, session, kind, options)


def _batches(
    run: Run, session: Session, kind: str, options: Mapping[str, Any]
) -> Iterator[pa.RecordBatch]:
    prompts = session.table(_queries.prompts(run.name), _NUMBERS)["prompt_id"].to_pylist()
    given = with_spread(run, session, options)
    # One page needs no list of its prompts.
    pages = [prompts[i : i + _PAGE] for i in range(0, len(prompts), _PAGE)]
    for page in pages if len(pages) > 1 else [None]:
        columns, query = statement(run, kind, given, page)
        yield from session.batches(query, columns)


def statement(
    run: Run, kind: str, options: Mapping[str, Any], prompts: Sequence[int] | None = None
) -> tuple[schemas.Columns, str]:
    """The columns and the statement of a kind of rows, or of those of some prompts.

    Raises:
        ValueError: If there is no such kind.
        TypeError: If it has not one of the options, or needs another one.
    """
    columns = schemas.KINDS.get(kind)
    if columns is None:
        raise ValueError(f"rows is {kind!r}; choose {', '.join(schemas.KINDS)}")
    name, allowed = _FUNCTIONS.get(kind, ("", ()))
    if kind != schemas.FAILURES.kind:  # a failure has no pass rate
        allowed = (*allowed, *_queries.BAND)
    if unknown := [option for option in options if option not in allowed]:
        raise TypeError(
            f"{kind} has no option {unknown[0]!r}; it has {', '.join(allowed) or 'none'}"
        )
    band = _queries.in_band(run.name, run.snapshot, options, prompts)
    options = {option: options[option] for option in options if option not in _queries.BAND}
    if not name:
        return columns, _queries.of_view(columns, run.name, run.snapshot, prompts, band)
    if kind == "training_rows" and options.get("beta") is None:
        raise TypeError("training_rows needs beta")
    named = {_NAMES.get(option, option): value for option, value in options.items()}
    values = {"run": run.name, **named, "snapshot": run.snapshot}
    return columns, _queries.of_function(name, columns, values, prompts, band)


def with_spread(run: Run, session: Session, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with the mean spread that would otherwise be computed for every page."""
    given = dict(options)
    if given.get("transform") == "scaled-normal-icdf" and given.get("mean_spread") is None:
        name, snapshot = quoted(run.name), quoted(run.snapshot)
        given["mean_spread"] = session.value(f"SELECT ogive.mean_reward_spread({name}, {snapshot})")
    return given
