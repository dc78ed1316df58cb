"""The null work: what a worker does for one prompt when no model is asked.

For each of N draws a text of 400 characters, or of another length, a reward and a log-probability.
All follow from the prompt's number, so that every contestant makes the same rows.
"""
import random

LENGTH = 400
_letters = random.Random(20260701)
_WORDS = " ".join(
    "".join(_letters.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(5)) for _ in range(5000))


def complete(prompt, draws, length=LENGTH):
    """The prompt, and one (index, reward, log-probability, text) for each of its draws."""
    chance = random.Random(prompt)
    rows = []
    for index in range(draws):
        start = chance.randrange(len(_WORDS) - length)
        rows.append((index, chance.gauss(0, 1), -100 * chance.random(),
                     _WORDS[start:start + length]))
    return prompt, rows


def complete_one(pair):
    """The same for a (prompt, draws)."""
    return complete(*pair)
