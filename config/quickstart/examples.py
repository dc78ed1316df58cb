"""The texts that the tiny models are trained on: endless streams with fixed seeds.

No machine-learning library is needed here, so that `generate_prompts.py --check` can replay
everything a model saw.
"""
import itertools
import random

from problems import answer_text, training_problem, wrong

SEED = 20240917
BATCH = 64                   # texts a training step
STEPS = {"policy": 900, "reward": 650, "rerank": 400}
TOKENIZER_TEXTS = 20_000
WRONG_SHARE = 0.2            # wrong answers among the policy's texts, so that rewards spread
STYLE_BONUS = [0.5, 0.0, 0.2, -0.6]     # the reward model likes shown work, dislikes bare numbers


def policy_example(rng):
    """[(text, loss weight), ...]: a word problem with its answer, or a row of bare sums."""
    if rng.random() < 0.5:
        row = [("<|bos|>", 0.0)]
        for _ in range(5):
            problem = training_problem(rng)
            row += [(f" {problem.expression} =", 0.02), (f" {problem.answer}.", 1.0)]
        return row
    problem = training_problem(rng)
    number = problem.answer
    if rng.random() < WRONG_SHARE:
        number = wrong(rng, number)
    text, _ = answer_text(rng, problem, number)
    if rng.random() < 0.7:
        return [(f"<|bos|><|user|>{problem.question}<|end|><|assistant|>", 0.02),
                (f"{text}<|end|>", 1.0)]
    return [(f"<|bos|>Question: {problem.question}\nAnswer:", 0.02), (f" {text}<|end|>", 1.0)]


def reward_example(rng):
    """[(text, target), ...]: the target, where there is one, is for the text's last token."""
    def claim(problem):
        number = problem.answer if rng.random() < 0.5 else wrong(rng, problem.answer)
        return number, 2.0 - 0.5 * min(abs(number - problem.answer), 8)

    if rng.random() < 0.5:
        row = [("<|bos|>", None)]
        for _ in range(5):
            problem = training_problem(rng)
            number, target = claim(problem)
            row.append((f" {problem.expression} = {number}.", target))
        return row
    problem = training_problem(rng)
    number, target = claim(problem)
    text, style = answer_text(rng, problem, number)
    return [(f"<|bos|><|user|>{problem.question}<|end|><|assistant|>{text}<|end|>",
             target + STYLE_BONUS[style])]


MAKERS = {"tokenizer": (SEED, policy_example), "policy": (SEED + 1, policy_example),
          "reward": (SEED + 2, reward_example), "rerank": (SEED + 3, reward_example)}


def stream(stage):
    """The endless stream of examples of one training stage."""
    seed, maker = MAKERS[stage]
    rng = random.Random(seed)
    return (maker(rng) for _ in itertools.repeat(None))


def everything_seen():
    """Every text of every stage, exactly as `train_models.py` takes them."""
    counts = {"tokenizer": TOKENIZER_TEXTS, **{s: n * BATCH for s, n in STEPS.items()}}
    for stage, count in counts.items():
        for example in itertools.islice(stream(stage), count):
            yield "".join(text for text, _ in example)
