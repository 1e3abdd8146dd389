"""Let several rows be offered the same tools in the same order, so that training reads these tools once.

Most of a tool-calling row is its tools. Rows that share them share the beginning of their prompt to the last
token, and the forward pass over it (see `train.branches`). What is right does not change: a row joins a
kit only if the kit holds the tools that it calls, and none that it is meant to lack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from callwright.augment.order import offer
from callwright.record import Tool, Trajectory

WINDOW = 1024
"""Rows among which companions are looked for; what is in memory at a time."""


def share_tools(rows: Iterable[Trajectory], *, size: int) -> Iterator[Trajectory]:
    """Yield every row once, in groups of at most `size` neighbours that are offered the same tools.

    A row without calls keeps its own tools unless its source says which tool it lacks. Which kits there are
    follows from the rows themselves, so the mixture of small and large offers stays about what it was.
    """
    window: list[Trajectory] = []
    for row in rows:
        window.append(row)
        if len(window) == WINDOW:
            yield from _grouped(window, size)
            window = []
    yield from _grouped(window, size)


def _grouped(window: list[Trajectory], size: int) -> Iterator[Trajectory]:
    waiting = list(window)
    while waiting:
        anchor = waiting.pop(0)
        group: list[Trajectory] = [anchor]
        rest: list[Trajectory] = []
        kit = {tool.name: _plain(tool) for tool in anchor.tools or ()}
        for row in waiting:
            joins = len(group) < size and bool(kit) and _fits(row, anchor, kit)
            (group if joins else rest).append(row)
        waiting = rest
        yield anchor
        for row in group[1:]:
            shared = {**row.extra, "kit": anchor.id}
            yield msgspec.structs.replace(offer(row, anchor.tools or ()), extra=shared)


def _fits(row: Trajectory, anchor: Trajectory, kit: dict[str, bytes]) -> bool:
    if not row.tools or _said(row) != _said(anchor):
        return False
    called = {call.name for message in row.messages for call in message.tool_calls}
    if not called:
        made = row.extra.get("synthesize")
        missing = made.get("missing") if isinstance(made, dict) else None
        return isinstance(missing, str) and missing not in kit
    own = {tool.name: tool for tool in row.tools}
    return all(name in kit and name in own and _plain(own[name]) == kit[name] for name in called)


def _said(t: Trajectory) -> tuple[object, ...]:
    """Return what the system text holds beside the tools."""
    task = t.task
    return task.instruction, task.format_instruction, task.few_shots, task.output_format, task.layout


def _plain(tool: Tool) -> bytes:
    """Return what a tool says, whatever the order of its parameters."""
    return msgspec.json.encode(tool, order="sorted")
