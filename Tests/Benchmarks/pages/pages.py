#!/usr/bin/env python3
"""Times every page of the dashboard on a run of many prompts.

    Tests/Benchmarks/pages/pages.py [--prompts 10000000] [--rounds 20] [--json FILE]
        [--ogive .build-release/release/ogive] [--keep FOLDER] [--only NAME,…]

Makes a private database with made-up rows (see made.py): 10 million prompts take about 20 GB and a
quarter of an hour. With --keep it stays in FOLDER, and the next call finds it there. In each round
every page is read twice, in an order by chance: `first` by a dashboard that was just started and
has read nothing, which opens its connections too; `again` by one that has read every page before.
Where a page has a parameter, such as a prompt, it is another one each time. Everything is done
before PostgreSQL has statistics of the tables, as just after an import, and after ANALYZE. Beside
the time on the clock stands the processor time of the dashboard and of PostgreSQL, sorting in the
background included: where others work on the same machine, the clock says what they do.
"""
import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests/Benchmarks"))
import made                                                     # noqa: E402
from scenarios import processor                                 # noqa: E402

GOAL = 0.2
STATES = ["without statistics", "with statistics"]
ORDERS = ["spread", "lowest", "highest", "quantile_lowest", "quantile_highest", "precision",
          "failures"]


def listed(size):
    """The pages: for each a function that gives a path, and what the page must hold."""
    def some(step=1):
        return random.randrange(step, size, step)
    run, prompts = "/runs/1", "/runs/1/prompts"
    pages = {
        "runs": lambda: ("/", "first"), "run": lambda: (run, "Rewards"),
        "fleet": lambda: ("/fleet", "worker 1"), "failures": lambda: (run + "/failures", "refused"),
        "prompts": lambda: (prompts, "prompt-000000001"),
        "prompts, late": lambda: (f"{prompts}?after={size - some(10) // 10}", "prompt-"),
        "prompts, all equal": lambda: (f"{prompts}?only=degenerate&after={some()}", "all equal"),
        "prompts, draws missing": lambda: (
            f"{prompts}?only=incomplete&after={some()}", "like that"),
        "prompts, with failures": lambda: (f"{prompts}?only=failed&after={some()}", "<td"),
        "prompts, mean": lambda: (f"{prompts}?least=0.5&most=0.6&after={some()}", "<td"),
        "prompts, mean of none": lambda: (f"{prompts}?least=1000&after={some()}", "like that"),
        "prompts, quantile": lambda: (f"{prompts}?qleast=0.9&qmost=1&after={some()}", "<td"),
        "search, key": lambda: (f"{prompts}?find=prompt-{some():09}", "prompt-"),
        "search, beginning": lambda: (f"{prompts}?find=prompt-{some() // 1000:06}", "prompt-"),
        "search, number": lambda: (f"{prompts}?find=%23{some()}", "prompt-"),
        "sorted, late": lambda: (f"{prompts}?order=spread&from=900", "prompt-"),
        "sorted, all equal": lambda: (f"{prompts}?order=lowest&only=degenerate", "in this order"),
        "sorted, quantile": lambda: (f"{prompts}?order=highest&qleast=0.9", "in this order"),
        "prompt": lambda: (f"{prompts}/{some()}", "curve"),
        "prompt, opened": lambda: (f"{prompts}/{some(10)}?draw=2", "It is"),
        "completion": lambda: (f"{prompts}/{some(10)}/draws/2", "It is"),
        "completion, file": lambda: (f"{prompts}/{some(10)}/draws/2/text", "It is"),
        "compare": lambda: (run + "/compare", "rescored"),
        "compare, scorings": lambda: (run + "/compare/2", "rank correlation"),
        "compare, versions": lambda: (run + "/compare/3", "distance"),
        "compare, snapshots": lambda: (run + "/compare?first=1&second=2", "snapshot-1"),
        "compare, snapshot and now": lambda: (run + "/compare?first=1&second=0", "snapshot-1"),
    }
    return pages | {
        f"sorted, {order}": lambda order=order: (f"{prompts}?order={order}", "in this order")
        for order in ORDERS}


