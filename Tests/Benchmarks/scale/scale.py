#!/usr/bin/env python3
"""Measures what the size of a run costs the coordinator: memory, and the time to its first draw.

    Tests/Benchmarks/scale/scale.py [--sizes 10000,100000,1000000,10000000] [--seconds 10]
        [--ogive .build-release/release/ogive] [--json FILE]

For each size: a private database under --folder with so many made-up prompts (INSERT, not an
import; the schema is Ogive's), a synthetic run, a coordinator and a worker with keys. Then the same
coordinator again: after SIGTERM, after SIGKILL, with every thousandth prompt done, and with the
first half of all prompts done. 10 million prompts take about 8 GB of disk while they are measured.

`first draw` is the time from the start of the process to its first commit, less the wait for a
killed leader's term; `peak` is VmHWM; `finish` is the time from the last draw to the end of the
run, before which everything is looked at once.
"""
import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# As an import leaves them: the rows in order, the indexes on them, and no ANALYZE.
MADE = """
INSERT INTO ogive.prompt_sets (name, prompts, created_at) VALUES ('scale', %(size)s, now());
ALTER TABLE ogive.prompt_rows DROP CONSTRAINT prompt_rows_set_key_key;
DROP INDEX ogive.prompt_rows_paging;
INSERT INTO ogive.prompt_rows (prompt_set_id, key, content_sha256, content, metadata)
SELECT s.id, 'prompt-' || i, sha256(int8send(i)),
    jsonb_build_object('text', 'What is ' || i || ' plus ' || i %% 97 || '? ' || repeat('x', 60)),
    jsonb_build_object('answer', i + i %% 97)
FROM ogive.prompt_sets s, generate_series(1::bigint, %(size)s) i;
ALTER TABLE ogive.prompt_rows
    ADD CONSTRAINT prompt_rows_set_key_key UNIQUE (prompt_set_id, key);
CREATE UNIQUE INDEX prompt_rows_paging ON ogive.prompt_rows (prompt_set_id, (id + 0));
"""
# Draws of small sets, so that they are not done before the end.
DRAWS_LEAST = 10_000_000
# What is done: prompts whose place in the set fulfils a condition. Counted, as landing counts.
DONE = """
INSERT INTO ogive.quantile_table_rows
    (scoring_id, prompt_id, n, complete_to, updated_at, draw_indexes, draw_rewards, rewards)
SELECT r.scoring_id, p.id, r.draws, r.draws, now(), i.indexes, i.rewards, i.rewards
FROM ogive.runs r, ogive.prompt_rows p, LATERAL (
    SELECT array_agg(d) AS indexes, array_agg(d::float8) AS rewards
    FROM generate_series(0, r.draws - 1) d) i
WHERE {where}
ON CONFLICT DO NOTHING;
UPDATE ogive.scoring_progress b SET rewards = (
    SELECT sum(t.n) FROM ogive.quantile_table_rows t WHERE t.scoring_id = b.scoring_id);
"""
LANDED = "SELECT count FROM (SELECT draws AS count FROM ogive.sampling_progress) s"


