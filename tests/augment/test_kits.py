"""Rows that share their tools: nothing lost, nothing relabelled, the offer equal to the last character."""

from itertools import groupby
from pathlib import Path

import pytest

from callwright.augment import AugmentStep, policy_of, share_tools
from callwright.formats import plain_messages
from callwright.record import Message, Task, Tool, ToolCall, Trajectory
from callwright.verify import verify


def tool(name: str, *parameters: str) -> Tool:
    properties = {p: {"type": "string"} for p in parameters}
    return Tool(name=name, description=f"{name} it.", parameters={"type": "object", "properties": properties})


TOOLS = [tool(n, "a", "b", "c") for n in ("open", "close", "lift", "drop")]


def calling(i: int, gold: int, *others: int) -> Trajectory:
    call = ToolCall(name=TOOLS[gold].name, arguments={"a": f"x{i}", "b": f"y{i}"}, id="call_0")
    question = f"{TOOLS[gold].name} x{i} y{i}"
    return Trajectory(
        id=f"row{i}",
        task=Task(expects="call"),
        tools=tuple(TOOLS[k] for k in (gold, *others)),
        messages=(Message(role="user", content=question), Message(role="assistant", tool_calls=(call,))),
    )


def refusing(i: int, missing: str, *offered: int) -> Trajectory:
    return Trajectory(
        id=f"row{i}",
        task=Task(expects="no_call"),
        tools=tuple(TOOLS[k] for k in offered),
        messages=(
            Message(role="user", content=f"{missing} it"),
            Message(role="assistant", content="I can not."),
        ),
        extra={"synthesize": {"missing": missing}} if missing else {},
    )


ROWS = [
    *(calling(i, i % 3, (i + 1) % 3) for i in range(12)),
    *(calling(i, i % 4) for i in range(12, 20)),
    *(refusing(i, TOOLS[i % 4].name, (i + 1) % 4, (i + 2) % 4) for i in range(20, 28)),
    refusing(28, "", 0, 1),
]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_every_row_comes_out_once_and_stays_right(size: int) -> None:
    rows = list(AugmentStep(seed=3, policy=policy_of("order=1"), keep_original=False)(ROWS))
    shared = list(share_tools(rows, size=size))
    assert sorted(r.id for r in shared) == sorted(r.id for r in rows)
    before = {r.id: r for r in rows}
    for row in shared:
        assert verify(row).ok
        calls = [(c.name, c.arguments) for m in row.messages for c in m.tool_calls]
        assert calls == [(c.name, c.arguments) for m in before[row.id].messages for c in m.tool_calls]
        made = row.extra.get("synthesize", {})
        assert made.get("missing") not in {t.name for t in row.tools or ()}
    assert before["row28#a1"].tools == next(r for r in shared if r.id == "row28#a1").tools


def test_neighbours_share_their_prompt_to_the_last_character() -> None:
    shared = list(
        share_tools(AugmentStep(seed=3, policy=policy_of("order=1"), keep_original=False)(ROWS), size=8)
    )
    runs = [len(list(g)) for _, g in groupby(shared, key=lambda r: plain_messages(r)[0].content)]  # type: ignore
    assert max(runs) > 4
    assert len(runs) < len(ROWS) / 2


def test_arguments_follow_the_order_in_which_the_kit_lists_its_parameters() -> None:
    shared = share_tools(AugmentStep(seed=5, policy=policy_of("order=1"), keep_original=False)(ROWS), size=8)
    for row in shared:
        listed = {t.name: list(t.parameters["properties"]) for t in row.tools or ()}
        for call in (c for m in row.messages for c in m.tool_calls):
            assert list(call.arguments or {}) == [p for p in listed[call.name] if p in (call.arguments or {})]


def test_rows_of_other_formats_or_with_other_tools_of_the_same_name_do_not_join() -> None:
    other = calling(1, 0)
    changed = Tool(name="open", description="Open the door.", parameters=TOOLS[0].parameters)
    from msgspec.structs import replace

    rows = [
        calling(0, 0),
        replace(other, task=Task(expects="call", output_format="xlam")),
        replace(other, tools=(changed,)),
    ]
    assert [r.tools for r in share_tools(rows, size=8)] == [r.tools for r in rows]


def test_it_streams_in_windows(tmp_path: Path) -> None:
    endless = (calling(i, i % 3, (i + 1) % 3) for i in range(5000))
    assert len({r.id for r in share_tools(endless, size=8)}) == 5000
