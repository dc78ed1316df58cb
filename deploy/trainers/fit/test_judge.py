"""The expected grade of a real model: by numpy from the server's answers, and from the weights."""
import json
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
import torch
from conftest import ROOT, write_rows

# What the tiny policy often begins an answer with. Its vocabulary is no rubric's.
GRADES = {"The": 1, "T": 2, "That": 4, "a": 7, "Zo": 10, "M": 3, "S": 5, "B": 6, "L": 8, "I": 9}
TOKENS, PROMPTS, TEXTS = 50, 25, 8


@pytest.fixture(scope="module")
def judge():
    """The address of llama.cpp's server with the tiny policy."""
    server = subprocess.Popen(
        [ROOT / ".venv/bin/python", ROOT / "deploy/serve_llamacpp.py", "--reproducible", "--model",
         ROOT / "config/quickstart/policy.gguf", "--alias", "tiny-policy", "--slots", "4",
         "--threads", "1", "--exit-with-stdin"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = next((line for line in server.stderr if "http://" in line), "")
        assert said, "the server ended before it served"
        yield "http://" + said.split("http://")[1].split()[0].rstrip("/.,;")
    finally:
        server.stdin.close()
        server.wait()


def judged(exports, judge):
    """Texts that the judge graded, with their rewards; what failed is not among them."""
    folder = exports.folder
    questions = [json.loads(line)["prompt"] for line in
                 (ROOT / "config/quickstart/prompts.jsonl").read_text().splitlines()[:PROMPTS]]
    write_rows(folder / "judged.jsonl", [
        {"key": f"j{number:03}", "prompt": question, "completions": [
            f"{question} I say {number * TEXTS + text}." for text in range(TEXTS)]}
        for number, question in enumerate(questions)])
    scorer = {"kind": "judge", "model": "tiny-policy", "url": judge, "judge": {
        "prompt": "{{completion}}", "parse": "expected_grade", "min": 1, "max": 10,
        "grades": GRADES, "min_mass": 0.05, "top_logprobs": TOKENS}}
    exports.ogive("adopt", str(folder / "judged.jsonl"), "--run", "texts", "--model", "theirs",
                  *exports.options)
    config = exports.scored("judge", json.dumps(scorer))
    exports.ogive("rescore", "texts", "--scorer", config, "--name", "judged", "--no-preflight",
                  *exports.options, codes=(0, 1))
    said = exports.ogive(
        "psql", *exports.options, "--", "-At", "-c",
        "SELECT json_build_object('text', text, 'reward', reward) FROM ogive.run_completions "
        "WHERE run = 'judged' ORDER BY prompt_id, draw_index")
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    failures = exports.ogive(
        "psql", *exports.options, "--", "-At", "-c",
        "SELECT message FROM ogive.failures WHERE run = 'judged'")
    return rows, failures


def probabilities(judge, text):
    """What the server says of its first token: tokens and probabilities, likeliest first."""
    body = {"model": "tiny-policy", "messages": [{"role": "user", "content": text}],
            "max_tokens": 1, "temperature": 1, "logprobs": True, "top_logprobs": TOKENS}
    request = urllib.request.Request(
        f"{judge}/v1/chat/completions", json.dumps(body).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        first = json.load(answer)["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return [one["token"].strip() for one in first], np.exp([one["logprob"] for one in first])


def expected(tokens, shares):
    """The mean grade and the probability of all grades together."""
    grades = np.array([GRADES.get(token, np.nan) for token in tokens])
    mass = shares[~np.isnan(grades)].sum()
    return np.nansum(grades * shares) / mass if mass > 0 else np.nan, mass


def test_200_rewards_are_those_of_numpy_and_of_the_weights(exports, policy, judge):
    rows, failures = judged(exports, judge)
    assert len(rows) == PROMPTS * TEXTS == 200
    rewards, alike = [], []
    for row in rows:
        wanted, mass = expected(*probabilities(judge, row["text"]))
        if row["reward"] is None:
            assert not mass >= 0.05 - 1e-6, row
            continue
        assert row["reward"] == pytest.approx(wanted, abs=1e-6), row
        rewards.append(row["reward"])
        # A forward pass of the same weights in float32, and its likeliest tokens.
        ids = policy.prompt_tokens({"text": row["text"]})
        with torch.no_grad():
            shares = policy.model(torch.tensor([ids])).logits[0, -1].softmax(-1).double().numpy()
        top = np.argsort(-shares)[:TOKENS]
        own, _ = expected([policy.tokenizer.decode([one]).strip() for one in top], shares[top])
        alike.append(abs(row["reward"] - own))
    assert len(rewards) > 100 and len(set(rewards)) > 50 and np.std(rewards) > 0.05
    assert failures.count("judge.min_mass") == 200 - len(rewards)
    print(f"{len(rewards)} rewards, at most {max(alike):.1e} from the weights' own")
    assert max(alike) < 0.02
