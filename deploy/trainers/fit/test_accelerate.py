"""QRPO by the Trainer of transformers, on two processes of accelerate, from a run's tables."""
import json
import sys

import pytest
from conftest import ROOT

pytest.importorskip("accelerate", reason="run deploy/setup --trainers")

EPOCHS = 6


def launched(exports, output, processes):
    """What each process says in the end."""
    # `accelerate launch --cpu` starts a single process, unless by MPI: torchrun starts several.
    said = exports.ogive(
        "psql", *exports.options, "--program", sys.executable, "--", "-B", "-m",
        "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes), "--",
        str(ROOT / "deploy/trainers/train_hf.py"), "--run", "fit", "--snapshot", "v1",
        "--policy", str(ROOT / "config/quickstart/policy.gguf"), "--output", str(output),
        "--epochs", str(EPOCHS), "--batch-size", "16", "--page-prompts", "3",
        "--learning-rate", "1e-4")
    lines = [json.loads(line) for line in said.splitlines() if line.startswith('{"')]
    return [line for line in lines if "rank" in line]


def test_two_processes_train_in_step(exports, tmp_path):
    from gguf_policy import Policy
    output = tmp_path / "trained.gguf"
    one, two = sorted(launched(exports, output, 2), key=lambda line: line["rank"])
    assert (one["rank"], two["rank"], one["world"], two["world"]) == (0, 1, 2, 2)
    # 16 prompts in pages of 3 at most are 6 pages: each process has 3 of them, of 8 draws.
    assert one["rows"] == two["rows"] and 3 * 2 * 8 <= one["rows"] <= 8 * 8
    assert one["steps"] == two["steps"] == EPOCHS * -(-one["rows"] // 16)
    # Gradients are of all rows: both have the same weights, and others than before.
    before = Policy(ROOT / "config/quickstart/policy.gguf").digest()
    assert one["weights"] == two["weights"] == Policy(output).digest() != before
    losses, steps = one["losses"], one["steps"] // EPOCHS
    assert len(losses) == one["steps"] and sum(losses[-steps:]) < sum(losses[:steps]) / 2
