#!/usr/bin/env python3
"""How much of a server's throughput reaches the caller through Ogive?

    .venv-vllm/bin/python Tests/Benchmarks/saturate/saturate.py --servers llamacpp,vllm

Finds the best concurrency of a plain asyncio client on each server, then lets that client and
`ogive run` sample the same number of draws of the same prompts with the same parameters, in turn,
on the same running server. Tokens are counted and timed by the server's own /metrics. On four
processors or more the server has two or three of its own and everything else the rest, as a model
has a device of its own; a machine's speed varies, so many short rounds say more than a long one.
Sequences at once are what the server says it works on, by the plain client and by Ogive. Processor
time is that of everything but the server (of Ogive with PostgreSQL's) beside the server's. Needs
aiohttp. Prints a Markdown table; `--json FILE` keeps everything. Exit code 1: the best ratio on a
server is below `--goal`.
"""
import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from servers import ROOT, Server, Stopwatch

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
from scenarios import processor                         # noqa: E402
from scenarios.fleet import temporary_database          # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--servers", default="llamacpp,vllm")
    parser.add_argument("--model-folder", type=Path,
                        default=ROOT / "../shared/inference/models/policy-hf",
                        help="the policy as vLLM loads it")
    parser.add_argument("--ogive", type=Path, default=ROOT / ".build/release/ogive")
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--draws", type=int, default=64)
    parser.add_argument("--sweep-draws", type=int, default=16, help="draws a prompt in the search "
                        "for the plain client's best concurrency")
    parser.add_argument("--per-request", type=int, default=8, help="n of each request")
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--slots", type=int, default=8, help="of llama.cpp")
    parser.add_argument("--concurrency", default="1,2,4,8,16,32,64,128,256")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--sample-concurrency", default="auto,8",
                        help="worker.sample_concurrency, each one in every round")
    parser.add_argument("--goal", type=float, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def plain(server, options, prompts, draws, concurrency, seed):
    """One run of the plain client."""
    job = {"url": server.url, "kind": server.kind, "model": "tiny-policy", "prompts": prompts,
           "draws": draws, "per_request": options.per_request, "max_tokens": options.max_tokens,
           "concurrency": concurrency, "seed": seed}
    began = time.monotonic()
    before = used(server)
    with Stopwatch(server) as watch:
        said = subprocess.run([sys.executable, HERE / "plain_client.py"], input=json.dumps(job),
                              stdout=subprocess.PIPE, text=True, check=True).stdout
    return watch.result() | spent(before, used(server), watch.result()["tokens"]) | {
        "wall": round(time.monotonic() - began, 2),
        "completions": json.loads(said)["completions"]}


def used(server, database=None):
    """Seconds of processor time so far: of what was started and has ended, with the database's;
    and of the server."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (ended.ru_utime + ended.ru_stime + (processor.server(database) if database else 0),
            processor.tree(server.process.pid))


def spent(before, after, tokens):
    """Microseconds of processor time a token, of the client and of the server."""
    return {name: round((after[place] - before[place]) / max(1, tokens) * 1e6, 1)
            for place, name in enumerate(["client_us", "server_us"])}


def ogive(server, options, database, prompts, concurrency, seed):
    """One `ogive run`; each seed makes a sampling of its own."""
    name = f"saturate-{server.kind}-{seed}"
    configuration = {
        "run": {"name": name, "draws": options.draws},
        "prompts": {"file": str(prompts), "set": "saturate"},
        "policy": {
            "kind": "openai", "model": "tiny-policy", "api": "chat", "url": server.url,
            "draws_per_request": options.per_request,
            "sampling": {"temperature": 1, "max_tokens": options.max_tokens, "seed": seed}},
        "scorer": {"kind": "verifier", "verifier": {"rule": "final_number", "field": "answer"}},
        "coordinator": {"draws_per_task": options.per_request},
        "database": database.section,
        "worker": {"sample_concurrency": concurrency},
    }
    file = database.write(name, configuration)
    began, before = time.monotonic(), used(server, database)
    with Stopwatch(server) as watch:
        ended = subprocess.run([options.ogive, "run", "--no-preflight", "--json", file],
                               capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"ogive run failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    return watch.result() | spent(before, used(server, database), watch.result()["tokens"]) | {
        "wall": round(time.monotonic() - began, 2)}


def measure(server, options, database, prompts, file):
    """Sweep and rounds on one server."""
    sweep = {}
    plain(server, options, prompts, options.per_request, 4, 900_000)    # warms up
    for position, text in enumerate(options.concurrency.split(",")):
        sweep[int(text)] = plain(
            server, options, prompts, options.sweep_draws, int(text), 1_000_000 + position * 1000)
        print(server.kind, "plain, at once:", text, sweep[int(text)], file=sys.stderr)
    best = max(sweep, key=lambda key: sweep[key]["tokens_per_second"])
    contenders = ["plain"] + options.sample_concurrency.split(",")
    rounds = []
    for number in range(options.rounds):
        results = {}
        # Each one goes first, second and last equally often.
        shift = number % len(contenders)
        for place, who in enumerate(contenders[shift:] + contenders[:shift]):
            seed = 2_000_000 + number * 10_000 + place * 1000
            results[who] = (
                plain(server, options, prompts, options.draws, best, seed) if who == "plain" else
                ogive(server, options, database, file, who, seed))
            print(server.kind, who, results[who], file=sys.stderr)
        rounds.append(results)
    return {"server": server.kind, "best": best, "sweep": sweep, "rounds": rounds,
            "contenders": [contender(who, rounds) for who in contenders[1:]]}


def contender(who, rounds):
    """Medians over the rounds of one way to run Ogive."""
    ratios = [each[who]["tokens_per_second"] / each["plain"]["tokens_per_second"]
              for each in rounds]

    def median(of, key):
        return statistics.median(each[of][key] for each in rounds)
    return {"sample_concurrency": who, "ratios": ratios, "ratio": statistics.median(ratios),
            "plain": median("plain", "tokens_per_second"),
            "ogive": median(who, "tokens_per_second"),
            "plain_running": median("plain", "running"), "ogive_running": median(who, "running"),
            "plain_wall": median("plain", "wall"), "ogive_wall": median(who, "wall"),
            "plain_us": median("plain", "client_us"), "ogive_us": median(who, "client_us"),
            "server_us": median(who, "server_us")}


def table(results):
    """The results for people."""
    lines = ["| server | plain client, best at once | its tokens/s | `sample_concurrency` | "
             "Ogive's tokens/s | ratio, median (least to greatest) | sequences at once "
             "| wall clock | processor time a token: plain client, Ogive, server |",
             "|---|---|---|---|---|---|---|---|---|"]
    for result in results:
        for row in result["contenders"]:
            lines.append(
                f"| {result['server']} | {result['best']} | {row['plain']:.0f} "
                f"| {row['sample_concurrency']} | {row['ogive']:.0f} | {row['ratio']:.3f} "
                f"({min(row['ratios']):.3f} to {max(row['ratios']):.3f}) "
                f"| {row['plain_running']:.1f}, {row['ogive_running']:.1f} "
                f"| {row['plain_wall']:.1f} s, {row['ogive_wall']:.1f} s "
                f"| {row['plain_us']:.0f}, {row['ogive_us']:.0f}, {row['server_us']:.0f} µs |")
    return "\n".join(lines)


def main():
    # Ended, it ends its servers as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    options = arguments()
    rows = (ROOT / "config/quickstart/prompts.jsonl").read_text().splitlines()
    rows = rows[:options.prompts]
    prompts = [json.loads(row)["prompt"] for row in rows]
    results = []
    processors = sorted(os.sched_getaffinity(0))
    with temporary_database(options.ogive.resolve()) as database:
        file = database.folder / "prompts.jsonl"
        file.write_text("\n".join(rows) + "\n")
        for kind in options.servers.split(","):
            # vLLM is three processes; llama.cpp is given one thread, and answers on others.
            own = processors[:3 if kind == "vllm" else 2] if len(processors) >= 4 else processors
            with Server(kind, options.model_folder, options.slots, own) as server:
                os.sched_setaffinity(0, set(processors[len(own):]) or processors)
                results.append(measure(server, options, database, prompts, file))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    print(table(results))
    best = [max(row["ratio"] for row in result["contenders"]) for result in results]
    sys.exit(any(ratio < options.goal for ratio in best))


if __name__ == "__main__":
    main()
