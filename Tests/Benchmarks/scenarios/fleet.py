"""A private database, and Ogive's processes on it: coordinator and workers with keys."""
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOLD = "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"


def free_port():
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process):
    """Asks a process to end, and waits for it."""
    process.terminate()
    try:
        process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Database:
    """The private PostgreSQL of `folder`, running while the context lasts. All contestants of a
    scenario use this one server."""

    def __init__(self, ogive, folder):
        self.ogive = str(ogive)
        self.folder = Path(folder)
        self.config = self.write("database", {"database": self.section})

    @property
    def section(self):
        """The section `database` of a configuration."""
        return {"embedded": str(self.folder / "database")}

    def __enter__(self):
        subprocess.run([self.ogive, "migrate", "up", "--config", self.config], check=True,
                       capture_output=True)
        self.holder = subprocess.Popen(
            [self.ogive, "psql", "--write", "--config", self.config, "--program",
             sys.executable, "--", "-c", HOLD],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.holder.stdout.readline()
        if not line:
            raise SystemExit("the private database did not start: see the message above")
        self.environment = json.loads(line)
        return self

    def __exit__(self, *_):
        self.holder.stdin.close()
        self.holder.wait(timeout=60)

    def write(self, name, configuration):
        """Writes a configuration (JSON is YAML) and gives its path."""
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(configuration), encoding="utf-8")
        return str(path)

    def psql(self, *arguments):
        """What psql prints, unaligned and without headings."""
        ended = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments],
            env=self.environment, capture_output=True, text=True)
        if ended.returncode:
            raise SystemExit(f"psql failed: {ended.stderr}")
        return ended.stdout.strip()

    def run(self, *arguments):
        """Runs `ogive` and gives what it prints."""
        ended = subprocess.run([self.ogive, *arguments], capture_output=True, text=True)
        if ended.returncode:
            raise SystemExit(f"ogive {' '.join(arguments)} failed:\n{ended.stderr[-3000:]}")
        return ended.stdout


class Fleet:
    """A coordinator and workers with synthetic models, connected over loopback: by CURVE, or
    without `secure` in plain."""

    def __init__(self, database, workers, draws_per_task, text_length=400, secure=True):
        self.database = database
        self.workers = workers
        self.draws_per_task = draws_per_task
        self.text_length = text_length
        self.secure = secure
        self.rounds = 0
        # The last run.
        self.run = None
        self.port = free_port()
        self.keys = database.folder / f"keys-{self.port}"

    def configuration(self, name, draws, prompts):
        """A run whose sampling nobody sampled before."""
        self.rounds += 1
        seed = self.port * 1000 + self.rounds
        keys = self.keys
        return {
            "run": {"name": name, "draws": draws},
            "prompts": prompts,
            "policy": {"kind": "synthetic", "synthetic": {"text_length": self.text_length},
                       "sampling": {"seed": seed}},
            "scorer": {"kind": "synthetic"},
            "database": self.database.section,
            "coordinator": {
                "listen": f"tcp://127.0.0.1:{self.port}", "draws_per_task": self.draws_per_task,
                "window": {"page_prompts": 4096}}
            | ({"key": f"{keys}/coordinator.key", "authorized_keys": f"{keys}/authorized"}
               if self.secure else {}),
            "worker": {
                "connect": f"tcp://127.0.0.1:{self.port}", "sample_concurrency": 8,
                "prefetch": 64}
            | ({"key": f"{keys}/worker.key", "coordinator_key": f"{keys}/coordinator.pub"}
               if self.secure else {}),
        }

    def __enter__(self):
        authorized = self.keys / "authorized"
        authorized.mkdir(parents=True)
        for name in ["coordinator", "worker"]:
            self.database.run("keys", "new", name, "--folder", str(self.keys))
        (authorized / "worker.pub").write_bytes((self.keys / "worker.pub").read_bytes())
        config = self.database.write(
            f"fleet-{self.port}", self.configuration("fleet", 1, {"set": "none"}))
        self.log = (self.database.folder / f"fleet-{self.port}.log").open("w+")
        self.processes = [
            subprocess.Popen([self.database.ogive, part, config], stderr=self.log,
                             stdout=self.log)
            for part in ["coordinator"] + ["worker"] * self.workers]
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            stop(process)
        self.log.close()

    def check(self):
        """Ends the program when one of the processes has ended."""
        if any(process.poll() is not None for process in self.processes):
            self.log.seek(0)
            raise SystemExit(f"a process of Ogive ended:\n{self.log.read()[-3000:]}")

    def wait(self, query, wanted, seconds=300):
        """Waits until a query has this answer."""
        deadline = time.monotonic() + seconds
        while self.database.psql("-c", query) != wanted:
            self.check()
            if time.monotonic() > deadline:
                raise SystemExit(f"this did not become {wanted} in {seconds} s: {query}")
            time.sleep(0.5)

    def ready(self):
        """Waits until all workers are registered."""
        query = "SELECT count(*) FROM ogive.workers WHERE state IN ('active', 'idle')"
        self.wait(query, str(self.workers))

    def seconds(self, prompts_set, prompts, draws):
        """The time from the submission of a run to its end, and proof that it is whole."""
        self.run = name = f"run-{self.port}-{self.rounds + 1}"
        config = self.database.write(
            name, self.configuration(name, draws, {"set": prompts_set}))
        self.database.run("submit", config)
        self.wait(f"SELECT state FROM ogive.runs WHERE name = '{name}'", "finished")
        seconds, landed = self.database.psql("-c", f"""
            SELECT extract(epoch FROM finished_at - submitted_at),
                (SELECT count(*) FROM ogive.completion_rows c
                 WHERE c.sampling_id = r.sampling_id)
            FROM ogive.runs r WHERE name = '{name}'""").split("|")
        if int(landed) != prompts * draws:
            raise SystemExit(f"{landed} draws landed, not {prompts * draws}")
        return float(seconds)


def import_prompts(database, count):
    """A prompt set of so many prompts, imported once; gives its name."""
    name = f"null-{count}"
    if name in getattr(database, "sets", set()):
        return name
    file = database.folder / f"{name}.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number in range(count):
            lines.write(json.dumps({"key": f"p{number}", "prompt": f"prompt {number}"}) + "\n")
    database.run("import", str(file), "--set", name, "--config", database.config)
    database.sets = getattr(database, "sets", set()) | {name}
    return name


@contextlib.contextmanager
def temporary_database(ogive):
    """A private database in a folder of its own, removed at the end."""
    import tempfile
    with tempfile.TemporaryDirectory(prefix="ogive-bench-") as folder:
        os.chmod(folder, 0o755)
        with Database(ogive, folder) as database:
            yield database
