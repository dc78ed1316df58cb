"""Scenarios of the parts that need no server, by the program `measure`; and other scripts."""
import json
import subprocess
import sys
from pathlib import Path

from .fleet import ROOT
from .rounds import Skipped

HERE = Path(__file__).resolve().parents[1]


def measure(options, *arguments):
    """What `measure` prints."""
    ended = subprocess.run([options.measure, *map(str, arguments)], capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"measure {arguments} failed:\n{ended.stderr[-3000:]}")
    return json.loads(ended.stdout)


def wire(options, say):
    """Encoding and decoding: time, bytes, allocations."""
    return {"paths": measure(options, "wire", "--iterations", 20_000 if options.quick else 200_000)}


def scheduler(options, say):
    """Events a second of the pure state machine."""
    tasks = 100_000 if options.quick else 500_000
    return {"sizes": measure(options, "scheduler", "--tasks", tasks)}


def store(options, say):
    """The store alone against \\copy, by turns: see `measure land --help`."""
    help_text = subprocess.run([options.measure, "--help"], capture_output=True, text=True).stdout
    if " land " not in help_text:
        raise Skipped("this `measure` has no subcommand `land`")
    sizes = {1: 32_768, 64: 1_024} if options.quick else {1: 65_536, 8: 16_384, 64: 2_048}
    return {"sizes": [
        measure(options, "land", "--prompts", prompts, "--draws", draws, "--rounds",
                options.rounds) for draws, prompts in sizes.items()]}


def busy(options, say):
    """Slot-time that is busy, against list scheduling."""
    size = ["--slots", 1_000, "--draws", 40_000] if options.quick else []
    return {"goal": 0.995, "fleets": measure(options, "busy", *size)}


def script(path, options, *arguments, python=sys.executable):
    """Runs another script of this folder and gives the JSON that it writes."""
    if not (HERE / path).exists():
        raise Skipped(f"{path} is not there")
    if not Path(python).exists():
        raise Skipped(f"{python} is not there: see deploy/setup --help")
    out = Path(options.folder) / (Path(path).stem + ".json")
    ended = subprocess.run(
        [python, HERE / path, "--ogive", options.ogive, "--json", out, *map(str, arguments)],
        capture_output=True, text=True)
    if not out.exists():
        raise SystemExit(f"{path} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    return json.loads(out.read_text(encoding="utf-8"))


def query(options, say):
    """What trainers ask of SQL, against numpy."""
    python = ROOT / ".venv-trainers/bin/python"
    size = ["--prompts", 10_000] if options.quick else []
    return {"goal": 2, "found": script("query/query.py", options, *size, python=python)}


def scale(options, say):
    """Memory and restart of a coordinator, by the size of its run."""
    sizes = ["--sizes", "10000,100000,1000000", "--seconds", 5] if options.quick else []
    return {"goals": {"memory_mb": 200, "first_lease_s": 5},
            "found": script("scale/scale.py", options, *sizes)}


def pages(options, say):
    """Every page of the dashboard, by the size of the run."""
    size = ["--prompts", 100_000, "--rounds", 5] if options.quick else []
    return {"goal_s": 0.2, "found": script("pages/pages.py", options, *size)}


def viewers(options, say):
    """What a dashboard with viewers costs a run."""
    rounds = ["--rounds", 3] if options.quick else []
    return {"goal": 0.01, "found": script("pages/viewers.py", options, *rounds)}


def scoring(options, say):
    """The scorer for models of transformers, against a plain loop."""
    rounds = ["--rounds", 1 if options.quick else options.rounds]
    return {"goal": 3, "found": script(
        "scoring/scoring.py", options, *rounds, python=ROOT / ".venv-vllm/bin/python")}


def saturate(options, say):
    """Tokens a second through real servers, against a plain client."""
    if options.quick:
        raise Skipped("not with --quick: it takes twenty minutes")
    return {"goal": 0.98, "found": script(
        "saturate/saturate.py", options, python=ROOT / ".venv-vllm/bin/python")}
