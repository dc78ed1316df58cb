#!/usr/bin/env python3
"""Does the null work with one of the tools that people use, end to end into PostgreSQL.

    peer.py pool|ray|dask|celery --prompts 10000 --draws 1 --workers 4

The database is in libpq's environment variables. Starting the tool is not timed. Prints JSON: the
seconds from the first task to the last commit, and the processor time of the tool's processes
meanwhile. Exit code 3: the tool is not installed.
"""
import argparse
import collections
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from null_work import complete, complete_one

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
from scenarios import processor         # noqa: E402

AHEAD = 64      # tasks that are submitted for each worker before their results are awaited


class Stretch:
    """From now on: time, and processor time of this process and of all that it started."""

    def __init__(self):
        self.used, self.begun = processor.tree(os.getpid()), time.perf_counter()

    def end(self):
        """Both, in seconds."""
        return {"seconds": time.perf_counter() - self.begun,
                "processor_s": processor.tree(os.getpid()) - self.used}


def need(module):
    """Ends with exit code 3 where a module is not installed."""
    try:
        return __import__(module)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)


def pool(options, landing):
    """multiprocessing.Pool."""
    import multiprocessing
    with multiprocessing.Pool(options.workers) as processes:
        processes.map(complete_one, [(number, 1) for number in range(options.workers)])
        stretch = Stretch()
        work = ((number, options.draws) for number in range(options.prompts))
        for result in processes.imap_unordered(complete_one, work):
            landing.take(result)
        landing.commit()
        return stretch.end()


def ray(options, landing):
    """Ray tasks."""
    tool = need("ray")
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    tool.init(num_cpus=options.workers, include_dashboard=False, log_to_driver=False,
              logging_level="ERROR")
    work = tool.remote(complete)
    tool.get([work.remote(number, 1) for number in range(4 * options.workers)])
    stretch = Stretch()
    waiting, prompts = [], iter(range(options.prompts))
    while True:
        for number in prompts:
            waiting.append(work.remote(number, options.draws))
            if len(waiting) >= AHEAD * options.workers:
                break
        if not waiting:
            break
        done, waiting = tool.wait(waiting, num_returns=min(16, len(waiting)))
        for result in tool.get(done):
            landing.take(result)
    landing.commit()
    found = stretch.end()
    tool.shutdown()
    return found


def dask(options, landing):
    """Dask's distributed scheduler."""
    tool = need("distributed")
    with tool.LocalCluster(n_workers=options.workers, threads_per_worker=1,
                           dashboard_address=None) as cluster, tool.Client(cluster) as client:
        client.gather(client.map(complete, range(options.workers), [1] * options.workers,
                                 pure=False))
        stretch = Stretch()
        futures = client.map(complete, range(options.prompts), [options.draws] * options.prompts,
                             pure=False, batch_size=1000)
        for _, result in tool.as_completed(futures, with_results=True):
            landing.take(result)
        landing.commit()
        return stretch.end()


def celery(options, landing):
    """Celery with Redis as broker and for results."""
    need("celery")
    need("redis")
    if not shutil.which("redis-server"):
        print("redis-server is not installed", file=sys.stderr)
        sys.exit(3)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    os.environ["OGIVE_REDIS_PORT"] = port
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    redis = subprocess.Popen(
        ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly",
         "no"], **quiet)
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-c", str(options.workers),
         "-l", "ERROR", f"--prefetch-multiplier={AHEAD}", "--without-gossip",
         "--without-mingle"], cwd=HERE, **quiet)
    try:
        from celery_app import work
        for _ in range(100):
            try:
                work.delay(0, 1).get(timeout=60)
                break
            except OSError:
                time.sleep(0.1)
        stretch = Stretch()
        waiting, prompts = collections.deque(), iter(range(options.prompts))
        while True:
            for number in prompts:
                waiting.append(work.delay(number, options.draws))
                if len(waiting) >= AHEAD * options.workers:
                    break
            if not waiting:
                break
            landing.take(waiting.popleft().get(timeout=60))
        landing.commit()
        return stretch.end()
    finally:
        worker.terminate()
        worker.wait()
        redis.terminate()
        redis.wait()


def main():
    """One contestant, once."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peer", choices=["pool", "ray", "dask", "celery"])
    parser.add_argument("--prompts", type=int, required=True)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    need("psycopg")
    from landing import Landing
    landing = Landing()
    found = globals()[options.peer](options, landing)
    assert landing.landed == options.prompts, (landing.landed, options.prompts)
    print(json.dumps(found | {"prompts": options.prompts, "draws": options.draws}))


if __name__ == "__main__":
    main()
