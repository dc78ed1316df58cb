"""Scenario *growth*: what a draw costs as workers, N, text size and run size grow."""
from .fleet import Fleet, import_prompts, temporary_database
from .land import copy_limit

WORKERS = [1, 2, 4, 8]
DRAWS = [1, 4, 16, 64, 256]
TEXTS = [100, 400, 1600, 6400]
RUNS = [1_000, 10_000, 100_000]


def point(database, say, *, workers, draws, text_length, prompts):
    """Draws a second, and processor time of a draw, of one fleet."""
    prompts_set = import_prompts(database, prompts)
    with Fleet(database, workers, min(draws, 64), text_length) as fleet:
        fleet.ready()
        database.psql("-c", "CHECKPOINT")
        rate = prompts * draws / fleet.seconds(prompts_set, prompts, draws)
    say(f"  {workers} workers, N={draws}, {text_length} characters, {prompts} prompts: "
        f"{rate:,.0f} draws a second")
    return {"workers": workers, "draws": draws, "text": text_length, "prompts": prompts,
            "draws_per_second": rate}


def run(options, say):
    """One axis after the other."""
    base = {"workers": options.workers, "draws": 1, "text_length": 400, "prompts": 20_000}
    total = 20_000 if options.quick else 100_000
    found = {}
    with temporary_database(options.ogive) as database:
        def axis(name, points):
            found[name] = [point(database, say, **base | each) for each in points]
        axis("workers", [{"workers": count} for count in WORKERS])
        axis("draws", [{"draws": count, "prompts": max(200, total // count)} for count in DRAWS])
        found["copy"] = [
            {"draws": count, "draws_per_second": copy_limit(
                database, max(200, total // count), count)} for count in DRAWS]
        axis("text", [{"text_length": length, "draws": 16, "prompts": total // 32}
                      for length in TEXTS])
        axis("run", [{"prompts": count} for count in (RUNS[:-1] if options.quick else RUNS)])
    return found
