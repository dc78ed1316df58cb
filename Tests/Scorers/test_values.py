"""What tests see of a completion's values, arguments and exceptions."""

import unittest

from harness import ScorerTestCase, request


def check(*statements):
    return "def check(candidate):\n" + "".join(f"    {each}\n" for each in statements)


class ValueTests(ScorerTestCase):
    def passes(self, completion, *statements, **more):
        reply = self.reply(completion, check(*statements), **more)
        self.assertEqual(reply, {"id": 0, "reward": 1})

    def test_plain_data_goes_both_ways_as_it_is(self):
        self.passes(
            "def f(x): return x",
            "import math",
            """for value in (None, True, False, 0, -1, 2**63, -2**63, 2**64, -10**4000, 0.1, -0.0,
                    1e-320, math.inf, -math.inf, 1 + 2j, complex(math.inf, -0.0), "",
                    "é\\ud800\\0", b"\\0\\xff", bytearray(b"x"), [], [[1], [2.0]], (), (1,),
                    ((), []), {}, {1: 2},
                    {"tuple": [1]}, {(1, "a"): {"b": None}}, {None: 1}, set(), {1, "a", (2, 3)},
                    frozenset({1}), {frozenset({1}): b"x"}):
                    assert candidate(value) == value and repr(candidate(value)) == repr(value)
                    assert type(candidate(value)) is type(value)""",
            "assert math.isnan(candidate(math.nan))",
            "assert candidate(x=[1, (2,)]) == [1, (2,)]")

    def test_derived_types_come_back_as_what_they_derive_from(self):
        self.passes(
            """
            import collections, enum
            Point = collections.namedtuple("Point", "x y")
            class Colour(enum.IntEnum): RED = 3
            class Text(str): pass
            def f(n):
                return [collections.Counter("aab"), Point(1, 2), Colour.RED, Text("x"),
                        collections.defaultdict(list, {1: [2]})][n]
            """,
            "assert candidate(0) == {'a': 2, 'b': 1} and type(candidate(0)) is dict",
            "assert candidate(1) == (1, 2) and type(candidate(1)) is tuple",
            "assert candidate(2) == 3 and type(candidate(2)) is int",
            "assert candidate(3) == 'x' and type(candidate(3)) is str",
            "assert candidate(4) == {1: [2]}")

    def test_arguments_are_left_as_the_code_leaves_them(self):
        self.passes(
            """
            def f(a, b=None):
                if type(a) is list: a.sort(); a.append(0)
                if type(a) is list and type(a[0]) is list: a[0].append(9)
                if type(a) is dict: a["new"] = a.pop("old"); a["kept"].clear()
                if type(a) is set: a.clear()
                if type(a) is bytearray: a += b"!"
                if type(a) is tuple: a[0].append(1)
                if b is not None: b.reverse()
            """,
            "x = [3, 1]; candidate(x); assert x == [1, 3, 0]",
            "i = [1]; x = ([], i); candidate(x); assert x == ([1], [1]) and x[1] is i",
            "k = [1]; x = {'old': 1, 'kept': k}; candidate(x); "
            "assert x == {'new': 1, 'kept': []} and k == [] and x['kept'] is k",
            "x = {1}; candidate(x); assert x == set()",
            "x = bytearray(b'a'); candidate(x); assert x == b'a!'",
            "x = [1, 2]; candidate(1, b=x); assert x == [2, 1]")

    def test_exceptions_are_builtin_ones(self):
        self.passes(
            """
            class Own(LookupError): pass
            def f(n):
                if n == 0: {}["key"]
                if n == 1: int("x")
                if n == 2: raise Own("mine", 3)
                if n == 3: open("/nowhere")
                if n == 4: raise ValueError(object())
                if n == 5: "é".encode("ascii")
                if n == 6: return f(n)
            """,
            "def caught(n):",
            "    try: candidate(n)",
            "    except Exception as error: return error",
            "assert type(caught(0)) is KeyError and caught(0).args == ('key',)",
            "assert type(caught(1)) is ValueError and 'x' in str(caught(1))",
            "assert type(caught(2)) is LookupError and caught(2).args == ('mine', 3)",
            "assert type(caught(3)) is FileNotFoundError and caught(3).errno == 2",
            "assert type(caught(4)) is ValueError",
            "assert type(caught(5)) is UnicodeEncodeError",
            "assert type(caught(6)) is RecursionError")

    def test_what_is_no_plain_data_fails_its_assertion_and_is_said(self):
        odd = {
            "(n for n in [1])": "`generator`", "object()": "`object`", "range(3)": "`range`",
            "lambda: 1": "`function`", "loop": "deeper than 100", "'x' * (9 << 20)": "8 MiB",
        }
        replies = self.replies([
            request(f"loop = []\nloop.append(loop)\ndef f(n): return ({each}) if n else n",
                    check("assert candidate(0) == 0", "assert candidate(1)"))
            for each in odd])
        for reply, words in zip(replies, odd.values()):
            self.assertEqual(reply["reward"], 0.5, reply)
            self.assertIn("assertion 2: TypeError: the value is", reply["note"])
            self.assertIn(words, reply["note"])

    def test_notes_say_what_ended_the_code(self):
        test = check("assert candidate(0) == 1", "assert True")
        replies = self.replies([request(each, test) for each in (
            "def f(x) return 1", "def g(x): return 1", "import os\ndef f(x): os._exit(0)",
            "def f(x):\n    while True: pass", "def f(x): return 1 / x", "def f(x): return 2")])
        self.assertEqual([reply["reward"] for reply in replies], [0, 0, 0, 0, 0.5, 0.5])
        notes = [reply.get("note") for reply in replies]
        self.assertIn("the code does not run: SyntaxError", notes[0])
        self.assertIn("the code does not run: KeyError: 'f'", notes[1])
        self.assertEqual(notes[2:4], ["the code's process ended"] * 2)
        self.assertEqual(notes[4], "assertion 1: ZeroDivisionError: division by zero")
        self.assertIsNone(notes[5])


