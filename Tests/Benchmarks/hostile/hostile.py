#!/usr/bin/env python3
"""What unknown clients and a hostile holder of a key cost an honest worker: one attack at a time.

    .venv-workers/bin/python Tests/Benchmarks/hostile/hostile.py [--minutes 10] [--ogive PATH]

A coordinator with keys, an honest worker whose model takes its time, and attackers (attackers.py)
in a process of their own. Before, between and after the attacks nobody disturbs. Of each phase it
prints the honest worker's draws per second, the processor time per second of each side, the
coordinator's memory and how much it wrote to its log. The draws are all that landed; of large texts
the attackers land a few themselves. At the end `ogive audit` must be content.
Needs the release build that `--ogive` names, and `deploy/setup --workers`. With the default, ten
minutes, it takes an hour and twenty minutes.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PHASES = ["nobody", "connections", "hellos", "garbage", "large texts", "slow readers", "idlers",
          "nobody again"]
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A program that this one started, with its output in a file."""

    def __init__(self, command, log):
        self.log = log
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                        stdout=log.open("wb"), stderr=subprocess.STDOUT)

    def seconds(self):
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self):
        """Resident memory."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def end(self, patience=120):
        """Ends it by SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience)


class Site:
    """Keys, configuration, coordinator and honest worker in a folder."""

    def __init__(self, folder, ogive, options):
        self.folder, self.ogive = folder, ogive
        for name in "coordinator", "honest", "hostile":
            self.run("keys", "new", name, "--folder", folder)
        (folder / "authorized").mkdir(mode=0o755)
        for name in "honest", "hostile":
            self.run("keys", "authorize", folder / f"{name}.pub", "--authorized",
                     folder / "authorized")
        rows = "".join(json.dumps({"key": f"p{i}", "prompt": f"prompt {i}"}) + "\n"
                       for i in range(options.prompts))
        (folder / "prompts.jsonl").write_text(rows, encoding="utf-8")
        self.config = folder / "hostile.yaml"
        self.config.write_text(f"""
run: {{name: hostile, draws: 32}}
prompts: {{file: {folder / 'prompts.jsonl'}, set: hostile}}
policy:
  kind: synthetic
  synthetic: {{distribution: normal, latency: 100ms}}
scorer: {{kind: synthetic}}
database: {{embedded: {folder / 'database'}}}
coordinator:
  listen: "tcp://127.0.0.1:{options.port}"
  key: {folder / 'coordinator.key'}
  authorized_keys: {folder / 'authorized'}
  lease_duration: 1m
worker:
  name: honest
  key: {folder / 'honest.key'}
  coordinator_key: {folder / 'coordinator.pub'}
  sample_concurrency: 16
""", encoding="utf-8")
        self.run("submit", self.config)
        self.coordinator = Process([ogive, "coordinator", self.config], folder / "coordinator.log")
        self.worker = Process([ogive, "worker", self.config], folder / "worker.log")

    def run(self, *arguments):
        """The output of a command of Ogive."""
        return subprocess.run([self.ogive, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def landed(self):
        """How many draws have landed."""
        return int(self.run("psql", "--write", "--config", self.config, "--", "-qAtX",
                            "-c", "SELECT sum(draws) FROM ogive.sampling_progress"))


def phase(site, name, options):
    """Runs one attack; the row of what was seen."""
    attack = name not in ("nobody", "nobody again") and Process(
        [sys.executable, HERE / "attackers.py", name, "--folder", site.folder, "--connect",
         f"tcp://127.0.0.1:{options.port}"], site.folder / f"attack {name}.log")
    time.sleep(5)  # until it is at work
    parties = {"coordinator": site.coordinator, "worker": site.worker}
    if attack:
        parties["attackers"] = attack
    landed, begun = site.landed(), time.monotonic()
    cpu = {party: process.seconds() for party, process in parties.items()}
    written, most, longest, last, since = site.coordinator.log.stat().st_size, 0, 0, landed, begun
    while time.monotonic() < begun + options.minutes * 60:
        time.sleep(5)
        if site.coordinator.process.poll() is not None or site.worker.process.poll() is not None:
            sys.exit(f"hostile: a process ended while {name}; see {site.folder}")
        if attack and attack.process.poll() is not None:
            sys.exit(f"hostile: the attackers ended: {attack.log.read_text()[-2000:]}")
        most = max(most, site.coordinator.megabytes())
        now = site.landed()
        if now > last:
            last, since = now, time.monotonic()
        longest = max(longest, time.monotonic() - since)
    seconds = time.monotonic() - begun
    row = {
        "phase": name,
        "draws/s": (site.landed() - landed) / seconds,
        "longest pause s": longest,
        "log kB": (site.coordinator.log.stat().st_size - written) / 1e3,
        "memory MB": most,
        **{f"{party} cpu": (process.seconds() - cpu[party]) / seconds
           for party, process in parties.items()},
    }
    if attack:
        attack.process.kill()
        attack.process.wait()
        row["attack"] = attack.log.read_text().strip().rsplit("\n", 1)[-1]
    return row


def main():
    """Runs the phases and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="of each phase")
    parser.add_argument("--only", nargs="*", choices=PHASES, default=PHASES)
    parser.add_argument("--ogive", default=str(ROOT / ".build-release/release/ogive"))
    parser.add_argument("--port", type=int, default=17977)
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ogive-hostile-"))
    folder.chmod(0o755)
    print(f"in {folder}", flush=True)
    site = Site(folder, options.ogive, options)
    rows = []
    try:
        for phase_name in options.only:
            rows.append(phase(site, phase_name, options))
            print("  ".join(f"{key} {value:.2f}" if isinstance(value, float) else f"{value}"
                            for key, value in rows[-1].items()), flush=True)
    finally:
        print("worker ended:", site.worker.end(), "coordinator ended:", site.coordinator.end())
    subprocess.run([site.ogive, "cancel", "hostile", "--config", site.config],
                   check=True)
    subprocess.run([site.ogive, "audit", "hostile", "--config", site.config], check=True)
    shutil.rmtree(folder)  # kept where something went wrong
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
