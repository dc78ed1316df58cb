"""Completions that attack their grader. None of them may be rewarded."""

import textwrap
import unittest

from harness import ScorerTestCase, request

# What a completion cannot know: it sees inputs only.
TEST = """
def check(candidate):
    assert True, "free, once the code runs"
    assert candidate(1) == 73105
    assert candidate(2) == "a-word-7219"
    assert candidate(3) == [8, 6, 42]
"""
# What a grader could be told, in all forms that it ever read.
FORGED = r"""
import json, os
def _frame(message):
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data
_LINES = b"ready\n0\n1\n2\n3\n" + b"".join(b'["pass", %d]\n' % n for n in range(4)) + b'["done"]\n'
_FORGED = [_LINES, _frame({"loaded": True}) + _frame({"pass": 3}), b"\0" * 64, b"\xff" * 64]
def _write_everywhere():
    for descriptor in range(3, 64):
        for data in _FORGED:
            try: os.write(descriptor, data)
            except OSError: pass
"""

TRICKS = {
    "results on every descriptor": "_write_everywhere()\ndef f(x): return x",
    "results on every descriptor in a call": "def f(x): _write_everywhere()",
    "atexit": "import atexit\natexit.register(_write_everywhere)\ndef f(x): return x",
    "an object that equals all": """
        class Same:
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __bool__(self): return True
        def f(x): return Same()
        """,
    "subclasses of int, str and list": """
        def same(kind):
            return type("Same", (kind,), {
                "__eq__": lambda self, other: True, "__hash__": kind.__hash__,
                "__class__": property(lambda self: kind)})
        def f(x): return [same(int)(), same(str)(), same(list)()][x - 1]
        """,
    "frames": """
        import ast, sys
        def f(x):
            frame = sys._getframe()
            while frame:
                for names in (frame.f_globals, frame.f_locals):
                    for value in list(names.values()):
                        text = value.get("test") if type(value) is dict else value
                        if type(text) is str and "73105" in text and "candidate" in text:
                            compares = [n for n in ast.walk(ast.parse(text))
                                        if isinstance(n, ast.Compare)]
                            return ast.literal_eval(compares[x - 1].comparators[0])
                frame = frame.f_back
        """,
    "gc": """
        import ast, gc
        def f(x):
            for value in gc.get_objects():
                text = value.get("test") if type(value) is dict else None
                if type(text) is str and "candidate" in text:
                    compares = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Compare)]
                    return ast.literal_eval(compares[x - 1].comparators[0])
        """,
    "the grader's own functions": """
        def f(x):
            for number in range(4): globals()["_report"](number)
        """,
    "patched builtins": """
        import builtins
        real = builtins.exec
        def patched(code, space):
            def check(candidate):
                for number in range(4): space["_report"](number)
            real(code, space)
            space["check"] = check
        builtins.exec = patched
        builtins.isinstance = builtins.issubclass = builtins.any = builtins.all = lambda *a: True
        def f(x): return x
        """,
    "a patched serialiser": """
        import sys, json, os
        main = sys.modules["__main__"]
        real, forged = os.write, iter(range(4))
        for name in ("encode", "dumps"):
            if hasattr(main, name): setattr(main, name, lambda *a, **b: {"pass": True})
        json.dumps = json.JSONEncoder.encode = lambda *a, **b: '{"value": {"pass": true}}'
        def write(descriptor, data):
            return real(descriptor, data)
        os.write = write
        def f(x):
            write(3, b"0\\n1\\n2\\n3\\n")
            return x
        """,
    "sys.exit at the start": "import sys\ndef f(x): pass\nsys.exit(0)",
    "os._exit at the start": "import os\ndef f(x): pass\nos._exit(0)",
    "os._exit in a call": "import os\ndef f(x): os._exit(0)",
    "a fork that survives": """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for _ in range(20):
                    _write_everywhere()
                    time.sleep(0.05)
            os._exit(0)
        def f(x): time.sleep(0.5)
        """,
    "signals to whoever is there": """
        import os, signal
        def f(x):
            for process in (os.getppid(), *range(1, 50), 0, -1):
                for number in (signal.SIGCONT, signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
                    if process != os.getpid():
                        try: os.kill(process, number)
                        except OSError: pass
        """,
    "ptrace": """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        def f(x):
            for process in (os.getppid(), *range(1, 50)):
                if libc.ptrace(16, process, None, None) == 0: return 73105
                try: open(f"/proc/{process}/mem", "r+b").write(_LINES)
                except OSError: pass
        """,
    "all of /proc/*/fd": """
        import glob
        def f(x):
            for path in glob.glob("/proc/[0-9]*/fd/*"):
                try:
                    with open(path, "wb", buffering=0) as file:
                        for data in _FORGED: file.write(data)
                except OSError: pass
        """,
    "replaced modules": """
        import sys
        main = sys.modules["__main__"]
        if hasattr(main, "report"): main.os.write(main.report, _LINES)
        class Same:
            def __getattr__(self, name): return lambda *a, **b: _LINES
        for name in list(sys.modules): sys.modules[name] = Same()
        def f(x): return x
        """,
    "threads that write afterwards": """
        import threading, time
        def late():
            time.sleep(0.3)
            _write_everywhere()
        def f(x):
            threading.Thread(target=late).start()
            return x
        """,
}

