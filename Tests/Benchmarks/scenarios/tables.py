"""Results as Markdown tables."""
from .rounds import spread as of


def number(value):
    """Three digits that count, with separators of thousands."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(found):
    """Median, with least and greatest."""
    return f"{number(found['median'])} ({number(found['min'])} to {number(found['max'])})"


def rates(found):
    """A scenario of contestants."""
    unit = found["unit"]
    lines = [f"| | {unit}/s, median (least to greatest) | Ogive as a multiple of it | goal |",
             "|---|---|---|---|"]
    for name, rate in found["rates"].items():
        ratio = found["ratios"].get(name)
        goal = found["goals"].get(name)
        lines.append(f"| {name} | {spread(rate)} | {spread(ratio) if ratio else ''} "
                     f"| {f'≥ {goal}' if goal else ''} |")
    for name, reason in found["skipped"].items():
        lines.append(f"| {name} | skipped: {reason} | | |")
    return lines


def files(found):
    """A scenario of contestants, with the processor time of a row."""
    lines = rates(found) + ["", "| | client, µs a row | PostgreSQL, µs a row |", "|---|---|---|"]
    for name, spent in found["processor"].items():
        lines.append(f"| {name} | {number(spent['client_us'])} | {number(spent['server_us'])} |")
    if "parquet" in found:
        lines += ["", f"Parquet is read at {spread(found['parquet'])} of \\copy (goal ≥ 0.5)."]
    if "audit_s" in found:
        lines += ["", f"An audit of the same draws takes {number(found['audit_s'])} s."]
    return lines


def cpu(found):
    """One row a number of draws, with keys and without."""
    lines = [
        "| N | | coordinator, µs a draw | workers | PostgreSQL | the same by \\copy | draws/s |",
        "|---|---|---|---|---|---|---|"]
    for size in found["sizes"]:
        parts = [size["us"][name] for name in ["coordinator", "workers", "postgresql"]]
        cells = " | ".join(map(number, parts + [size["copy_us"], size["draws_per_second"]]))
        how = "CURVE" if size.get("secure", True) else "plain"
        lines.append(f"| {size['draws']} | {how} | {cells} |")
    return lines


def wire(found):
    """Messages and rows."""
    lines = ["| | bytes | ns | allocations | bytes allocated |", "|---|---|---|---|---|"]
    for path in found["paths"]:
        each = path["each"]
        lines.append(f"| {path['name']} | {path['bytes']:,} | {number(each['nanoseconds'])} "
                     f"| {each['allocations']:.0f} | {each['allocatedBytes']:,.0f} |")
    return lines


def scheduler(found):
    """Sizes of the fleet."""
    lines = ["| workers | events/s | ns a task | allocations a task |", "|---|---|---|---|"]
    for size in found["sizes"]:
        lines.append(f"| {size['workers']:,} | {number(size['eventsPerSecond'])} "
                     f"| {number(size['task']['nanoseconds'])} "
                     f"| {size['task']['allocations']:.1f} |")
    return lines


def busy(found):
    """Laws of latency."""
    lines = ["| latencies | slots | draws | busy | bound | share of the bound | without the tail |",
             "|---|---|---|---|---|---|---|"]
    for fleet in found["fleets"]:
        lines.append(
            f"| {fleet['law']}, seed {fleet['seed']} | {fleet['slots']:,} | {fleet['draws']:,} "
            f"| {fleet['busy']:.4f} | {fleet['bound']:.4f} | {fleet['ratio']:.4f} "
            f"| {fleet['ratioWithoutTail']:.4f} |")
    return lines


def query(found):
    """SQL against numpy."""
    join = found["found"]["join"]
    lines = ["| | |", "|---|---|",
             f"| R_q of {join['candidates']:,} candidates in SQL | {join['sql_s']:.3f} s |",
             f"| the same by numpy, data in memory | {join['numpy_s']:.3f} s |",
             f"| ratio (goal ≤ {found['goal']}) | {join['ratio']:.2f} |"]
    for name, item in found["found"].items():
        if name != "join":
            lines.append(f"| 1,000 prompts of {name}: {item['rows']:,} rows "
                         f"| {item['server_s'] * 1000:.0f} ms, "
                         f"{item['with_client_s'] * 1000:.0f} ms with the client |")
    return lines


def growth(found):
    """One row a point."""
    lines = ["| workers | N | characters | prompts | draws/s |", "|---|---|---|---|---|"]
    for axis in ["workers", "draws", "text", "run"]:
        for point in found.get(axis, []):
            lines.append(f"| {point['workers']} | {point['draws']} | {point['text']:,} "
                         f"| {point['prompts']:,} | {number(point['draws_per_second'])} |")
    return lines


def saturate(found):
    """Servers."""
    lines = ["| server | sample_concurrency | Ogive's tokens/s as a share of the plain client's "
             "| processor time a token: plain client, Ogive with PostgreSQL, server |",
             "|---|---|---|---|"]
    for result in found["found"]:
        for row in result["contenders"]:
            lines.append(f"| {result['server']} | {row['sample_concurrency']} "
                         f"| {row['ratio']:.3f} (goal ≥ {found['goal']}) "
                         f"| {row['plain_us']:.0f}, {row['ogive_us']:.0f}, "
                         f"{row['server_us']:.0f} µs |")
    return lines


def dispatch(found):
    """Rates, and what a prompt takes of the processors."""
    lines = rates(found) + [
        "", "| processor time of a prompt | the tool, µs | PostgreSQL, µs "
        "| both, as a multiple of Ogive's |", "|---|---|---|---|"]
    for name, each in found.get("us", {}).items():
        lines.append(f"| {name} | {spread(each['tool'])} | {spread(each['postgresql'])} "
                     f"| {'' if name == 'ogive' else spread(each['ratio'])} |")
    return lines


def scoring(found):
    """The program's rate against the loop's."""
    found, goal = found["found"], found["goal"]
    lines = ["| | pairs/s | of the arithmetic peak | the program as a multiple of it |",
             "|---|---|---|---|"]
    for name, item in found["contestants"].items():
        share = [100 * each for each in item["share_of_peak"]]
        lines.append(
            f"| {name} | {spread(of(item['pairs_per_second']))} "
            f"| {spread(of(share))} % | "
            + ("|" if name == "program" else f"{spread(of(item['ratio']))} (goal ≥ {goal}) |"))
    return lines + ["", f"{found['device']}, {found['dtype']}: {found['weights'] / 1e6:,.0f} "
                    f"million weights, {found['pairs']} pairs of "
                    f"{found['tokens'] / found['pairs']:.0f} tokens in the mean."]


def scale(found):
    """One row a size; the times are those to the first draw that landed."""
    cases = ["start", "after SIGTERM", "after SIGKILL", "a thousandth done", "half done"]
    lines = ["| prompts | " + " | ".join(cases) + " | most memory |",
             "|---" * (len(cases) + 2) + "|"]
    for size in found["found"]:
        times = " | ".join(f"{size[case]['first_draw_s']:.2f} s" for case in cases)
        peak = max(size[case]["peak_bytes"] for case in cases)
        lines.append(f"| {size['prompts']:,} | {times} | {peak / 1e6:.0f} MB |")
    return lines


def pages(found):
    """One row a page, of a database with statistics and of one without."""
    states = ["without statistics", "with statistics"]
    lines = [f"{found['found']['prompts']:,} prompts; p95 of {found['found']['rounds']} rounds, "
             f"goal ≤ {1000 * found['goal_s']:.0f} ms", "", "| page | " + " | ".join(
                 f"{time}, {state}" for state in states for time in ["first", "again"]) + " |",
             "|---|---|---|---|---|"]
    for name in found["found"][states[0]]["pages"]:
        times = [found["found"][state]["pages"][name][time]["wall_s"]["p95"] for state in states
                 for time in ["first", "again"]]
        lines.append(f"| {name} | " + " | ".join(f"{1000 * each:.0f} ms" for each in times) + " |")
    return lines


def viewers(found):
    """Shares of the run's processor time, and of its rate."""
    found, goal = found["found"], found["goal"]
    shares = [each["watched"]["share"] for each in found["rounds"]]
    return ["| viewers | share of the run's processor time | rate beside them |", "|---|---|---|",
            f"| {found['viewers']} | {100 * min(shares):.2f} to {100 * max(shares):.2f} % "
            f"(goal ≤ {100 * goal:.0f} %) | {100 * found['ratio']:.1f} % |"]


