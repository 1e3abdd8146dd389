"""What counts as the same calls, and what the mistake is called."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.grade import grade
from callwright.record import Tool, ToolCall

BOOK = Tool(
    name="book",
    parameters={
        "type": "object",
        "properties": {
            "room": {"type": "string"},
            "nights": {"type": "integer", "default": 1},
            "guests": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string"}, "age": {"type": "number", "default": 18}}}},
            "options": {"type": "object", "properties": {"late": {"type": "boolean", "default": False}}},
        },
        "required": ["room"],
    },
)  # fmt: skip
CANCEL = Tool(name="cancel", parameters={"type": "object", "properties": {"id": {"type": "integer"}}})
TOOLS = (BOOK, CANCEL)


def book(**arguments: Any) -> ToolCall:
    return ToolCall(name="book", arguments=arguments)


def cancel(**arguments: Any) -> ToolCall:
    return ToolCall(name="cancel", arguments=arguments)


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [
        (book(room="A"), book(room="A", nights=1)),
        (book(room="A", nights=1), book(room="A")),
        (book(room="A", nights=3), book(nights=3.0, room="A")),
        (book(room="A", guests=[{"name": "x"}]), book(room="A", guests=[{"name": "x", "age": 18.0}])),
        (book(room="A", options={}), book(room="A", options={"late": False})),
    ],
)
def test_defaults_and_integral_floats_are_equivalent_but_not_strict(
    gold: ToolCall, predicted: ToolCall
) -> None:
    verdict = grade([gold], [predicted], TOOLS)
    assert (verdict.correct, verdict.strict, verdict.error) == (True, False, "")


@pytest.mark.parametrize(
    ("gold", "predicted", "error", "where"),
    [
        ([], [book(room="A")], "needless-call", "book"),
        ([book(room="A")], [], "no-call", "book"),
        ([book(room="A")], [book(room="A")] * 2, "wrong-count", "2 for 1"),
        ([book(room="A")], [cancel(id=1)], "wrong-tool", "cancel"),
        ([book(room="A")], [ToolCall(name="invented", arguments={})], "wrong-tool", "invented"),
        ([book(room="A")], [book()], "missing-argument", "book.room"),
        ([book(room="A")], [book(room="A", extra=1)], "extra-argument", "book.extra"),
        ([book(room="A")], [book(room="a")], "wrong-value", "book.room"),
        ([book(room="A", nights=2)], [book(room="A", nights="2")], "wrong-type", "book.nights"),
        ([book(room="A", nights=1)], [book(room="A", nights=True)], "wrong-type", "book.nights"),
        ([book(room="A", nights=2)], [book(room="A", nights=2.5)], "wrong-value", "book.nights"),
        ([book(room="A", nights=2)], [book(room="A")], "wrong-value", "book.nights"),
        ([book(room="A", nights=2)], [book(nights="2")], "missing-argument", "book.room"),
        ([book(room="A", guests=[{"name": "x"}])], [book(room="A", guests=[{"name": 3}])], "wrong-type",
         "book.guests[0].name"),
        ([book(room="A", guests=[])], [book(room="A", guests=[{}])], "wrong-value", "book.guests"),
        ([cancel(id=1), cancel(id=2)], [cancel(id=2), cancel(id=2)], "wrong-value", "cancel.id"),
        ([cancel(id=1), cancel(id=1), cancel(id=2)], [cancel(id=1), cancel(id=2), cancel(id=2)],
         "wrong-value", "cancel.id"),
        ([cancel(id=1), book(room="A")], [book(room="A"), cancel(id="1")], "wrong-type", "cancel.id"),
        ([book(room="A")], [ToolCall(name="book", arguments=None)], "wrong-type", "book"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_name_and_place(
    gold: list[ToolCall], predicted: list[ToolCall], error: str, where: str
) -> None:
    assert grade(gold, predicted, TOOLS) == (False, False, error, where)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "a", "A"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(
    st.sampled_from(["room", "nights", "guests", "options", "id"]), values, max_size=4
)
calls = st.lists(
    st.builds(
        lambda n, a: ToolCall(name=n, arguments=a), st.sampled_from(["book", "cancel", "other"]), arguments
    ),
    max_size=4,
)


@given(calls, st.randoms(use_true_random=False))
def test_the_order_of_calls_and_arguments_is_free(expected: list[ToolCall], rng: random.Random) -> None:
    shuffled = [
        ToolCall(
            name=c.name, arguments=dict(rng.sample(list((c.arguments or {}).items()), len(c.arguments or {})))
        )
        for c in rng.sample(expected, len(expected))
    ]
    assert grade(expected, shuffled, TOOLS) == (True, True, "", "")


@given(calls, calls)
def test_a_wrong_answer_always_has_a_name_and_a_right_one_never(
    expected: list[ToolCall], found: list[ToolCall]
) -> None:
    verdict = grade(expected, found, TOOLS)
    assert verdict.correct == (verdict.error == "")
    assert verdict.correct or not verdict.strict
    assert grade(found, expected, TOOLS).correct == verdict.correct