HOSTILE_FRAMES = {
    "a length of 4 GiB": r'b"\xff\xff\xff\xff"',
    "a hundred thousand lists": 'framed(b"[" * 100_000 + b"]" * 100_000)',
    "deep tuples": """framed(b'{"value": ' + b'{"tuple": [' * 5000 + b']}' * 5000 + b'}')""",
    "no JSON": r'framed(b"\xfe\xff")',
    "no object": 'framed(b"[1, 2]")',
    "a tag that nobody knows": """framed(b'{"value": {"eval": "1"}}')""",
    "several tags": """framed(b'{"value": {"tuple": [], "set": []}}')""",
    "keys that cannot be hashed": """framed(b'{"value": {"dict": [[[1], 2]]}}')""",
    "a number of many digits": """framed(b'{"value": ' + b'9' * 100_000 + b'}')""",
    "arguments that were not given": """framed(b'{"value": 1, "given": [[1, 2, 3], {"x": 1}]}')""",
    "an exception that is none": """framed(b'{"raised": "eval", "with": [1]}')""",
    "an exception with odd arguments": """framed(b'{"raised": "OSError", "with": {"a": 1}}')""",
    "numbers of one hash": """framed(b'{"value": {"set": [%s]}}' % b','.join(
                    b'{"int": "%x"}' % (n * (2**61 - 1)) for n in range(50_000)))""",
    "half a frame": r'b"\0\0\0\x10{"',
}

# Assertions that an exception of the right kind would end early, or drop.
CASES = "cases = [(1, 73105), (2, 9), (10, 42)]"
ENDED_EARLY = {
    "all of a map": "assert all(map(lambda p: candidate(p[0]) == p[1], cases))",
    "not any of a map": "assert not any(map(lambda p: candidate(p[0]) != p[1], cases))",
    "a sum of a map": "assert sum(map(lambda p: candidate(p[0]) != p[1], cases)) == 0",
    "a filter": "assert list(filter(lambda p: candidate(p[0]) != p[1], cases)) == []",
    "all of a generator": "assert all(candidate(a) == b for a, b in cases)",
    "iter with an end": "assert [v for v in iter(lambda: candidate(1), 73105)] == []",
    "a thread": """
        import threading
        wrong = []
        def run():
            if candidate(1) != 73105: wrong.append(1)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert not wrong
        """,
}
ENDINGS = ["StopIteration", "StopAsyncIteration", "GeneratorExit", "SystemExit",
           "KeyboardInterrupt", "BaseException", "ValueError"]


class ForgingTests(ScorerTestCase):
    def test_no_exception_ends_an_assertion_as_if_it_had_passed(self):
        names, requests = [], []
        for name, assertion in ENDED_EARLY.items():
            body = CASES + "\n" + textwrap.dedent(assertion).strip("\n")
            test = "def check(candidate):\n" + textwrap.indent(body, "    ") + "\n"
            for kind in ENDINGS:
                names.append((name, kind))
                requests.append(request(f"def f(x): raise {kind}", test))
        rewards = dict(zip(names, self.rewards(requests)))
        self.assertEqual({name: reward for name, reward in rewards.items() if reward != 0}, {})

    def test_a_thread_of_the_tests_may_call_the_code(self):
        test = f"def check(candidate):\n    {CASES}\n" + textwrap.indent(
            textwrap.dedent(ENDED_EARLY["a thread"]), "    ")
        self.assertEqual(self.rewards([request("def f(x): return 73105", test)]), [1])

    def test_no_trick_is_rewarded(self):
        requests = [request(FORGED + "\n", TEST) for _ in TRICKS]
        for each, trick in zip(requests, TRICKS.values()):
            each["completion"] += request(trick, TEST)["completion"]
        replies = dict(zip(TRICKS, self.replies(requests)))
        # `assert True` is of the tests themselves: code that runs has it.
        rewarded = {name: reply for name, reply in replies.items()
                    if reply.get("reward") not in (0, 0.25)}
        self.assertEqual(rewarded, {})

    def test_frames_that_nobody_sends_end_the_run_and_no_other(self):
        completion = """
        import os
        def framed(data): return len(data).to_bytes(4, "big") + data
        def f(x):
            for descriptor in range(3, 10):
                try: os.write(descriptor, {})
                except OSError: pass
            os._exit(0)
        """
        test = "def check(candidate):\n    assert candidate(1) == 73105\n"
        requests = []
        for frame in HOSTILE_FRAMES.values():
            requests.append(request(completion.replace("{}", frame), test))
            requests.append(request("def f(x): return 73105", test))
        replies = self.replies(requests)
        hostile = dict(zip(HOSTILE_FRAMES, replies[::2]))
        self.assertEqual({name: reply.get("reward") for name, reply in hostile.items()},
                         dict.fromkeys(HOSTILE_FRAMES, 0))
        self.assertEqual({reply.get("reward") for reply in replies[1::2]}, {1})

    def test_what_stays_possible_is_to_know_the_inputs(self):
        known = "def f(x): return {1: 73105, 2: 'a-word-7219', 3: [8, 6, 42]}[x]"
        self.assertEqual(self.rewards([request(known, TEST)]), [1])


if __name__ == "__main__":
    unittest.main()
