"""What notebooks show: counts, an ECDF, the first rows. Every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import pyarrow as pa

_ROWS = 10  # shown of a table
_CHARACTERS = 80  # shown of a text
_WIDTH, _HEIGHT, _MARGIN = 360, 180, 34  # of the drawing, in pixels
_STEPS = 240  # of the curve: more are not seen


def table(kind: str, arrow: pa.Table) -> str:
    """The first rows as HTML."""
    names = arrow.column_names
    rows = arrow.slice(0, _ROWS).to_pylist()
    caption = f"{kind}: {arrow.num_rows:,} rows"
    if arrow.num_rows > _ROWS:
        caption += f", the first {_ROWS}"
    return grid(names, ([row[name] for name in names] for row in rows), caption)


def grid(names: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """A table in HTML, of any values."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(short(value))}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def short(value: object) -> str:
    """A value in one short line."""
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > 4:
        return f"[{', '.join(short(item) for item in value[:4])}, … {len(value)}]"
    text = " ".join(str(value).split())
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def ecdf(values: Any, caption: str) -> str:
    """The empirical distribution function of numbers, as an SVG."""
    import numpy as np

    numbers = np.sort(np.asarray(values, dtype=np.float64))
    count = len(numbers)
    if not count:
        return ""
    low, high = float(numbers[0]), float(numbers[-1])
    if low == high:
        low, high = low - 0.5, high + 0.5
    grid_x = np.linspace(low, high, _STEPS)
    shares = np.searchsorted(numbers, grid_x, side="right") / count
    across, up = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    x = _MARGIN + (grid_x - low) / (high - low) * across
    y = _HEIGHT - _MARGIN - shares * up
    path = f"M{x[0]:.1f} {_HEIGHT - _MARGIN}" + "".join(
        f"H{a:.1f}V{b:.1f}" for a, b in zip(x, y, strict=True)
    )
    base, left, right = _HEIGHT - _MARGIN, _MARGIN, _WIDTH - _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" role="img">'
        f"<title>{escape(caption)}</title>"
        f'<path d="M{left} {_MARGIN}V{base}H{right}" fill="none" stroke="gray"/>'
        f'<path d="{path}" fill="none" stroke="steelblue" stroke-width="1.5"/>'
        '<g font-size="10" font-family="sans-serif" fill="gray">'
        f'<text x="{left}" y="{base + 14}">{low:.4g}</text>'
        f'<text x="{right}" y="{base + 14}" text-anchor="end">{high:.4g}</text>'
        f'<text x="{left - 4}" y="{base}" text-anchor="end">0</text>'
        f'<text x="{left - 4}" y="{_MARGIN + 4}" text-anchor="end">1</text>'
        f'<text x="{_WIDTH / 2:.0f}" y="{_MARGIN - 12}" text-anchor="middle">'
        f"{escape(caption)}</text></g></svg>"
    )
