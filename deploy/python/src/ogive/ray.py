"""Workers of Ogive on a Ray cluster: native processes, one in each actor.

    run = ogive.connect(config="run.yaml").submit("run.yaml")
    with ogive.ray.start_workers("run.yaml", run=run, workers=8, gpus=1) as fleet:
        fleet.wait()

The program, this package and the configuration are on each machine of the cluster. A coordinator
runs elsewhere; `worker.connect` of the configuration says where.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import ray

from ogive import _program
from ogive._session import connect as open_connection
from ogive.database import as_yaml, connect
from ogive.errors import OgiveError, database_errors
from ogive.run import Run

# Longer than the drain of a worker (25 s) and the end of its model servers (10 s).
_GRACE = 60.0
# Exit codes that another start does not change: failed, usage.
_WRONG = (1, 2)


class _Worker:
    """An actor with a worker process, which ends when the actor does, however that comes."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._drains = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Returns once the cluster has a place for this actor."""

    def work(self, program: str | None, arguments: list[str]) -> int:
        """Runs the process, and returns its exit code."""
        with self._lock:
            if self._drains:
                return 0
            # The end of its input tells the worker that this process has gone.
            self._process = process = subprocess.Popen(
                [_program.find(program), *arguments], stdin=subprocess.PIPE
            )
        return process.wait()

    def drain(self) -> None:
        """Lets it finish and deliver what it began."""
        with self._lock:
            self._drains = True
            if self._process and self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)


@dataclass(frozen=True)
class _Placed:
    """An actor, and whether it has its place: `begun` is the result of `begin`."""

    actor: Any
    begun: Any

    @property
    def waits(self) -> bool:
        return not ray.wait([self.begun], timeout=0)[0]


@dataclass(frozen=True)
class _Fleet:
    """What `start_workers` was asked for."""

    run: Run
    every_run: bool
    least: int
    most: int
    items_per_worker: int
    interval: float
    program: str | None
    arguments: list[str]
    resources: Mapping[str, Any]


