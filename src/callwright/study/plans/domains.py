"""Tools that training never saw: one group of the tools is left out at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from callwright.evaluate.results import Result
from callwright.record import Trajectory
from callwright.study.columns import expected_calls
from callwright.study.design import Study
from callwright.study.materials import Materials
from callwright.toolbox import import_tools

GROUPS = 4


def domains(m: Materials) -> Study:
    """Compare a model that was trained on all tools with models that never saw some of them."""
    groups = grouped([tool.name for tool in import_tools(str(m.tools)).tools])

    def rows(names: Sequence[str]) -> Callable[[int], Path]:
        return lambda seed: m.first(
            m.lab.rows("without", without_tools, m.pool(seed), names=list(names)), m.settings.rows
        )

    def group_of(result: Result) -> str:
        called = {call["name"] for call in expected_calls(result)}
        of = {title for title, names in groups.items() if called & set(names)}
        return of.pop() if len(of) == 1 else "several groups" if of else "no call"

    left_out = [
        m.arm(f"without {title}", f"no row offers or calls {', '.join(names)}", rows(names))
        for title, names in groups.items()
    ]
    return Study(
        name="domains",
        title="Tools that training never saw",
        question="What does a model do with a domain that was left out of its training?",
        arms=[m.arm("all tools", "rows of all tools", rows(())), *left_out],
        exams=[m.exam("by the group that is asked for", column=group_of)],
        notes=["All arms have the same number of rows: those of a group left out are replaced by others."],
    )


def grouped(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the tools in groups of neighbours in their file, by what they are called together."""
    size = max(1, -(-len(names) // GROUPS))
    groups = [tuple(names[i : i + size]) for i in range(0, len(names), size)]
    return {f"{group[0]} …": group for group in groups}


def without_tools(rows: Iterable[Trajectory], *, names: Sequence[str]) -> Iterator[Trajectory]:
    """Yield the rows that call none of some tools, those tools taken off their offer."""
    gone = set(names)
    for row in rows:
        offered = tuple(tool for tool in row.tools or () if tool.name not in gone)
        if offered and not any(call.name in gone for message in row.messages for call in message.tool_calls):
            yield replace(row, tools=offered)
