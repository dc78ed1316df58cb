"""A process of a small training by accelerate: its share of the rows, and steps with the others.

    torchrun --nproc_per_node 2 accelerate_ranks.py URL FOLDER

Each process writes FOLDER/RANK.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

import ogive
from ogive.torch import PreferencePairs, TrainingRows, collate

SIZE = 7


def main() -> None:
    """Trains a line of the reward by the targets, three epochs."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    accelerator = Accelerator(cpu=True)
    run = ogive.connect(url).run("made", snapshot="v1")
    place = {"rank": accelerator.process_index, "world": accelerator.num_processes}
    rows = TrainingRows(run, 0.1, source="draws", page_prompts=3, seed=1, uneven="drop", **place)
    pairs = PreferencePairs(run, "best-worst", page_prompts=3, uneven="wrap", **place)
    torch.manual_seed(accelerator.process_index)
    # Rank 0's weights go to all; loaders are not prepared: they have their rank's rows already.
    model = accelerator.prepare(torch.nn.Linear(1, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    seen: list[list[str]] = []
    losses: list[float] = []
    for _ in range(3):
        seen.append([])
        for batch in DataLoader(rows, batch_size=SIZE, collate_fn=collate):
            found = model(batch["reward"].float()[:, None])[:, 0]
            loss = (found - batch["target"].float()).square().mean()
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(accelerator.reduce(loss.detach(), "mean")))
            names = zip(batch["prompt_key"], batch["item_index"].tolist(), strict=True)
            seen[-1] += [f"{key} {index}" for key, index in names]
    report = {
        "world": accelerator.num_processes,
        "rows": seen,
        "length": len(rows),
        "losses": losses,
        "pairs": [f"{row['prompt_key']} {row['pair_index']}" for row in pairs],
        "weights": [float(value) for p in model.parameters() for value in p.flatten()],
    }
    (folder / f"{accelerator.process_index}.json").write_text(json.dumps(report))
    accelerator.end_training()


if __name__ == "__main__":
    main()
