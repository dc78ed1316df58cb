#!/usr/bin/env python3
"""Measures what a dashboard with viewers costs a run that goes on.

    Tests/Benchmarks/pages/viewers.py [--viewers 5] [--rounds 6] [--seconds 20] [--json FILE]
        [--ogive .build-release/release/ogive] [--latency 0s] [--concurrency 64] [--pages PATH…]

A synthetic run without delays takes all processors that it gets: nothing costs it more than what
takes processor time from it. In turns it goes on alone and beside a dashboard at which so many
viewers look: each holds a stream of live numbers of the run, and every five seconds loads one of
its pages. The pages of prompts are of those that the run has begun with. With --latency the model
takes so long for a completion, in the mean, and --concurrency are sampled at once: then the run
waits, as one does whose models are elsewhere, and the ratio of its rates is what its owner sees
of the viewers. What counts is processor time, as it does not move with the machine's mood: that of
the dashboard and of its sessions in PostgreSQL, as a share of that of the run, which is
coordinator, worker and all other processes of PostgreSQL; and as a share of what all processors
give, which is the same where nothing else works on the machine. The rates of draws stand beside it.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests/Benchmarks"))
import made                                                     # noqa: E402
from pages import Dashboard                                     # noqa: E402
from scenarios import processor                                 # noqa: E402

GOAL = 0.01
PAUSE = 5
PROMPTS = 200_000
PAGES = ["/runs/1", "/", "/runs/1/prompts", "/runs/1/prompts/{prompt}", "/runs/1/failures",
         "/fleet", "/runs/1/prompts?order=spread", "/runs/1/prompts?least=0&most=1"]
CONFIGURATION = """
run: {name: watched, draws: 4096}
prompts: {set: pages}
policy:
  kind: synthetic
  synthetic: {distribution: normal, text_length: 400, latency: %(latency)s}
scorer: {kind: synthetic}
worker: {sample_concurrency: %(concurrency)s}
dashboard: {http: {listen: "127.0.0.1:0"}}
"""


def asked(query):
    """The rows of a query, each a list of texts."""
    found = subprocess.run(["psql", "-XqAt", "-F", "\t", "-c", query], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    return [line.split("\t") for line in found.splitlines()]


class Viewers:
    """People at a dashboard, each with a stream and now and then a page."""

    def __init__(self, ogive, config, count, paths):
        self.paths = paths
        self.dashboard = Dashboard(ogive, config)
        self.over = threading.Event()
        self.pages, self.events, self.failed = 0, 0, []
        self.threads = [threading.Thread(target=work, args=[number]) for number in range(count)
                        for work in (self.listen, self.look)]
        for thread in self.threads:
            thread.start()

    def listen(self, _):
        """Reads live numbers, a line at a time."""
        url = f"http://{self.dashboard.host}/runs/1/events"
        with urllib.request.urlopen(url, timeout=60) as stream:
            while not self.over.is_set():
                self.events += stream.readline().startswith(b"event:")

    def look(self, number):
        """Loads a page, waits, loads the next one."""
        while self.paths and not self.over.wait(PAUSE):
            path = self.paths[number % len(self.paths)].format(prompt=1 + number)
            number += 1
            try:
                with urllib.request.urlopen(f"http://{self.dashboard.host}{path}") as page:
                    page.read()
                self.pages += 1
            except OSError as error:
                self.failed.append(f"{path}: {error}")

    def sessions(self):
        """The processes of PostgreSQL that serve the dashboard."""
        return [int(row[0]) for row in asked(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'ogive dashboard'")]

    def end(self):
        """All go home."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.dashboard.end()


def draws():
    """How many draws have landed."""
    return int(asked("SELECT draws FROM ogive.sampling_progress")[0][0])


def interval(folder, run, seconds, viewers=None):
    """So long, with viewers or without: draws a second, and seconds of processor time."""
    database = type("Database", (), {"folder": folder})

    def spent():
        sessions = processor.precise(viewers.sessions()) if viewers else 0
        pages = processor.precise([viewers.dashboard.process.pid]) if viewers else 0
        return pages, sessions, processor.server(database) - sessions + processor.tree(run.pid)
    before, count, begun = spent(), draws(), time.perf_counter()
    time.sleep(seconds)
    after, landed, wall = spent(), draws() - count, time.perf_counter() - begun
    pages, sessions, spending = (now - then for then, now in zip(before, after))
    return {"draws_per_s": landed / wall, "watching_s": pages + sessions, "dashboard_s": pages,
            "sessions_s": sessions, "run_s": spending, "draws": landed}


