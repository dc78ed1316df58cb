#!/usr/bin/env python3
"""QRPO by the Trainer of transformers, on one process or several, from a run's tables.

    accelerate launch --num_processes 2 train_hf.py --run RUN --policy REFERENCE.gguf --output FILE

On a machine without GPU, `accelerate launch` starts one process: there take `torchrun
--nproc_per_node 2 -- train_hf.py …`.
Each process reads its share of the rows from PostgreSQL, as many as every other one, so that all
make the same number of steps. Without --database, libpq's variables (PGHOST, …) say where the
database is, as `ogive psql --program` sets them. Exit code 0: trained; 1: it could not be; 2: wrong
arguments.
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from torch.utils.data import DataLoader

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python" / "src")]
import ogive  # noqa: E402
from gguf_policy import Policy  # noqa: E402
from ogive.torch import TrainingRows  # noqa: E402
from qrpo import Settings, Training, qrpo_loss  # noqa: E402
from train_qrpo import check  # noqa: E402


def parse_arguments(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--database", default="", help="a libpq URL or connection string")
    parser.add_argument("--run", required=True, help="name of the run to train from")
    parser.add_argument("--snapshot", help="a snapshot of the run")
    parser.add_argument("--policy", type=Path, required=True, help="the reference, a GGUF file")
    parser.add_argument("--output", type=Path, required=True, help="the trained GGUF file")
    parser.add_argument("--api", choices=["chat", "completions"], default="chat",
                        help="policy.api of the run's configuration")
    parser.add_argument("--beta", type=float, default=Settings.beta)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=32, help="rows a step of one process")
    parser.add_argument("--page-prompts", type=int, default=64, help="prompts read at a time")
    parser.add_argument("--learning-rate", type=float, default=Settings.learning_rate)
    parser.add_argument("--seed", type=int, default=0, help="decides the order of the rows")
    parser.add_argument("--tolerance", type=float, default=0.03, help="nats a token by which the "
                        "policy may differ from the run's log-probabilities before training")
    return parser.parse_args(arguments)


class EpochLoader(DataLoader):
    """Tells the data set which epoch begins."""

    def set_epoch(self, epoch):
        """Called by the Trainer before each epoch."""
        self.dataset.set_epoch(epoch)


class QRPOTrainer(transformers.Trainer):
    """The Trainer with the loss of QRPO. Its data set gives each process its own rows."""

    def __init__(self, training, **options):
        super().__init__(training.policy.model, **options)
        self.training = training

    def get_train_dataloader(self):
        """A loader that accelerate does not prepare: it would share the rows once more."""
        return EpochLoader(self.train_dataset, self.args.per_device_train_batch_size,
                           collate_fn=self.data_collator)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The mean over the rows of this process; the gradient is that over all processes."""
        # Of a text that lost bytes nobody knows the log-probability.
        rows = [row for row in inputs["rows"] if not row["text_is_lossy"]]
        references, targets = self.training.numbers(rows)
        found = self.training.policy.log_probabilities(self.training.pairs(rows), model)
        loss, ratios = qrpo_loss(found, references, targets, self.training.settings.beta)
        return (loss, {"log_ratios": ratios}) if return_outputs else loss


def train(given, say):
    """The whole training."""
    with tempfile.TemporaryDirectory() as folder:
        settings = transformers.TrainingArguments(
            folder, per_device_train_batch_size=given.batch_size, num_train_epochs=given.epochs,
            learning_rate=given.learning_rate, lr_scheduler_type="linear", warmup_steps=2,
            adam_beta2=0.95, seed=given.seed, logging_steps=1, save_strategy="no", report_to=[],
            disable_tqdm=True, use_cpu=not torch.cuda.is_available())
        rank, world = settings.process_index, settings.world_size
        policy = Policy(given.policy, device=settings.device, api=given.api)
        # What a GGUF file gives counts as quantised, which the Trainer refuses; it is float32.
        policy.model.is_quantized = False
        run = ogive.connect(given.database).run(given.run, given.snapshot)
        rows = TrainingRows(
            run, given.beta, source="draws", tokens=True, page_prompts=given.page_prompts,
            seed=given.seed, rank=rank, world=world, uneven="drop" if world > 1 else None)
        training = Training(policy, Settings(given.beta, learning_rate=given.learning_rate))
        if rank == 0:
            first = TrainingRows(run, given.beta, source="draws", tokens=True)
            check(training, (row for row in first if not row["text_is_lossy"]), given, say)
        trainer = QRPOTrainer(training, args=settings, train_dataset=rows,
                              data_collator=lambda found: {"rows": found})
        trainer.train()
        # Rank 0 logs the mean over all processes.
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        say({"rank": rank, "world": world, "rows": len(rows), "steps": trainer.state.global_step,
             "losses": losses, "weights": policy.digest()})
        if rank == 0:
            policy.save(given.output, given.output.stem)


def main(arguments=None):
    """Trains; what goes wrong becomes one line."""
    given = parse_arguments(arguments)

    def say(values, _text=None):
        # One write: lines of several processes do not mix.
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()

    try:
        train(given, say)
    except (OSError, ValueError, ogive.OgiveError) as error:
        print(f"train_hf: {str(error).strip()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
