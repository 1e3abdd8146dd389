"""A split leaks nothing: no request, no set of calls, and, split by tool, no tool is on both sides."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.blend import blend
from callwright.record import Dropped, Message, Preference, Task, Tool, ToolCall, Trajectory

TOOLS = [f"tool_{k}" for k in range(12)]


def row(id: str, text: str, called: list[str], offered: list[str] | None, **task: object) -> Trajectory:
    calls = tuple(ToolCall(name=name, arguments={"x": id}) for name in called)
    return Trajectory(
        id=id,
        task=Task(**task),  # type: ignore[arg-type]
        tools=None if offered is None else tuple(Tool(name=name) for name in offered),
        messages=(
            Message(role="user", content=text),
            Message(role="assistant", content="ok", tool_calls=calls),
        ),
    )


names = st.lists(st.sampled_from(TOOLS), max_size=3, unique=True)
random_rows = st.lists(
    st.tuples(names, names, st.sampled_from(["one", "two", "three"]), st.booleans(), st.booleans()),
    max_size=40,
).map(
    lambda specs: [
        row(
            str(k),
            f"{text} {k % 9}",
            called,
            sorted({*called, *more}) if known else None,
            expects="no_call" if none else "any",
        )
        for k, (called, more, text, known, none) in enumerate(specs)
    ]
)


def tools_of(t: Trajectory) -> set[str]:
    return {tool.name for tool in t.tools or ()} | {c.name for m in t.messages for c in m.tool_calls}


@pytest.mark.slow
@settings(max_examples=150)
@given(random_rows, st.integers(0, 20), st.sampled_from([0.0, 0.3, 0.7]))
def test_no_tool_and_no_request_is_on_both_sides(rows: list[Trajectory], seed: int, holdout: float) -> None:
    out = list(blend([("x", rows)], seed=seed, holdout=holdout, split_by="tool", near=0.5))
    assert Counter(i.id if isinstance(i, Dropped) else i[1].id for i in out) == Counter(t.id for t in rows)
    tools: dict[str, set[str]] = {"train": set(), "valid": set()}
    said: dict[str, set[str]] = {"train": set(), "valid": set()}
    for item in out:
        if isinstance(item, Dropped):
            continue
        side, t = item
        tools[side] |= tools_of(t)
        said[side].add(t.messages[0].content)
    assert not tools["train"] & tools["valid"]
    assert not said["train"] & said["valid"]
    if not holdout:
        assert not tools["valid"]


def test_tools_of_the_other_side_are_taken_from_the_offer_and_named() -> None:
    rows = [row(str(k), f"ask {k}", [TOOLS[k % 12]], TOOLS) for k in range(120)]
    out = [
        i for i in blend([("x", rows)], seed=3, holdout=0.3, split_by="tool") if not isinstance(i, Dropped)
    ]
    assert len(out) == 120
    assert {side for side, _ in out} == {"train", "valid"}
    for _, t in out:
        kept_names = [tool.name for tool in t.tools or ()]
        taken = t.extra["blend"]["tools_taken_away"]
        assert sorted(kept_names + taken) == sorted(TOOLS)
        assert taken
        assert {c.name for c in t.messages[1].tool_calls} <= set(kept_names)


def test_rows_that_call_tools_of_both_sides_or_might_have_are_dropped() -> None:
    rows = [
        row("both", "a", TOOLS, TOOLS),
        row("might", "b", [], TOOLS),
        row("right not to", "c", [], TOOLS, expects="no_call"),
        row("chat", "d", [], []),
        row("unknown", "e", TOOLS[:1], None),
    ]
    out = list(blend([("x", rows)], seed=3, holdout=0.3, split_by="tool"))
    dropped = {i.id: i.reason for i in out if isinstance(i, Dropped)}
    assert dropped == {"both": "straddles-split", "might": "straddles-split"}
    no_call = next(t for i in out if not isinstance(i, Dropped) for t in [i[1]] if t.id == "right not to")
    assert 0 < len(no_call.tools or ()) < 12


def test_a_rejected_answer_that_could_not_be_read_calls_no_tool() -> None:
    unread = ToolCall(name="", arguments=None, raw="<tool_call>{", parse_error="no JSON")
    rejected = Preference(rejected=Message(role="assistant", tool_calls=(unread,)), error_class="malformed")
    rows = [replace(row(f"r{k}", f"x{k}", TOOLS[k : k + 1], TOOLS), preference=rejected) for k in range(12)]
    assert not [
        i for i in blend([("x", rows)], seed=3, holdout=0.3, split_by="tool") if isinstance(i, Dropped)
    ]


def test_a_rejected_answers_tools_count_too() -> None:
    wrong = Message(role="assistant", tool_calls=tuple(ToolCall(name=n, arguments={}) for n in TOOLS))
    t = replace(
        row("a", "x", TOOLS[:1], TOOLS), preference=Preference(rejected=wrong, error_class="wrong-tool")
    )
    (item,) = blend([("x", [t])], seed=3, holdout=0.3, split_by="tool")
    assert isinstance(item, Dropped)