def measured(arguments, folder):
    """With the database in libpq's variables: a run, and rounds beside it."""
    made.execute("INSERT INTO ogive.prompt_sets (name, created_at) VALUES ('pages', now());"
                 + made.PROMPTS % {"size": arguments.prompts})
    config = folder / "inside.yaml"
    run = subprocess.Popen([arguments.ogive, "run", "--no-preflight", config],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rounds = []
    try:
        begun = time.monotonic()
        while not (found := asked("SELECT draws FROM ogive.sampling_progress")) \
                or int(found[0][0]) < 10_000:
            if run.poll() is not None or time.monotonic() - begun > 300:
                raise SystemExit("no draw landed")
            time.sleep(0.2)
        for number in range(arguments.rounds):
            alone = interval(folder, run, arguments.seconds)
            viewers = Viewers(arguments.ogive, config, arguments.viewers, arguments.pages)
            try:
                # All pages have been read once, as by those who look for longer.
                time.sleep(2 * PAUSE)
                pages, events = viewers.pages, viewers.events
                watched = interval(folder, run, arguments.seconds, viewers)
                watched |= {"pages": viewers.pages - pages, "events": viewers.events - events}
            finally:
                viewers.end()
            if len(viewers.failed) > watched["pages"] // 10 or not watched["events"]:
                raise SystemExit(f"pages failed: {viewers.failed}, {watched}")
            watched["share"] = watched["watching_s"] / watched["run_s"]
            watched["share_of_processors"] = (
                watched["watching_s"] / arguments.seconds / len(os.sched_getaffinity(0)))
            rounds.append({"alone": alone, "watched": watched})
            print(f"  {number + 1} of {arguments.rounds}: {rounds[-1]}", file=sys.stderr,
                  flush=True)
    finally:
        run.terminate()
        run.wait()
    return {"viewers": arguments.viewers, "goal": GOAL, "rounds": rounds,
            "load": os.getloadavg()[1],
            "latency": arguments.latency, "concurrency": arguments.concurrency,
            "busy_processors": statistics.median(
                each["alone"]["run_s"] / arguments.seconds for each in rounds),
            "share": statistics.median(each["watched"]["share"] for each in rounds),
            "share_of_processors": statistics.median(
                each["watched"]["share_of_processors"] for each in rounds),
            "ratio": statistics.median(each["watched"]["draws_per_s"] / each["alone"]["draws_per_s"]
                                       for each in rounds)}


def make(arguments, folder):
    """A database and configurations; then this script within the database."""
    folder.chmod(0o755)
    configuration = CONFIGURATION % vars(arguments)
    (folder / "inside.yaml").write_text(
        configuration + "database: {url: 'postgresql:///'}\n", encoding="utf-8")
    outside = folder / "outside.yaml"
    outside.write_text(
        configuration + f"database: {{embedded: {folder / 'database'}}}\n", encoding="utf-8")
    subprocess.run([arguments.ogive, "migrate", "up", "--config", outside], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(
        [arguments.ogive, "psql", "--write", "--config", outside, "--program", sys.executable,
         "--", __file__, *sys.argv[1:], "--inside", folder], check=True)
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def report(found):
    """The numbers for people."""
    shares = [each["watched"]["share"] for each in found["rounds"]]
    pages = sum(each["watched"]["pages"] for each in found["rounds"])
    seconds = sum(each["watched"]["watching_s"] for each in found["rounds"])
    pause = f"{1000 * seconds / pages:.0f} ms for each page and the streams beside it; " \
        if pages else ""
    ratios = [each["watched"]["draws_per_s"] / each["alone"]["draws_per_s"]
              for each in found["rounds"]]
    return (f"a run with latency {found['latency']} and {found['concurrency']} requests at once, "
            f"which keeps {found['busy_processors']:.2f} processors busy: "
            f"{found['viewers']} viewers take {100 * found['share']:.2f} % of the run's processor "
            f"time (median of {len(shares)} rounds, {100 * min(shares):.2f} to "
            f"{100 * max(shares):.2f} %) and {100 * found['share_of_processors']:.2f} % of all "
            f"processors (load {found['load']:.1f}), {pause}the run's rate beside them is "
            f"{100 * found['ratio']:.1f} % of the one before (median, {100 * min(ratios):.1f} to "
            f"{100 * max(ratios):.1f} %)")


def main():
    """Makes a database, measures beside a run, removes it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--viewers", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--prompts", type=int, default=PROMPTS)
    parser.add_argument("--latency", default="0s", help="of a completion, in the mean")
    parser.add_argument("--concurrency", type=int, default=64, help="requests at once")
    parser.add_argument("--pages", nargs="*", default=PAGES, help="streams alone without any")
    parser.add_argument("--ogive", default=str(ROOT / ".build-release/release/ogive"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        (arguments.inside / "found.json").write_text(
            json.dumps(measured(arguments, arguments.inside)), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory(prefix="ogive-viewers-") as folder:
        found = make(arguments, Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(report(found))


if __name__ == "__main__":
    main()
