#!/usr/bin/env python3
"""Writes prompts for training: word problems of which none is held out.

    python3 training_prompts.py FILE [--prompts 512]

`config/quickstart/problems.py` decides by a hash of the question which questions are held out, once
and for all: the evaluation's prompts, `config/quickstart/prompts.jsonl`, are held-out ones only,
and these are others only, so no seed can put a question into both. Needs nothing but Python.
"""
import argparse
import json
import random
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "config" / "quickstart"))
from problems import training_problem  # noqa: E402

SEED = 11


def rows(count):
    """Distinct questions in a fixed random order; a larger count only adds to the end."""
    rng, seen = random.Random(SEED), set()
    while len(seen) < count:
        problem = training_problem(rng)
        if problem.question not in seen:
            yield {"key": f"train-{len(seen):05}", "prompt": problem.question,
                   "answer": str(problem.answer)}
            seen.add(problem.question)


def main():
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--prompts", type=int, default=512)
    arguments = parser.parse_args()
    if not 1 <= arguments.prompts <= 10_000:
        parser.error("--prompts must be from 1 to 10000")
    text = "".join(json.dumps(row) + "\n" for row in rows(arguments.prompts))
    arguments.file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
