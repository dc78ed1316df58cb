"""Scenario *dispatch*: null work, one draw a prompt, into PostgreSQL, against the peers."""
import json
import os
import subprocess
from pathlib import Path

from . import processor
from .fleet import Fleet, ROOT, import_prompts, temporary_database
from .rounds import Skipped, alternate, compare, spread

PEERS = Path(__file__).resolve().parents[1] / "peers"
# Prompts of a round: about five seconds for each on four cores.
PROMPTS = {"ogive": 60_000, "pool": 50_000, "ray": 3_000, "dask": 2_000, "celery": 1_500}
INSTALL = {
    "pool": 'pip install "psycopg[binary]"', "ray": 'pip install ray "psycopg[binary]"',
    "dask": 'pip install "dask[distributed]" "psycopg[binary]"',
    "celery": 'pip install celery redis "psycopg[binary]"; apt-get install redis-server',
}


def peers_python(options):
    """The Python that has the peers."""
    python = options.peers_python or ROOT / ".venv-peers/bin/python"
    if not Path(python).exists():
        raise Skipped(f"{python} is not there: python3 -m venv .venv-peers, and in it "
                      "deploy/setup's pip: " + " ".join(sorted(set(INSTALL.values()))))
    return str(python)


def peer(name, options, database, prompts, draws):
    """Prompts a second of a peer, and the processor time of its processes for each prompt."""
    ended = subprocess.run(
        [peers_python(options), PEERS / "peer.py", name, "--prompts", str(prompts), "--draws",
         str(draws), "--workers", str(options.workers)],
        env=os.environ | {key: value for key, value in database.environment.items()
                          if key.startswith("PG")},
        capture_output=True, text=True)
    if ended.returncode == 3:
        raise Skipped(f"{ended.stderr.strip()}: {INSTALL[name]}")
    if ended.returncode:
        raise SystemExit(f"{name} failed:\n{ended.stderr[-3000:]}")
    found = json.loads(ended.stdout.splitlines()[-1])
    return found["prompts"] / found["seconds"], found["processor_s"] / found["prompts"]


def ogive(fleet, prompts):
    """The same of Ogive."""
    def used():
        return sum(processor.own(process.pid) for process in fleet.processes)
    before, count = used(), PROMPTS["ogive"]
    rate = count / fleet.seconds(prompts, count, 1)
    return rate, (used() - before) / count


def run(options, say):
    """Alternating rounds of Ogive and the peers."""
    used = {}
    with temporary_database(options.ogive) as database:
        prompts = import_prompts(database, PROMPTS["ogive"])
        with Fleet(database, options.workers, draws_per_task=1) as fleet:
            fleet.ready()

            def measured(name):
                before = processor.server(database)
                rate, own = (ogive(fleet, prompts) if name == "ogive" else
                             peer(name, options, database, PROMPTS[name], 1))
                server = (processor.server(database) - before) / PROMPTS[name]
                used.setdefault(name, []).append((own * 1e6, server * 1e6))
                return rate

            rates, skipped = alternate(
                {name: lambda name=name: measured(name) for name in PROMPTS}, options.rounds, say)
    return compare(rates) | {
        "unit": "prompts", "skipped": skipped, "workers": options.workers, "prompts": PROMPTS,
        "goals": {"pool": 3, "ray": 30},
        "us": {name: {"tool": spread([own for own, _ in rounds]),
                      "postgresql": spread([server for _, server in rounds]),
                      "ratio": spread([(own + server) / sum(ours) for (own, server), ours
                                       in zip(rounds, used["ogive"])])}
               for name, rounds in used.items()}}
