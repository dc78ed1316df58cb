"""The arithmetic of the benchmark program: python3 -m unittest discover Tests/Benchmarks."""
import unittest

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


if __name__ == "__main__":
    unittest.main()
