#!/usr/bin/env python3
"""Serves one GGUF file over HTTP with llama.cpp's own server, through the xllamacpp wheel.

    .venv/bin/python deploy/serve_llamacpp.py --model config/quickstart/policy.gguf --port 18080
    .venv/bin/python deploy/serve_llamacpp.py --model config/quickstart/reward.gguf --rank

Says one line on standard error when it serves, and what is wrong (`--verbose` shows llama.cpp's
log). Ends at once, with exit
code 0, on SIGTERM or SIGINT, and with `--exit-with-stdin` also when its standard input closes, so
that it cannot outlive the process that started it. Exit code 2: what was asked for cannot work.
"""
import argparse
import ctypes
import os
import signal
import socket
import sys
import threading
from pathlib import Path

TOKENS_PER_SLOT = 512       # context of one request when --ctx does not say


def fail(message):
    """Ends the process with one line that says what is wrong."""
    print(f"serve_llamacpp: {message}", file=sys.stderr, flush=True)
    sys.exit(2)


def parse_arguments():
    """The command line, with the ranges checked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="the GGUF file")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free port "
                        "and prints it")
    parser.add_argument("--slots", type=int, default=8, help="requests decoded at the same time")
    parser.add_argument("--ctx", type=int, default=0, help="tokens of context over all slots; "
                        f"default: {TOKENS_PER_SLOT} a slot")
    parser.add_argument("--threads", default="auto", help="CPU threads; auto, the default: as many "
                        "as this process may use cores. Servers that share a machine need a number "
                        "each: more threads than cores wait for each other (ogive's `launch` puts "
                        "the share in place of {threads})")
    parser.add_argument("--alias", help="model name to report; default: the file's name")
    parser.add_argument("--rank", action="store_true", help="a reward model: serve /v1/rerank")
    parser.add_argument("--api-key-file", type=Path, help="file with accepted keys, one a line")
    parser.add_argument("--reproducible", action="store_true", help="the same request gives the "
                        "same bits whatever is served beside it: float32 cache, no prompt cache")
    parser.add_argument("--exit-with-stdin", action="store_true",
                        help="end when standard input closes")
    parser.add_argument("--verbose", action="store_true", help="show llama.cpp's log")
    arguments = parser.parse_args()
    try:
        arguments.threads = (len(os.sched_getaffinity(0)) if arguments.threads == "auto"
                             else int(arguments.threads))
    except ValueError:
        fail(f"--threads {arguments.threads} is neither a number nor auto")
    if not 0 <= arguments.port <= 65535:
        fail(f"--port {arguments.port} is not a port; give 0 to 65535")
    for name, lowest in ("slots", 1), ("ctx", 0), ("threads", 1):
        if getattr(arguments, name) < lowest:
            fail(f"--{name} must be at least {lowest}")
    return arguments


def check_model(path):
    """Refuses, before llama.cpp loads it, a file that is missing or no GGUF."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        fail(f"cannot read the model {path}: {error.strerror}")
    if magic != b"GGUF":
        fail(f"{path} is not a GGUF file (it starts with {magic!r})")


def check_port(host, port):
    """Refuses an address that cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port or --host")


def read_keys(path):
    """The API keys of a file; none when there is no file."""
    if path is None:
        return []
    try:
        keys = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        fail(f"cannot read the API keys in {path}: {error}")
    return [key for key in keys if key] or fail(f"no API key in {path}; write one a line")


def load_openmp():
    """Loads libgomp, which xllamacpp needs and does not bring: the system's, else the one of the
    packages of Ogive, beside this file. Without one the import says what is missing."""
    for library in "libgomp.so.1", Path(__file__).resolve().with_name("libgomp.so.1"):
        try:
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return
        except OSError:
            continue


def parameters(xllamacpp, arguments, keys):
    """llama.cpp's settings for the arguments."""
    settings = xllamacpp.CommonParams()
    settings.model.path = str(arguments.model)
    settings.model_alias = {arguments.alias or arguments.model.stem}
    settings.hostnames = [arguments.host]
    settings.port = arguments.port
    settings.n_parallel = arguments.slots
    settings.n_ctx = arguments.ctx or TOKENS_PER_SLOT * arguments.slots
    settings.cpuparams.n_threads = arguments.threads
    settings.cpuparams_batch.n_threads = arguments.threads
    settings.api_keys = keys
    settings.endpoint_metrics = True
    settings.ui = False
    settings.verbosity = 3 if arguments.verbose else 1
    if arguments.reproducible:
        settings.cache_type_k = settings.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        # Flash attention has no fast way for a float32 cache: without it, half the processor time.
        settings.flash_attn_type = (
            xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED)
        settings.cache_prompt, settings.cache_ram_mib = False, 0
    if arguments.rank:
        settings.embedding = True
        settings.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
        # A document is scored in one piece: the batch must hold the longest that the context can.
        settings.n_batch = settings.n_ubatch = max(512, settings.n_ctx // arguments.slots)
    else:
        # Neutral defaults: what a client leaves out must not reshape the distribution.
        settings.sampling.temp, settings.sampling.top_k = 1.0, 0
        settings.sampling.top_p, settings.sampling.min_p = 1.0, 0.0
    return settings


def end(*_):
    """Ends the process without waiting for requests: the server holds nothing worth saving."""
    sys.stdout.flush()
    os._exit(0)


def end_with_stdin():
    """Waits for the end of standard input, then ends the process."""
    while os.read(0, 4096):
        pass
    end()


def main():
    """Checks, loads, serves until told to end."""
    arguments = parse_arguments()
    check_model(arguments.model)
    keys = read_keys(arguments.api_key_file)
    check_port(arguments.host, arguments.port)
    load_openmp()
    try:
        import xllamacpp
    except ImportError as error:
        fail(f"{error}; it takes a Python with xllamacpp, and libgomp: in a checkout deploy/setup "
             "makes .venv/bin/python, elsewhere use pip install xllamacpp")
    # While the model loads no Python code runs, so a handler would wait: the default acts at once.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if arguments.exit_with_stdin:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    try:
        server = xllamacpp.Server(parameters(xllamacpp, arguments, keys))
    except Exception as error:  # the wheel raises several kinds; each ends in one line
        fail(f"llama.cpp could not start with {arguments.model}: {error}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    print(f"serve_llamacpp: serving {arguments.model} at {server.listening_address} with "
          f"{arguments.slots} slots and {arguments.threads} threads", file=sys.stderr, flush=True)
    if arguments.port == 0:
        print(f"listening on {server.listening_address}", flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