class Dashboard:
    """A dashboard that was just started."""

    def __init__(self, ogive, config):
        self.process = subprocess.Popen(
            [ogive, "dashboard", config], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise SystemExit(f"no dashboard: {line}")
        self.host = line.split("//")[1].strip().strip("/")
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def read(self, path, expected):
        """Reads a page to its end; the seconds that it took, and its bytes."""
        begun = time.perf_counter()
        self.connection.request("GET", path)
        response = self.connection.getresponse()
        body = response.read().decode()
        seconds = time.perf_counter() - begun
        # An idle connection would be closed by the dashboard; this opens another one.
        self.connection.close()
        if response.status != 200 or expected not in body:
            raise SystemExit(f"{path}: {response.status}, {len(body)} bytes, without "
                             f"{expected!r}:\n{body[:3000]}")
        return seconds, len(body)

    def end(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait()


def measured(arguments, folder, pages):
    """Each page in rounds: once of a new dashboard, once of one that knows it."""
    found = {name: {} for name in pages}
    config = folder / "inside.yaml"
    known = Dashboard(arguments.ogive, config)
    for page in pages.values():
        known.read(*page())
    database = type("Database", (), {"folder": folder})
    for number in range(arguments.rounds):
        new = Dashboard(arguments.ogive, config)
        for kind, dashboard in [("first", new), ("again", known)]:
            names = list(pages)
            random.shuffle(names)
            for name in names:
                path = pages[name]()
                before = processor.precise([dashboard.process.pid, *processor.members(database)])
                taken, size = dashboard.read(*path)
                after = processor.precise([dashboard.process.pid, *processor.members(database)])
                each = found[name].setdefault(kind, {"wall_s": [], "processor_s": []})
                each["wall_s"].append(taken)
                each["processor_s"].append(after - before)
                found[name]["bytes"] = size
        new.end()
        print(f"  round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    known.end()
    return {name: {"bytes": each["bytes"]} | {
        kind: {what: summary(times) for what, times in each[kind].items()}
        for kind in ["first", "again"]} for name, each in found.items()}


def summary(times):
    """Median, the time that 95 % stay below, and the longest one."""
    ordered = sorted(times)
    return {"median": statistics.median(ordered), "max": ordered[-1],
            "p95": ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]}


def inside(arguments, folder):
    """With the database in libpq's variables: fills it if need be, and measures."""
    random.seed(1)
    if not (folder / "made").exists():
        made.fill(arguments.ogive, folder, arguments.prompts)
        (folder / "made").touch()
    pages = listed(arguments.prompts)
    if arguments.only:
        pages = {name: page for name, page in pages.items() if name in arguments.only.split(",")}
    found = {"prompts": arguments.prompts, "rounds": arguments.rounds}
    made.execute("DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE "
                 "relnamespace = 'ogive'::regnamespace);\n")
    for state in arguments.states.split(","):
        if state == STATES[1]:
            made.execute("ANALYZE;\n")
        found[state] = {"pages": measured(arguments, folder, pages), "load": os.getloadavg()[1]}
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


def make(arguments, folder):
    """A database and configurations; then this script within the database."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name in made.RUNS:
        (folder / f"{name}.yaml").write_text(
            made.configuration(name, "{url: 'postgresql:///'}"), encoding="utf-8")
    (folder / "inside.yaml").write_text(
        made.configuration("first", "{url: 'postgresql:///'}"), encoding="utf-8")
    outside = folder / "outside.yaml"
    outside.write_text(
        made.configuration("first", f"{{embedded: {folder / 'database'}}}"), encoding="utf-8")
    subprocess.run([arguments.ogive, "migrate", "up", "--config", outside], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(
        [arguments.ogive, "psql", "--write", "--config", outside, "--program", sys.executable,
         "--", __file__, *sys.argv[1:], "--inside", folder], check=True)
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def table(found):
    """Markdown for people."""
    lines = []
    for state in filter(found.get, STATES):
        lines += [f"{found['prompts']:,} prompts, {state}, {found['rounds']} rounds, load "
                  f"{found[state]['load']:.1f}: p95 on the clock and of processor time", "",
                  "| page | first | processor | again | processor | size |",
                  "|---|---:|---:|---:|---:|---:|"]
        for name, each in found[state]["pages"].items():
            times = [each[kind][what]["p95"] for kind in ["first", "again"]
                     for what in ["wall_s", "processor_s"]]
            lines.append(f"| {name}{' (slow)' if max(times) > GOAL else ''} | "
                         + " | ".join(f"{1000 * value:.0f} ms" for value in times)
                         + f" | {each['bytes'] / 1000:.0f} kB |")
        lines.append("")
    return "\n".join(lines)


def main():
    """Makes a database, measures within it, removes it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--prompts", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--ogive", default=str(ROOT / ".build-release/release/ogive"))
    parser.add_argument("--only", help="names of pages")
    parser.add_argument("--states", default=",".join(STATES))
    parser.add_argument("--keep", type=Path, help="where the database stays")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments, arguments.inside)
        return
    if arguments.keep:
        found = make(arguments, arguments.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="ogive-pages-") as folder:
            found = make(arguments, Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
