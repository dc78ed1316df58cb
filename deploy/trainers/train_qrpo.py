#!/usr/bin/env python3
"""Trains a small policy by QRPO from a run's tables in PostgreSQL, and writes it as GGUF.

    train_qrpo.py --run RUN --policy reference.gguf --output trained.gguf [--database URL]

The policy must be the one that the run sampled. Without --database, libpq's variables (PGHOST, …)
say where the database is, as `ogive psql --program` sets them. The same command goes on from the
last checkpoint. Exit code 0: trained; 1: it could not be; 2: wrong arguments.
"""
import argparse
import itertools
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python" / "src")]
import ogive  # noqa: E402
from gguf_policy import Policy  # noqa: E402
from ogive.torch import TrainingRows  # noqa: E402
from qrpo import Settings, Training  # noqa: E402
from some_draws import SomeDraws  # noqa: E402

CHECKED_ROWS = 128
# llama.cpp leaves a token out of its list when it ends within a character: such rows are few.
APART_SHARE = 0.05


def parse_arguments(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--database", default="", help="a libpq URL or connection string")
    parser.add_argument("--run", required=True, help="name of the run to train from")
    parser.add_argument("--snapshot", help="a snapshot of the run")
    parser.add_argument("--policy", type=Path, required=True, help="the reference, a GGUF file")
    parser.add_argument("--output", type=Path, required=True, help="the trained GGUF file")
    parser.add_argument("--name", help="the trained model's name; default: that of the file")
    parser.add_argument("--api", choices=["chat", "completions"], default="chat",
                        help="policy.api of the run's configuration")
    parser.add_argument("--source", choices=["all", "draws", "candidates"], default="draws")
    parser.add_argument("--transform", default="identity", help="f; see training_rows")
    parser.add_argument("--partition-function", default="exact", help="see training_rows")
    parser.add_argument("--beta", type=float, default=Settings.beta)
    parser.add_argument("--loss", choices=["mse", "mae"], default=Settings.loss)
    parser.add_argument("--reference-draws", type=int, help="for the ablation: quantile rewards "
                        "from so many of the draws before TRAIN_FROM, which the seed chooses; "
                        "train on those from TRAIN_FROM on")
    parser.add_argument("--train-from", type=int, default=32, help="a draw's index")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=64, help="rows a step")
    parser.add_argument("--page-prompts", type=int, default=64, help="prompts read at a time")
    parser.add_argument("--learning-rate", type=float, default=Settings.learning_rate)
    parser.add_argument("--weight-decay", type=float, default=Settings.weight_decay)
    parser.add_argument("--warmup", type=int, default=Settings.warmup, help="steps")
    parser.add_argument("--clip", type=float, default=Settings.clip, help="gradient norm")
    parser.add_argument("--seed", type=int, default=0, help="decides the order of the rows")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32",
                        help="of the arithmetic; weights are float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tolerance", type=float, default=0.03, help="nats a token by which the "
                        "policy may differ from the run's log-probabilities before training")
    parser.add_argument("--checkpoint", type=Path, help="default: OUTPUT.checkpoint")
    parser.add_argument("--checkpoint-steps", type=int, default=50)
    parser.add_argument("--stop-after", type=int, help="write a checkpoint at this step and end")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of text")
    found = parser.parse_args(arguments)
    for name in "beta", "learning_rate", "clip", "tolerance":
        if not getattr(found, name) > 0:
            parser.error(f"--{name.replace('_', '-')} must be above 0")
    for name in "epochs", "batch_size", "page_prompts", "threads", "checkpoint_steps":
        if getattr(found, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if found.reference_draws is not None and \
            (found.transform, found.source) != ("identity", "draws"):
        parser.error("--reference-draws goes with --transform identity and --source draws only")
    found.checkpoint = found.checkpoint or Path(f"{found.output}.checkpoint")
    return found


def check(training, rows, arguments, say):
    """Is this the policy that the run sampled? Compares log-probabilities before training."""
    first = list(itertools.islice(iter(rows), CHECKED_ROWS))
    if not first:
        raise ValueError(f"run '{rows.run.name}' has no rows from {arguments.source}")
    found = training.disagreement(first)
    apart = [number for number, value in enumerate(found) if value > arguments.tolerance]
    middle = sorted(found)[len(found) // 2]
    say({"checked": len(found), "apart": len(apart), "median_nats_per_token": middle},
        f"the policy against {len(found)} of the run's log-probabilities: {middle:.1e} nats a "
        f"token apart in the middle, {len(apart)} by more than {arguments.tolerance}")
    if len(apart) > APART_SHARE * len(found):
        row = first[apart[0]]
        raise ValueError(
            f"{arguments.policy} is not what the run sampled: log-probabilities of {len(apart)} "
            f"rows of {len(found)} differ by more than {arguments.tolerance} nats a token, first "
            f"of prompt '{row['prompt_key']}', {row['item_kind']} {row['item_index']} by "
            f"{found[apart[0]]:.3g}; give the reference policy, and look at --api, its chat "
            "template, BOS and tokeniser")


def batches(rows, size, epochs):
    """Batches until the epochs are over; none of them is of two epochs."""
    while rows.epoch < epochs:
        source = iter(rows)
        while batch := list(itertools.islice(source, size)):
            yield batch


def save(path, training, rows, identity):
    """Writes a checkpoint whole, or not at all."""
    draft = path.with_name(path.name + ".part")
    torch.save({"identity": identity, "rows": rows.state_dict(), **training.state_dict()}, draft)
    os.replace(draft, path)


def resume(path, training, rows, identity, say):
    """Goes on from a checkpoint, if there is one of this very training."""
    if not path.exists():
        return
    state = torch.load(path, weights_only=True)
    if state["identity"] != identity:
        names = [key for key in identity if state["identity"].get(key) != identity[key]]
        raise ValueError(f"{path} is of a training with another {', '.join(names)}; give the same "
                         "arguments, or remove the checkpoint to begin anew")
    training.load_state_dict(state)
    rows.load_state_dict(state["rows"])
    say({"resumed": training.step}, f"goes on after step {training.step} of {path}")


def train(arguments, say):
    """The whole training."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    policy = Policy(arguments.policy, getattr(torch, arguments.dtype), arguments.device,
                    arguments.api)
    options = dict(source=arguments.source, transform=arguments.transform,
                   partition_function=arguments.partition_function)
    run = ogive.connect(arguments.database).run(arguments.run, arguments.snapshot)

    def made():
        order = dict(tokens=True, page_prompts=arguments.page_prompts, seed=arguments.seed)
        if arguments.reference_draws is None:
            return TrainingRows(run, arguments.beta, **order, **options)
        return SomeDraws(
            run, arguments.beta, arguments.reference_draws, arguments.train_from, **order)

    rows = made()
    settings = Settings(arguments.beta, arguments.loss, arguments.learning_rate,
                        arguments.weight_decay, arguments.warmup, arguments.clip)
    # Each epoch ends with a batch that may be smaller.
    settings.steps = arguments.epochs * -(-len(rows) // arguments.batch_size)
    training = Training(policy, settings)
    identity = {**asdict(settings), "policy": policy.digest(), "batch_size": arguments.batch_size,
                "dtype": arguments.dtype}
    check(training, made(), arguments, say)
    resume(arguments.checkpoint, training, rows, identity, say)
    start, first, printed = time.monotonic(), training.step, 0.0
    for batch in batches(rows, arguments.batch_size, arguments.epochs):
        report = training.learn(batch)
        now = time.monotonic() - start
        if now - printed > 2 or training.step == settings.steps:
            printed = now
            left = now / (training.step - first) * (settings.steps - training.step)
            say({**report, "steps": settings.steps, "eta_s": round(left, 1)},
                f"step {report['step']}/{settings.steps} · loss {report['loss']:.4f} · "
                f"mean log ratio {report['log_ratio']:+.3f} · ETA {left:.0f} s")
        if training.step == arguments.stop_after or \
                training.step % arguments.checkpoint_steps == 0:
            save(arguments.checkpoint, training, rows, identity)
        if training.step == arguments.stop_after:
            say({"stopped": training.step}, f"stopped after step {training.step}")
            return
    save(arguments.checkpoint, training, rows, identity)
    policy.save(arguments.output, arguments.name or arguments.output.stem)
    say({"trained": str(arguments.output), "steps": training.step, "weights": policy.digest()},
        f"wrote {arguments.output} after {training.step} steps")


def main(arguments=None):
    """Trains; what goes wrong becomes one line."""
    found = parse_arguments(arguments)

    def say(values, text):
        print(json.dumps(values) if found.json else text, flush=True)

    try:
        train(found, say)
    except (OSError, ValueError, ogive.OgiveError) as error:
        print(f"train_qrpo: {str(error).strip()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
