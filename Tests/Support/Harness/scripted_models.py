"""A policy and a reward model in one process, without any model in it.

Texts, log-probabilities and rewards follow from hashes, so that they are the same whenever and by
whomever they are asked for. The APIs are those of vLLM that Ogive uses. What goes wrong is
written into the control file, which is read anew whenever it changes:

    {"root": "weights-1",          another model behind the same URL
     "salt": "",                   ... with other texts and rewards
     "latency": 0.01,              seconds for each request
     "quick": 8,                   ... of the first 8 to the policy; each later one takes 5 s, or
                                   until the control file has no such number any more
     "policy": [RULE, ...],        faults of /v1/chat/completions
     "scorer": [RULE, ...]}        faults of /classify

A RULE is {"id": 1, "fault": NAME} and optionally "every": k (each k-th matching request), "most": k
(so many at most), "text" (only requests that hold it), "client" (only those of this client, which
is the first part of the path, as in http://host:port/CLIENT/v1/...), "status", "retry_after".

One line of JSON for each request goes to the log file before it is answered.
"""

import argparse
import hashlib
import json
import math
import os
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = "seven apples and nine pears make sixteen — naïve  count \n so the answer is 16 ".split(" ")
# Bad values for one reward or one log-probability; Python writes the first three as no JSON at all.
VALUES = {"nan": float("nan"), "infinity": float("inf"), "null": None, "text": "high"}


def generator(*parts):
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))


def choice(index, prompt, seed, salt, most=512):
    chance = generator("draw", prompt, seed, salt)
    words = [chance.choice(WORDS) for _ in range(chance.randint(3, 24))]
    is_cut = chance.random() < 0.1 or len(words) > most
    words = words[:most]
    tokens = [-chance.expovariate(1.0) for _ in words]
    content = [{"token": w, "logprob": p, "bytes": [], "top_logprobs": []}
               for w, p in zip(words, tokens)]
    return {"index": index, "message": {"role": "assistant", "content": " ".join(words)},
            "finish_reason": "length" if is_cut else "stop",
            "logprobs": {"content": content}}


def reward(text, salt):
    return generator("reward", text, salt).gauss(0.0, 1.5)


class Control:
    """The control file, its counters, and the log."""

    def __init__(self, path, log):
        self.path, self.log = path, open(log, "a", buffering=1)
        self.lock = threading.Lock()
        self.stamp, self.values, self.seen, self.done = None, {}, {}, {}
        self.asked = 0

    def read(self):
        stamp = os.stat(self.path)
        key = (stamp.st_mtime_ns, stamp.st_ino)
        with self.lock:
            if key != self.stamp:
                with open(self.path) as file:
                    self.values, self.stamp = json.load(file), key
            return self.values

    def wait(self, kind):
        """Takes the time that a request takes."""
        time.sleep(self.read().get("latency", 0))
        if kind != "policy":
            return
        with self.lock:
            self.asked += 1
            number = self.asked
        end = time.monotonic() + 5
        while number > (self.read().get("quick") or number) and time.monotonic() < end:
            time.sleep(0.05)

    def rule(self, kind, client, text):
        """The fault that this request gets, if any."""
        for rule in self.read().get(kind, []):
            if rule.get("client", client) != client or rule.get("text", "") not in text:
                continue
            with self.lock:
                seen = self.seen[rule["id"]] = self.seen.get(rule["id"], 0) + 1
                done = self.done.get(rule["id"], 0)
                if seen % rule.get("every", 1) or done >= rule.get("most", 1 << 60):
                    continue
                self.done[rule["id"]] = done + 1
            return rule
        return {}

    def wait_for_end(self, kind, rule):
        """Waits until the rule is gone from the control file."""
        while any(other["id"] == rule["id"] for other in self.read().get(kind, [])):
            time.sleep(0.02)

    def write(self, **line):
        with self.lock:
            self.log.write(json.dumps(line) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    control = None

    def log_message(self, *arguments):
        pass

    def split(self):
        """The client's name, if the path has one, and the rest."""
        parts = self.path.split("/", 2)
        if len(parts) == 3 and parts[1] not in ("v1",):
            return parts[1], "/" + parts[2]
        return "", self.path

    def do_GET(self):
        client, path = self.split()
        values = self.control.read()
        pages = {
            "/health": {},
            "/version": {"version": "0.32.0"},
            "/v1/models": {"data": [{"id": "scripted", "root": values.get("root", "weights-1"),
                                     "max_model_len": 4096}]},
        }
        if path in pages:
            self.answer(200, pages[path])
        else:
            self.answer(404, {"detail": "Not Found"})

    def do_POST(self):
        client, path = self.split()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = {"/v1/chat/completions": "policy", "/classify": "scorer"}.get(path)
        if kind is None:
            self.answer(404, {"detail": "Not Found"})
            return
        if kind == "policy":
            text = body["messages"][-1]["content"]
            facts = {"prompt": text, "seed": body["seed"], "n": body["n"]}
        else:
            text = "\n".join(body["input"])
            # As a long template would take.
            facts = {"n": len(body["input"]),
                     "tokens": sum(100 + len(text.split()) for text in body["input"])}
        rule = self.control.rule(kind, client, text)
        fault = rule.get("fault", "")
        self.control.write(kind=kind, client=client, fault=fault, time=time.monotonic(), **facts)
        self.control.wait(kind)
        if self.refuses(kind, rule, fault):
            return
        # Not as it was when the request began to be held.
        salt = self.control.read().get("salt", "")
        if kind == "policy":
            # Seeds mean nothing at temperature 0, or to a server that has one for all.
            fixed = body.get("temperature") == 0 or fault == "one_seed"
            seeds = [0 if fixed else body["seed"] + i for i in range(body["n"])]
            entries = [choice(i, text, seed, salt, body.get("max_tokens", 512))
                       for i, seed in enumerate(seeds)]
            self.spoil_policy(entries, fault)
            read, wrote = len(text.split()), sum(len(e["logprobs"]["content"]) for e in entries)
            answer = {"object": "chat.completion", "model": "scripted", "choices": entries,
                      "usage": {"prompt_tokens": read, "completion_tokens": wrote,
                                "total_tokens": read + wrote}}
        else:
            entries = [{"index": i, "label": "LABEL_0", "num_classes": 1,
                        "probs": [reward(text, salt)]} for i, text in enumerate(body["input"])]
            if body.get("use_activation", True) or fault == "squash":
                for entry in entries:
                    entry["probs"] = [1 / (1 + math.exp(-entry["probs"][0]))]
            self.spoil_scorer(entries, body["input"], rule, fault)
            read = facts["tokens"]
            answer = {"object": "list", "model": "scripted", "data": entries,
                      "usage": {"prompt_tokens": read, "total_tokens": read}}
        self.answer(200, answer, cut=fault in ("truncate", "disconnect") and fault)

    def refuses(self, kind, rule, fault):
        """Whether the request gets no answer of the right kind."""
        if fault == "status":
            status = rule["status"]
            headers = {"Retry-After": rule["retry_after"]} if "retry_after" in rule else {}
            self.answer(status, {"error": {"message": "scripted", "code": status}}, headers)
            return True
        if fault == "hang":
            self.control.wait_for_end(kind, rule)
            self.close_connection = True
            return True
        if fault == "die":
            # Once: the next process finds the mark.
            mark = self.control.path + ".died"
            if not os.path.exists(mark):
                open(mark, "w").close()
                os._exit(9)
        if fault == "drip":
            self.drip(kind, rule)
            return True
        if fault == "hold":
            self.control.wait_for_end(kind, rule)
        return False

    def drip(self, kind, rule):
        """Sends a byte now and then, until the rule is gone or nobody listens any more."""
        self.close_connection = True
        try:
            self.wfile.write(b"HTTP/1.1 200 Scripted\r\nContent-Type: application/json\r\n"
                             b"Content-Length: 1000000\r\n\r\n{")
            while any(other["id"] == rule["id"] for other in self.control.read().get(kind, [])):
                time.sleep(0.1)
                self.wfile.write(b" ")
        except OSError:
            pass

    def spoil_policy(self, entries, fault):
        if fault == "count":
            entries.pop()
        elif fault == "more":
            entries.append(dict(entries[0]))
        elif fault in VALUES:
            entries[0]["logprobs"]["content"][0]["logprob"] = VALUES[fault]

    def spoil_scorer(self, entries, texts, rule, fault):
        if fault == "count":
            entries.pop()
        elif fault == "more":
            entries.append(dict(entries[0]))
        elif fault in VALUES:
            wanted = [i for i, text in enumerate(texts) if rule.get("text", "") in text]
            for index in wanted if "text" in rule else wanted[:1]:
                entries[index]["probs"][0] = VALUES[fault]

    def answer(self, status, body, headers={}, cut=None):
        data = json.dumps(body).encode()
        if cut == "truncate":
            # Complete as HTTP, broken as JSON.
            data = data[: len(data) // 2]
        head = [f"HTTP/1.1 {status} Scripted", "Content-Type: application/json",
                f"Content-Length: {len(data)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        if cut == "disconnect":
            data = data[: len(data) // 2]
            self.close_connection = True
        try:
            self.wfile.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        except OSError:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        # Clients are killed and time out here all the time.
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    Handler.control = Control(options.control, options.log)
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
