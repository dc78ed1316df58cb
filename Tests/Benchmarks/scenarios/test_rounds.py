"""The arithmetic of the benchmark program: python3 -m unittest discover Tests/Benchmarks."""
import os
import sys
import unittest

from scenarios import processor
from scenarios.files import text
from scenarios.rounds import Skipped, alternate, compare, ratios


class RoundsTests(unittest.TestCase):
    """By hand."""

    def test_ratios_are_taken_within_a_round(self):
        # The machine was half as fast in the second round: the ratio is the same in both.
        self.assertEqual(ratios([30, 15], [10, 5]), [3, 3])
        with self.assertRaises(ValueError):
            ratios([1, 2], [1])

    def test_everyone_begins_equally_often(self):
        order = []

        def contestant(name):
            return lambda: order.append(name) or 1.0
        alternate({name: contestant(name) for name in "abc"}, 3, lambda text: None)
        self.assertEqual("".join(order), "abcbcacab")

    def test_who_is_not_there_is_left_out(self):
        def absent():
            raise Skipped("pip install it")
        rates, skipped = alternate(
            {"ogive": lambda: 6.0, "absent": absent, "pool": lambda: 2.0}, 2, lambda text: None)
        self.assertEqual(rates, {"ogive": [6.0, 6.0], "pool": [2.0, 2.0]})
        self.assertEqual(skipped, {"absent": "pip install it"})
        found = compare(rates)
        self.assertEqual(found["ratios"]["pool"], {"min": 3, "median": 3, "max": 3})
        self.assertNotIn("ogive", found["ratios"])


class ProcessorTests(unittest.TestCase):
    """What /proc says."""

    def test_a_name_may_hold_brackets_and_spaces(self):
        line = "7 (a) b (c) S 3 7 7 0 -1 4194304 90 0 0 0 250 50 20 5 20 0 1 0 100 0 0"
        self.assertEqual(processor.fields(line), (3, 300, 25))

    def test_a_process_and_a_command_take_time(self):
        self.assertGreaterEqual(processor.own(os.getpid()), 0)
        self.assertEqual(processor.own(2**22 + 1), 0)
        self.assertGreater(processor.command([sys.executable, "-c", "sum(range(10**6))"]), 0)
        with self.assertRaises(SystemExit):
            processor.command([sys.executable, "-c", "raise SystemExit(3)"])

    def test_prompts_are_of_one_size_and_all_different(self):
        prompts = [text(number) for number in range(1000)]
        self.assertEqual({len(prompt) for prompt in prompts}, {500})
        self.assertEqual(len(set(prompts)), 1000)


if __name__ == "__main__":
    unittest.main()
