"""Sends completions through deploy/scorers/unit_tests.py, as Ogive does."""

import json
import os
import shutil
import subprocess
import textwrap
import unittest
from pathlib import Path

SCORER = Path(__file__).resolve().parents[2] / "deploy" / "scorers" / "unit_tests.py"
SECRET = "rosebud-4711"
# What no test may take; the scorer's own limits end sooner.
SECONDS_MAX = 240


def has_sandbox():
    """Whether bubblewrap can make namespaces here."""
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        return False
    command = [bubblewrap, "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def request(completion, test, prompt="", entry_point="f", **more):
    """A request whose completion and test are given with any indentation."""
    return {
        "prompt": prompt, "completion": textwrap.dedent(completion),
        "metadata": {"test": textwrap.dedent(test), "entry_point": entry_point}, **more,
    }


@unittest.skipUnless(has_sandbox(), "bubblewrap is missing, or namespaces are not permitted")
class ScorerTestCase(unittest.TestCase):
    """Has one way to ask: all requests at once, the replies in their order."""

    maxDiff = None
    options = ["--timeout", "2", "--memory", "256", "--jobs", "2"]

    def replies(self, requests):
        lines = [json.dumps({"id": place, **each}) for place, each in enumerate(requests)]
        ended = subprocess.run(
            ["/usr/bin/python3", "-B", SCORER, *self.options], input="\n".join(lines) + "\n",
            capture_output=True, text=True, timeout=SECONDS_MAX,
            env=dict(os.environ, OGIVE_SECRET=SECRET))
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        replies = {reply["id"]: reply for reply in map(json.loads, ended.stdout.splitlines())}
        self.assertEqual(sorted(replies), list(range(len(requests))))
        return [replies[place] for place in range(len(requests))]

    def rewards(self, requests):
        return [reply.get("reward") for reply in self.replies(requests)]

    def reply(self, completion, test, **more):
        return self.replies([request(completion, test, **more)])[0]