class Workers:
    """As many workers as there is work for, until that is done: `start_workers` makes one.

    Attributes:
        started: How many workers were started so far.
    """

    def __init__(self, fleet: _Fleet) -> None:
        self.started = 0
        self._fleet = fleet
        # By the result of `work`, which comes when the worker has ended.
        self._placed: dict[Any, _Placed] = {}
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ogive-ray", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        """Waits until nothing is pending and the workers have ended.

        Raises:
            OgiveError: If a worker ended because it is configured wrongly, or its key is refused.
            TimeoutError: After `timeout` seconds; the workers go on.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"workers still run after {timeout} s")
        if self._failure:
            raise self._failure

    def close(self) -> None:
        """Lets the workers finish and deliver what they began, and ends them."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def pending(self) -> int | None:
        """Items that are pending, those that workers do included; None when the run has ended."""
        query = "SELECT count(*), coalesce(sum(items), 0)::bigint FROM ogive.pending_work"
        words: list[Any] = []
        if not self._fleet.every_run:
            query, words = f"{query} WHERE run = %s", [self._fleet.run.name]
        with open_connection(self._fleet.run.database.conninfo) as connection, database_errors():
            row = connection.execute(query, words).fetchone()
        return int(row[1]) if row and row[0] else None

    def _work(self) -> None:
        """Follows what is pending, and drains the workers at the end."""
        try:
            while not self._stop.is_set():
                self._forget_ended()
                pending = self.pending()
                if pending is None:
                    break
                self._scale(
                    wanted(
                        pending, self._fleet.least, self._fleet.most, self._fleet.items_per_worker
                    )
                )
                self._stop.wait(self._fleet.interval)
        except BaseException as error:  # noqa: BLE001 - `wait` raises it again
            self._failure = error
        finally:
            self._drain()

    def _scale(self, count: int) -> None:
        """Starts missing workers; of those too many, only the ones without a place are removed."""
        for _ in range(count - len(self._placed)):
            fleet = self._fleet
            actor = ray.remote(_Worker).options(max_concurrency=3, **fleet.resources)
            actor = actor.remote()
            work = actor.work.remote(fleet.program, fleet.arguments)
            self._placed[work] = _Placed(actor, actor.begin.remote())
            self.started += 1
        waiting = [reference for reference, placed in self._placed.items() if placed.waits]
        for reference in waiting[: max(0, len(self._placed) - count)]:
            ray.kill(self._placed.pop(reference).actor)

    def _forget_ended(self) -> None:
        """Forgets workers that ended without work, or with their machine."""
        if not self._placed:
            return
        ended, _ = ray.wait(list(self._placed), num_returns=len(self._placed), timeout=0)
        for reference in ended:
            ray.kill(self._placed.pop(reference).actor)
            try:
                code = ray.get(reference)
            except ray.exceptions.RayActorError:
                continue  # the machine went; another worker takes its place
            if code in _WRONG:
                raise OgiveError(
                    f"a worker ended with exit code {code}: its message is in the output of its "
                    "actor, and says what to change"
                )

    def _drain(self) -> None:
        """Ends all workers: those without a place at once, the others when they are done."""
        self._scale(0)
        for placed in self._placed.values():
            placed.actor.drain.remote()
        if self._placed:
            ray.wait(list(self._placed), num_returns=len(self._placed), timeout=_GRACE)
        for placed in self._placed.values():
            ray.kill(placed.actor)
        self._placed.clear()


def wanted(pending: int, least: int, most: int, items_per_worker: int) -> int:
    """How many workers are worth having: as `ogive slurm` and KEDA count them."""
    return max(least, min(most, -(-pending // items_per_worker))) if pending else 0


def start_workers(
    config: str | os.PathLike[str],
    *,
    workers: int = 1,
    gpus: float = 0,
    cpus: float = 1,
    run: Run | None = None,
    overrides: Mapping[str, object] | None = None,
    workers_min: int = 1,
    items_per_worker: int = 1000,
    idle_timeout: str = "1m",
    resources: Mapping[str, float] | None = None,
    program: str | os.PathLike[str] | None = None,
    interval: float = 5.0,
) -> Workers:
    """Starts workers in actors of Ray, follows what is pending, and ends them with the run.

    A worker starts the model servers of `launch` on its machine, on the GPUs of its actor. One that
    finds no work leaves, so that they go back. Ray starts a lost one elsewhere.

    Args:
        config: The configuration, at the same path on each machine.
        workers: The most workers.
        gpus: GPUs of each worker.
        cpus: Cores of each worker.
        run: The run to follow. Default: every open run of the configuration's database.
        overrides: Values in place of the file's, by their path: `{"worker.connect": "tcp://…"}`.
        workers_min: The fewest workers while something is pending.
        items_per_worker: One more worker for so many pending items.
        idle_timeout: A worker without work for this long leaves.
        resources: Other resources of Ray that each worker takes.
        program: The native program on each machine; default as for `ogive.connect`.
        interval: Seconds between two looks at what is pending.

    Raises:
        OgiveError: If no run is open, or the database cannot be reached.
    """
    if not 1 <= workers_min <= workers or items_per_worker < 1:
        raise OgiveError("give 1 <= workers_min <= workers, and items_per_worker of at least 1")
    given = {"worker.idle_timeout": idle_timeout, **(overrides or {})}
    words = [word for key, value in given.items() for word in ("-o", f"{key}={as_yaml(value)}")]
    if run is None:
        database = connect(config=config, overrides=overrides, program=program)
        found = next((status for status in database.runs() if not status.done), None)
        if found is None:
            raise OgiveError("no run is open in this database: submit one first, or give run=")
        followed = database.run(found.run)
    else:
        followed = run
    fleet = _Fleet(
        run=followed,
        every_run=run is None,
        least=workers_min,
        most=workers,
        items_per_worker=items_per_worker,
        interval=interval,
        program=None if program is None else os.fspath(program),
        arguments=["worker", os.fspath(config), "--follow-parent", *words],
        resources={
            "num_cpus": cpus,
            "num_gpus": gpus,
            **({"resources": dict(resources)} if resources else {}),
        },
    )
    return Workers(fleet)
