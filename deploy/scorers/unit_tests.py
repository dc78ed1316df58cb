#!/usr/bin/env python3
"""Scores code by its unit tests, each completion in a sandbox of its own.

For Ogive's `command` scorer: JSON Lines on standard input and output. A request has `id`,
`prompt` or `messages`, `completion` and `metadata`; metadata has `test` and `entry_point` as in
HumanEval: `test` defines `check(candidate)`. The reward is the share of the statements of `check`
that hold an assertion and pass, from 0 to 1. Code that does not compile, loops for ever or asks
for too much memory has reward 0 for what it did not reach; a prompt without tests is an error. A
reply's `note` says what else went wrong first.

    scorer:
      kind: command
      command: [deploy/scorers/unit_tests.py, --timeout, "10"]

The sandbox is bubblewrap (Debian package `bubblewrap`, 0.8 or newer): its own user, process and
network namespaces, an empty network, an empty environment, /usr read-only, /tmp and /dev/shm empty
and bounded, no home. Limits: processor time, wall time, address space, processes, file
size, system calls.

The tests run in a second sandbox. The completion's process gets the arguments of each call and
gives plain data back (None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict,
set, frozenset, builtin exceptions); the tests compare what came back. So code can pass a test only
by the values that it returns; it can still recognise arguments that it knows.
"""

import argparse
import concurrent.futures
import json
import os
import queue
import re
import sys
import threading

from sandbox import Refused, Sandboxes, Slot


class NoTests(Exception):
    """The prompt's metadata lacks a field."""


def prompts(request):
    """The texts in which a prompt may give its code: itself, or what the users of a chat said."""
    if request.get("prompt") is not None:
        return [request["prompt"]]
    turns = [turn.get("content") for turn in request.get("messages") or []
             if turn.get("role") == "user"]
    return [text for text in reversed(turns) if isinstance(text, str)]


def program(request, entry_point):
    """The code to be graded: the last fenced block where there is one; after the prompt where the
    completion goes on with it."""
    completion = request["completion"]
    fences = re.findall(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", completion, re.DOTALL)
    code = fences[-1] if fences else completion
    defines = re.search(rf"^(?:async )?def {re.escape(entry_point)}\b", code, re.MULTILINE)
    prompt = request.get("prompt")
    if prompt is None or (fences and defines):
        return code
    return prompt + code


class Scorer:
    """Answers requests, several at a time."""

    def __init__(self, options):
        sandboxes = Sandboxes(options)
        self.slots = queue.SimpleQueue()
        for number in range(options.jobs):
            self.slots.put(Slot(sandboxes, number))
        self.output = threading.Lock()

    def answer(self, request):
        try:
            reply = {"id": request["id"], **self.grade(request)}
        except Refused as error:
            reply = {"id": request["id"], "error": str(error)}
        except NoTests as error:
            reply = {"id": request["id"], "error": str(error), "code": "missing_field"}
        except (RuntimeError, OSError) as error:
            reply = {"id": request["id"], "error": str(error), "code": "server_error"}
        with self.output:
            print(json.dumps(reply), flush=True)

    def grade(self, request):
        metadata = request.get("metadata") or {}
        for field in ("test", "entry_point"):
            if not isinstance(metadata.get(field), str):
                raise NoTests(f"the prompt's metadata has no text `{field}`")
        entry_point = metadata["entry_point"]
        job = {
            "program": program(request, entry_point), "prompts": prompts(request),
            "test": metadata["test"], "entry_point": entry_point,
        }
        slot = self.slots.get()
        try:
            said = slot.verdict(job)
        finally:
            self.slots.put(slot)
        values = dict(said)
        passed = {value for kind, value in said if kind == "pass"}
        reply = {"reward": len(passed) / values["total"]}
        return reply | ({"note": values["note"]} if "note" in values else {})


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timeout", type=float, default=10,
                        help="processor time in seconds (10); wall time: 3 times that and 5 s")
    parser.add_argument("--memory", type=int, default=1024,
                        help="address space of each process in MiB (1024)")
    parser.add_argument("--processes", type=int, default=16, help="processes and threads (16)")
    parser.add_argument("--disk", type=int, default=64,
                        help="MiB that /tmp and /dev/shm hold together (64)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once (processors)")
    parser.add_argument("--python", default="/usr/bin/python3", help="interpreter in the sandbox")
    parser.add_argument("--bind", action="append", default=[], metavar="PATH",
                        help="more to show read-only inside, for example a virtual environment")
    parser.add_argument("--first-user", type=int, default=200_000,
                        help="as root: user ids from here on, two for each job (200000)")
    options = parser.parse_args()
    scorer = Scorer(options)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line in sys.stdin:
            pool.submit(scorer.answer, json.loads(line))


if __name__ == "__main__":
    main()
