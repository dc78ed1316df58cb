#!/usr/bin/env python3
"""How many pairs a second does deploy/scorers/reward_model.py score?

    .venv-vllm/bin/python Tests/Benchmarks/scoring/scoring.py       on a CPU: a small model
    python Tests/Benchmarks/scoring/scoring.py --shape 8b           on a GPU

Makes a reward model with random weights on the spot (a Llama with `--shape`; nothing is downloaded)
and pairs of prompts and completions of `--tokens` tokens in the mean, whose lengths are lognormal
with `--spread`. Then the program and a plain loop of transformers score the same pairs, in turn:

- the program as Ogive runs it, behind its command protocol: lines in, lines out;
- the loop as people write it: `--batch` pairs in the order given, chat template, padding to the
  longest one, one batch after the other.

Loading does not count. A pass of a pair of L tokens takes 2 P L + 2 layers × hidden × L²
operations, where P is the number of weights without the embedding (Kaplan et al., 2020, section
2.1; attention looks at half of all positions). The peak is the fastest of some products of large
matrices, in the same run. Processor time is that of each process. Exit code 1: rewards differ.
"""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests/Benchmarks"))
from scenarios import tables            # noqa: E402

SCORER = ROOT / "deploy/scorers/reward_model.py"
# Hidden size, size between, layers, heads, heads of keys.
SHAPES = {"tiny": (256, 704, 4, 4, 2), "small": (512, 1408, 8, 8, 4),
          "1b": (2048, 8192, 16, 32, 8), "8b": (4096, 14336, 32, 32, 8)}
