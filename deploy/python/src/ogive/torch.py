"""Datasets of torch that read a run page by page, the same share for every rank.

    rows = TrainingRows(run, beta=0.1, seed=1)
    for batch in torch.utils.data.DataLoader(rows, batch_size=64, collate_fn=collate): ...

A page is all rows of some prompts. Pages come in an order that the seed and the epoch decide, and
so do the rows within a page. Ranks and workers take turns at the pages: each page is read by one of
them, and one page is in memory at a time.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from ogive.errors import OgiveError, missing

try:
    import numpy as np
    import torch
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError as error:
    raise missing("torch", error) from error

from ogive import _queries, _rows, schemas
from ogive._display import short
from ogive._session import Session, quoted
from ogive.run import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

Row = dict[str, Any]
Uneven = Literal["drop", "wrap", "keep"]

_COUNTS = schemas.Columns(
    "counts",
    (schemas.Column("prompt_id", schemas.LONG), schemas.Column("rows", schemas.LONG)),
    "prompt_id",
)
_TOKENS = schemas.Columns(
    "tokens",
    (
        schemas.Column("prompt_id", schemas.LONG),
        schemas.Column("item_kind", schemas.TEXT),
        schemas.Column("item_index", schemas.INT),
        schemas.Column("token_ids", schemas.INTS, nullable=True),
    ),
    "prompt_id",
)
# Numbers that every row has, and those that a row may lack.
_ALWAYS = {
    "reward": torch.float64,
    "quantile_reward": torch.float64,
    "standard_error": torch.float64,
    "log_z": torch.float64,
    "target": torch.float64,
    "effective_beta": torch.float64,
    "beta_log_partition": torch.float64,
    "chosen_reward": torch.float64,
    "rejected_reward": torch.float64,
    "reward_gap": torch.float64,
    "chosen_quantile_reward": torch.float64,
    "rejected_quantile_reward": torch.float64,
    "prompt_id": torch.int64,
    "item_index": torch.int64,
    "n": torch.int64,
}
_SOMETIMES = {
    "ref_log_probability": torch.float64,
    "ref_chosen_log_probability": torch.float64,
    "ref_rejected_log_probability": torch.float64,
    "token_count": torch.int64,
}


class PagedRows(IterableDataset[Row]):
    """Rows of complete tables, not degenerate, in an order that can be repeated.

    Each iteration is one epoch, and then the next one is the current one. Workers of a DataLoader
    use copies: with them, set `epoch` before each epoch.

    Args:
        run: The run, or a snapshot of it: only a snapshot stays as it is.
        kind: The kind of rows.
        options: The arguments of the method of `Run` that reads them.
        page_prompts: The most prompts of a page.
        seed: Decides, with the epoch, the order of pages, and of rows within a page.
        rank: The number of this process of a distributed training.
        world: How many of them there are.
        workers: The `num_workers` of the DataLoader.
        uneven: What happens with rows that not every rank has: "drop" ends each stream of rows
            with the shortest one, "wrap" repeats a stream's first rows until it is as long as the
            longest one, "keep" gives each row exactly once, to streams of different lengths. To be
            chosen when `world` is more than 1.
    """

    def __init__(
        self,
        run: Run,
        kind: str,
        options: dict[str, Any],
        *,
        page_prompts: int = 1000,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        uneven: Uneven | None = None,
    ) -> None:
        super().__init__()
        if page_prompts < 1 or not 0 <= rank < world or workers < 0:
            raise ValueError(
                "page_prompts must be at least 1, rank from 0 to world - 1, workers 0 or more"
            )
        if uneven not in (None, "drop", "wrap", "keep"):
            raise ValueError(f"uneven is {uneven!r}; choose drop, wrap or keep")
        if uneven is None and world > 1:
            raise ValueError(
                "ranks may get different numbers of rows, and a rank with fewer leaves the others "
                'waiting: choose uneven="drop", "wrap" or "keep"'
            )
        _rows.statement(run, kind, options)  # refuses unknown options
        self.run, self.kind, self.options = run, kind, options
        self.page_prompts, self.seed, self.rank, self.world = page_prompts, seed, rank, world
        self.workers, self.uneven = workers, uneven or "keep"
        self.epoch, self.page, self.row = 0, 0, 0
        self.digest: str | None = None

    @property
    def streams(self) -> int:
        """How many streams of rows there are, over all ranks and workers."""
        return self.world * max(1, self.workers)

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, for a checkpoint; torchdata's StatefulDataLoader asks each worker."""
        return {
            "epoch": self.epoch,
            "page": self.page,
            "row": self.row,
            "digest": self.digest,
            "order": self.order(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on with the row after the last one that was given.

        Raises:
            OgiveError: If the order of rows would be another one.
        """
        if state["order"] != self.order():
            raise OgiveError(
                f"the checkpoint's rows came in another order ({state['order']}, now "
                f"{self.order()}): give the same run, seed, page size, ranks and options"
            )
        self.epoch, self.page, self.row = state["epoch"], state["page"], state["row"]
        self.digest = state["digest"]

    def set_epoch(self, epoch: int) -> None:
        """Makes the next iteration that epoch, from its first row; loaders of accelerate call it.

        Loops that take a number of batches, as that of transformers, do not read an epoch to its
        end, and the next one would begin with what is left.
        """
        self.epoch, self.page, self.row = epoch, 0, 0

    def order(self) -> dict[str, Any]:
        """All that the order of rows depends on, besides the run's tables."""
        return {
            "run": self.run.name,
            "snapshot": self.run.snapshot,
            "kind": self.kind,
            "seed": self.seed,
            "page_prompts": self.page_prompts,
            "rank": self.rank,
            "world": self.world,
            "workers": self.workers,
            "uneven": self.uneven,
            **self.options,
        }

    def __len__(self) -> int:
        """Rows of this rank in the current epoch."""
        with self._session() as session:
            lengths = self._lengths(self._pages(session, counted=True))
        streams = max(1, self.workers)
        if self.uneven == "keep":
            return int(lengths[self.rank * streams : (self.rank + 1) * streams].sum())
        return self._share(lengths) * streams

    def __iter__(self) -> Iterator[Row]:
        """The rest of the current epoch; then the next epoch is the current one."""
        worker = get_worker_info()
        running = worker.num_workers if worker else 0
        if running != self.workers:
            raise ValueError(
                f"the DataLoader has {running} workers and the dataset was made for "
                f"{self.workers}: give workers={running}"
            )
        stream = self.rank * max(1, self.workers) + (worker.id if worker else 0)
        # One transaction: every page of the epoch is of the same state of the run.
        with self._session() as session:
            pages = self._pages(session, counted=self.uneven != "keep")
            options = _rows.with_spread(self.run, session, self.options)
            places = self._places(len(pages))[stream :: self.streams]
            left = None
            if self.uneven != "keep":
                left = self._share(self._lengths(pages)) - self._given(pages, places)
            while (left is None and self.page < len(places)) or (left is not None and left > 0):
                # A stream that wraps begins with its own first page again.
                place = int(places[self.page % len(places)])
                rows = self.read(session, options, pages[place][:, 0])
                shuffle = np.random.default_rng([self.seed, self.epoch, place])
                for index in shuffle.permutation(len(rows))[self.row :]:
                    if left is not None:
                        if left == 0:
                            break
                        left -= 1
                    self.row += 1
                    yield rows[index]
                self.page, self.row = self.page + 1, 0
        self.epoch, self.page, self.row = self.epoch + 1, 0, 0

    def read(
        self, session: Session, options: dict[str, Any], prompts: NDArray[np.int64]
    ) -> list[Row]:
        """The rows of some prompts, in one order."""
        columns, query = _rows.statement(self.run, self.kind, options, prompts.tolist())
        table = session.table(query, columns)
        names = columns.schema.names
        lists = [table[name].to_pylist() for name in names]
        # Each row has a document of its own, which a trainer may change.
        place = names.index("prompt")
        lists[place] = [json.loads(text) for text in lists[place]]
        return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]

    def counts_query(self) -> str:
        """The statement that counts the rows of each prompt, without reading texts."""
        raise NotImplementedError

    def _session(self) -> Session:
        return self.run._session()

    def _prompts(self) -> str:
        band = _queries.in_band(self.run.name, self.run.snapshot, self.options)
        return f"{_queries.complete(self.run.name, self.run.snapshot)} AND NOT degenerate{band}"

    def _pages(self, session: Session, *, counted: bool) -> list[NDArray[np.int64]]:
        """(prompt, rows) of each page; rows are 0 unless they are counted."""
        numbers = f"SELECT prompt_id, n::bigint AS rows FROM {self._prompts()} ORDER BY prompt_id"
        found = session.table(numbers, _COUNTS)
        if not len(found):
            raise OgiveError(
                f"run {self.run.name!r} has no prompt whose table is complete and not degenerate"
                f"{' and whose pass rate is in the band' if self._is_chosen() else ''}; "
                "look at it with: ogive status"
            )
        table = np.column_stack([found["prompt_id"].to_numpy(), found["rows"].to_numpy()])
        digest = hashlib.sha256(np.ascontiguousarray(table).tobytes()).hexdigest()
        if (self.page or self.row) and digest != self.digest:
            raise OgiveError(
                f"run {self.run.name!r} has other prompts or draws than when this epoch began: "
                "train from a snapshot, or begin the epoch again"
            )
        self.digest = digest
        if len(table) < self.streams:
            raise OgiveError(
                f"{len(table)} prompts cannot be shared by {self.world} ranks with "
                f"{max(1, self.workers)} workers each: take fewer"
            )
        if counted:
            rows = session.table(self.counts_query(), _COUNTS)
            known = dict(zip(rows["prompt_id"].to_pylist(), rows["rows"].to_pylist(), strict=True))
            table[:, 1] = [known.get(prompt, 0) for prompt in table[:, 0].tolist()]
        # Each stream has as many pages as every other one, and pages are of one size, or one less.
        turns = math.ceil(len(table) / self.page_prompts / self.streams)
        return np.array_split(table, turns * self.streams if self.streams > 1 else turns)

    def _is_chosen(self) -> bool:
        return any(self.options.get(name) is not None for name in _queries.BAND)

    def _places(self, pages: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.seed, self.epoch]).permutation(pages)

    def _lengths(self, pages: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        """The rows of each stream in this epoch."""
        rows = np.array([page[:, 1].sum() for page in pages], dtype=np.int64)
        places = self._places(len(pages))
        return np.array([rows[places[s :: self.streams]].sum() for s in range(self.streams)])

    def _share(self, lengths: NDArray[np.int64]) -> int:
        """The rows that each stream gives."""
        if not lengths.min():
            raise OgiveError("a rank or worker would have no row: take fewer, or smaller pages")
        return int(lengths.min() if self.uneven == "drop" else lengths.max())

    def _given(self, pages: list[NDArray[np.int64]], places: NDArray[np.int64]) -> int:
        """The rows that this stream gave before, in this epoch."""
        before = [pages[places[number % len(places)]][:, 1].sum() for number in range(self.page)]
        return int(sum(before)) + self.row


class TrainingRows(PagedRows):
    """The rows of `Run.training_rows` as dictionaries; `prompt` is the imported document.

    Args:
        run: The run, or a snapshot of it.
        beta: As of `Run.training_rows`.
        tokens: Whether to add `token_ids`, the sampled tokens that log pi_ref belongs to.
        options: Further arguments of `Run.training_rows` and of `PagedRows`.
    """

    def __init__(self, run: Run, beta: float, *, tokens: bool = False, **options: Any) -> None:
        placed = {name: options.pop(name) for name in _PLACED if name in options}
        given = {"beta": beta, **{k: v for k, v in options.items() if v is not None}}
        super().__init__(run, "training_rows", given, **placed)
        self.tokens = tokens

    def read(
        self, session: Session, options: dict[str, Any], prompts: NDArray[np.int64]
    ) -> list[Row]:
        """The rows of some prompts, in one order."""
        rows = super().read(session, options, prompts)
        if self.tokens:
            run, page = quoted(self.run.name), _queries.numbers(prompts.tolist())
            found = session.table(
                f"SELECT prompt_id, 'draw' AS item_kind, draw_index AS item_index, token_ids "
                f"FROM ogive.run_completions WHERE run = {run} AND prompt_id = ANY ({page}) "
                f"UNION ALL SELECT prompt_id, 'candidate', candidate_index, token_ids "
                f"FROM ogive.candidates WHERE run = {run} AND prompt_id = ANY ({page})",
                _TOKENS,
            ).to_pylist()
            tokens = {(t["prompt_id"], t["item_kind"], t["item_index"]): t for t in found}
            for row in rows:
                key = row["prompt_id"], row["item_kind"], row["item_index"]
                row["token_ids"] = tokens[key]["token_ids"]
        return rows

    def counts_query(self) -> str:
        """The statement that counts the rows of each prompt, without reading texts."""
        source = self.options.get("source", "all")
        parts = []
        if source in ("draws", "all"):
            parts.append(f"SELECT prompt_id, n::bigint AS rows FROM {self._prompts()}")
        if source in ("candidates", "all"):
            parts.append(self._candidates())
        union = " UNION ALL ".join(parts)
        return f"SELECT prompt_id, sum(rows)::bigint AS rows FROM ({union}) u GROUP BY prompt_id"

    def _candidates(self) -> str:
        run = quoted(self.run.name)
        if self.run.snapshot is None:
            return (
                "SELECT prompt_id, count(*) AS rows FROM ogive.candidate_rewards "
                f"WHERE run = {run} GROUP BY prompt_id"
            )
        return (
            "SELECT prompt_id, cardinality(candidate_indexes)::bigint AS rows "
            f"FROM {_queries.tables(self.run.name, self.run.snapshot)}"
        )


class PreferencePairs(PagedRows):
    """The rows of `Run.pairs` as dictionaries, for DPO and its kin.

    Args:
        run: The run, or a snapshot of it.
        strategy: As of `Run.pairs`.
        k: As of `Run.pairs`, as are `pairs` and `pair_seed`, its `seed`.
        options: Further arguments of `Run.pairs` and of `PagedRows`.
    """

    def __init__(
        self,
        run: Run,
        strategy: str = "labels",
        *,
        k: int = 6,
        pairs: int = 1,
        pair_seed: int = 0,
        **options: Any,
    ) -> None:
        given = {"strategy": strategy, "k": k, "pairs": pairs, "seed": pair_seed}
        given |= {name: options.pop(name) for name in _queries.BAND if name in options}
        super().__init__(run, "pairs", given, **options)

    def order(self) -> dict[str, Any]:
        """All that the order of rows depends on; `seed` is the order's, as everywhere."""
        return {**super().order(), "pair_seed": self.options["seed"], "seed": self.seed}

    def counts_query(self) -> str:
        """The statement that counts the rows of each prompt."""
        given = {k: v for k, v in self.options.items() if k not in _queries.BAND}
        values = {"run": self.run.name, **given, "snapshot": self.run.snapshot}
        return _queries.counted("preference_pairs", values)


_ADVICE = {
    True: "choose another transform; with length_normalized, take rows that have a token_count",
    False: 'other rows have one: take source="draws", or sample with policy.logprobs and '
    "run.candidates: [score, logprobs]; leave out rows whose text_is_lossy",
}
_PLACED = ("page_prompts", "seed", "rank", "world", "workers", "uneven")


def collate(rows: Sequence[Row]) -> dict[str, Any]:
    """A batch: numbers as tensors, everything else as lists.

    What a row may lack (log-probabilities, token counts) is None when no row has it.

    Raises:
        OgiveError: If only some rows have such a number, or a number is missing or not finite:
            nothing stands in for it.
    """
    batch: dict[str, Any] = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        if name in _ALWAYS:
            batch[name] = _tensor(name, values, rows, _ALWAYS[name])
        elif name in _SOMETIMES:
            lacking = all(value is None for value in values)
            batch[name] = None if lacking else _tensor(name, values, rows, _SOMETIMES[name])
        else:
            batch[name] = values
    return batch


def _tensor(name: str, values: list[Any], rows: Sequence[Row], kind: torch.dtype) -> torch.Tensor:
    is_ours = name in _ALWAYS
    for value, row in zip(values, rows, strict=True):
        if value is None or not math.isfinite(cast("float", value)):
            raise OgiveError(
                f"prompt {short(row.get('prompt_key'))!r}: {name} is {value}; {_ADVICE[is_ours]}"
            )
    return torch.tensor(values, dtype=kind)
