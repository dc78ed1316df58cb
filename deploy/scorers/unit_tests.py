#!/usr/bin/env python3
"""Scores code by its unit tests, each completion in a sandbox of its own.

For Ogive's `command` scorer: JSON Lines on standard input and output. A request has `id`,
`prompt` or `messages`, `completion` and `metadata`; metadata has `test` and `entry_point` as in
HumanEval: `test` defines `check(candidate)`. The reward is the share of the statements of `check`
that hold an assertion and pass, from 0 to 1. Code that does not compile, loops for ever or asks
for too much memory has reward 0 for what it did not reach; a prompt without tests is an error.

    scorer:
      kind: command
      command: [deploy/scorers/unit_tests.py, --timeout, "10"]

The sandbox is bubblewrap (Debian package `bubblewrap`): its own user, process and network
namespaces, an empty network, /usr read-only, an empty /tmp, no home. Limits: processor time, wall
time, address space, processes, file size. What it is not: a defence against code that attacks its
own grader, which runs in the same interpreter; look at what scores 1.
"""

import argparse
import ast
import concurrent.futures
import json
import math
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading

ANSWER_BYTES_MAX = 1 << 16

# Runs inside of the sandbox. Limits come first; then only the descriptor `report` leads out.
RUNNER = r"""
import ast, json, os, resource, sys
job = json.loads(sys.stdin.read())
for name, value in job["limits"].items():
    resource.setrlimit(getattr(resource, name), (value, value))
report = os.dup(1)
nothing = os.open("/dev/null", os.O_RDWR)
for descriptor in (0, 1, 2):
    os.dup2(nothing, descriptor)
os.write(report, b"ready\n")

def holds(node):
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(node))

def graded(statement, number):
    code = f"try:\n    pass\n    _report({number})\nexcept BaseException:\n    pass"
    wrapper = ast.parse(code).body[0]
    wrapper.body[0] = statement
    return wrapper

tests = ast.parse(job["test"])
check = next(n for n in tests.body if isinstance(n, ast.FunctionDef) and n.name == "check")
number, body = 0, []
for statement in check.body:
    if holds(statement):
        body.append(graded(statement, number))
        number += 1
    else:
        body.append(statement)
check.body = body
ast.fix_missing_locations(tests)
space = {"__name__": "solution"}
exec(compile(job["program"], "solution", "exec"), space)
candidate = space[job["entry_point"]]
space["_report"] = lambda n: os.write(report, b"%d\n" % n)
exec(compile(tests, "tests", "exec"), space)
space["check"](candidate)
"""


class BadRequest(Exception):
    """The request cannot be graded, whatever the completion is."""


def count_tests(source):
    """How many statements of `check` hold an assertion."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise BadRequest(f"`test` does not compile: {error}") from error
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            total = sum(
                any(isinstance(inner, ast.Assert) for inner in ast.walk(statement))
                for statement in node.body
            )
            if total:
                return total
            raise BadRequest("`check` of `test` asserts nothing")
    raise BadRequest("`test` defines no function `check`")


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


class Sandbox:
    """Starts interpreters in bubblewrap. As root each slot has a user id of its own, so that the
    bound on processes counts its processes only."""

    def __init__(self, options):
        self.options = options
        self.bubblewrap = shutil.which("bwrap")
        if self.bubblewrap is None:
            sys.exit("unit_tests: bubblewrap is missing: apt-get install bubblewrap")
        seconds = math.ceil(options.timeout)
        # Processor time is what counts, so that a busy machine changes no reward; the wall time
        # ends what sleeps.
        self.wall_seconds = 3 * options.timeout + 5
        self.limits = {
            "RLIMIT_CPU": seconds,
            "RLIMIT_AS": options.memory << 20,
            "RLIMIT_NPROC": options.processes,
            "RLIMIT_FSIZE": 16 << 20,
            "RLIMIT_NOFILE": 64,
            "RLIMIT_CORE": 0,
        }

    def command(self, slot):
        command = []
        if os.geteuid() == 0:
            user = str(self.options.first_user + slot)
            command = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        command += [
            self.bubblewrap, "--unshare-all", "--die-with-parent", "--new-session",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib",
            "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp",
            "--clearenv", "--setenv", "PATH", "/usr/bin:/bin",
        ]
        for path in self.options.bind:
            command += ["--ro-bind", path, path]
        return command + [self.options.python, "-I", "-c", RUNNER]

    def passed(self, job, slot):
        """The numbers of the assertions that passed; raises when the sandbox does not start."""
        process = subprocess.Popen(
            self.command(slot), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        killer = threading.Timer(self.wall_seconds, kill, [process])
        killer.start()
        try:
            data = json.dumps({**job, "limits": self.limits}).encode()
            stderr = []
            reader = threading.Thread(
                target=lambda: stderr.append(process.stderr.read(ANSWER_BYTES_MAX)), daemon=True)
            reader.start()
            try:
                process.stdin.write(data)
                process.stdin.close()
            except BrokenPipeError:
                pass
            output = process.stdout.read(ANSWER_BYTES_MAX)
        finally:
            kill(process)
            killer.cancel()
            process.wait()
        lines = output.decode("ascii", "replace").split("\n")
        if lines[0] != "ready":
            reader.join(1)
            reason = (stderr or [b""])[0].decode("utf-8", "replace").strip().split("\n")[-1]
            raise RuntimeError(f"the sandbox did not start: {reason or 'no answer in time'}")
        return {int(line) for line in lines[1:] if line.isdigit()}


def kill(process):
    """Ends the sandbox with all that runs in it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Scorer:
    """Answers requests, several at a time."""

    def __init__(self, options):
        self.sandbox = Sandbox(options)
        self.slots = queue.SimpleQueue()
        for slot in range(options.jobs):
            self.slots.put(slot)
        self.output = threading.Lock()

    def answer(self, request):
        try:
            reply = {"id": request["id"], "reward": self.grade(request)}
        except (BadRequest, RuntimeError, OSError) as error:
            reply = {"id": request["id"], "error": str(error)}
        with self.output:
            print(json.dumps(reply), flush=True)

    def grade(self, request):
        metadata = request.get("metadata") or {}
        for field in ("test", "entry_point"):
            if not isinstance(metadata.get(field), str):
                raise BadRequest(f"the prompt's metadata has no text `{field}`")
        total = count_tests(metadata["test"])
        job = {
            "program": program(request, metadata["entry_point"]),
            "test": metadata["test"], "entry_point": metadata["entry_point"],
        }
        slot = self.slots.get()
        try:
            passed = self.sandbox.passed(job, slot)
        finally:
            self.slots.put(slot)
        return len(passed & set(range(total))) / total


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timeout", type=float, default=10,
                        help="processor time in seconds (10); wall time: 3 times that and 5 s")
    parser.add_argument("--memory", type=int, default=1024, help="address space in MiB (1024)")
    parser.add_argument("--processes", type=int, default=16, help="processes and threads (16)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once (processors)")
    parser.add_argument("--python", default="/usr/bin/python3", help="interpreter in the sandbox")
    parser.add_argument("--bind", action="append", default=[], metavar="PATH",
                        help="more to show read-only inside, for example a virtual environment")
    parser.add_argument("--first-user", type=int, default=200_000,
                        help="as root: user ids from here on, one for each job (200000)")
    options = parser.parse_args()
    scorer = Scorer(options)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line in sys.stdin:
            pool.submit(scorer.answer, json.loads(line))


if __name__ == "__main__":
    main()
