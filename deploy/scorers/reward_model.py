#!/usr/bin/env python3
"""Scores completions by a reward model of transformers (AutoModelForSequenceClassification).

For reward models that no inference server takes. Speaks the protocol of Ogive's `command` scorer
on standard input and output, or, with --http, that of its `http` scorer:

    scorer:
      kind: command
      model: org/reward-model
      command: [python3, deploy/scorers/reward_model.py, --model, org/reward-model]
      announces_facts: true

A reward is the raw logit: no sigmoid, no softmax. What cannot be scored as it is (longer than the
model takes, refused by its chat template, a logit that is NaN) is an error of that item alone.
Items are read and tokenised while others are computed, sorted by length, and computed in batches
of at most --batch-tokens tokens, padding included. A batch that is too large for memory is halved.

HTTP: POST /score {"items": [{"messages" | "prompt", "completion"}]} answers
{"model", "rewards": [1.5, null], "errors": [null, {"code", "message"}]}; GET /health, /info.
"""

import argparse
import collections
import hashlib
import http.server
import json
import math
import os
import pathlib
import queue
import signal
import sys
import threading
import time

VERSION = "1"
WAITING_MAX, WINDOW = 65_536, 1_024
ITEMS_MAX, BODY_BYTES_MAX = 4_096, 64 << 20


def say(text):
    print(f"reward_model: {text}", file=sys.stderr, flush=True)


