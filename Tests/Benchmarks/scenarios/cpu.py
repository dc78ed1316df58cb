"""Scenario *cpu*: processor time of a draw by process, end to end and by \\copy."""
import time

from . import processor
from .fleet import Fleet, import_prompts, temporary_database
from .land import copy_limit

SHAPES = {64: 10_000, 1: 100_000}


def spent(database, fleet, prompts_set, prompts, draws):
    """Microseconds a draw of one run, by process."""
    coordinator, workers = fleet.processes[0].pid, [each.pid for each in fleet.processes[1:]]

    def seconds():
        return {"coordinator": processor.own(coordinator),
                "workers": sum(map(processor.own, workers)),
                "postgresql": processor.server(database)}
    before, begun = seconds(), time.perf_counter()
    rate = prompts * draws / fleet.seconds(prompts_set, prompts, draws)
    wall, after = time.perf_counter() - begun, seconds()
    each = {name: (after[name] - before[name]) / (prompts * draws) * 1e6 for name in after}
    return {"draws": draws, "prompts": prompts, "draws_per_second": rate, "wall_s": wall,
            "us": each}


def copied(database, prompts, draws):
    """What \\copy of the same rows takes of the server, in microseconds a draw."""
    before = processor.server(database)
    copy_limit(database, prompts, draws)
    return (processor.server(database) - before) / (prompts * draws) * 1e6


def run(options, say):
    """64 draws a prompt, and one; each with keys and without."""
    found = []
    for draws, prompts, secure in [(*shape, secure) for shape in SHAPES.items()
                                   for secure in (True, False)]:
        prompts = prompts // 10 if options.quick else prompts
        with temporary_database(options.ogive) as database:
            prompts_set = import_prompts(database, prompts)
            copied(database, prompts, draws)
            with Fleet(database, options.workers, draws_per_task=draws, secure=secure) as fleet:
                fleet.ready()
                fleet.seconds(prompts_set, prompts, draws)
                rounds = [
                    spent(database, fleet, prompts_set, prompts, draws)
                    | {"copy_us": copied(database, prompts, draws), "secure": secure}
                    for _ in range(options.rounds)]
        rounds.sort(key=lambda each: sum(each["us"].values()))
        found.append(rounds[len(rounds) // 2])
        say(f"  {found[-1]}")
    return {"sizes": found, "workers": options.workers}
