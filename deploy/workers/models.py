"""What a file of models gives to worker.py, and what it is given. `synthetic.py` is an example.

A file of models has

    POLICIES, SCORERS            lists of Model: what this worker offers
    sample(prompt, seeds, spec)  for each seed a Completion, or a Failed; in the order of the seeds
    score(prompt, text, spec)    the raw reward, a finite number
    decline(spec)                why a run cannot be served here, a text; None if it can (optional)

`spec` is the run's specification, as parsed JSON: `spec["scoring"]["sampling"]["policy"]`,
`spec["scoring"]["sampling"]["parameters"]` and `spec["scoring"]["scorer"]` say what is meant. All
three are called from several threads at once.

A draw is its seed's: the same seed must give the same text as well as the server can, and what was
sampled is returned whatever it is. To try again because of what a text holds would change the
distribution that is measured.
"""
import importlib.util
from dataclasses import dataclass, field


@dataclass
class Model:
    """A policy or scorer as offered: `kind` and `model` as in the run's specification.

    The facts identify what answers: version of the program, hash of the weights or template, … All
    workers of a run must report the same facts, of whatever language they are.
    """

    kind: str
    model: str
    facts: dict[str, str]


@dataclass
class Prompt:
    """A prompt: either `text`, to be continued, or `messages`, a chat of dictionaries."""

    key: str
    text: str | None = None
    messages: list[dict] | None = None
    tools: list | None = None
    metadata: dict = field(default_factory=dict)


@dataclass
class Completion:
    """A completion exactly as sampled. `finish_reason` is "stop", "length" or "other".

    `log_probability` is the sum over its tokens, in nats at temperature 1; None if not known.
    """

    text: str
    finish_reason: str = "stop"
    token_count: int | None = None
    log_probability: float | None = None


class Failed(Exception):
    """Why one draw has no completion, or one text no reward. It is stored: nobody tries again.

    The codes are those of `Failure` in ogive.proto: "filtered", "prompt_too_long", "malformed", …
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Unavailable(Exception):
    """A server does not answer now. The worker asks for the same draws again, after a pause."""


def load(path):
    """Runs a file of models."""
    specification = importlib.util.spec_from_file_location("served_models", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
