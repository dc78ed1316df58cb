"""Scenario *dispatch*: null work, one draw a prompt, into PostgreSQL, against the peers."""
import json
import os
import subprocess
from pathlib import Path

from .fleet import Fleet, ROOT, import_prompts, temporary_database
from .rounds import Skipped, alternate, compare

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
    """Prompts a second of a peer."""
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
    return found["prompts"] / found["seconds"]


def run(options, say):
    """Alternating rounds of Ogive and the peers."""
    with temporary_database(options.ogive) as database:
        prompts = import_prompts(database, PROMPTS["ogive"])
        with Fleet(database, options.workers, draws_per_task=1) as fleet:
            fleet.ready()
            contestants = {"ogive": lambda: PROMPTS["ogive"] / fleet.seconds(
                prompts, PROMPTS["ogive"], 1)}
            for name in INSTALL:
                contestants[name] = lambda name=name: peer(
                    name, options, database, PROMPTS[name], 1)
            rates, skipped = alternate(contestants, options.rounds, say)
    return compare(rates) | {
        "unit": "prompts", "skipped": skipped, "workers": options.workers, "prompts": PROMPTS,
        "goals": {"pool": 3, "ray": 30}}
