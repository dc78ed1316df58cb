#!/usr/bin/env python3
"""Writes prompts.jsonl: word problems with answers that no model here was trained on.

    python3 generate_prompts.py            # writes prompts.jsonl beside this script
    python3 generate_prompts.py --check    # proves that the file is this script's output and that
                                           # none of its questions occurs in the training texts

Every fourth prompt carries two candidates: `chosen` is right, `rejected` is wrong.
Needs Python 3.10 and nothing else.
"""
import argparse
import json
import random
import re
import sys
from pathlib import Path

from examples import everything_seen
from problems import answer_text, held_out_problems, wrong

SEED = 7
PROMPTS = 256
CANDIDATES_EVERY = 4
QUESTION = re.compile(r"(?:<\|user\|>|Question: )(.*?)(?:<\|end\|>|\n)")


def rows():
    """The rows of the file: distinct held-out problems in a fixed random order."""
    rng = random.Random(SEED)
    for index, problem in enumerate(rng.sample(held_out_problems(), PROMPTS)):
        row = {"key": f"held-out-{index:03}", "prompt": problem.question,
               "answer": str(problem.answer)}
        if index % CANDIDATES_EVERY == 0:
            row["chosen"] = answer_text(rng, problem, problem.answer)[0]
            row["rejected"] = answer_text(rng, problem, wrong(rng, problem.answer))[0]
        yield row


def check(text):
    """What is wrong with the file's text; empty when all is well."""
    problems = []
    if text != render():
        problems.append("prompts.jsonl is not what this script writes; run it without --check")
    seen = {question for example in everything_seen() for question in QUESTION.findall(example)}
    if len(seen) < 10_000:
        problems.append(f"only {len(seen)} training questions found; the check reads them wrongly")
    for line in text.splitlines():
        row = json.loads(line)
        if row["prompt"] in seen:
            problems.append(f"{row['key']} was seen in training: {row['prompt']}")
    return problems


def render():
    """The whole file as text."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())


def main():
    """Writes the file, or checks it with `--check`: exit code 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, verify the file")
    file = Path(__file__).resolve().parent / "prompts.jsonl"
    if not parser.parse_args().check:
        file.write_text(render(), encoding="utf-8")
        return 0
    problems = check(file.read_text(encoding="utf-8"))
    for problem in problems:
        print(f"generate_prompts: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
