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
of at most --batch-tokens tokens, padding included. On a GPU the next batch is begun before the
last one is waited for. A batch that is too large for memory is halved.

HTTP: POST /score {"items": [{"messages" | "prompt", "completion"}]} answers
{"model", "rewards": [1.5, null], "errors": [null, {"code", "message"}]}; GET /health, /info.
"""

import argparse
import collections
import http.server
import json
import os
import pathlib
import queue
import signal
import sys
import threading

# The file beside this one, from wherever it is run.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sequence_classifier import ItemError, Model, say  # noqa: E402

WAITING_MAX, WINDOW = 65_536, 1_024
ITEMS_MAX, BODY_BYTES_MAX = 4_096, 64 << 20


class Batcher:
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
        """Where the model computes aside, a batch is begun before the last one is waited for."""
        last = None
        for batch in self.batches(model):
            begun = batch and (batch, model.begin([encoded for encoded, _ in batch]))
            if last:
                self.answer(*last)
            last = begun
            if last and not model.computes_aside:
                self.answer(*last)
                last = None

    def batches(self, model):
        """What waits, in batches; `None` whenever nothing does, and at the end."""
        while not self.stopping:
            with self.change:
                rows = [self.waiting.popleft() for _ in range(min(WINDOW, len(self.waiting)))]
                self.change.notify_all()
            for batch in model.batches(rows):
                if self.stopping:
                    break
                yield batch
            if rows:
                continue
            yield None
            with self.change:
                while not self.waiting and not self.stopping:
                    self.change.wait()
        yield None

    def answer(self, batch, rewards):
        for (_, answer), reward in zip(batch, rewards()):
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


def converse(batcher, output):
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

    write({"facts": batcher.ready().facts})
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
        batcher.submit(item, lambda reward, number=number: answer(number, reward), waits=True)
    for _ in range(count):
        answered.acquire()


class Handler(http.server.BaseHTTPRequestHandler):
    """The HTTP protocol; `batcher` is set by `serve`."""
    protocol_version = "HTTP/1.1"
    timeout = 300
    batcher = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        model = self.batcher.model
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
        results = self.score(items) if self.batcher.model else None
        if results is None:
            return self.refuse(503)
        errors = [{"code": result.code, "message": str(result)}
                  if isinstance(result, ItemError) else None for result in results]
        rewards = [None if error else result for error, result in zip(errors, results)]
        self.reply(200, {"model": self.batcher.model.facts["model"], "rewards": rewards,
                         "errors": errors})

    def score(self, items):
        """A result for each item; `None` when the scorer is busy or ending."""
        results, answers = [None] * len(items), queue.SimpleQueue()
        for place, item in enumerate(items):
            self.batcher.submit(
                item, lambda result, place=place: answers.put((place, result)), waits=False)
        missing = len(items)
        while missing:
            try:
                place, result = answers.get(timeout=1)
                results[place], missing = result, missing - 1
            except queue.Empty:
                if self.batcher.stopping:
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


def serve(batcher, address):
    host, _, port = address.rpartition(":")
    http.server.ThreadingHTTPServer.request_queue_size, Handler.batcher = 128, batcher
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
    add("--batch-tokens", type=int, help="most tokens of a batch (16384 on a GPU; 1024 on a CPU, "
        "which longer batches push out of its caches)")
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
    batcher = Batcher(lambda: Model(options))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        batcher.thread.start()
        serve(batcher, options.http) if options.http else converse(batcher, answers)
    except (KeyboardInterrupt, BrokenPipeError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("ending")
    batcher.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
