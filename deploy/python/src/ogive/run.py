"""A run: its rows as tables, its reference, its state."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from ogive import _display, _hub, _queries, _rows, _versions, reference, schemas, status
from ogive._follow import follow
from ogive._session import Session
from ogive._session import connect as open_connection
from ogive._versions import Drift
from ogive.errors import OgiveError, UnknownPrompt, database_errors
from ogive.reference import Reference
from ogive.status import RunStatus
from ogive.table import Table, write_parquet

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ogive._queries import PassRateBand
    from ogive.database import Database

Transform = Literal["identity", "log", "normal-icdf", "scaled-normal-icdf"]
Source = Literal["all", "draws", "candidates"]
PartitionFunction = Literal["exact", "simplified", "empirical"]
Strategy = Literal["labels", "best-worst", "first-two", "consecutive", "balanced"]
Kind = Literal[
    "tables",
    "training_rows",
    "pairs",
    "completions",
    "candidates",
    "failures",
    "value_rows",
    "prompt_features",
]

_SHOWN_TABLES = 1000  # prompts whose rewards a notebook's curve is of


class Logger(Protocol):
    """What takes numbers by name: the modules `trackio` and `wandb` once initialised, or a run."""

    def log(self, data: dict[str, Any], /) -> object:
        """Takes numbers."""


@dataclass(frozen=True)
class Audit:
    """What `ogive audit` says.

    Attributes:
        sound: Whether each draw is there exactly once, or has its reason.
        report: The whole object, as `config/output.schema.json` defines it.
    """

    sound: bool
    report: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A run of a database, in its present state or as a snapshot holds it.

    Each method that reads gives one state of the run. Options have the names and the meanings of
    the SQL functions, which the page *Trainers* describes.
    """

    database: Database
    name: str
    snapshot: str | None = None

    def status(self) -> RunStatus:
        """How far the run is now, also of a snapshot's run."""
        with open_connection(self.database.conninfo) as connection:
            return status.read(connection, self.name)[0]

    def wait(
        self, *, progress: bool = False, interval: float = 1.0, timeout: float | None = None
    ) -> RunStatus:
        """Waits until nothing is pending, and returns the last status.

        Args:
            progress: Whether to show a bar of the draws and candidates that are decided.
            interval: Seconds between two looks.
            timeout: Seconds after which to give up.

        Raises:
            TimeoutError: After `timeout`; the run goes on.
        """
        for _ in self._looks(interval, timeout, progress=progress):
            pass
        return self.status()

    def log_to(
        self, logger: Logger, *, interval: float = 10.0, timeout: float | None = None
    ) -> RunStatus:
        """Waits as `wait` does, and logs the numbers of the status as `ogive/…` at each look."""
        for found in self._looks(interval, timeout, progress=False):
            logger.log({f"ogive/{name}": value for name, value in found.numbers().items()})
        return self.status()

    def _looks(
        self, interval: float, timeout: float | None, *, progress: bool
    ) -> Iterator[RunStatus]:
        """The status at each look, the last one included."""
        end = None if timeout is None else time.monotonic() + timeout
        bar: Any = None
        warned = False
        try:
            while True:
                found = self.status()
                if progress:
                    bar = _advance(bar, found)
                yield found
                if found.done:
                    return
                if not warned and not self._is_led():
                    warnings.warn(
                        f"run {self.name!r} waits for a coordinator: none leads this database",
                        stacklevel=3,
                    )
                    warned = True
                left = interval if end is None else min(interval, end - time.monotonic())
                if left <= 0:
                    raise TimeoutError(
                        f"run {self.name!r} has {found.pending} draws pending after {timeout} s"
                    )
                time.sleep(left)
        finally:
            if bar is not None:
                bar.close()

    def _is_led(self) -> bool:
        with open_connection(self.database.conninfo) as connection, database_errors():
            row = connection.execute("SELECT leads FROM ogive.coordinator_status").fetchone()
        return bool(row and row[0])

    def audit(self) -> Audit:
        """Proves by `ogive audit` that the run holds exactly what it should."""
        report = self.database._call(["audit", self.name, "--json"], codes=(0, 1))
        return Audit(bool(report["sound"]), report)

    @property
    def manifest(self) -> dict[str, Any]:
        """What the snapshot is: specifications, fingerprints, counts, checksum, versions.

        Raises:
            OgiveError: Without a snapshot: nothing is pinned then.
        """
        if self.snapshot is None:
            raise OgiveError(
                "a manifest belongs to a snapshot: make one by run.make_snapshot(NAME)"
            )
        with open_connection(self.database.conninfo) as connection, database_errors():
            row = connection.execute(
                "SELECT manifest FROM ogive.snapshots WHERE run = %s AND snapshot = %s",
                [self.name, self.snapshot],
            ).fetchone()
        if row is None:
            raise OgiveError(f"run {self.name!r} has no snapshot named {self.snapshot!r}")
        manifest: dict[str, Any] = row[0]
        return manifest

    def make_snapshot(self, name: str, *, incomplete: bool = False) -> Run:
        """Pins by `ogive snapshot` what the run holds now, and returns it.

        Raises:
            ProgramError: If the name is taken, or the run has not finished and not `incomplete`.
        """
        options = ["--incomplete"] if incomplete else []
        self.database._call(["snapshot", "make", self.name, name, *options, "--json"])
        return Run(self.database, self.name, name)

    def tables(self, **band: Unpack[PassRateBand]) -> Table:
        """The sorted rewards of each prompt that has some."""
        return _rows.read(self, "tables", **band)

    def training_rows(
        self,
        beta: float,
        transform: Transform = "identity",
        *,
        ties: Literal["right", "left", "mid", "random"] = "right",
        source: Source = "all",
        partition_function: PartitionFunction = "exact",
        mean_spread: float | None = None,
        length_normalized: bool = False,
        effective_beta_max: float | None = None,
        own: Literal["counted", "excluded"] = "counted",
        tie_seed: int = 0,
        **band: Unpack[PassRateBand],
    ) -> Table:
        """A row for each draw and candidate with a reward, with the target of QRPO.

        Arguments are those of `ogive.training_rows`, but `own`, `tie_seed` and `band`.

        Args:
            beta: Of targets.
            transform: Of quantile rewards.
            ties: How equal rewards count.
            source: Which completions.
            partition_function: Which log Z.
            mean_spread: Of "scaled-normal-icdf"; computed from the whole run by default.
            length_normalized: Whether beta is divided by the number of tokens.
            effective_beta_max: The most that beta is then.
            own: Whether a draw counts itself in its quantile reward: `self` in SQL.
            tie_seed: Decides ties at random: `seed` in SQL.
            band: Which prompts, by their pass rates.
        """
        return _rows.read(
            self,
            "training_rows",
            beta=beta,
            transform=transform,
            ties=ties,
            source=source,
            partition_function=partition_function,
            mean_spread=mean_spread,
            length_normalized=length_normalized,
            effective_beta_max=effective_beta_max,
            own=own,
            tie_seed=tie_seed,
            **band,
        )

    def pairs(
        self,
        strategy: Strategy = "labels",
        *,
        k: int = 6,
        pairs: int = 1,
        seed: int = 0,
        **band: Unpack[PassRateBand],
    ) -> Table:
        """Pairs of completions for DPO and its kin; `strategy` chooses them."""
        return _rows.read(self, "pairs", strategy=strategy, k=k, pairs=pairs, seed=seed, **band)

    def completions(self, **band: Unpack[PassRateBand]) -> Table:
        """Each draw with a completion, with a reward or without."""
        return _rows.read(self, "completions", **band)

    def candidates(self, **band: Unpack[PassRateBand]) -> Table:
        """Each candidate of the prompt set; of a snapshot those with a reward."""
        return _rows.read(self, "candidates", **band)

    def failures(self) -> Table:
        """Each item that was given up, with the reason.

        Raises:
            OgiveError: Of a snapshot, which counts failures and does not keep them.
        """
        return _rows.read(self, "failures")

    def value_rows(self, beta: float = 1.0, **band: Unpack[PassRateBand]) -> Table:
        """The mean and the soft value of each prompt, for value models and A*-PO."""
        return _rows.read(self, "value_rows", beta=beta, **band)

    def prompt_features(self, **band: Unpack[PassRateBand]) -> Table:
        """Numbers about each prompt, for choosing and weighting prompts."""
        return _rows.read(self, "prompt_features", **band)

    def certificate(self, **band: Unpack[PassRateBand]) -> dict[str, Any]:
        """What a reader of the numbers has to know, as `ogive.certificate` gives it.

        Args:
            band: Which prompts the rows are of: `selection` says how many these are, and how many
                are left out.
        """
        _queries.in_band(self.name, self.snapshot, band)  # refuses what is none
        values = {"run": self.name, "snapshot": self.snapshot, **band}
        query = _queries.function("certificate", "certificate::text", values)
        with self._session() as session:
            found: dict[str, Any] = json.loads(session.value(query))
        return found

    def drift(self, other: Run, *, p: Iterable[float] = (0.1, 0.25, 0.5, 0.75, 0.9)) -> Table:
        """How far the rewards of each prompt moved from this run to another reference version.

        Args:
            other: A run of the same database, prompt set and scorer, with completions of its own:
                the one that `ogive refresh` made, or any other.
            p: Which quantiles are compared, in `quantile_shifts`.

        Returns:
            A row for each prompt with rewards in both runs: the distance of Kolmogorov and Smirnov
            with its exact p-value, and the shifts of mean and quantiles, `other` less this one.

        Raises:
            OgiveError: If the runs cannot be compared, with the reason.
        """
        return _versions.drift(self, other, p)

    def drift_summary(self, other: Run, *, false_discovery_rate: float = 0.05) -> Drift:
        """How far all prompts moved from this run to another reference version; see `drift`.

        Args:
            other: As of `drift`.
            false_discovery_rate: The share of `moved` that may be there by chance.
        """
        return _versions.summary(self, other, false_discovery_rate)

    def pass_rates(
        self,
        k: Iterable[int] = (1,),
        *,
        passes_from: float | None = None,
        min_rate: float = 0.0,
        max_rate: float = 1.0,
        level: float = 0.95,
    ) -> Table:
        """The share of each prompt's draws that passed a verifier, and pass@k.

        Args:
            k: For which numbers of draws `pass_at` has the estimate of pass@k without bias; NULL
                where a prompt has fewer rewards.
            passes_from: The least reward with which a draw passes; by default rewards are 0 or 1.
            min_rate: The least pass rate of the prompts to read, as a curriculum chooses them.
            max_rate: The greatest one.
            level: How probably `lower` and `upper` hold the pass rate between them.

        Raises:
            OgiveError: If a reward is neither 0 nor 1, without `passes_from`.
        """
        values = {
            "run": self.name,
            "k": [int(each) for each in k],
            "passes_from": passes_from,
            "min_rate": min_rate,
            "max_rate": max_rate,
            "level": level,
            "snapshot": self.snapshot,
        }
        query = _queries.of_function("pass_rates", schemas.PASS_RATES, values)
        with self._session() as session:
            return Table(session.table(query, schemas.PASS_RATES), schemas.PASS_RATES.kind)

    def quantile_rewards(self, prompt_keys: Iterable[str], rewards: Iterable[float]) -> Table:
        """Quantile rewards of any rewards, in one call.

        Args:
            prompt_keys: The prompt of each reward.
            rewards: Raw, finite rewards of the run's scorer.

        Returns:
            A row for each, in their order; NULL where a prompt has no reward yet (n is 0). Look at
            `complete`: a table that is not may change.

        Raises:
            UnknownPrompt: If a key is none of the run's.
            OgiveError: If a reward is not finite.
            ValueError: If there are not as many keys as rewards.
        """
        keys, numbers = list(prompt_keys), np.asarray(list(rewards), dtype=np.float64)
        if len(keys) != numbers.size:
            raise ValueError(f"{len(keys)} prompt keys and {numbers.size} rewards")
        if bad := np.flatnonzero(~np.isfinite(numbers)).tolist():
            raise OgiveError(f"the reward of prompt {keys[bad[0]]!r} is {numbers[bad[0]]}")
        if other := [key for key in keys if not isinstance(key, str)]:
            raise TypeError(f"prompt keys are texts, and {other[0]!r} is none")
        query = _queries.quantile_rewards(self.name, self.snapshot, keys, numbers.tolist())
        with self._session() as session:
            found = session.table(query, schemas.QUANTILE_REWARDS)
        if len(found) != len(keys):
            known = set(found["prompt_key"].to_pylist())
            unknown = next(key for key in keys if key not in known)
            raise UnknownPrompt(f"run {self.name!r} has no prompt {unknown!r}")
        return Table(found, schemas.QUANTILE_REWARDS.kind)

    def reference(self, path: str | os.PathLike[str] | None = None) -> Reference:
        """The complete tables in a memory-mapped file, for look-ups inside a training loop.

        Args:
            path: Where the file is made; `ogive.Reference(path)` opens it again. By default it is
                a temporary one, which goes with the returned object.
        """
        place = _queries.complete(self.name, self.snapshot)
        query = f"SELECT prompt_key, rewards FROM {place} ORDER BY prompt_id"
        columns = schemas.Columns("reference", _REFERENCE, "prompt_id")
        with self._session() as session:
            return reference.write(path, session.batches(query, columns), self.name, self.snapshot)

    def follow(
        self, beta: float, *, page_prompts: int = 1000, interval: float = 2.0, **options: Any
    ) -> Iterator[Table]:
        """Training rows of draws while the run lands, for a trainer that begins early.

        Each table has the rows of up to `page_prompts` prompts. A prompt comes once, when all its
        draws have a reward: those with failures never do. It ends when the run has.

        Args:
            beta: As of `training_rows`, as are `options`, of which `source` is always "draws".
            page_prompts: The most prompts of one table.
            interval: Seconds between two looks; more where a look takes long.
            options: See `beta`.

        Raises:
            OgiveError: Of a snapshot, and of an adaptive run, which may raise the draws of a
                prompt that was read; for "scaled-normal-icdf" without `mean_spread`.
        """
        return follow(self, beta, page_prompts, interval, options)

    def to_parquet(
        self, path: str | os.PathLike[str], rows: Kind = "training_rows", **options: Any
    ) -> Path:
        """Writes rows to a Parquet file, whole or not at all; memory does not grow with the run.

        Args:
            path: The file.
            rows: The kind of rows, named as the method that reads them.
            options: The arguments of that method.
        """
        with self._session() as session:
            columns, batches = _rows.batches(self, session, rows, options)
            return write_parquet(path, columns.schema, batches)

    def to_dataset(self, rows: Kind = "training_rows", **options: Any) -> Any:
        """A `datasets.Dataset` of rows as trainers read them; see `Table.to_dataset`."""
        return _rows.read(self, rows, **options).to_dataset()

    def save_to_disk(
        self, path: str | os.PathLike[str], rows: Kind = "training_rows", **options: Any
    ) -> Path:
        """Saves the dataset as a folder that `datasets.load_from_disk` reads, with its card."""
        return _hub.save(self, Path(path), rows, options)

    def push_to_hub(
        self,
        repo_id: str,
        rows: Kind = "training_rows",
        *,
        private: bool | None = None,
        token: str | None = None,
        endpoint: str | None = None,
        **options: Any,
    ) -> str:
        """Uploads the rows as Parquet with a dataset card, in one commit; returns its address."""
        return _hub.push(
            self, repo_id, rows, options, private=private, token=token, endpoint=endpoint
        )

    def _session(self) -> Session:
        return Session(self.database.conninfo)

    def _repr_html_(self) -> str:
        found = self.status()
        name = self.name if self.snapshot is None else f"{self.name} @ {self.snapshot}"
        shown = {
            "state": found.state + (" (SYNTHETIC)" if found.synthetic else ""),
            "policy": found.policy,
            "scorer": found.scorer,
            "prompts": f"{found.prompts:,}",
            "draws landed": f"{found.landed:,} of {found.target_draws:,}",
            "failures": f"{found.failures:,}",
            "candidates": f"{found.landed_candidates:,} of {found.target_candidates:,}",
            "mean reward": found.mean_reward,
        }
        table = _display.grid(("", ""), shown.items(), f"run {name}")
        place = _queries.tables(self.name, self.snapshot)
        query = f"SELECT prompt_key, rewards FROM {place} ORDER BY prompt_id LIMIT {_SHOWN_TABLES}"
        with self._session() as session:
            rewards = session.table(query, schemas.Columns("curve", _REFERENCE, "prompt_id"))
        values = rewards["rewards"].combine_chunks().flatten()
        caption = f"share of rewards ≤ x, of {len(rewards):,} prompts"
        return table + _display.ecdf(values.to_numpy(zero_copy_only=False), caption)


_REFERENCE = (
    schemas.Column("prompt_key", schemas.TEXT),
    schemas.Column("rewards", schemas.FLOATS),
)


def _advance(bar: Any, found: RunStatus) -> Any:
    """The progress bar at a status."""
    if bar is None:
        from tqdm.auto import tqdm

        bar = tqdm(desc=found.run, unit=" items")
    # An adaptive run asks for more as it goes.
    bar.total = found.target_draws + found.target_candidates
    bar.n = found.landed + found.failures + found.landed_candidates + found.candidate_failures
    bar.set_postfix(failed=found.failures + found.candidate_failures, refresh=False)
    bar.refresh()
    return bar
