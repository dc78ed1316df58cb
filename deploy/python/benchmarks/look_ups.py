"""Times look-ups of `run.reference()` against numpy, and the memory of forked workers.

    python benchmarks/look_ups.py [--prompts 1000000] [--draws 32] [--look-ups 200000] [--workers 8]

Needs no database: the tables are random. Times are nanoseconds a look-up, by one process.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ogive import reference
from ogive.reference import Reference

_BATCH = 10_000


def prompt_key(number: int) -> str:
    """The key of a prompt."""
    return f"prompt-{number:09}"


def batches(prompts: int, draws: int) -> Iterator[pa.RecordBatch]:
    """Random tables, as the database gives them."""
    rng = np.random.default_rng(0)
    for first in range(0, prompts, _BATCH):
        count = min(_BATCH, prompts - first)
        rewards = np.sort(rng.normal(size=(count, draws)), axis=1).ravel()
        offsets = pa.array(np.arange(count + 1, dtype=np.int32) * draws)
        yield pa.RecordBatch.from_arrays(
            [
                pa.array([prompt_key(first + i) for i in range(count)]),
                pa.ListArray.from_arrays(offsets, pa.array(rewards)),
            ],
            ["prompt_key", "rewards"],
        )


def timed(ask: Callable[[str, float], float], asked: list[tuple[str, float]]) -> float:
    """Nanoseconds a call."""
    begin = time.perf_counter_ns()
    for key, reward in asked:
        ask(key, reward)
    return (time.perf_counter_ns() - begin) / len(asked)


def private_bytes() -> tuple[int, int]:
    """The memory of this process alone, and what it shares with others, in bytes."""
    own = shared = 0
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Private_Clean", "Private_Dirty"):
            own += int(rest.split()[0]) * 1024
        elif name in ("Shared_Clean", "Shared_Dirty"):
            shared += int(rest.split()[0]) * 1024
    return own, shared


def forked(found: Reference, prompts: int, look_ups: int, workers: int) -> list[tuple[int, int]]:
    """How much memory each of some forked workers adds while it looks up random prompts."""
    pipes = []
    for _ in range(workers):
        read, write = os.pipe()
        if os.fork() == 0:
            before = private_bytes()[0]
            rng = random.Random(os.getpid())  # noqa: S311
            for _ in range(look_ups):
                found.quantile_reward(prompt_key(rng.randrange(prompts)), 0.0)
            own, shared = private_bytes()
            os.write(write, f"{own - before} {shared}".encode())
            os._exit(0)
        os.close(write)
        pipes.append(read)
    answers = []
    for read in pipes:
        numbers = os.read(read, 100).split()
        answers.append((int(numbers[0]), int(numbers[1])))
        os.close(read)
    for _ in range(workers):
        os.wait()
    return answers


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prompts", type=int, default=20_000)
    parser.add_argument("--draws", type=int, default=32)
    parser.add_argument("--look-ups", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ogive-benchmark-") as folder:
        begin = time.perf_counter()
        found = reference.write(
            Path(folder) / "r", batches(given.prompts, given.draws), "random", None
        )
        seconds = time.perf_counter() - begin
        size = Path(found.path).stat().st_size
        rng = random.Random(1)  # noqa: S311
        asked = [
            (prompt_key(rng.randrange(given.prompts)), rng.gauss(0, 1))
            for _ in range(given.look_ups)
        ]
        # What people write: a dictionary of arrays, in each process.
        before = private_bytes()[0]
        tables = {key: found.table(key).copy() for key in found}
        dictionary = private_bytes()[0] - before

        def by_numpy(key: str, reward: float) -> float:
            table = tables[key]
            return float(np.searchsorted(table, reward, side="right")) / len(table)

        times = {"run.reference(), one": timed(found.quantile_reward, asked)}
        times["numpy searchsorted, dictionary of arrays"] = timed(by_numpy, asked)
        begin_ns = time.perf_counter_ns()
        several = found.quantile_rewards([key for key, _ in asked], [r for _, r in asked])
        times["run.reference(), a list of them"] = (time.perf_counter_ns() - begin_ns) / len(asked)
        assert len(several) == len(asked)
        assert all(found.quantile_reward(k, r) == by_numpy(k, r) for k, r in asked[:1000])
        print(
            f"{given.prompts:,} prompts × {given.draws} draws: file {size / 1e6:.1f} MB, ", end=""
        )
        print(f"made in {seconds:.1f} s\n\n| look-up | ns |\n|---|---|")
        for name, value in times.items():
            print(f"| {name} | {value:.0f} |")
        tables.clear()
        answers = forked(found, given.prompts, given.look_ups, given.workers)
        own = max(value for value, _ in answers)
        print(f"\nThe dictionary takes {dictionary / 1e6:.0f} MB of each process. ", end="")
        print(f"{given.workers} forked workers look up {given.look_ups:,} prompts each ", end="")
        print(f"in one reference: at most {own / 1e6:.1f} MB of its own each")


if __name__ == "__main__":
    main()
