"""The data set: what was dropped and why, what it covers, and some of its rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from callwright.record import ToolCall, Trajectory
from callwright.report.charts import heat
from callwright.report.left import json_of
from callwright.report.page import Markup, Section, fold, section, table, tag
from callwright.store import read
from callwright.suites import style_of

EXAMPLES = 12
MOST_TOOLS = 40


def sections(run: Path) -> Iterator[Section]:
    """Yield the section, if the data set is there."""
    told = json_of(run / "dataset" / "summary.json")
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
    rows = [t for t in read(run / "dataset" / "train.jsonl") if isinstance(t, Trajectory)]
    content += _coverage(rows)
    samples = [(_request(t), tag("code", _calls(t)), len(t.tools or ())) for t in _spread(rows)]
    content.append(fold(f"{len(samples)} training rows", table(("request", "calls", "tools"), samples, (2,))))
    yield section("The data set", *content)


def _coverage(rows: Sequence[Trajectory]) -> Iterator[Markup]:
    """Yield how often each tool is called in each style of request."""
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows:
        names = {call.name for message in row.messages for call in message.tool_calls} or {"(no call)"}
        counted.update((name, style_of(row).replace("_", " ")) for name in names)
    by_tool: Counter[str] = Counter()
    for (tool, _), count in counted.items():
        by_tool[tool] += count
    styles = sorted({style for _, style in counted})
    tools = [tool for tool, _ in by_tool.most_common(MOST_TOOLS)]
    if tools:
        yield tag("h3", "Which tools, in which kind of request")
        yield heat(tools, styles, counted, "training rows by tool and style")
        if len(by_tool) > len(tools):
            yield tag("p", f"{len(by_tool) - len(tools):,} more tools are called less often.", css="soft")


def _spread(rows: Sequence[Trajectory]) -> list[Trajectory]:
    """Return some rows, evenly spread."""
    every = max(1, len(rows) // EXAMPLES)
    return list(rows[::every])[:EXAMPLES]


def _request(t: Trajectory) -> str:
    return next((m.content for m in t.messages if m.role == "user"), "")


def _calls(t: Trajectory) -> str:
    calls: Sequence[ToolCall] = [c for m in t.messages for c in m.tool_calls]
    shown = [f"{c.name}({json.dumps(c.arguments, ensure_ascii=False)})" for c in calls]
    return "\n".join(shown) or "no call: " + next((m.content for m in t.messages[::-1]), "")
