"""Is every called function one that the row offers (xLAM §3.3, undefined functions invoked)?

A row that does not tell its tools (`tools` is None) can not be judged; it gets one note instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright.record import Issue, Trajectory

CODES = ("undefined-function", "ambiguous-tool")


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield calls of functions that are not offered, and tool names that mean two things."""
    if t.tools is None:
        yield Issue(
            code="tools-unknown",
            path="tools",
            severity="info",
            expected="the tools that were offered",
            got="nothing; calls are not checked against a schema",
        )
        return
    names = {tool.name for tool in t.tools}
    if len(names) != len(t.tools):
        yield from _ambiguous(t)
    for i, message in enumerate(t.messages):
        for j, call in enumerate(message.tool_calls):
            if call.name and call.name not in names:
                yield Issue(
                    code="undefined-function",
                    path=f"messages[{i}].tool_calls[{j}].name",
                    expected=(f"one of {', '.join(sorted(names))}" if names else "no call, none offered")[
                        :300
                    ],
                    got=call.name,
                )


def _ambiguous(t: Trajectory) -> Iterator[Issue]:
    first: dict[str, int] = {}
    tools = t.tools or ()
    for i, tool in enumerate(tools):
        same = first.setdefault(tool.name, i)
        if same == i:
            continue
        equal = tools[same].parameters == tool.parameters
        yield Issue(
            code="duplicate-tool" if equal else "ambiguous-tool",
            path=f"tools[{i}].name",
            severity="warning" if equal else "error",
            expected="a name of its own",
            got=f"{tool.name}, also tools[{same}]",
        )