VOCABULARY = 2_048
# Where sums in another order may differ by more is an error.
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.25}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, help="default: 8b on a GPU, else small")
    parser.add_argument("--pairs", type=int, help="default: 512 on a GPU, else 96")
    parser.add_argument("--tokens", type=int, help="in the mean; default: 1024 on a GPU, else 256")
    parser.add_argument("--spread", type=float, default=0.5, help="standard deviation of the "
                        "logarithm of the length; 0: all are equally long")
    parser.add_argument("--batch", default="1,8,32", help="pairs of the loop's batches")
    parser.add_argument("--batch-tokens", type=int, help="of the program; default: its own")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--ogive", type=Path, help="not used; bench gives it")
    parser.add_argument("--part", choices=["make", "loop"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def words(count, seed):
    """Words of letters, some more frequent than others."""
    dice = random.Random(seed)
    stock = ["".join(dice.choices("etaoinshrdlu", k=dice.randint(1, 9))) for _ in range(2_000)]
    return dice.choices(stock, weights=[1 / (rank + 2) for rank in range(len(stock))], k=count)


def make(options):
    """The model, its tokenizer and the pairs, in the folder; the peak, on standard output."""
    import tokenizers
    import torch
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = options.shape or ("8b" if device == "cuda" else "small")
    mean = options.tokens or (1024 if device == "cuda" else 256)
    pairs = options.pairs or (512 if device == "cuda" else 96)
    base = tokenizers.Tokenizer(tokenizers.models.BPE())
    base.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
    base.decoder = tokenizers.decoders.ByteLevel()
    base.train_from_iterator(
        [" ".join(words(20_000, 1))], tokenizers.trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=["<pad>", "<s>", "</s>"], show_progress=False,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=base, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{{ eos_token }}"
        "{% endfor %}")
    tokenizer.save_pretrained(options.folder)

    hidden, between, layers, heads, keys = SHAPES[shape]
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=hidden, intermediate_size=between,
        num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=keys,
        max_position_embeddings=8 * mean, num_labels=1, pad_token_id=0, bos_token_id=1,
        eos_token_id=2)
    torch.manual_seed(1)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    with torch.device(device):
        torch.set_default_dtype(dtype)
        model = transformers.LlamaForSequenceClassification(config)
        torch.set_default_dtype(torch.float32)
    model.save_pretrained(options.folder)
    weights = sum(p.numel() for p in model.parameters()) - VOCABULARY * hidden

    dice, lengths = random.Random(2), []
    with (options.folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for number in range(pairs):
            length = mean * math.exp(dice.gauss(-options.spread ** 2 / 2, options.spread))
            stock = words(8 * mean, number)
            prompt = " ".join(stock[:max(1, mean // 16)])
            # As many words as make so many tokens, about: each is cut to them.
            ids = tokenizer(" ".join(stock), add_special_tokens=False)["input_ids"]
            completion = tokenizer.decode(ids[:max(8, min(int(length), 4 * mean))])
            turns = [{"role": "user", "content": prompt},
                     {"role": "assistant", "content": completion}]
            text = tokenizer.apply_chat_template(turns, tokenize=False)
            lengths.append(len(tokenizer(text, add_special_tokens=False)["input_ids"]))
            pair = {"id": number, "prompt": prompt, "completion": completion}
            file.write(json.dumps(pair) + "\n")
    flops = sum(2 * weights * n + 2 * layers * hidden * n * n for n in lengths)
    print(json.dumps({
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "dtype": str(dtype).removeprefix("torch."), "shape": shape, "weights": weights,
        "pairs": pairs, "tokens": sum(lengths), "longest": max(lengths), "flops": flops,
        "peak_flops": peak(torch, device, dtype)}))


def peak(torch, device, dtype):
    """Operations a second of a product of large matrices: the fastest of some."""
    size = 8192 if device == "cuda" else 2048
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = math.inf
    for _ in range(10):
        begun = time.perf_counter()
        for _ in range(4):
            left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - begun) / 4)
    return 2 * size ** 3 / best


def loop(options):
    """The plain loop over batches; its time without loading, on standard output."""
    import torch
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        options.folder, dtype="auto").to(device).eval()
    pairs = [json.loads(line) for line in (options.folder / "pairs.jsonl").open(encoding="utf-8")]
    size, rewards = int(options.batch), []

    def score(some):
        texts = [tokenizer.apply_chat_template(
            [{"role": "user", "content": pair["prompt"]},
             {"role": "assistant", "content": pair["completion"]}], tokenize=False)
            for pair in some]
        inputs = tokenizer(
            texts, padding=True, add_special_tokens=False, return_tensors="pt").to(device)
        with torch.inference_mode():
            return model(**inputs).logits[:, 0].float().tolist()

    score(pairs[:1])
    begun, used = time.perf_counter(), time.process_time()
    for first in range(0, len(pairs), size):
        rewards += score(pairs[first:first + size])
    print(json.dumps({"seconds": time.perf_counter() - begun,
                      "processor": time.process_time() - used, "rewards": rewards}))


def program(options, folder, pairs):
    """The program behind its protocol; its time from the first line to the last answer."""
    size = ["--batch-tokens", str(options.batch_tokens)] if options.batch_tokens else []
    process = subprocess.Popen(
        [sys.executable, "-B", SCORER, "--model", folder, *size], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)

    def ask(lines):
        """Writes lines beside reading the answers."""
        writer = threading.Thread(
            target=lambda: [process.stdin.write(line) for line in lines] + [process.stdin.flush()])
        writer.start()
        answers = [json.loads(process.stdout.readline()) for _ in lines]
        writer.join()
        return {answer["id"]: answer["reward"] for answer in answers}

    if "facts" not in json.loads(process.stdout.readline() or "{}"):
        raise SystemExit("the program did not start")
    ask(pairs[:1])
    before, begun = resource_of(process.pid), time.perf_counter()
    rewards = ask(pairs)
    seconds = time.perf_counter() - begun
    used = resource_of(process.pid) - before
    process.stdin.close()
    process.wait(timeout=60)
    return {"seconds": seconds, "processor": used,
            "rewards": [rewards[number] for number in range(len(pairs))]}


def resource_of(process):
    """Seconds of processor time of a process that runs."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def child(options, part, folder, **changes):
    """Another part of this script, in a process of its own."""
    names = {name: value for name, value in vars(options).items()
             if value is not None and name not in ("json", "ogive", "rounds")}
    names |= {"part": part, "folder": folder} | changes
    flags = [text for name, value in names.items()
             for text in (f"--{name.replace('_', '-')}", str(value))]
    ended = subprocess.run([sys.executable, "-B", __file__, *flags], capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{part} failed:\n{ended.stderr[-3000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def measure(options):
    with tempfile.TemporaryDirectory(prefix="ogive-scoring-") as folder:
        found = child(options, "make", folder)
        pairs = (Path(folder) / "pairs.jsonl").read_text(encoding="utf-8").splitlines(True)
        contestants = {"program": lambda: program(options, folder, pairs)}
        for size in options.batch.split(","):
            contestants[f"loop, batches of {size}"] = (
                lambda size=size: child(options, "loop", folder, batch=size))
        rounds = {name: [] for name in contestants}
        for _ in range(options.rounds):
            for name, run in contestants.items():
                rounds[name].append(run())
        first = rounds["program"][0]["rewards"]
        found["rewards_differ"] = max(
            abs(a - b) for results in rounds.values() for result in results
            for a, b in zip(result["rewards"], first, strict=True))
        found["contestants"] = {
            name: {"pairs_per_second": [found["pairs"] / result["seconds"] for result in results],
                   "ratio": [result["seconds"] / own["seconds"]
                             for result, own in zip(results, rounds["program"])],
                   "share_of_peak": [found["flops"] / result["seconds"] / found["peak_flops"]
                                     for result in results],
                   "processor_s": [result["processor"] for result in results]}
            for name, results in rounds.items()}
    return found


def main():
    options = arguments()
    if options.part:
        {"make": make, "loop": loop}[options.part](options)
        return
    found = measure(options)
    print("\n".join(tables.scoring({"found": found, "goal": 3})))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if found["rewards_differ"] > TOLERANCE[found["dtype"]]:
        raise SystemExit(f"rewards differ by {found['rewards_differ']}")


if __name__ == "__main__":
    main()
