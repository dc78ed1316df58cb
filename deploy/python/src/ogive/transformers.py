"""Stored log-probabilities beside those of a forward pass of transformers.

    from ogive.transformers import check_logprobs
    print(check_logprobs(run, model, tokenizer))

    python -m ogive.transformers RUN MODEL

The second form loads MODEL, a folder or a name of the hub, and ends with 1 where a draw differs by
more than the tolerance, or none could be compared. Without --database, libpq's variables (PGHOST,
…) say where the database is, as `ogive psql --program` sets them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ogive.errors import OgiveError, missing

try:
    import torch
except ImportError as error:
    raise missing("transformers", error) from error

from ogive import schemas
from ogive._session import quoted

if TYPE_CHECKING:
    from ogive.run import Run

# Most draws of one prompt, so that several prompts are looked at.
_EACH = 2
_DRAWS = schemas.Columns(
    "draws",
    (
        schemas.Column("prompt_key", schemas.TEXT),
        schemas.Column("draw_index", schemas.INT),
        schemas.Column("prompt", schemas.TEXT),
        schemas.Column("tools", schemas.TEXT, nullable=True),
        schemas.Column("text", schemas.TEXT),
        schemas.Column("log_probability", schemas.FLOAT),
        schemas.Column("token_count", schemas.INT),
    ),
    "prompt_key",
)


@dataclass(frozen=True)
class ComparedDraw:
    """A draw with the log-probability that is stored and that of the model, in nats.

    Attributes:
        prompt_key: The prompt.
        draw_index: The draw.
        token_count: Its tokens, the end token included.
        stored: log pi_ref of them, as stored.
        found: The same by the model.
    """

    prompt_key: str
    draw_index: int
    token_count: int
    stored: float
    found: float

    @property
    def difference(self) -> float:
        """By how many nats a token the model says more than what is stored."""
        return (self.found - self.stored) / self.token_count


@dataclass(frozen=True)
class LogprobCheck:
    """What came of `check_logprobs`.

    Attributes:
        run: The name of the run.
        tolerance: The most nats a token that a draw may differ by.
        compared: The draws, those that differ most first.
        other_tokens: Draws that were left out, because the tokeniser makes another number of
            tokens of their text than were sampled.
    """

    run: str
    tolerance: float
    compared: tuple[ComparedDraw, ...]
    other_tokens: int

    @property
    def beyond(self) -> int:
        """Draws that differ by more than the tolerance."""
        return sum(abs(draw.difference) > self.tolerance for draw in self.compared)

    @property
    def agrees(self) -> bool:
        """Whether something was compared, and all of it agrees."""
        return bool(self.compared) and not self.beyond

    @property
    def largest(self) -> float | None:
        """The largest difference of a draw, in nats a token; None where nothing was compared."""
        return abs(self.compared[0].difference) if self.compared else None

    @property
    def mean(self) -> float | None:
        """The mean difference, in nats a token; None where nothing was compared."""
        if not self.compared:
            return None
        return sum(draw.difference for draw in self.compared) / len(self.compared)

    def to_dict(self, most: int = 5) -> dict[str, Any]:
        """What `ogive check-logprobs --json` prints, with the `most` draws that differ most."""
        return {
            "version": 1,
            "run": self.run,
            "agrees": self.agrees,
            "tolerance": self.tolerance,
            "compared": len(self.compared),
            "beyond": self.beyond,
            "largest_difference": self.largest,
            "mean_difference": self.mean,
            "other_token_counts": self.other_tokens,
            # What a server may do, and a model cannot.
            "refused": 0,
            "refusal": None,
            "fingerprint_differences": [],
            "draws": [
                {
                    "prompt": draw.prompt_key,
                    "draw_index": draw.draw_index,
                    "token_count": draw.token_count,
                    "stored": draw.stored,
                    "now": draw.found,
                }
                for draw in self.compared[:most]
            ],
        }

    def __str__(self) -> str:
        others = (
            f"; {self.other_tokens} left out whose text has another number of tokens than was "
            "sampled"
            if self.other_tokens
            else ""
        )
        if not self.compared:
            return f"run {self.run!r}: no draw could be compared{others}"
        return (
            f"run {self.run!r}: {len(self.compared)} draws compared, {self.beyond} beyond the "
            f"tolerance of {self.tolerance} nats a token{others}\n"
            f"  largest difference {self.largest:.6f} nats a token, mean {self.mean:.6f}"
        )


def check_logprobs(
    run: Run,
    model: Any,
    tokenizer: Any,
    *,
    draws: int = 32,
    tolerance: float = 0.02,
    end_token: str | None = None,
) -> LogprobCheck:
    """Compares stored log-probabilities of draws with a forward pass, as a trainer makes it.

    Prompt and answer are rendered by the chat template and made tokens together, as TRL does it.
    What the template puts behind the end token does not count, because nothing samples it.

    Args:
        run: A run that stores log-probabilities.
        model: A causal language model of transformers: the weights that were sampled.
        tokenizer: Its tokeniser, with the chat template that the trainer will use.
        draws: How many draws are compared at most, two of a prompt; only such that ended.
        tolerance: How many nats a token a draw may differ by.
        end_token: What ends an answer; by default the first token that the chat template puts
            behind one, and of plain texts the tokeniser's `eos_token`.

    Raises:
        OgiveError: If the run has no log-probabilities, the tokeniser cannot render its prompts,
            or the model gives a number that is not finite.
        ValueError: If a number is out of its range.
    """
    if draws < 1 or not tolerance >= 0:
        raise ValueError("draws must be at least 1, and tolerance 0 or more")
    with run._session() as session:
        found = session.table(_query(run.name, draws), _DRAWS).to_pylist()
    if not found:
        raise OgiveError(
            f"run {run.name!r} has no draw that ended and has a log-probability: policy.logprobs "
            "may be none, or nothing has landed yet"
        )
    compared: list[ComparedDraw] = []
    for row in found:
        prompt, answer = _tokens(tokenizer, row, end_token)
        if len(answer) == row["token_count"]:
            value = _log_probability(model, prompt, answer)
            if not math.isfinite(value):
                raise OgiveError(
                    f"the model's log-probability of draw {row['draw_index']} of prompt "
                    f"{row['prompt_key']!r} is {value}: its weights or its dtype are broken"
                )
            compared.append(
                ComparedDraw(
                    row["prompt_key"],
                    row["draw_index"],
                    row["token_count"],
                    row["log_probability"],
                    value,
                )
            )
    compared.sort(key=lambda draw: -abs(draw.difference))
    return LogprobCheck(run.name, tolerance, tuple(compared), len(found) - len(compared))


def _query(run: str, draws: int) -> str:
    """Draws that ended, of prompts spread over the run."""
    return f"""
        SELECT {_DRAWS.selected} FROM (
            SELECT o.prompt_key, c.draw_index,
                ogive.sampled_prompt(o.content, v.api)::text AS prompt,
                o.content ->> 'tools' AS tools, c.text, c.log_probability, c.token_count
            FROM ogive.run_policies v
            CROSS JOIN LATERAL (
                SELECT p.prompt_id, p.prompt_key, p.content FROM ogive.prompts p
                WHERE p.prompt_set = (
                    SELECT s.prompt_set FROM ogive.run_status s WHERE s.run_id = v.run_id)
                ORDER BY hashint8(p.prompt_id), p.prompt_id OFFSET 0
            ) o
            CROSS JOIN LATERAL (
                SELECT d.draw_index, d.text, d.log_probability, d.token_count
                FROM ogive.run_completions d
                WHERE d.run_id = v.run_id AND d.prompt_id = o.prompt_id AND NOT d.truncated
                    AND d.log_probability IS NOT NULL AND d.token_count > 0
                ORDER BY d.draw_index LIMIT {_EACH} OFFSET 0
            ) c
            WHERE v.run_id = (SELECT ogive.run_id({quoted(run)}))
            LIMIT {int(draws)}
        ) x"""


def _tokens(tokenizer: Any, row: dict[str, Any], end: str | None) -> tuple[list[int], list[int]]:
    """The tokens of the prompt, and those of the answer with the end token, made together.

    Of an answer with which the prompt's tokens are others, there are none.
    """
    prompt, text = json.loads(row["prompt"]), row["text"]
    if isinstance(prompt, str):
        before = list(tokenizer(prompt)["input_ids"])
        both = list(tokenizer(prompt + text)["input_ids"])
        both.append(_end(tokenizer, end, tokenizer.eos_token_id))
    else:
        before, both = _chat_tokens(tokenizer, prompt, text, row["tools"], end)
    return before, both[len(before) :] if both[: len(before)] == before else []


def _chat_tokens(
    tokenizer: Any, prompt: list[dict[str, Any]], text: str, tools: str | None, end: str | None
) -> tuple[list[int], list[int]]:
    """The tokens of a chat before an answer, and with it up to the token that ends it."""
    if not tokenizer.chat_template:
        raise OgiveError("the run's prompts are chats, and the tokeniser has no chat_template")
    # A partial turn at the end of a prompt is what the answer goes on with.
    continues = prompt[-1]["role"] == "assistant"
    done = prompt[:-1] if continues else prompt
    begun = prompt[-1]["content"] if continues else ""
    given = {"tools": json.loads(tools)} if tools else {}
    rendered = tokenizer.apply_chat_template(
        prompt,
        tokenize=False,
        add_generation_prompt=not continues,
        continue_final_message=continues,
        **given,
    )
    answer = {"role": "assistant", "content": begun + text}
    whole = tokenizer.apply_chat_template([*done, answer], tokenize=False, **given)
    before = list(tokenizer(rendered, add_special_tokens=False)["input_ids"])
    if not whole.startswith(rendered + text):
        return before, []
    # What the template puts behind the end of the turn is no part of the answer.
    behind = tokenizer(whole[len(rendered + text) :], add_special_tokens=False)["input_ids"]
    both = list(tokenizer(rendered + text, add_special_tokens=False)["input_ids"])
    return before, [*both, _end(tokenizer, end, behind[0] if behind else None)]


def _end(tokenizer: Any, end: str | None, default: int | None) -> int:
    """The number of the end token."""
    if end is None:
        if default is None:
            raise OgiveError(
                "neither the tokeniser nor the template ends an answer: give end_token"
            )
        return default
    tokens = tokenizer(end, add_special_tokens=False)["input_ids"]
    if len(tokens) != 1:
        raise OgiveError(f"end_token {end!r} is {len(tokens)} tokens, and not one")
    return int(tokens[0])


def _log_probability(model: Any, prompt: list[int], answer: list[int]) -> float:
    """The sum over the tokens of an answer."""
    if not prompt:
        raise OgiveError("a prompt without a token: the tokeniser puts no BOS before plain texts")
    tokens = torch.tensor([prompt + answer], device=model.device)
    with torch.no_grad():
        logits = model(input_ids=tokens).logits[0, len(prompt) - 1 : -1]
    values = logits.float().log_softmax(-1).gather(1, tokens[0, len(prompt) :, None])
    return float(values.double().sum())


def main(words: Sequence[str] | None = None) -> int:
    """The command `python -m ogive.transformers`."""
    parser = argparse.ArgumentParser(
        prog="python -m ogive.transformers", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("run")
    parser.add_argument("model", help="a folder, or a name of the hub")
    parser.add_argument("--database", default="", help="a libpq URL or connection string")
    parser.add_argument("--draws", type=int, default=32, help="draws that are compared at most")
    parser.add_argument("--tolerance", type=float, default=0.02, help="nats a token")
    parser.add_argument("--end-token", help="what ends an answer (default: by the chat template)")
    parser.add_argument("--dtype", default="float32", help="of the weights (default: float32)")
    parser.add_argument("--list", type=int, default=5, help="draws that --json lists")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(words)
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        import ogive

        tokenizer = AutoTokenizer.from_pretrained(given.model)
        model = AutoModelForCausalLM.from_pretrained(given.model, dtype=given.dtype).eval()
        if torch.cuda.is_available():
            model = model.to("cuda")
        report = check_logprobs(
            ogive.connect(given.database).run(given.run),
            model,
            tokenizer,
            draws=given.draws,
            tolerance=given.tolerance,
            end_token=given.end_token,
        )
    except (OSError, ValueError, ImportError, OgiveError) as error:
        print(f"ogive.transformers: {str(error).strip()}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_dict(given.list)) if given.json else report)
    return 0 if report.agrees else 1


if __name__ == "__main__":
    sys.exit(main())