class ItemError(Exception):
    """One item cannot be scored; `code` is one of Ogive's failure codes."""
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Model:
    """Tokenizer and model, and what is known of them."""
    def __init__(self, options):
        import torch
        import transformers

        self.torch, self.options = torch, options
        self.device, dtype = options.device, options.dtype
        if self.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        if dtype == "auto":
            dtype = "float32" if self.device == "cpu" else "bfloat16"
        say(f"loading {options.model} as {dtype} on {self.device}")
        begun = time.monotonic()
        source = dict(revision=options.revision, trust_remote_code=options.trust_remote_code)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(options.model, **source)
        if options.chat_template:
            self.tokenizer.chat_template = pathlib.Path(options.chat_template).read_text("utf-8")
        name = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            options.model, **{name: getattr(torch, dtype)}, **source)
        self.model.to(self.device).eval()
        self.config = self.model.config.get_text_config()
        self.config.use_cache = False
        self.format = self.choose_format()
        self.label = self.choose_label()
        self.max_length = self.choose_length()
        self.refuse_activations()
        self.pads = True
        self.pads = self.padding_is_harmless()
        self.facts = self.describe(dtype)
        say(f"ready in {time.monotonic() - begun:.1f} s: {json.dumps(self.facts)}")

    def choose_format(self):
        if self.options.format != "auto" or self.tokenizer.chat_template:
            return {"auto": "chat"}.get(self.options.format, self.options.format)
        sys.exit("the tokenizer has no chat template: give --chat-template FILE, or "
                 "--format pair (text pairs, as encoders take them) or --format text (prompt and "
                 "completion joined)")

    def choose_label(self):
        names = [self.model.config.id2label[i] for i in range(self.model.config.num_labels)]
        label = self.options.label or (names[0] if len(names) == 1 else "")
        if label in names:
            return names.index(label)
        if label.isdigit() and int(label) < len(names):
            return int(label)
        sys.exit(f"the model has {len(names)} labels: choose one by --label, by name "
                 f"or number: {', '.join(names[:50])}")

    def choose_length(self):
        known = [getattr(self.config, "max_position_embeddings", None),
                 self.tokenizer.model_max_length]
        known = [length for length in known if length and 0 < length < 1 << 30]
        if self.options.max_length is None and not known:
            sys.exit("how long may texts be? Give --max-length")
        return self.options.max_length or min(known)

    def refuse_activations(self):
        """Rewards are logits: a head that squashes them would make ties of the best ones."""
        base = self.model.base_model_prefix + "."
        for name, module in self.model.named_modules():
            kind = type(module).__name__
            if kind in ("Sigmoid", "Softmax", "LogSoftmax") and not name.startswith(base):
                sys.exit(f"the model's head squashes its logits ({name}: {kind}); a "
                         "raw reward is needed")

    def describe(self, dtype):
        """What tells this scorer from another one; texts only."""
        digest = hashlib.sha256()
        base = self.model.base_model_prefix + "."
        for name, tensor in sorted(self.model.named_parameters()):
            if tensor.dim() == 1 or not name.startswith(base):
                flat = tensor.detach().cpu().reshape(-1).view(self.torch.uint8)
                digest.update(name.encode() + b"\0" + flat.numpy().tobytes())
        # A folder has another path on another machine.
        folder = pathlib.Path(self.options.model)
        facts = {
            "server": "reward_model.py", "version": VERSION,
            "model": folder.resolve().name if folder.is_dir() else self.options.model,
            "revision": getattr(self.config, "_commit_hash", None) or self.options.revision,
            "dtype": dtype, "max_length": self.max_length, "on_overflow": self.options.on_overflow,
            "format": self.format, "label": self.model.config.id2label[self.label],
            "weights_sha256": digest.hexdigest(),
        }
        if self.format == "chat":
            template = json.dumps(self.tokenizer.chat_template, sort_keys=True)
            facts["chat_template_sha256"] = hashlib.sha256(template.encode()).hexdigest()
        return {name: str(value) for name, value in facts.items() if value is not None}

    def encode(self, item):
        """The item's token ids (and token types); raises ItemError."""
        completion = item.get("completion")
        if not isinstance(completion, str):
            raise ItemError("rejected", "the item has no text `completion`")
        messages, prompt = item.get("messages"), item.get("prompt")
        if messages is None and not isinstance(prompt, str):
            raise ItemError("rejected", "the item has neither `messages` nor a text `prompt`")
        try:
            return self.bounded(self.tokenise(messages, prompt, completion))
        except ItemError:
            raise
        except Exception as error:
            raise ItemError("rejected", f"the tokenizer refuses the item: {error}") from error

    def tokenise(self, messages, prompt, completion):
        if self.format == "chat":
            turns = [{"role": "user", "content": prompt}] if messages is None else list(messages)
            if turns and turns[-1].get("role") == "assistant":
                # A partial turn that the completion goes on with.
                turns[-1] = {**turns[-1], "content": turns[-1]["content"] + completion}
            else:
                turns.append({"role": "assistant", "content": completion})
            text = self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=False)
            # The template has the special tokens already: a second BOS would change the reward.
            return self.tokenizer(text, add_special_tokens=False)
        if messages is not None:
            if len(messages) != 1 or messages[0].get("role") != "user":
                raise ItemError("rejected", f"--format {self.format} takes one user turn only")
            prompt = messages[0]["content"]
        if self.format == "pair":
            return self.tokenizer(prompt, completion)
        return self.tokenizer(prompt + completion)

    def bounded(self, encoded):
        ids = encoded["input_ids"]
        types = encoded.get("token_type_ids")
        excess = len(ids) - self.max_length
        if not ids:
            raise ItemError("rejected", "prompt and completion have no token")
        if excess > 0:
            if self.options.on_overflow == "fail":
                raise ItemError(
                    "prompt_too_long",
                    f"prompt and completion have {len(ids)} tokens, the reward model takes "
                    f"{self.max_length}; a truncated text would get another text's reward")
            keeps_first = ids[0] == self.tokenizer.bos_token_id
            ids = ids[:keeps_first] + ids[excess + keeps_first:]
            types = types and types[:keeps_first] + types[excess + keeps_first:]
        return ids, types

    def forward(self, rows):
        """The logits of rows of any lengths, in one batch, padded on the right and masked."""
        length = max(len(ids) for ids, _ in rows)
        padding = former = self.config.pad_token_id
        if former is None and len(rows) > 1:
            # The model takes the last token that is not padding: any id that no row has will do.
            used = {token for ids, _ in rows for token in ids}
            padding = next((id for id in range(self.config.vocab_size) if id not in used), None)
            if padding is None:
                return self.forward(rows[:1]) + self.forward(rows[1:])
        torch = self.torch
        fill = 0 if padding is None else padding
        ids = torch.full((len(rows), length), fill, dtype=torch.long)
        mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, (tokens, kinds) in enumerate(rows):
            ids[row, :len(tokens)] = torch.tensor(tokens)
            mask[row, :len(tokens)] = 1
            if kinds:
                types[row, :len(kinds)] = torch.tensor(kinds)
        inputs = {"input_ids": ids.to(self.device), "attention_mask": mask.to(self.device)}
        if rows[0][1]:
            inputs["token_type_ids"] = types.to(self.device)
        self.config.pad_token_id = padding
        try:
            with torch.inference_mode():
                logits = self.model(**inputs).logits
        finally:
            self.config.pad_token_id = former
        return logits[:, self.label].float().cpu().tolist()

    def padding_is_harmless(self):
        """Whether a text's reward is the same beside a longer one. Models with code of their own
        may read the last column, padding or not: those get batches of equal lengths only."""
        short, long = [([1 + token % 3 for token in range(n)], None) for n in (3, 8)]
        alone, beside = self.forward([short])[0], self.forward([short, long])[0]
        slack = 1e-3 if self.model.dtype == self.torch.float32 else 5e-2
        if abs(alone - beside) <= slack * (1 + abs(alone)):
            return True
        say(f"padding changes rewards ({alone:.4f} alone, {beside:.4f} beside a longer text): only "
            "texts of equal lengths share a batch")
        return False

    def rewards(self, rows):
        """One reward or ItemError for each row; halves the batch when memory runs out."""
        try:
            values = self.forward(rows)
        except RuntimeError as error:
            text = str(error).lower()
            if not any(word in text for word in ("out of memory", "allocate memory")):
                return [ItemError("server_error", f"the model failed: {error}")] * len(rows)
            if len(rows) == 1:
                return [ItemError("server_error", f"no memory for {len(rows[0][0])} tokens")]
            say(f"out of memory with {len(rows)} texts: trying halves")
            self.torch.cuda.empty_cache()
            half = len(rows) // 2
            return self.rewards(rows[:half]) + self.rewards(rows[half:])
        return [value if math.isfinite(value)
                else ItemError("not_finite", f"the model's logit is {value}") for value in values]

    def batches(self, rows):
        """Cuts rows, given by length, into batches of at most --batch-tokens, padding included."""
        batch = []
        for row in sorted(rows, key=lambda row: len(row[0][0])):
            length = len(row[0][0])
            full = (len(batch) + 1) * length > self.options.batch_tokens
            if batch and (full or (not self.pads and length != len(batch[0][0][0]))):
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch


