"""Checks of deploy/scorers/reward_model.py against plain transformers; run by RewardModelTests.

    python reward_model_checks.py SCORER MODEL plain < items     one reward a line, one by one
    python reward_model_checks.py SCORER MODEL inner             what cannot be seen from outside

`plain` uses transformers alone: the model's chat template, one text at a time, no padding.
"""

import argparse
import importlib.util
import json
import sys
import threading

import torch
import transformers


def plain(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for line in sys.stdin:
        item = json.loads(line)
        turns = item.get("messages") or [{"role": "user", "content": item["prompt"]}]
        turns = turns + [{"role": "assistant", "content": item["completion"]}]
        ids = tokenizer.apply_chat_template(turns, return_tensors="pt", return_dict=True)
        with torch.inference_mode():
            print(model(**ids).logits[0, 0].item(), flush=True)


def load(path):
    spec = importlib.util.spec_from_file_location("reward_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(scorer, folder, **changes):
    options = dict(
        model=folder, revision=None, device="cpu", dtype="float32", max_length=None,
        on_overflow="fail", format="auto", chat_template=None, label=None, batch_tokens=4096,
        trust_remote_code=False)
    return scorer.Model(argparse.Namespace(**{**options, **changes}))


def items(count):
    return [{"prompt": f"Question {n}?", "completion": "well " * (n * 7 % 40) + f"{n}."}
            for n in range(count)]


def close(left, right):
    assert len(left) == len(right)
    worst = max(abs(a - b) for a, b in zip(left, right))
    assert worst < 1e-4, f"differ by {worst}"


def inner(path, folder):
    scorer = load(path)
    model = made(scorer, folder)
    rows = [model.encode(item) for item in items(60)]
    alone = [model.rewards([row])[0] for row in rows]
    close(model.rewards(rows), alone)
    # Each token looks at those before it only: no mask is needed, and none is made.
    assert not model.masks and list(model.collate(rows[:2], 0)) == ["input_ids"]

    # A model without a padding token: the last token counts, alone and in a batch.
    model.config.pad_token_id = None
    close([model.rewards([row])[0] for row in rows], alone)
    close(model.rewards(rows), alone)
    assert model.config.pad_token_id is None
    model.config.pad_token_id = 0

    # Memory for three texts at once: batches are halved, and every text gets its reward.
    forward, sizes = model.forward, []

    def small(batch):
        sizes.append(len(batch))
        if len(batch) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")
        return forward(batch)

    model.forward = small
    close(model.rewards(rows), alone)
    assert max(sizes) == 60 and sizes.count(60) == 1
    model.forward = lambda batch: (_ for _ in ()).throw(RuntimeError("out of memory"))
    assert [error.code for error in model.rewards(rows[:2])] == ["server_error"] * 2
    model.forward = lambda batch: [float("nan"), float("inf"), 1.5]
    found = model.rewards(rows[:3])
    assert [getattr(x, "code", x) for x in found] == ["not_finite", "not_finite", 1.5]
    model.forward = forward

    # Batches keep to their tokens, padding included, and hold each text once.
    model.batch_tokens = 300
    pairs = [(row, None) for row in rows]
    batches = list(model.batches(pairs))
    assert sorted(id(row) for batch in batches for row, _ in batch) == sorted(map(id, rows))
    for batch in batches:
        padded = len(batch) * max(len(row[0]) for row, _ in batch)
        assert padded <= 300 or len(batch) == 1
    assert len(batches) < len(rows)
    model.pads = False
    for batch in model.batches(pairs):
        assert len({len(row[0]) for row, _ in batch}) == 1

    # A template's own BOS is the only one; what is cut keeps it, and the end.
    assert rows[0][0].count(model.tokenizer.bos_token_id) == 1
    whole = rows[39][0]
    cut = made(scorer, folder, max_length=20, on_overflow="truncate-left").encode(items(60)[39])[0]
    assert cut == whole[:1] + whole[-19:]

    # A sigmoid at the head is refused; so are several labels without a choice.
    head = model.model.score
    model.model.score = torch.nn.Sequential(head, torch.nn.Sigmoid())
    refused(model.refuse_activations, "squashes")
    model.model.score = head
    model.model.config.num_labels = 2
    model.model.config.id2label = {0: "bad", 1: "good"}
    refused(model.choose_label, "--label")
    for label, index in [("good", 1), ("0", 0)]:
        model.options.label = label
        assert model.choose_label() == index
    model.tokenizer.chat_template = None
    refused(model.choose_format, "--chat-template")
    encoder(scorer)
    ahead(scorer)


def ahead(scorer):
    """On a GPU a batch is begun before the one before it is waited for, and when nothing waits
    any more, all are answered."""
    told = []

    class Model:
        computes_aside = True

        def batches(self, rows):
            return ([row] for row in rows)

        def begin(self, rows):
            told.append(("begin", rows[0]))
            return lambda: [told.append(("wait", rows[0])) or rows[0]]

    batcher, answered = scorer.Batcher(Model), threading.Semaphore(0)
    for number in (1, 2, 3):
        batcher.waiting.append((number, lambda _: answered.release()))
    batcher.thread.start()
    for _ in range(3):
        assert answered.acquire(timeout=60)
    assert told == [("begin", 1), ("begin", 2), ("wait", 1), ("begin", 3), ("wait", 2),
                    ("wait", 3)], told
    batcher.stop()
    assert not batcher.thread.is_alive()


def encoder(scorer):
    """An encoder looks at every position: there only the mask keeps padding out of a reward."""
    torch.manual_seed(7)
    model = scorer.Model.__new__(scorer.Model)
    config = transformers.BertConfig(
        vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, num_labels=1, initializer_range=0.5)
    model.model = transformers.BertForSequenceClassification(config).eval()
    model.torch, model.config, model.device, model.label = torch, config, "cpu", 0
    assert not model.is_blind_to_padding() and model.masks
    rows = [([1 + (n * k) % 99 for k in range(1, 3 + n)], [k % 2 for k in range(1, 3 + n)])
            for n in range(20)]
    alone = [model.rewards([row])[0] for row in rows]
    assert max(alone) - min(alone) > 0.1
    close(model.rewards(rows), alone)
    untyped = [model.rewards([(ids, [0] * len(ids))])[0] for ids, _ in rows]
    assert max(abs(a - b) for a, b in zip(alone, untyped)) > 0.01


def refused(call, word):
    try:
        call()
    except SystemExit as error:
        assert word in str(error), error
        return
    raise AssertionError(f"not refused: {word}")


if __name__ == "__main__":
    _, path, folder, what = sys.argv
    plain(folder) if what == "plain" else inner(path, folder)
    print("done", file=sys.stderr)
