"""Ogive's `synthetic` policy and scorer: draws from a declared distribution, no model behind them.

A run is bit for bit the one that Ogive's own workers land, on the same machine: `log` and `cos` are
those of its C library. See SyntheticLaw.swift.
"""
import math
import time

from models import Completion, Failed, Model

FACTS = {"model": "synthetic", "server": "synthetic (no model)", "version": "1"}
POLICIES = [Model("synthetic", "synthetic", FACTS)]
SCORERS = [Model("synthetic", "synthetic", FACTS)]

BITS = (1 << 64) - 1
OPENING = "synthetic reward="
LETTERS = "abcdefghijklmnopqrstuvwxyz "


class SplitMix64:
    """Steele, Lea, Flood 2014; `stream` is one of the streams of a draw."""

    def __init__(self, seed, stream):
        lower, upper = seed & ((1 << 31) - 1), seed >> 31
        self.state = ((lower | stream << 32) + upper * 0xD1342543DE82EF95) & BITS

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & BITS
        mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & BITS
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & BITS
        return mixed ^ (mixed >> 31)

    def uniform(self):
        return (float(self.next() >> 11) + 0.5) * 2.0**-53


def reward_of(seed, law):
    """The latent reward of a draw, from its seed alone."""
    generator = SplitMix64(seed, 0)
    mean, scale = float(law.get("mean", 0)), float(law.get("scale", 1))
    match law.get("distribution", "normal"):
        case "normal":
            radius = math.sqrt(-2 * math.log(generator.uniform()))
            return mean + scale * radius * math.cos(2 * math.pi * generator.uniform())
        case "exponential":
            return mean - scale * math.log(generator.uniform())
        case "discrete":
            values = law["values"]
            return float(values[generator.next() * len(values) >> 64])


def text_of(seed, reward, length):
    """The reward, and letters up to `length`. Python writes numbers as Swift does."""
    text = f"{OPENING}{reward!r}; "
    generator, pool, letters = SplitMix64(seed, 3), 0, []
    while len(text) + len(letters) < length:
        if pool < 27:
            pool = generator.next()
        letters.append(LETTERS[pool % 27])
        pool //= 27
    return text + "".join(letters)


def sample(prompt, seeds, spec):
    sampling = spec["scoring"]["sampling"]
    law = sampling["policy"].get("synthetic", {})
    latency = law.get("latency_ms", 0)
    if latency > 0:  # the draws of a request run side by side
        slowest = max(-math.log(SplitMix64(seed, 1).uniform()) for seed in seeds)
        time.sleep(latency * slowest / 1000)
    return [completion(seed, law, sampling) for seed in seeds]


def completion(seed, law, sampling):
    text = text_of(seed, reward_of(seed, law), law.get("text_length", 64))
    tokens, limit = max(1, len(text) // 4), sampling["parameters"]["max_tokens"]
    count = min(tokens, limit)
    reported = -float(count) * (0.5 + SplitMix64(seed, 2).uniform())
    return Completion(
        text,
        finish_reason="length" if tokens > limit else "stop",
        token_count=count,
        log_probability=None if sampling["policy"].get("logprobs") == "none" else reported,
    )


def score(prompt, text, spec):
    if not text.startswith(OPENING):
        raise Failed("malformed", f"the completion is not of a synthetic policy: {text[:80]!r}")
    try:
        return float(text[len(OPENING):].split(";", 1)[0])
    except ValueError:
        raise Failed("malformed", f"no reward can be read in {text[:80]!r}") from None
