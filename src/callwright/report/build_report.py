"""The report of a build, from whatever stages have finished so far."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from callwright.errors import CallwrightError
from callwright.evaluate.compare import Comparison, compare
from callwright.evaluate.results import Result, read_results
from callwright.evaluate.stats import PairedDifference, wilson
from callwright.record import Json, ToolCall, Trajectory
from callwright.report.charts import Group, Score, bars, curve
from callwright.report.page import Markup, fold, page, section, table, tag
from callwright.store import read
from callwright.store.files import write_error

EXAMPLES = 12
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


def write(run: Path) -> Path:
    """Write ``report.html`` into the run directory and return its path."""
    parts = [_headline(run), *_scores(run), *_training(run), *_data(run), *_lineage(run)]
    target = run / "report.html"
    part = target.with_suffix(".html.part")
    text = page(f"callwright: {run.resolve().name}", *parts)
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise write_error(target, error) from None
    return target


def outcome_text(run: Path) -> str:
    """Return the before-and-after tables as text for a terminal."""
    lines: list[str] = []
    for name, title in BENCHMARKS.items():
        comparison = _comparison(run, name)
        if comparison is None:
            continue
        lines += ["", title, _line("", "n", "before", "after", "95 % interval", "p")]
        for label, d in [*comparison.columns.items(), *_by_need(run, name).items(), ("all", comparison.all)]:
            low, high = wilson(round(d.after * d.n), d.n)
            p = "<.0001" if d.p < 0.0001 else f"{d.p:.4f}"
            interval = f"[{low:.0%}, {high:.0%}]"
            shown = label.replace("_", " ")
            lines.append(_line(shown, d.n, f"{d.before:.0%}", f"{d.after:.0%}", interval, p))
    return "\n".join(lines).lstrip("\n")


def _line(name: str, n: object, before: str, after: str, interval: str, p: str) -> str:
    return f"  {name:<22}{n:>4}  {before:>7}  {after:>7}  {interval:>15}  {p:>7}"


def _headline(run: Path) -> Markup:
    comparison = _comparison(run, "suite")
    if comparison is None:
        lead = "The verified data set. The model has not been trained yet."
    else:
        d = comparison.all
        lead = (
            f"Requests answered with exactly the right calls: {d.before:.0%} before, {d.after:.0%} after "
            f"training ({d.n} held-out synthetic requests, difference {100 * d.difference:+.0f} points, "
            f"95 % interval {100 * d.low:+.0f} to {100 * d.high:+.0f})."
        )
    return tag("header", tag("h1", "A model that calls these tools"), tag("p", lead, css="lead"))


def _scores(run: Path) -> Iterator[Markup]:
    for name, title in BENCHMARKS.items():
        comparison = _comparison(run, name)
        if comparison is None:
            continue
        columns = {**comparison.columns, **_by_need(run, name), "all": comparison.all}
        groups = [
            Group(k.replace("_", " "), (_share(d.before, d.n), _share(d.after, d.n)))
            for k, d in columns.items()
        ]
        rows = [(k.replace("_", " "), d.n, *_figures(d)) for k, d in columns.items()]
        headers = ("column", "n", "before", "after", "difference", "95 % interval", "p")
        yield section(
            title,
            tag("p", NOTES[name], css="soft"),
            bars(groups, ("before", "after")),
            table(headers, rows, numeric=range(1, 7)),
            *_answers(run, name, comparison),
        )


def _by_need(run: Path, name: str) -> dict[str, PairedDifference]:
    """Return the rows in which a call is due and those in which none is, apart.

    A model that never calls is right in all of the latter; one figure for both would hide it.
    """
    before, after = (
        [
            msgspec.structs.replace(r, column="a call is due" if r.gold else "no call is due")
            for r in read_results(run / side / name / "results.jsonl")
        ]
        for side in ("before", "after")
    )
    return compare(before, after).columns


def _figures(d: PairedDifference) -> tuple[str, ...]:
    p = "< 0.0001" if d.p < 0.0001 else f"{d.p:.4f}"
    interval = f"{100 * d.low:+.0f} … {100 * d.high:+.0f}"
    return f"{d.before:.0%}", f"{d.after:.0%}", f"{100 * d.difference:+.0f}", interval, p


def _share(value: float, n: int) -> Score:
    low, high = wilson(round(value * n), n)
    return Score(value, low, high)


def _answers(run: Path, name: str, comparison: Comparison) -> Iterator[Markup]:
    """Yield rows that training fixed, rows it broke, and rows that are still wrong."""
    before = {r.id: r for r in read_results(run / "before" / name / "results.jsonl")}
    after = {r.id: r for r in read_results(run / "after" / name / "results.jsonl")}
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


def _training(run: Path) -> Iterator[Markup]:
    for stage, title in (("sft", "Supervised fine-tuning"), ("dpo", "Preference optimisation (DPO)")):
        told = _json(run / stage / "train.json")
        if told is None:
            continue
        points = list(_losses(run / stage / "metrics.jsonl"))
        facts = [
            ("rows", f"{told['rows']:,}"),
            ("steps", told["steps"]),
            ("tokens", f"{told['tokens']:,}, {told['supervised_tokens']:,} of them supervised"),
            ("speed", f"{told['tokens_per_second']:.0f} tokens/s in {told['dtype']}"),
            ("peak memory", f"{told['peak_memory_mb']:,} MB"),
            ("trainable parameters", f"{told['trainable_parameters']:,}"),
            *((k.replace("_", " "), v) for k, v in told.get("metrics", {}).items()),
        ]
        yield section(title, curve(points, "step", "loss"), table(("", ""), facts))


def _losses(path: Path) -> Iterator[tuple[float, float]]:
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # a killed run may leave half a line
            if "loss" in row:
                yield float(row["step"]), float(row["loss"])


def _data(run: Path) -> Iterator[Markup]:
    told = _json(run / "dataset" / "summary.json")
    if told is None:
        return
    content: list[object] = []
    if told.get("funnel"):
        content.append(tag("pre", told["funnel"]))
    if told.get("reasons"):
        reasons = sorted(told["reasons"].items(), key=lambda x: -x[1])
        content.append(table(("dropped because of", "rows"), reasons, numeric=(1,)))
    if told.get("styles"):
        content.append(table(("style", "rows"), sorted(told["styles"].items()), numeric=(1,)))
    samples = [
        (_request(t), tag("code", _calls(t)), len(t.tools or ()))
        for t in _spread(run / "dataset" / "train.jsonl", told.get("train", 0))
    ]
    content.append(fold(f"{len(samples)} training rows", table(("request", "calls", "tools"), samples, (2,))))
    yield section("The data set", *content)


def _spread(path: Path, rows: int) -> list[Trajectory]:
    """Return some rows, evenly spread over the file."""
    every = max(1, rows // EXAMPLES)
    return [t for t in islice(read(path), 0, None, every) if isinstance(t, Trajectory)][:EXAMPLES]


def _request(t: Trajectory) -> str:
    return next((m.content for m in t.messages if m.role == "user"), "")


def _calls(t: Trajectory) -> str:
    calls: Sequence[ToolCall] = [c for m in t.messages for c in m.tool_calls]
    shown = [f"{c.name}({json.dumps(c.arguments, ensure_ascii=False)})" for c in calls]
    return "\n".join(shown) or "no call: " + next((m.content for m in t.messages[::-1]), "")


def _lineage(run: Path) -> Iterator[Markup]:
    told = _json(run / "run.json")
    if told is None:
        return
    config = [(k, tag("code", json.dumps(v))) for k, v in told.get("config", {}).items()]
    stages = []
    for name in told.get("stages", {}):
        done = _json(run / name / "done.json")
        if done is not None:
            stages.append((name, f"{done['seconds']:.1f}", len(done["outputs"])))
    yield section(
        "Lineage",
        tag("p", "What went in, by content; every stage's outputs are hashed in its done.json.", css="soft"),
        table(("setting", "value"), config),
        table(("stage", "seconds", "files"), stages, numeric=(1, 2)),
    )


def _comparison(run: Path, name: str) -> Comparison | None:
    before, after = (run / side / name / "results.jsonl" for side in ("before", "after"))
    if not (before.is_file() and after.is_file()):
        return None
    try:
        return compare(read_results(before), read_results(after))
    except CallwrightError:
        return None  # one side is of an earlier suite; its stage is about to run again


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed
