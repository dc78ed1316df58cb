"""The model servers of the benchmark, and how busy they were: from their own /metrics."""
import os
import re
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
POLL = 0.05     # seconds between two looks at /metrics


def free_port():
    """A port of 127.0.0.1 that nobody listens on."""
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server, running while the context lasts, on its own processors."""

    def __init__(self, kind, model_folder, slots, processors):
        self.kind = kind
        self.processors = processors
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        if kind == "llamacpp":
            self.command = [
                ROOT / ".venv/bin/python", ROOT / "deploy/serve_llamacpp.py", "--model",
                ROOT / "config/quickstart/policy.gguf", "--alias", "tiny-policy", "--slots",
                str(slots), "--threads", "1", "--port", str(port)]
            self.counter = "llamacpp:tokens_predicted_total"
            self.gauge = "llamacpp:requests_processing"
        else:
            self.command = [ROOT / "deploy/serve_vllm", model_folder, "tiny-policy", str(port),
                            "--max-model-len", "512"]
            self.counter = "vllm:generation_tokens_total"
            self.gauge = "vllm:num_requests_running"

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, self.processors))
        deadline = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(self.url + "/health", timeout=2).read()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{self.kind} did not start: {self.command}")
                time.sleep(0.2)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)

    def look(self):
        """Tokens that the server has sampled since it began, and sequences that it works on."""
        page = urllib.request.urlopen(self.url + "/metrics", timeout=30).read().decode()

        def total(name):
            found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.M)
            return sum(float(value) for value in found)
        return time.monotonic(), total(self.counter), total(self.gauge)


class Stopwatch:
    """Measures the stretch in which a server sampled: from the look before its first token to the
    look that saw its last one."""

    def __init__(self, server):
        self.server = server
        self.isDone = threading.Event()
        self.looks = [server.look()]
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.isDone.wait(POLL):
            self.looks.append(self.server.look())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.isDone.set()
        self.thread.join()
        self.looks.append(self.server.look())

    def result(self):
        """Tokens, seconds, tokens a second, and sequences worked on at once, on average."""
        first, last = self.looks[0][1], self.looks[-1][1]
        begun = max(when for when, tokens, _ in self.looks if tokens == first)
        ended = min(when for when, tokens, _ in self.looks if tokens == last)
        seconds = max(ended - begun, POLL)
        running = [running for when, _, running in self.looks if begun < when < ended]
        return {"tokens": last - first, "seconds": round(seconds, 2),
                "tokens_per_second": round((last - first) / seconds, 1),
                "running": round(sum(running) / max(1, len(running)), 2)}
