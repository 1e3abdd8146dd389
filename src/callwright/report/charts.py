"""Charts as inline SVG: before and after with intervals, a curve, and counts as a heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from callwright.report.page import Markup, escape


class Score(NamedTuple):
    """A share with its 95 % interval, all in [0, 1]."""

    value: float
    low: float
    high: float


class Group(NamedTuple):
    """One row of `bars`: a label and one score per run."""

    label: str
    scores: Sequence[Score]


WIDTH, LEFT, RIGHT = 720, 190, 60
COLOURS = ("var(--pale)", "var(--bar)", "var(--good)")


def bars(groups: Sequence[Group], names: Sequence[str]) -> Markup:
    """Return horizontal bars, one per run in each group, each with its interval as a whisker."""
    thick, gap = 14, 12
    scale = WIDTH - LEFT - RIGHT
    parts: list[str] = []
    y = 22
    for i, name in enumerate(names):
        x = LEFT + i * 130
        parts.append(f'<rect x="{x}" y="2" width="12" height="12" fill="{COLOURS[i]}"/>')
        parts.append(f'<text x="{x + 17}" y="12">{escape(name)}</text>')
    for group in groups:
        middle = y + thick * len(group.scores) / 2 + 4
        parts.append(f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(group.label)}</text>')
        for i, score in enumerate(group.scores):
            top, centre = y + i * thick, y + i * thick + thick / 2
            low, high = LEFT + _inside(score.low) * scale, LEFT + _inside(score.high) * scale
            width = _inside(score.value) * scale
            parts.append(
                f'<rect x="{LEFT}" y="{top + 1}" width="{width:.1f}" height="{thick - 2}" '
                f'fill="{COLOURS[i]}"/>'
                f'<path d="M{low:.1f} {centre}H{high:.1f}M{low:.1f} {centre - 4}v8'
                f'M{high:.1f} {centre - 4}v8" '
                'stroke="var(--ink)" fill="none"/>'
                f'<text x="{high + 6:.1f}" y="{centre + 4}">{score.value:.0%}</text>'
            )
        y += thick * len(group.scores) + gap
    return _svg(parts, y, "before and after, with 95 % intervals")


def _inside(share: float) -> float:
    """Return `share` as a place on the axis; what is none at all lies at its start."""
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0


def curve(points: Sequence[tuple[float, float]], x_name: str, y_name: str) -> Markup:
    """Return a line through (x, y) points with its axes' ends labelled; nothing for fewer than two points.

    The y axis begins at 0, or at the lowest value below it. A value that is no number is left out.
    """
    points = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(points) < 2:
        return Markup("")
    height, bottom, top = 220, 190, 12
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x_low, x_span = min(xs), (max(xs) - min(xs)) or 1.0
    y_low = min(*ys, 0.0)
    y_span = (max(*ys, 0.0) - y_low) or 1.0

    def place(x: float, y: float) -> str:
        height = (y - y_low) / y_span * (bottom - top)
        return f"{50 + (x - x_low) / x_span * (WIDTH - 70):.1f} {bottom - height:.1f}"

    path = "M" + "L".join(place(x, y) for x, y in points)
    parts = [
        f'<path d="M50 {top}V{bottom}H{WIDTH - 20}" stroke="var(--soft)" fill="none"/>',
        f'<path d="{path}" stroke="var(--bar)" stroke-width="2" fill="none"/>',
        f'<text x="44" y="{top + 8}" text-anchor="end">{y_low + y_span:.2f}</text>',
        f'<text x="44" y="{bottom}" text-anchor="end">{y_low:.3g}</text>',
        f'<text x="{WIDTH - 20}" y="{bottom + 16}" text-anchor="end">{escape(x_name)} {max(xs):g}</text>',
        f'<text x="50" y="{bottom + 16}">{escape(y_name)}</text>',
    ]
    return _svg(parts, height, f"{y_name} over {x_name}")


class Difference(NamedTuple):
    """One row of `forest`: a difference of shares with its 95 % interval."""

    label: str
    value: float
    low: float
    high: float


def forest(rows: Sequence[Difference]) -> Markup:
    """Return differences as points with their intervals beside a line at 0; nothing for none."""
    if not rows:
        return Markup("")
    reach = max(0.05, *(abs(end) for row in rows for end in (row.low, row.high) if math.isfinite(end)))
    left, right, high = 250, WIDTH - RIGHT, 24
    middle, scale = (left + right) / 2, (right - left) / 2 / reach

    def at(share: float) -> float:
        return middle + max(-reach, min(reach, share)) * scale

    bottom = high * len(rows) + 8
    parts = [f'<path d="M{middle:.1f} 4V{bottom}" stroke="var(--soft)" stroke-dasharray="3 3"/>']
    for number, row in enumerate(rows):
        y = 16 + number * high
        clear = row.low > 0 or row.high < 0
        colour = ("var(--good)" if row.value > 0 else "var(--bad)") if clear else "var(--bar)"
        parts.append(
            f'<text x="{left - 12}" y="{y + 4}" text-anchor="end">{escape(_short(row.label, 34))}</text>'
            f'<path d="M{at(row.low):.1f} {y}H{at(row.high):.1f}" stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{at(row.value):.1f}" cy="{y}" r="4.5" fill="{colour}"/>'
            f'<text x="{right + 8}" y="{y + 4}">{100 * row.value:+.1f}</text>'
        )
    for share in (-reach, 0.0, reach):
        x, sign = f"{at(share):.1f}", "+" if share else ""
        parts.append(f'<text x="{x}" y="{bottom + 14}" text-anchor="middle">{100 * share:{sign}.0f}</text>')
    return _svg(parts, bottom + 22, "differences with 95 % intervals")


CELL, LABEL = 34, 190
"""Pixels of a cell of a heat map, and of the room for the names of its rows."""


def heat(
    rows: Sequence[str], columns: Sequence[str], counts: Mapping[tuple[str, str], int], label: str
) -> Markup:
    """Return counts by row and column as a heat map; `counts` names those that are not 0."""
    most = max((counts.get((row, column), 0) for row in rows for column in columns), default=0)
    top = 110
    parts: list[str] = []
    for place, column in enumerate(columns):
        x = LABEL + place * CELL + CELL / 2
        turned = f'transform="rotate(-50 {x:g} {top - 6})"'
        parts.append(f'<text x="{x:g}" y="{top - 6}" {turned}>{escape(_short(column, 16))}</text>')
    for number, row in enumerate(rows):
        y = top + number * 22
        parts.append(f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(_short(row, 28))}</text>')
        for place, column in enumerate(columns):
            count = counts.get((row, column), 0)
            x = LABEL + place * CELL
            shade = 0.15 + 0.6 * math.sqrt(count / most) if count else 0.04
            parts.append(
                f'<rect x="{x}" y="{y}" width="{CELL - 2}" height="20" fill="var(--bar)" '
                f'fill-opacity="{shade:.2f}"/>'
            )
            if count:
                middle = x + (CELL - 2) / 2
                parts.append(f'<text x="{middle:g}" y="{y + 14}" text-anchor="middle">{count}</text>')
    width = max(WIDTH, LABEL + len(columns) * CELL + 90)
    return _svg(parts, top + len(rows) * 22 + 6, label, width)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _svg(parts: Sequence[str], height: float, label: str, width: int = WIDTH) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {width} {height:g}" width="{width}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