class Psql:
    """A session that answers one line of SQL at a time."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def ask(self, query):
        """The first column of a query's only row."""
        self.process.stdin.write(query + ";\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        """Ends the session."""
        self.process.stdin.close()
        self.process.wait()


def execute(sql):
    """Runs statements, one transaction each."""
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], input=sql, text=True, check=True)


def memory(process, field):
    """A field of a process's status, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def timed(command):
    """How long a command takes, and the most memory that it had."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return {"seconds": time.perf_counter() - begun, "peak_bytes": usage.ru_maxrss * 1024}


class Coordinator:
    """A coordinator that was just started."""

    def __init__(self, arguments, config):
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            [arguments.ogive, "coordinator", config], stderr=subprocess.PIPE, text=True)
        self.led = None
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Notes when it begins to lead; the pipe must not fill up."""
        for line in self.process.stderr:
            self.lines.append(line)
            if self.led is None and "leading" in line:
                self.led = time.perf_counter()

    def measure(self, psql, seconds):
        """Waits for the first draw, and then so long; what was seen."""
        before = int(psql.ask(LANDED))
        while (count := int(psql.ask(LANDED))) == before:
            if self.process.poll() is not None or time.perf_counter() - self.begun > 300:
                raise SystemExit("".join(["no draw landed:\n", *self.lines]))
            time.sleep(0.005)
        first = time.perf_counter()
        found = {"lead_s": self.led - self.begun, "first_draw_s": first - self.led,
                 "peak_at_first_draw_bytes": memory(self.process, "VmHWM")}
        time.sleep(seconds)
        after = int(psql.ask(LANDED))
        return found | {
            "draws_per_s": (after - count) / (time.perf_counter() - first) if seconds else None,
            "peak_bytes": memory(self.process, "VmHWM"),
            "resident_bytes": memory(self.process, "VmRSS")}

    def end(self, number):
        """Ends it with a signal."""
        self.process.send_signal(number)
        self.process.wait()
        self.reader.join()


def measure(arguments, folder):
    """One size, with the database in libpq's variables."""
    found = {"prompts": arguments.size}
    config = folder / "inside.yaml"
    begun = time.perf_counter()
    execute(MADE % {"size": arguments.size})
    print(f"  {arguments.size} prompts made in {time.perf_counter() - begun:.0f} s", flush=True)
    found["submit"] = timed([arguments.ogive, "submit", config])
    found["status"] = timed([arguments.ogive, "status", "--config", config])
    worker = subprocess.Popen([arguments.ogive, "worker", config])
    psql = Psql()
    cases = [
        ("start", None, arguments.seconds, signal.SIGTERM),
        ("after SIGTERM", None, 0, signal.SIGKILL),
        ("after SIGKILL", None, 0, signal.SIGTERM),
        ("a thousandth done", DONE.format(where="p.id % 1000 = 0"), 0, signal.SIGTERM),
        ("half done", DONE.format(where=f"p.id <= {arguments.size // 2}"), 5, signal.SIGTERM),
    ]
    try:
        for name, sql, seconds, end in cases:
            if sql:
                execute(sql)
            coordinator = Coordinator(arguments, config)
            try:
                found[name] = coordinator.measure(psql, seconds)
            finally:
                coordinator.end(end)
            print(f"  {name}: {found[name]}", flush=True)
        found["submit, half done"] = timed([arguments.ogive, "submit", config])
        execute(DONE.format(where=f"p.id <= {arguments.size - 1000}"))
        coordinator = Coordinator(arguments, config)
        try:
            found["nearly done"] = coordinator.measure(psql, 0)
            last, count = time.perf_counter(), psql.ask(LANDED)
            while psql.ask("SELECT state FROM ogive.runs") != "finished":
                if (now := psql.ask(LANDED)) != count:
                    last, count = time.perf_counter(), now
                if time.perf_counter() - last > 300:
                    raise SystemExit("".join(["the run does not end:\n", *coordinator.lines]))
                time.sleep(0.01)
            found["nearly done"]["finish_s"] = time.perf_counter() - last
        finally:
            coordinator.end(signal.SIGTERM)
        print(f"  nearly done: {found['nearly done']}", flush=True)
        found["submit, done"] = timed([arguments.ogive, "submit", config])
        found["status, done"] = timed([arguments.ogive, "status", "--config", config])
    finally:
        worker.terminate()
        worker.wait()
        psql.close()
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


def make(folder, arguments):
    """Keys and configurations; then this script within the database."""
    keys = {}
    for name in ["coordinator", "worker"]:
        subprocess.run([arguments.ogive, "keys", "new", name, "--folder", folder], check=True,
                       stdout=subprocess.DEVNULL)
        keys[name] = folder / f"{name}.key"
    (folder / "authorized").mkdir()
    (folder / "worker.pub").rename(folder / "authorized/worker.pub")
    # The worker waits for a coordinator that comes back, and asks for it often.
    what = f"""
run: {{name: scale, draws: {max(4, DRAWS_LEAST // arguments.size)}}}
prompts: {{set: scale}}
policy: {{kind: synthetic, synthetic: {{distribution: normal, text_length: 400}}}}
scorer: {{kind: synthetic}}
coordinator: {{listen: "ipc://{folder}/socket", key: {keys['coordinator']},
    authorized_keys: {folder / 'authorized'}}}
worker: {{key: {keys['worker']}, coordinator_key: {folder / 'coordinator.pub'},
    sample_concurrency: 64, registration_timeout: 10m}}
"""
    (folder / "scale.yaml").write_text(
        what + f"database: {{embedded: {folder / 'database'}}}\n", encoding="utf-8")
    (folder / "inside.yaml").write_text(
        what + "database: {url: 'postgresql:///'}\n", encoding="utf-8")
    subprocess.run([arguments.ogive, "migrate", "up", "--config", folder / "scale.yaml"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [arguments.ogive, "psql", "--write", "--config", folder / "scale.yaml", "--program",
         sys.executable, "--", __file__, *sys.argv[1:], "--inside", folder, "--size",
         str(arguments.size)],
        check=True)
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def table(results):
    """Markdown for people."""
    cases = ["start", "after SIGTERM", "after SIGKILL", "a thousandth done", "half done"]
    lines = ["| prompts | " + " | ".join(f"first draw, {case}" for case in cases)
             + " | peak | submit | submit, half done | status | finish |",
             "|---:" * (len(cases) + 6) + "|"]
    for item in results:
        peak = max(item[case]["peak_bytes"] for case in cases)
        lines.append(
            f"| {item['prompts']} | "
            + " | ".join(f"{item[case]['first_draw_s']:.2f} s" for case in cases)
            + f" | {peak / 1e6:.0f} MB | {item['submit']['seconds']:.2f} s"
            + f" | {item['submit, half done']['seconds']:.2f} s"
            + f" | {item['status, done']['seconds']:.2f} s"
            + f" | {item['nearly done']['finish_s']:.2f} s |")
    return "\n".join(lines)


def main():
    """Makes a database for each size, measures within it, removes it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", default="10000,100000,1000000,10000000")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--ogive", default=str(ROOT / ".build-release/release/ogive"))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        measure(arguments, arguments.inside)
        return
    results = []
    for size in map(int, arguments.sizes.split(",")):
        arguments.size = size
        with tempfile.TemporaryDirectory(prefix="ogive-scale-", dir=arguments.folder) as folder:
            Path(folder).chmod(0o755)
            results.append(make(Path(folder), arguments))
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
