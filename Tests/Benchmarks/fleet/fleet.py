#!/usr/bin/env python3
"""Many worker processes on one coordinator: a mass start, two runs with weights, a coordinator that
is killed and started again, a mass end. Measures times and memory, and checks what must hold.

    Tests/Benchmarks/fleet/fleet.py [--workers 200] [--seconds 60] [--settle 120]
        [--latency 4s] [--ogive .build/debug/ogive] [--json FILE]

Workers answer without a model, each draw after the latency. `private` is what a process has for
itself alone (Private_* of smaps_rollup), `peak` the coordinator's VmHWM, `idle` the share of one
core of all workers together while there is no work, `coordinator_idle` that of the coordinator, and
`coordinator_us_per_draw` its processor time for each draw that landed. Exits with 1 when a share is
more than 5 % off its weight, a worker does not come back or does not end with 0, or an audit is not
sound.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS = {"light": 1, "heavy": 3}
PATIENCE = 300          # seconds until something has to have happened


class Fleet:
    """The folder, the processes, and what was found."""

    weights = WEIGHTS
    # Of the section `worker`.
    worker = "sample_concurrency: 2"

    def __init__(self, arguments, folder):
        self.program = str((ROOT / arguments.ogive).resolve())
        self.arguments, self.folder = arguments, Path(folder)
        self.coordinator, self.workers, self.found = None, [], {}
        self.problems = []
        for name, weight in self.weights.items():
            (self.folder / f"{name}.jsonl").write_text("".join(
                json.dumps({"key": f"p{i}", "prompt": f"{name} {i}?"}) + "\n" for i in range(4000)))
            (self.folder / f"{name}.yaml").write_text(f"""
run: {{name: {name}, draws: 64, weight: {weight}}}
prompts: {{file: {name}.jsonl, set: {name}}}
policy:
  kind: synthetic
  synthetic: {{distribution: normal, latency: {arguments.latency}, text_length: 100}}