def store(found):
    """Ours against the limit, by draws a prompt."""
    lines = ["| N | store, draws/s | \\copy, draws/s | share of \\copy |", "|---|---|---|---|"]
    for size in found["sizes"]:
        shares = [ours / theirs for ours, theirs in zip(size["landed"], size["copied"])]
        lines.append(f"| {size['draws']} | {spread(of(size['landed']))} "
                     f"| {spread(of(size['copied']))} | {spread(of(shares))} |")
    return lines


SHAPES = {
    "dispatch": ("Dispatch: null work, one draw a prompt, into PostgreSQL", dispatch),
    "land": ("Land: 64 draws of 400 characters a prompt", rates),
    "long": ("Long texts: 16 draws of 6 400 characters a prompt", rates),
    "cpu": ("Processor time of a draw, end to end", cpu),
    "store": ("Store: landing alone, no wire", store),
    "import": ("Import: prompts of 500 bytes, JSON Lines and Parquet", files),
    "export": ("Export: raw, JSON Lines", files),
    "wire": ("Wire: one message, one landing", wire),
    "scheduler": ("Scheduler: the state machine alone", scheduler),
    "busy": ("Busy: slot-time of a simulated fleet", busy),
    "growth": ("Growth: one draw's way, end to end", growth),
    "scale": ("Scale: the coordinator's memory and restart", scale),
    "query": ("Query: what trainers read", query),
    "pages": ("Pages: the dashboard's, of a large run", pages),
    "viewers": ("Viewers: what a dashboard costs a run", viewers),
    "scoring": ("Scoring: a reward model of transformers", scoring),
    "saturate": ("Saturate: a real server's tokens", saturate),
}


def markdown(results):
    """All tables."""
    parts = []
    for name, (title, shape) in SHAPES.items():
        if name in results:
            place = results[name]["machine"]
            parts.append("\n".join([
                f"### {title}", "", *shape(results[name]), "",
                f"{place['processor']}, {place['cores']} cores; {place['commit']}, "
                f"{place['at'][:10]}{', --quick' if results[name]['quick'] else ''}.", ""]))
    return "\n".join(parts)
