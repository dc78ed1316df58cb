"""Arithmetic word problems, and the rule that keeps some of them out of training.

The space is small and finite: a name, a thing, a verb and two numbers. The first byte of the
SHA-256 of a question's text decides whether the question is held out, so training and the
quickstart's prompts cannot share a question, whatever their seeds are. Held out is the question
as worded; the same sum occurs in training with other names, things and verbs.
"""
import hashlib
from dataclasses import dataclass

NAMES = ["Tom", "Ana", "Ben", "Mia", "Leo", "Zoe", "Sam", "Eva", "Max", "Ida"]
THINGS = ["apples", "books", "coins", "pens", "cards", "shells", "stamps", "marbles"]
GAINS = ["buys", "finds", "gets"]
LOSSES = ["loses", "sells", "gives away"]
GAIN_SHARE = 0.6            # share of additions in training
HELD_OUT_BELOW = 16         # of 256 values of the hash's first byte: one question in sixteen


@dataclass(frozen=True)
class Problem:
    """One word problem with its solution."""

    name: str
    thing: str
    verb: str
    first: int
    second: int

    @property
    def question(self):
        """The problem in words, as a model sees it."""
        more = " more" if self.verb in GAINS else ""
        return (f"{self.name} has {self.first} {self.thing} and {self.verb} {self.second}{more}. "
                f"How many {self.thing} now?")

    @property
    def expression(self):
        """The sum behind the words, such as `12 + 7`."""
        return f"{self.first} {'+' if self.verb in GAINS else '-'} {self.second}"

    @property
    def answer(self):
        """The right number."""
        return self.first + (self.second if self.verb in GAINS else -self.second)

    @property
    def is_held_out(self):
        """Whether the question is kept out of everything a model is trained on."""
        return hashlib.sha256(self.question.encode()).digest()[0] < HELD_OUT_BELOW


def numbers(verb):
    """The ranges of the first and the second number that go with a verb."""
    return (range(2, 21) if verb in GAINS else range(10, 30)), range(1, 10)


def training_problem(rng):
    """A random problem that is not held out."""
    while True:
        name, thing = rng.choice(NAMES), rng.choice(THINGS)
        verb = rng.choice(GAINS if rng.random() < GAIN_SHARE else LOSSES)
        first, second = numbers(verb)
        problem = Problem(name, thing, verb, rng.choice(first), rng.choice(second))
        if not problem.is_held_out:
            return problem


def held_out_problems():
    """Every held-out problem, always in the same order."""
    everything = (Problem(name, thing, verb, first, second)
                  for name in NAMES for thing in THINGS for verb in GAINS + LOSSES
                  for first in numbers(verb)[0] for second in numbers(verb)[1])
    return [problem for problem in everything if problem.is_held_out]


def wrong(rng, number):
    """A number near the right one, and not equal to it."""
    while True:
        distance = rng.choice([1, 1, 2, 2, 3, 4, 5, 7, 10])
        near = max(0, number + rng.choice([-1, 1]) * distance)
        if near != number:
            return near


STYLE_WEIGHTS = [40, 25, 20, 15]    # how often each wording of `answer_text` is used


def answer_text(rng, problem, number):
    """An answer that claims `number`, and which wording it uses: (text, 0...3)."""
    style = rng.choices(range(4), STYLE_WEIGHTS)[0]
    return [f"That is {problem.expression} = {number}. The answer is {number}.",
            f"The answer is {number}.",
            f"{problem.name} has {number} {problem.thing}.",
            f"{problem.thing}: {number}"][style], style
