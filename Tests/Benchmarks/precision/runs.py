"""Runs of Ogive for the benchmarks of this folder: a configuration, a run, rows out of SQL."""
import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Law:
    """A distribution of rewards as `policy.synthetic` declares it, and what is true of it."""

    def __init__(self, name, values=()):
        self.name = name
        self.values = sorted(values)

    def spec(self):
        """The section `policy.synthetic`."""
        return {"distribution": self.name, "text_length": 32,
                **({"values": self.values} if self.values else {})}

    def draw(self, dice, shift=0.0):
        """One reward, from another generator than Ogive's."""
        if self.values:
            return dice.choice(self.values)
        return (dice.gauss(0, 1) if self.name == "normal" else dice.expovariate(1)) + shift

    def cdf(self, x):
        """F(x) = Pr[reward ≤ x]."""
        if self.values:
            return sum(value <= x for value in self.values) / len(self.values)
        if self.name == "normal":
            return (1 + math.erf(x / math.sqrt(2))) / 2 if x > -5 else math.erfc(
                -x / math.sqrt(2)) / 2
        return 1 - math.exp(-x) if x > 0 else 0.0

    def below(self, x):
        """Pr[reward < x]."""
        return sum(v < x for v in self.values) / len(self.values) if self.values else self.cdf(x)

    def quantile(self, p):
        """The least x with F(x) ≥ p."""
        if self.values:
            return self.values[math.ceil(p * len(self.values) - 1e-9) - 1]
        low, high = -50.0, 50.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if self.cdf(middle) >= p else (middle, high)
        return high


LAWS = [Law("normal"), Law("exponential"),
        Law("discrete", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]


def candidates(law, prompts, count, seed, shift=0.0):
    """For each prompt the rewards of its candidates; the first is shifted."""
    dice = random.Random(seed)
    return [[law.draw(dice, shift if place == 0 else 0.0) for place in range(count)]
            for _ in range(prompts)]


def write_prompts(path, rewards):
    """Prompts whose candidates carry their rewards in their texts, as a synthetic policy's do."""
    with path.open("w") as file:
        for number, row in enumerate(rewards):
            texts = [f"synthetic reward={reward!r}; given" for reward in row]
            file.write(json.dumps({
                "key": f"p{number:06}", "prompt": f"prompt {number}",
                "completions": texts}) + "\n")


class Place:
    """A folder with a private database, and the program that works in it."""

    def __init__(self, folder, ogive):
        self.folder = Path(folder)
        os.chmod(folder, 0o755)
        self.ogive = Path(ogive)

    def command(self, *arguments):
        """Runs `ogive` and returns what it prints."""
        ended = subprocess.run([self.ogive, *arguments], capture_output=True, text=True)
        if ended.returncode:
            raise SystemExit(f"ogive {arguments[0]} failed:\n{ended.stdout[-2000:]}"
                             f"\n{ended.stderr[-2000:]}")
        return ended.stdout

    def run(self, name, configuration):
        """One `ogive run`; returns the file of its configuration."""
        file = self.folder / f"{name}.yaml"
        file.write_text(json.dumps(configuration | {
            "run": configuration["run"] | {"name": name},
            "database": {"embedded": str(self.folder / "database")}}))
        print(f"{name} …", file=sys.stderr)
        self.command("run", "--json", file)
        return file

    def rows(self, file, sql):
        """The rows of a query, each a list of texts."""
        text = self.command("psql", "--config", file, "--", "-q", "-t", "-A", "-c",
                            f"COPY ({sql}) TO STDOUT")
        return [line.split("\t") for line in text.splitlines() if line]


def synthetic(law, prompts, run, seed=1):
    """The configuration of a synthetic run over a file of prompts."""
    return {
        "run": run, "prompts": {"file": str(prompts), "set": prompts.stem},
        "policy": {"kind": "synthetic", "synthetic": law.spec(), "draws_per_request": 128,
                   "sampling": {"seed": seed}},
        "scorer": {"kind": "synthetic"}, "coordinator": {"draws_per_task": 128},
        "worker": {"sample_concurrency": 16, "score_concurrency": 8, "prefetch": 32},
    }


def array(text):
    """The numbers of a PostgreSQL array."""
    return [float(x) for x in text.strip("{}").split(",")] if text != "{}" else []
