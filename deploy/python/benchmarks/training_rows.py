"""Times a pass over a run's training rows into batches of torch, against `datasets` and Parquet.

    python benchmarks/training_rows.py URL RUN [--rows 1000000] [--batch-size 256]

Make a large run by `ogive run config/synthetic.yaml`. All three read the same rows in one run of
this program, each once: from the database page by page, from the Parquet file of the same rows by
`datasets`, and the same as a stream.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import datasets
from torch.utils.data import DataLoader

import ogive
from ogive.torch import TrainingRows, collate


def timed(name: str, make: Callable[[], Iterable[dict[str, Any]]], rows: int, size: int) -> None:
    """Prints the rows a second of a pass."""
    begin = time.perf_counter()
    count = 0
    for batch in itertools.islice(make(), -(-rows // size)):
        count += len(batch["completion"])
    seconds = time.perf_counter() - begin
    print(f"| {name} | {count:,} | {seconds:.1f} | {count / seconds:,.0f} |", flush=True)


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("url")
    parser.add_argument("run")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--page-prompts", type=int, default=1000)
    given = parser.parse_args()
    run = ogive.connect(given.url).run(given.run)
    options = {"beta": 0.1, "source": "draws"}
    with tempfile.TemporaryDirectory(prefix="ogive-benchmark-") as folder:
        path = run.to_parquet(Path(folder) / "rows.parquet", "training_rows", **options)
        datasets.disable_progress_bars()

        def pages() -> Any:
            rows = TrainingRows(run, 0.1, source="draws", page_prompts=given.page_prompts)
            return DataLoader(rows, batch_size=given.batch_size, collate_fn=collate)

        def mapped() -> Any:
            rows = datasets.Dataset.from_parquet(str(path), cache_dir=folder).shuffle(seed=1)
            return DataLoader(rows, batch_size=given.batch_size, collate_fn=collate)

        def streamed() -> Any:
            rows = datasets.load_dataset(
                "parquet", data_files=str(path), split="train", streaming=True
            ).shuffle(seed=1, buffer_size=10_000)
            return DataLoader(rows, batch_size=given.batch_size, collate_fn=collate)

        print("| reader | rows | seconds | rows/s |\n|---|---|---|---|")
        timed("ogive.torch.TrainingRows", pages, given.rows, given.batch_size)
        timed("datasets, Parquet, shuffled", mapped, given.rows, given.batch_size)
        timed("datasets, Parquet, streamed", streamed, given.rows, given.batch_size)


if __name__ == "__main__":
    main()