class PromptTests(ScorerTestCase):
    PROMPT = 'def helper(x):\n    return x + 1\n\n\ndef f(x):\n    """Adds one."""\n'
    TEST = check("assert candidate(1) == helper(1)", "assert f(2) == helper(2)")

    def test_tests_use_what_the_prompt_defines(self):
        code = "    return x + 1\n"
        whole = f"```python\n{self.PROMPT}{code}```\n"
        chat = [{"role": "system", "content": "Code."},
                {"role": "user", "content": f"Go on:\n\n```python\n{self.PROMPT}```\nPlease."}]
        asked = {**request("", self.TEST, self.PROMPT), "completion": code}
        chatted = {**request(whole, self.TEST), "messages": chat}
        del chatted["prompt"]
        self.assertEqual(self.rewards([asked, chatted]), [1, 1])

    def test_helpers_of_the_completion_are_not_the_tests_helpers(self):
        code = "    return 0\ndef helper(x): return 0\n"
        asked = {**request("", self.TEST, self.PROMPT), "completion": code}
        self.assertEqual(self.replies([asked]), [{"id": 0, "reward": 0}])

    def test_tests_that_cannot_be_used_are_refused_whatever_the_code(self):
        refused = {
            "x = 1": "no function `check`",
            "def check(candidate): pass": "asserts nothing",
            "def check(candidate) assert 1": "does not compile",
            self.TEST: "uses `helper`, which neither it nor the prompt defines",
            "import nowhere\n" + check("assert 1"): "ModuleNotFoundError",
            check("assert candidate(1) == 1") + "check(f)\n": "outside of `check`",
            check("assert candidate(lambda: 1)"): "passes a `function`",
            check("import collections", "assert candidate(collections.Counter())"): "`Counter`",
        }
        requests = [request(code, test) for test in refused
                    for code in ("def f(x): return 1", "def f(x): raise ValueError")]
        replies = self.replies(requests)
        for place, words in enumerate(refused.values()):
            for reply in replies[2 * place:2 * place + 2]:
                self.assertIn(words, reply["error"])
                self.assertNotIn("reward", reply)

    def test_a_prompt_without_tests_lacks_a_field(self):
        reply = self.replies([{"prompt": "x", "completion": "y"}])[0]
        self.assertEqual(reply["code"], "missing_field")

    def test_tests_are_kept_in_a_sandbox_too(self):
        test = check(
            "import os, glob",
            "assert not os.path.exists('/etc/passwd') and not os.listdir('/tmp')",
            "assert b'OGIVE' not in b''.join(open(p, 'rb').read() "
            "for p in glob.glob('/proc/[0-9]*/environ'))",
            "while True: pass")
        other = check("assert candidate(1) == 1")
        replies = self.replies([request("def f(x): return 1", each) for each in (test, other)] * 2)
        self.assertEqual([reply["reward"] for reply in replies], [1, 1] * 2)


if __name__ == "__main__":
    unittest.main()
