"""Two processes of accelerate: equal numbers of rows, steps together, equal weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ogive
from conftest import Made

pytest.importorskip("torch", reason="PyTorch is not there: pip install 'ogive[torch]'")
pytest.importorskip("accelerate", reason="accelerate is not there: pip install accelerate")

PROGRAM = Path(__file__).with_name("accelerate_ranks.py")


def test_two_processes_train_together(made: Made, run: ogive.Run, tmp_path: Path) -> None:
    # `accelerate launch --cpu` starts one process, unless by MPI; torchrun starts several.
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "--"]
    ended = subprocess.run(
        [sys.executable, *words, str(PROGRAM), made.url, str(tmp_path)],
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    one, two = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert one["world"] == two["world"] == 2
    everything = {
        f"{row['prompt_key']} {row['item_index']}"
        for row in run.training_rows(0.1, source="draws").to_pylist()
    }
    for first, second in zip(one["rows"], two["rows"], strict=True):
        # No row on both, nearly all rows on one of them.
        assert len(first) == len(second) and not set(first) & set(second)
        assert set(first + second) <= everything and len(first) * 2 >= len(everything) * 3 // 4
    assert len(one["rows"][2]) == len(two["rows"][2])
    assert one["rows"][0] != one["rows"][1]
    wanted = {f"{p['prompt_key']} {p['pair_index']}" for p in run.pairs("best-worst").to_pylist()}
    assert len(one["pairs"]) == len(two["pairs"])
    assert set(one["pairs"]) | set(two["pairs"]) == wanted
    # As many steps, one loss, one model; and it learned.
    assert one["losses"] == two["losses"] and one["weights"] == two["weights"]
    third = len(one["losses"]) // 3
    assert sum(one["losses"][-third:]) < sum(one["losses"][:third])