class Desk:
    """Items that wait to be scored, and the thread that scores them."""
    def __init__(self, load):
        self.load = load
        self.model = None
        self.stopping = False
        self.waiting = collections.deque()
        self.change = threading.Condition()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        try:
            model = self.load()
            with self.change:
                self.model = model
                self.change.notify_all()
            self.score(model)
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:
            say(error if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}")
            os._exit(1)

    def score(self, model):
        while True:
            with self.change:
                while not self.waiting and not self.stopping:
                    self.change.wait()
                if self.stopping:
                    return
                rows = [self.waiting.popleft() for _ in range(min(WINDOW, len(self.waiting)))]
                self.change.notify_all()
            for batch in model.batches(rows):
                if self.stopping:
                    return
                rewards = model.rewards([encoded for encoded, _ in batch])
                for (_, answer), reward in zip(batch, rewards):
                    answer(reward)

    def ready(self):
        """The model, once it is loaded."""
        with self.change:
            while self.model is None:
                self.change.wait()
            return self.model

    def submit(self, item, answer, waits):
        """Tokenises an item and queues it; `answer` gets a reward or an ItemError. Where too many
        wait, `waits` for room or refuses it."""
        try:
            encoded = self.ready().encode(item)
        except ItemError as error:
            answer(error)
            return
        with self.change:
            while len(self.waiting) >= WAITING_MAX and waits and not self.stopping:
                self.change.wait()
            if not self.stopping and len(self.waiting) < WAITING_MAX:
                self.waiting.append((encoded, answer))
                self.change.notify_all()
                return
        answer(ItemError("overloaded", "too many items wait, or the scorer is ending"))

    def stop(self):
        """Ends after the batch under way; what waits is not answered."""
        with self.change:
            self.stopping = True
            self.change.notify_all()
        if self.model:
            self.thread.join(30)


def converse(desk, output):
    """The command protocol: answers lines until there are no more."""
    lock = threading.Lock()
    answered = threading.Semaphore(0)

    def write(reply):
        with lock:
            output.write(json.dumps(reply) + "\n")
            output.flush()

    def answer(number, reward):
        failed = isinstance(reward, ItemError)
        what = {"error": str(reward), "code": reward.code} if failed else {"reward": reward}
        write({"id": number, **what})
        answered.release()

    write({"facts": desk.ready().facts})
    count = 0
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            number = item["id"]
        except (ValueError, TypeError, KeyError) as error:
            write({"id": None, "error": f"not a JSON object with an id: {error}"})
            continue
        count += 1
        desk.submit(item, lambda reward, number=number: answer(number, reward), waits=True)
    for _ in range(count):
        answered.acquire()


