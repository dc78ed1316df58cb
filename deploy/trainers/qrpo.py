"""QRPO's loss and one step of its training (arXiv 2507.08068), for rows of `ogive.training_rows`.

A row has its target f(q) - beta log Z from SQL. The loss of a row is

    (target - beta (log pi_theta(y|x) - log pi_ref(y|x)))^2

the `mse` of `qrpo_loss` in CLAIRE-Labo/quantile-reward-policy-optimization,
src/qrpo/trainers/qrpo.py, or the absolute value (`mae`). Sums over tokens, not means: theirs has no
normalisation by length for QRPO.
"""
import math
from dataclasses import dataclass

import torch


@dataclass
class Settings:
    """What a training depends on, besides its rows and its policy."""

    beta: float = 0.1
    loss: str = "mse"
    learning_rate: float = 5e-4
    weight_decay: float = 0.0
    warmup: int = 10            # steps
    clip: float = 1.0           # of the gradient's norm
    steps: int = 100


def qrpo_loss(log_probabilities, references, targets, beta, loss="mse"):
    """The mean loss of a batch, and log(pi_theta/pi_ref) of each row."""
    ratios = log_probabilities - references
    errors = targets - beta * ratios
    return (errors.abs() if loss == "mae" else errors ** 2).mean(), ratios


def rate(step, settings):
    """The share of the learning rate at a step: linear warm-up, then linear down to a tenth."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    left = (settings.steps - step) / max(1, settings.steps - settings.warmup)
    return 0.1 + 0.9 * max(0.0, left)


class Training:
    """A policy, its optimizer and how far it is."""

    def __init__(self, policy, settings):
        self.policy, self.settings, self.step = policy, settings, 0
        self.optimizer = torch.optim.AdamW(
            policy.model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.95),
            weight_decay=settings.weight_decay)

    def learn(self, rows):
        """One step on a batch of rows; what to report of it."""
        references, targets = self.numbers(rows)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate(self.step, self.settings)
        found = self.policy.log_probabilities(self.pairs(rows))
        loss, ratios = qrpo_loss(
            found, references, targets, self.settings.beta, self.settings.loss)
        if not math.isfinite(loss.item()):
            raise ValueError(
                f"step {self.step}: the loss is {loss.item()}; lower the learning rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.policy.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.step += 1
        return {"step": self.step, "loss": loss.item(), "gradient_norm": norm.item(),
                "log_ratio": ratios.mean().item()}

    def pairs(self, rows):
        """(prompt tokens, completion tokens) of each row."""
        return [(self.policy.prompt_tokens(row["prompt"]), self.policy.completion_tokens(row))
                for row in rows]

    def numbers(self, rows):
        """log pi_ref and the targets. Refuses rows that cannot be trained on."""
        for row in rows:
            if row["ref_log_probability"] is None:
                raise ValueError(
                    f"prompt '{row['prompt_key']}', {row['item_kind']} {row['item_index']}: no "
                    "log-probability under the reference; sample with policy.logprobs: sum, and "
                    "for candidates ask for run.candidates: [score, logprobs]")
            if row["target"] is None or not math.isfinite(row["target"]):
                raise ValueError(
                    f"prompt '{row['prompt_key']}', {row['item_kind']} {row['item_index']}: the "
                    f"target is {row['target']}; choose another transform")
        device = self.policy.device
        return (torch.tensor([row["ref_log_probability"] for row in rows], device=device),
                torch.tensor([row["target"] for row in rows], device=device))

    @torch.no_grad()
    def disagreement(self, rows):
        """|log pi_theta - log pi_ref| a token of each row: before training, rounding only."""
        references, _ = self.numbers(rows)
        pairs = self.pairs(rows)
        lengths = torch.tensor([len(completion) for _, completion in pairs])
        found = self.policy.log_probabilities(pairs)
        return ((found - references).abs().cpu() / lengths).tolist()

    def state_dict(self):
        """All that a checkpoint needs of it."""
        return {"step": self.step, "model": self.policy.model.state_dict(),
                "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state):
        """Goes on from a checkpoint."""
        self.step = state["step"]
        self.policy.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