scorer:{self.scorer()}
database: {{embedded: database}}
coordinator: {{listen: "tcp://127.0.0.1:{arguments.port}"}}
worker: {{connect: "tcp://127.0.0.1:{arguments.port}", {self.worker}}}
""")

    def scorer(self):
        """The section `scorer` of both runs."""
        return " {kind: synthetic}"

    @property
    def first(self):
        """The run whose configuration names what all have in common."""
        return next(iter(self.weights))

    def command(self, name, run, *more):
        return [self.program, name, "--config", str(self.folder / f"{run}.yaml"), *more]

    def ogive(self, *command):
        return subprocess.run(self.command(*command), check=True, capture_output=True, text=True,
                              cwd=self.folder).stdout

    def sql(self, query):
        return self.ogive("psql", self.first, "--", "-Atqc", query).strip()

    def start(self, name):
        log = open(self.folder / f"{name}.log", "ab")
        return subprocess.Popen(self.command(name, self.first), stdout=log, stderr=log,
                                cwd=self.folder)

    def until(self, what, holds):
        """Seconds until something holds."""
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > PATIENCE:
                sys.exit(f"not within {PATIENCE} s: {what}")
            time.sleep(0.5)
        return round(time.monotonic() - begun, 1)

    def present(self):
        """How many workers the coordinator that leads now has."""
        return int(self.sql("SELECT count(*) FROM ogive.worker_status "
                            "WHERE current AND state IN ('active', 'idle')"))

    def term(self):
        return int(self.sql("SELECT term FROM ogive.coordinator_status"))

    def landed(self):
        rows = self.sql("SELECT run, landed FROM ogive.run_status").splitlines()
        return {run: int(count) for run, count in (row.split("|") for row in rows)}

    def check(self, holds, what):
        if not holds:
            self.problems.append(what)

    def measure(self):
        count = self.arguments.workers
        self.ogive("migrate", self.first, "up")
        self.coordinator = self.start("coordinator")
        self.workers = [self.start("worker") for _ in range(count)]
        self.found["start_s"] = self.until("all workers", lambda: self.present() == count)
        self.found["idle"] = self.spent_while_idle(self.workers)
        self.found["coordinator_idle"] = self.spent_while_idle([self.coordinator])
        # Both at once: what is submitted first fills the workers, and they finish that first.
        self.coordinator.send_signal(signal.SIGSTOP)
        for run in WEIGHTS:
            self.ogive("submit", run)
        self.coordinator.send_signal(signal.SIGCONT)
        self.until("first draws", lambda: min(self.landed().values() or [0]) > 0)
        self.shares("shares")
        self.found["worker_private_mb"] = median(map(private, self.workers))
        self.found["coordinator_private_mb"] = private(self.coordinator)
        self.found["kill_and_return_s"] = self.restart(count)
        former = sum(self.landed().values())
        self.until("more draws", lambda: sum(self.landed().values()) > former)
        self.shares("shares_after_restart")
        self.found["coordinator_peak_mb"] = peak(self.coordinator)
        begun = time.monotonic()
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        codes = [worker.wait(timeout=PATIENCE) for worker in self.workers]
        self.found["end_s"] = round(time.monotonic() - begun, 1)
        self.check(not any(codes), f"exit codes {sorted(set(codes))}")
        self.check(self.present() == 0, "workers that ended are still listed")
        self.coordinator.send_signal(signal.SIGTERM)
        self.check(self.coordinator.wait(timeout=60) == 0, "the coordinator's exit code")
        for run in WEIGHTS:
            self.ogive("cancel", run, run)
            self.ogive("audit", run, run)

    def spent_while_idle(self, processes):
        """The share of one core that processes take together."""
        before, begun = sum(map(cpu, processes)), time.monotonic()
        time.sleep(20)
        return round((sum(map(cpu, processes)) - before) / (time.monotonic() - begun), 3)

    def restart(self, count):
        """Kills the coordinator and starts it; seconds until it leads with all workers."""
        former = self.term()
        self.coordinator.send_signal(signal.SIGKILL)
        self.coordinator.wait()
        self.coordinator = self.start("coordinator")
        return self.until(
            "all workers again", lambda: self.term() > former and self.present() == count)

    def shares(self, name):
        # The run whose prompts are read first fills all workers alone; the other one catches up.
        time.sleep(self.arguments.settle)
        former, before = self.landed(), cpu(self.coordinator)
        time.sleep(self.arguments.seconds)
        gained = {run: count - former[run] for run, count in self.landed().items()}
        spent = (cpu(self.coordinator) - before) / max(sum(gained.values()), 1)
        self.found["coordinator_us_per_draw"] = round(spent * 1e6)
        all_gained, weights = sum(gained.values()), sum(WEIGHTS.values())
        self.found["draws_per_s"] = round(all_gained / self.arguments.seconds, 1)
        shares = {run: round(gained[run] / max(all_gained, 1), 4) for run in WEIGHTS}
        self.found[name] = shares
        for run, weight in WEIGHTS.items():
            wanted = weight / weights
            self.check(abs(shares[run] / wanted - 1) <= 0.05, f"{name}: {run} has {shares[run]}")

    def end(self):
        for process in [*self.workers, self.coordinator]:
            if process and process.poll() is None:
                process.kill()
                process.wait()


def cpu(process):
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def private(process):
    """Megabytes that a process has for itself alone."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    return round(sum(int(x.split()[1]) for x in lines if x.startswith("Private")) / 1024, 1)


def peak(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return round(next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024, 1)


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60, help="of each look at the shares")
    parser.add_argument("--settle", type=int, default=120, help="seconds before each of them")
    parser.add_argument("--latency", default="4s", help="of one draw")
    parser.add_argument("--port", type=int, default=17077)
    parser.add_argument("--ogive", default=".build/debug/ogive")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ogive-fleet-") as folder:
        os.chmod(folder, 0o755)
        fleet = Fleet(arguments, folder)
        try:
            fleet.measure()
        finally:
            fleet.end()
    text = json.dumps({"workers": arguments.workers, **fleet.found}, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    if fleet.problems:
        sys.exit("; ".join(fleet.problems))


if __name__ == "__main__":
    main()
