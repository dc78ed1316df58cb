#!/usr/bin/env python3
"""Two runs on the same workers, of which one has a slow scorer: measures what the quick one loses.

    Tests/Benchmarks/fleet/slow_scorer.py [--workers 4] [--seconds 40] [--settle 30]
        [--call 2] [--latency 200ms] [--ogive .build/debug/ogive] [--json FILE]

Both runs share the slots of the policy, which answers after the latency without a model, and those
of the scorer: an HTTP service that takes `--call` seconds for each request of the slow run, which
has three times the weight, and answers the quick one at once. `alone` are the draws a second of the
quick run before the slow one is submitted, `quick` and `slow` those of both after that. Exits with
1 when the quick run gets less than 0.9 of `alone - slow`, or the slow one less than 0.8 of what its
scorer gives.
"""
import argparse
import json
import os
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fleet

BATCH, SCORE_SLOTS, SAMPLE_SLOTS = 8, 2, 4


class Scorer(BaseHTTPRequestHandler):
    """Gives each item the length of its text as the reward."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    call = 2.0

    def do_POST(self):
        items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["items"]
        if items[0]["prompt"].startswith("slow"):
            time.sleep(self.call)
        answer = json.dumps({"rewards": [len(item["completion"]) for item in items]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """A worker that ends does not wait for its answers."""


class SlowFleet(fleet.Fleet):
    """A quick run and a slow one."""

    weights = {"quick": 1, "slow": 3}

    def scorer(self):
        return f"""
  kind: http
  model: scripted
  url: http://127.0.0.1:{self.arguments.scorer_port}
  batch_size: {BATCH}
  http:
    path: /score
    request: '{{"items": {{{{items}}}}}}'
    item: '{{"prompt": {{{{prompt}}}}, "completion": {{{{completion}}}}}}'
    score: /rewards/*
"""

    worker = f"sample_concurrency: {SAMPLE_SLOTS}, score_concurrency: {SCORE_SLOTS}"

    def rates(self):
        """Draws a second of each run."""
        time.sleep(self.arguments.settle)
        former, begun = self.landed(), time.monotonic()
        time.sleep(self.arguments.seconds)
        now = self.landed()
        seconds = time.monotonic() - begun
        return {run: round((now[run] - former.get(run, 0)) / seconds, 1) for run in now}

    def measure(self):
        count = self.arguments.workers
        self.ogive("migrate", "quick", "up")
        self.coordinator = self.start("coordinator")
        self.workers = [self.start("worker") for _ in range(count)]
        self.until("all workers", lambda: self.present() == count)
        self.ogive("submit", "quick")
        self.until("first draws", lambda: self.landed().get("quick", 0) > 0)
        alone = self.rates()["quick"]
        self.ogive("submit", "slow")
        self.until("first draws", lambda: self.landed().get("slow", 0) > 0)
        both = self.rates()
        limit = count * SCORE_SLOTS * BATCH / self.arguments.call
        self.found |= {"alone": alone, **both, "limit_of_slow": limit}
        self.check(both["quick"] >= 0.9 * (alone - both["slow"]), "the quick run is held up")
        self.check(both["slow"] >= 0.8 * limit, "the slow run is held up")
        for process in [*self.workers, self.coordinator]:
            process.terminate()
            self.check(process.wait(timeout=fleet.PATIENCE) == 0, "an exit code")
        for run in self.weights:
            self.ogive("cancel", run, run)
            self.ogive("audit", run, run)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=40, help="of each look at the rates")
    parser.add_argument("--settle", type=int, default=30, help="seconds before each of them")
    parser.add_argument("--call", type=float, default=2, help="seconds of a slow request")
    parser.add_argument("--latency", default="200ms", help="of one draw")
    parser.add_argument("--port", type=int, default=17078)
    parser.add_argument("--ogive", default=".build/debug/ogive")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    Scorer.call = arguments.call
    server = Server(("127.0.0.1", 0), Scorer)
    arguments.scorer_port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="ogive-slow-") as folder:
        os.chmod(folder, 0o755)
        slow = SlowFleet(arguments, folder)
        try:
            slow.measure()
        finally:
            slow.end()
    text = json.dumps({"workers": arguments.workers, **slow.found}, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    if slow.problems:
        sys.exit("; ".join(slow.problems))


if __name__ == "__main__":
    main()