class Handler(http.server.BaseHTTPRequestHandler):
    """The HTTP protocol; `desk` is set by `serve`."""
    protocol_version = "HTTP/1.1"
    timeout = 300
    desk = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        model = self.desk.model
        if self.path not in ("/health", "/info"):
            self.refuse(404)
        elif model is None:
            self.reply(503, {"status": "loading"})
        else:
            facts = {"model": model.facts["model"], "facts": model.facts}
            self.reply(200, {"status": "ok"} if self.path == "/health" else facts)

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if self.path != "/score":
            return self.refuse(404)
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            return self.refuse(413 if length.isdigit() else 411)
        body = self.rfile.read(int(length))
        try:
            items = json.loads(body)["items"]
            if not all(isinstance(item, dict) for item in items) or len(items) > ITEMS_MAX:
                raise ValueError(f"`items` is no list of up to {ITEMS_MAX} objects")
        except (ValueError, TypeError, KeyError) as error:
            return self.refuse(400, f'not {{"items": [...]}}: {error}')
        results = self.score(items) if self.desk.model else None
        if results is None:
            return self.refuse(503)
        errors = [{"code": result.code, "message": str(result)}
                  if isinstance(result, ItemError) else None for result in results]
        rewards = [None if error else result for error, result in zip(errors, results)]
        self.reply(200, {"model": self.desk.model.facts["model"], "rewards": rewards,
                         "errors": errors})

    def score(self, items):
        """A result for each item; `None` when the scorer is busy or ending."""
        results, answers = [None] * len(items), queue.SimpleQueue()
        for place, item in enumerate(items):
            self.desk.submit(
                item, lambda result, place=place: answers.put((place, result)), waits=False)
        missing = len(items)
        while missing:
            try:
                place, result = answers.get(timeout=1)
                results[place], missing = result, missing - 1
            except queue.Empty:
                if self.desk.stopping:
                    return None
        busy = any(isinstance(x, ItemError) and x.code == "overloaded" for x in results)
        return None if busy else results

    def refuse(self, status, message="POST /score, GET /health or /info"):
        self.close_connection = status != 503
        error = {"code": "rejected", "message": message}
        if status == 503:
            error = {"code": "overloaded", "message": "loading the model, busy or ending"}
        self.reply(status, {"error": error})

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)


def serve(desk, address):
    host, _, port = address.rpartition(":")
    http.server.ThreadingHTTPServer.request_queue_size, Handler.desk = 128, desk
    server = http.server.ThreadingHTTPServer((host or "127.0.0.1", int(port)), Handler)
    say(f"listening on http://{host or '127.0.0.1'}:{server.server_port}")
    server.serve_forever(poll_interval=0.1)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", required=True, help="folder, or name on the Hugging Face hub")
    add("--revision", help="branch, tag or commit on the hub")
    add("--device", default="auto", help="auto (cuda if there is one), cpu, cuda or cuda:N")
    add("--dtype", default="auto", choices=["auto", "float32", "bfloat16", "float16"],
        help="auto: bfloat16 on a GPU, else float32")
    add("--max-length", type=int, help="most tokens of a text (default: what the model says)")
    add("--on-overflow", default="fail", choices=["fail", "truncate-left"],
        help="longer texts fail (default), or lose their first tokens")
    add("--format", default="auto", choices=["auto", "chat", "pair", "text"],
        help="chat template (the default where there is one), text pair, or joined text")
    add("--chat-template", metavar="FILE", help="a Jinja template in place of the tokenizer's")
    add("--label", help="name or number of the label, where the model has several")
    add("--batch-tokens", type=int, default=16_384, help="most tokens of a batch (16384)")
    add("--http", metavar="HOST:PORT", help="serve HTTP instead of standard input and output")
    add("--trust-remote-code", action="store_true", help="run code that comes with the model")
    options = parser.parse_args()
    if options.format == "pair" and options.on_overflow == "truncate-left":
        parser.error("--on-overflow truncate-left would cut a pair's prompt: use fail")
    return options


def main():
    options = parse()
    # Whatever libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    desk = Desk(lambda: Model(options))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        desk.thread.start()
        serve(desk, options.http) if options.http else converse(desk, answers)
    except (KeyboardInterrupt, BrokenPipeError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("ending")
    desk.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
