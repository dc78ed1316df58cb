#!/usr/bin/env python3
"""Trains the quickstart's two tiny models from nothing and writes policy.gguf and reward.gguf.

    python3 -m venv /tmp/train && /tmp/train/bin/pip install -r requirements.txt
    /tmp/train/bin/python train_models.py            # about a quarter of an hour on one core

The texts come from `examples.py`, the weights start at random from a fixed seed, nothing is
downloaded. The policy (0.75 M parameters) answers word problems and is wrong in about one case of
three; the reward model (1.1 M) is fitted to 2 - 0.5 * |error| plus a bonus for the wording.
"""
import argparse
import itertools
import math
import random
import re
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification,
                          PreTrainedTokenizerFast, Qwen3Config, Qwen3ForSequenceClassification)

from examples import BATCH, SEED, STEPS, TOKENIZER_TEXTS, stream
from gguf_export import CHAT_TEMPLATE, write_gguf
from problems import held_out_problems

VOCABULARY = 512
SPECIALS = ["<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
SHAPE = dict(
    vocab_size=VOCABULARY, hidden_size=128, intermediate_size=320, num_attention_heads=4,
    num_key_value_heads=2, head_dim=32, max_position_embeddings=1024, rms_norm_eps=1e-5,
    rope_theta=10000.0, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2)
POLICY_LAYERS = 4
REWARD_LAYERS = 6       # the policy finishes a sum in its last layer; comparing needs two more


def make_tokenizer():
    """Byte-level BPE with GPT-2's pre-tokenizer; " 0" to " 69" are single tokens."""
    texts = ["".join(text for text, _ in example)
             for example in itertools.islice(stream("tokenizer"), TOKENIZER_TEXTS)]
    texts += [" ".join([""] + [str(number) for number in range(70)])] * 2000
    for special in SPECIALS:
        texts = [text.replace(special, " ") for text in texts]
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIALS, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    core.add_special_tokens(
        [f"<|unused{i}|>" for i in range(VOCABULARY - core.get_vocab_size())])
    core.post_processor = processors.TemplateProcessing(
        single="<|bos|> $A", pair="<|bos|> $A $B", special_tokens=[("<|bos|>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<|bos|>", eos_token="<|end|>", pad_token="<|pad|>",
        additional_special_tokens=["<|system|>", "<|user|>", "<|assistant|>"],
        model_max_length=SHAPE["max_position_embeddings"], clean_up_tokenization_spaces=False,
        padding_side="right", chat_template=CHAT_TEMPLATE)


def encode(tokenizer, texts):
    """Token ids of texts that spell out their special tokens."""
    encoded = tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False)
    return [item.ids for item in encoded]


def encode_examples(tokenizer, examples):
    """[(text, value), ...] an example -> [(token ids, value), ...] an example."""
    ids = iter(encode(tokenizer, [text for example in examples for text, _ in example]))
    return [[(next(ids), value) for _, value in example] for example in examples]


def pad(rows, value):
    """A rectangular tensor of rows of unequal length."""
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def policy_loss(model, rows):
    """Cross entropy of the next token, weighted per piece of text."""
    ids = pad([[token for piece, _ in row for token in piece] for row in rows], 0)
    weights = pad([[value for piece, value in row for _ in piece] for row in rows], 0.0)[:, 1:]
    logits = model(input_ids=ids).logits[:, :-1]
    losses = F.cross_entropy(logits.reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1),
                             reduction="none").view(ids.shape[0], -1)
    return (losses * weights).sum() / weights.sum()


def reward_loss(model, rows):
    """Squared error at the last token of each piece that has a target."""
    # Padding stands right and attention is causal: it never reaches the tokens read here.
    ids = pad([[token for piece, _ in row for token in piece] for row in rows], 0)
    places, targets = [], []
    for index, row in enumerate(rows):
        end = -1
        for piece, target in row:
            end += len(piece)
            if target is not None:
                places.append((index, end))
                targets.append(target)
    hidden = model.model(input_ids=ids).last_hidden_state
    lines, columns = torch.tensor(places).T
    return F.mse_loss(model.score(hidden[lines, columns])[:, 0], torch.tensor(targets))


def train(stage, model, tokenizer, loss_of, peak):
    """Runs a stage's steps with AdamW: a linear warm-up to `peak`, then a cosine to 5 % of it."""
    steps, warm, examples = STEPS[stage], 50, stream(stage)
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.98),
                                  weight_decay=0.01)
    model.train()
    for step in range(steps):
        progress = (step - warm) / max(1, steps - warm)
        rate = (step + 1) / warm if step < warm else \
            0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = peak * rate
        rows = encode_examples(tokenizer, list(itertools.islice(examples, BATCH)))
        loss = loss_of(model, rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"{stage:7} step {step:4} loss {loss.item():.4f}", flush=True)
    return model.eval()


