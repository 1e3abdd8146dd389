"""How the model does: before and after, by column, and row by row; also as text for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from callwright.evaluate.compare import Comparison, Difference, compare
from callwright.evaluate.mistakes import confusion, mistakes
from callwright.evaluate.results import Result
from callwright.evaluate.stats import shown_p, wilson
from callwright.record import Json
from callwright.report.charts import Group, Score, bars, heat
from callwright.report.left import Scored, scored
from callwright.report.page import Markup, Section, fold, section, table, tag

EXAMPLES = 20
MOST_TOOLS = 15
BENCHMARKS = {
    "suite": "Held-out requests for these tools",
    "bfcl": "BFCL, a public benchmark (subset)",
}
NOTES = {
    "suite": "Synthetic requests that training never saw. Held-out phrasing uses other sentence families, "
    "held-out values other values, held-out tools another domain's tools.",
    "bfcl": "Rows evenly spread over five Python categories of the Berkeley Function Calling Leaderboard, "
    "graded by our checker, which gives the official verdicts. A subset: not a leaderboard figure.",
}


def verdict(run: Path) -> str:
    """Return what came of the build in one sentence, with its interval."""
    found = scored(run, "suite")
    if found is None:
        return "The verified data set. The model has not been trained yet."
    d = found[1].all
    return (
        f"Requests answered with exactly the right calls: {d.before:.0%} before, {d.after:.0%} after "
        f"training ({d.n} held-out synthetic requests, difference {100 * d.difference:+.0f} points, "
        f"95 % interval {100 * d.low:+.0f} to {100 * d.high:+.0f})."
    )


def outcome_text(run: Path) -> str:
    """Return the before-and-after tables as text for a terminal."""
    lines: list[str] = []
    for name, title in BENCHMARKS.items():
        found = scored(run, name)
        if found is None:
            continue
        rows, comparison = found
        lines += ["", title, _line("", "n", "before", "after", "95 % interval", "p")]
        for label, d in [*comparison.columns.items(), *_by_need(rows).items(), ("all", comparison.all)]:
            low, high = wilson(round(d.after * d.n), d.n)
            p = "<.0001" if d.p < 0.0001 else f"{d.p:.4f}"
            interval = f"[{low:.0%}, {high:.0%}]"
            shown = label.replace("_", " ")
            lines.append(_line(shown, d.n, f"{d.before:.0%}", f"{d.after:.0%}", interval, p))
    return "\n".join(lines).lstrip("\n")


def _line(name: str, n: object, before: str, after: str, interval: str, p: str) -> str:
    return f"  {name:<22}{n:>4}  {before:>7}  {after:>7}  {interval:>15}  {p:>7}"


def sections(run: Path) -> Iterator[Section]:
    """Yield a section per benchmark that was scored before and after."""
    for name, title in BENCHMARKS.items():
        found = scored(run, name)
        if found is None:
            continue
        rows, comparison = found
        columns = {**comparison.columns, **_by_need(rows), "all": comparison.all}
        groups = [
            Group(k.replace("_", " "), (_share(d.before, d.n), _share(d.after, d.n)))
            for k, d in columns.items()
        ]
        figures = [(k.replace("_", " "), d.n, *_figures(d)) for k, d in columns.items()]
        headers = ("column", "n", "before", "after", "difference", "95 % interval", "p")
        yield section(
            title,
            tag("p", NOTES[name], css="soft"),
            bars(groups, ("before", "after")),
            table(headers, figures, numeric=range(1, 7)),
            *_mistakes(rows),
            *_answers(rows, comparison),
        )


def _by_need(rows: Scored) -> dict[str, Difference]:
    """Return the rows in which a call is due and those in which none is, apart.

    A model that never calls is right in all of the latter; one figure for both would hide it.
    """
    before, after = (
        [msgspec.structs.replace(r, column="a call is due" if r.gold else "no call is due") for r in side]
        for side in rows
    )
    return compare(before, after).columns


def _figures(d: Difference) -> tuple[str, ...]:
    interval = f"{100 * d.low:+.0f} … {100 * d.high:+.0f}"
    return f"{d.before:.0%}", f"{d.after:.0%}", f"{100 * d.difference:+.0f}", interval, shown_p(d.p)


def _share(value: float, n: int) -> Score:
    low, high = wilson(round(value * n), n)
    return Score(value, low, high)


def _mistakes(scored_rows: Scored) -> Iterator[Markup]:
    """Yield which mistakes are made, and which tool is taken for which."""
    before, after = scored_rows
    counts = mistakes(before), mistakes(after)
    kinds = sorted({*counts[0], *counts[1]}, key=lambda kind: (-counts[1].get(kind, 0), kind))
    if kinds:
        rows = [(kind.replace("-", " "), counts[0].get(kind, 0), counts[1].get(kind, 0)) for kind in kinds]
        yield tag("h3", "Mistakes")
        yield table(("mistake", "rows before", "rows after"), rows, numeric=(1, 2))
    taken = confusion(after)
    busiest = sorted(taken, key=lambda tool: -sum(taken[tool].values()))[:MOST_TOOLS]
    if busiest:
        called = list(dict.fromkeys([*busiest, *(tool for one in busiest for tool in taken[one])]))
        counted = {(tool, other): n for tool in busiest for other, n in taken[tool].items()}
        yield fold(
            "Which tool was called for which, after training",
            tag("p", "Rows: the tool that was due. Columns: the tool that was called.", css="soft"),
            heat(
                busiest, called[: MOST_TOOLS + 5], counted, "tools that were due and tools that were called"
            ),
        )


def _answers(scored_rows: Scored, comparison: Comparison) -> Iterator[Markup]:
    """Yield rows that training fixed, rows it broke, and rows that are still wrong."""
    before, after = ({row.id: row for row in side} for side in scored_rows)
    wrong = tuple(r.id for r in after.values() if not r.correct and r.id not in comparison.broken)
    for title, ids in (
        ("fixed by training", comparison.fixed),
        ("broken by training", comparison.broken),
        ("still wrong", wrong),
    ):
        if ids:
            rows = [_answer_row(before[i], after[i]) for i in ids[:EXAMPLES]]
            headers = ("request", "expected", "before", "after", "error")
            yield fold(f"{len(ids)} {title}, {len(rows)} shown", table(headers, rows))


def _answer_row(before: Result, after: Result) -> tuple[object, ...]:
    error = f"{after.error} {after.where}".strip() if after.error else ""
    return (
        after.request,
        tag("code", _shown(after.gold)),
        tag("code", before.text[:300]),
        tag("code", after.text[:300]),
        error,
    )


def _shown(gold: Json) -> str:
    calls = gold if isinstance(gold, list) else [gold]
    return "\n".join(_call(c) for c in calls if c) or "no call"


def _call(call: Json) -> str:
    """Return a suite's call as people write one; a benchmark's own notation stays as it is."""
    if isinstance(call, dict) and call.keys() == {"name", "arguments"}:
        return f"{call['name']}({json.dumps(call['arguments'], ensure_ascii=False)})"
    return json.dumps(call, ensure_ascii=False)
