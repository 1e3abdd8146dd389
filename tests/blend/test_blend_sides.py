"""A split leaks nothing: no request, no set of calls, and, split by tool, no tool is on both sides."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.blend import blend
from callwright.blend.sides import SIDES
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


def made_of(t: Trajectory, copy: int) -> Trajectory:
    """Return a variant that says and calls nothing of what its row does, as one without a value."""
    asking = Message(role="assistant", content="Which one?")
    return replace(
        t,
        id=f"{t.id}#a{copy}",
        messages=(Message(role="user", content=f"{copy} of {t.messages[0].content}"), asking),
        extra={"augment": {"of": t.id, "root": t.id, "copy": copy}},
    )


def sides_of(*inputs: list[Trajectory], **options: Any) -> dict[str, set[str]]:
    """Return the sides on which the rows with a word of their request are."""
    names = [(f"in{k}", rows) for k, rows in enumerate(inputs)]
    sides: dict[str, set[str]] = {}
    for item in blend(names, seed=5, holdout=0.4, **options):
        assert not isinstance(item, Dropped), item.detail
        sides.setdefault(item[1].messages[0].content.rpartition(" ")[2], set()).add(item[0])
    return sides


def numbered(word: str) -> list[Trajectory]:
    """Return rows with ids as `unify` gives them to any file of that name, each with a tool of its own."""
    return [row(f"train/{k}", f"do {word}{k}", [f"{word}_{k}"], [f"{word}_{k}"]) for k in range(40)]


def test_rows_of_one_id_that_have_nothing_in_common_are_no_kin() -> None:
    """Two folders hold a train.jsonl each."""
    one, other = numbered("paint"), numbered("sing")
    sides = sides_of(one, other, split_by="tool")
    assert len(sides) == 80
    alone = sides_of(other, split_by="tool")
    assert {word: sides[word] for word in alone} == alone


def test_variants_follow_the_row_of_their_own_input_where_two_have_its_id() -> None:
    both = [
        [t for first in numbered(word) for t in (first, made_of(first, 1), made_of(first, 2))]
        for word in ("paint", "sing")
    ]
    sides = sides_of(*both)
    assert len(sides) == 80
    assert all(len(own) == 1 for own in sides.values())
    assert {*map(str, sides.values())} == {"{'train'}", "{'valid'}"}


def test_variants_of_another_input_follow_the_only_row_of_their_id_and_no_one_of_several() -> None:
    first = numbered("paint")
    variants = [made_of(t, k) for t in first for k in (1, 2)]
    for inputs in ((first, variants), (variants, first)):
        assert all(len(own) == 1 for own in sides_of(*inputs).values())
    sides = sides_of(first, numbered("sing"), variants)  # nobody knows of which they are: none is dropped
    assert len(sides) == 80


def test_a_row_that_straddles_is_told_by_what() -> None:
    rows = numbered("paint")
    sides = sides_of(rows)
    train, valid = (next(t for t in rows if sides[t.messages[0].content[3:]] == {side}) for side in SIDES)
    torn = replace(train, id="torn", messages=(valid.messages[0], train.messages[1]))
    lost = replace(made_of(train, 1), messages=(valid.messages[0], Message(role="assistant", content="?")))
    (one, other) = [i for i in blend([("x", [*rows, torn, lost])], seed=5, holdout=0.4)
                    if isinstance(i, Dropped)]  # fmt: skip
    assert one.detail == "tied to 'train' by its calls, to 'valid' by its request"
    assert other.detail == "tied to 'train' by its kin, to 'valid' by its request"


def test_what_was_done_to_a_row_is_told_beside_what_was_done_before() -> None:
    rows = [row("same", f"ask {k}", [TOOLS[k % 12]], TOOLS) for k in range(12)]
    rows = [replace(t, extra={"blend": {"earlier": True}}) for t in rows]
    out = [i[1] for i in blend([("x", rows)], seed=3, holdout=0.3, split_by="tool")
           if not isinstance(i, Dropped)]  # fmt: skip
    renamed = [t for t in out if t.id != "same"]
    assert renamed
    for t in renamed:
        assert t.extra["blend"]["id"] == "same"
        assert t.extra["blend"]["tools_taken_away"]
        assert t.extra["blend"]["earlier"]