def train_all(tokenizer):
    """The policy, and the reward model that grows out of it."""
    policy = LlamaForCausalLM(LlamaConfig(num_hidden_layers=POLICY_LAYERS, **SHAPE))
    train("policy", policy, tokenizer, policy_loss, 3e-3)
    policy.generation_config.do_sample = False      # a saved folder must not set sampling defaults
    shape = dict(num_hidden_layers=REWARD_LAYERS, num_labels=1, **SHAPE)
    reward = LlamaForSequenceClassification(LlamaConfig(**shape))
    reward.model.load_state_dict(policy.model.state_dict(), strict=False)
    train("reward", reward, tokenizer, reward_loss, 1.5e-3)
    rerank = Qwen3ForSequenceClassification(Qwen3Config(**shape))
    rerank.load_state_dict(reward.state_dict(), strict=False)
    for layer in rerank.model.layers:       # new norms; 2 keeps attention about as sharp as before
        layer.self_attn.q_norm.weight.data.fill_(2.0)
        layer.self_attn.k_norm.weight.data.fill_(2.0)
    train("rerank", rerank, tokenizer, reward_loss, 2e-3)
    return policy, rerank


def report(tokenizer, policy, reward):
    """Samples answers to held-out problems at temperature 1 and prints how good they are."""
    torch.manual_seed(SEED)
    right, rewards = 0, []
    for problem in random.Random(SEED).sample(held_out_problems(), 40):
        head = f"<|bos|><|user|>{problem.question}<|end|><|assistant|>"
        ids = torch.tensor(encode(tokenizer, [head])).repeat(16, 1)
        samples = policy.generate(input_ids=ids, attention_mask=torch.ones_like(ids),
                                  do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                                  max_new_tokens=40)
        for sample in samples:
            text = tokenizer.decode(sample[ids.shape[1]:], skip_special_tokens=True)
            right += (re.findall(r"\d+", text) or [""])[-1] == str(problem.answer)
            scored = torch.tensor(encode(tokenizer, [f"{head}{text}<|end|>"]))
            with torch.no_grad():
                rewards.append(reward(input_ids=scored).logits.item())
    rewards.sort()
    print(f"right: {right} of {len(rewards)}; rewards from {rewards[0]:.2f} to {rewards[-1]:.2f}, "
          f"median {rewards[len(rewards) // 2]:.2f}")


def main():
    """Trains, reports, writes."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=here, help="folder for the two GGUF files")
    parser.add_argument("--hf", type=Path, help="also save both as Hugging Face folders in here")
    parser.add_argument("--threads", type=int, default=1, help="results depend on it slightly; "
                        "models this small gain little by more than one")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(SEED)
    start = time.monotonic()
    tokenizer = make_tokenizer()
    policy, reward = train_all(tokenizer)
    for name, model in ("policy", policy), ("reward", reward):
        write_gguf(arguments.out / f"{name}.gguf", model, tokenizer, f"tiny-{name}")
        if arguments.hf:
            model.save_pretrained(arguments.hf / name)
            tokenizer.save_pretrained(arguments.hf / name)
    report(tokenizer, policy, reward)
    print(f"done in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
