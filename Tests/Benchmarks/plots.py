#!/usr/bin/env python3
"""Draws the plots of the page Performance, and writes its tables, from the JSON of `bench`.

    .venv-peers/bin/python Tests/Benchmarks/plots.py bench.json [--page FILE]

Needs matplotlib. Rewrites what stands between the two marks of the page, and the SVG files in the
folder Resources beside it.
"""
import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from scenarios import tables        # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "Sources/ogive/Documentation.docc/Performance.md"
BEGIN, END = "<!-- tables: written by plots.py -->", "<!-- end of tables -->"
# Each axis of the scenario growth: the key of a point, and the words under the plot.
AXES = {
    "workers": ("workers", "worker processes"), "draws": ("draws", "N, draws a prompt"),
    "text": ("text", "characters a text"), "run": ("prompts", "prompts of the run"),
}


def plot(growth, folder):
    """One plot for each axis: microseconds of wall clock a draw, both scales logarithmic."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ogive"       # the same data, the same file
    matplotlib.rcParams["svg.fonttype"] = "none"        # text, not the outlines of its letters
    from matplotlib import pyplot
    names = []
    for axis, (key, words) in AXES.items():
        points = growth.get(axis, [])
        if len(points) < 2:
            continue
        figure, area = pyplot.subplots(figsize=(5, 3.2), layout="constrained")
        area.plot([point[key] for point in points],
                  [1e6 / point["draws_per_second"] for point in points], marker="o", label="Ogive")
        if axis == "draws" and "copy" in growth:
            area.plot([point["draws"] for point in growth["copy"]],
                      [1e6 / point["draws_per_second"] for point in growth["copy"]], marker="s",
                      linestyle="--", label="psql \\copy of the same rows")
            area.legend()
        area.set(xscale="log", yscale="log", xlabel=words, ylabel="µs a draw")
        area.grid(True, which="both", alpha=0.3)
        area.set_xticks([point[key] for point in points],
                        [f"{point[key]:,}" for point in points], minor=False)
        area.minorticks_off()
        name = f"growth-{axis}.svg"
        figure.savefig(folder / name, metadata={"Date": None})
        pyplot.close(figure)
        names.append((name, f"Microseconds a draw by {words}"))
    return names


def generated(results, images):
    """What stands between the marks."""
    shown = {name: found for name, found in results.items() if name in tables.SHAPES}
    parts = [tables.markdown(shown)]
    if images:
        parts.append("### Plots of growth\n\n" + "\n\n".join(
            f"![{words}.]({name})" for name, words in images) + "\n")
    return "\n".join(parts)


def main():
    """Plots first, then the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("json", type=Path)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    results = json.loads(options.json.read_text(encoding="utf-8"))
    text = options.page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(f"{options.page} has no lines `{BEGIN}` and `{END}`")
    folder = options.page.with_name("Resources")
    folder.mkdir(exist_ok=True)
    images = plot(results.get("growth", {}), folder)
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    options.page.write_text(
        f"{before}{BEGIN}\n\n{generated(results, images)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
