"""The short way through the static checks never hides what the long way finds."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.verify import CHECKS
from callwright.verify.grounding import ground
from callwright.verify.usual import nothing_to_find

SCHEMAS: dict[str, dict[str, Json]] = {
    "city": {"type": "string"},
    "days": {"type": "integer", "minimum": 1, "maximum": 1000},
    "size": {"type": "number"},
    "express": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "unit": {"type": "string", "enum": ["km", "mile"], "default": "km"},
}
words = st.sampled_from(
    [
        "Oslo",
        "Rio de Janeiro",
        "km",
        "mile",
        "12",
        "12.5",
        "3",
        "-5",
        "",
        " ",
        "ß",
        "İ",
        "5cm",
        "e-mail",
        "a.b",
        "1,234",
    ]
) | st.text(st.sampled_from(string.ascii_letters + string.digits + " .,-'\"ßéİ東"), max_size=6)
values: st.SearchStrategy[Json] = (
    words
    | st.integers(-3, 2000)
    | st.floats(-3, 2000)
    | st.just(float("inf"))
    | st.booleans()
    | st.none()
    | st.lists(words, max_size=3)
    | st.just({"a": 1})
)
calls = st.builds(
    ToolCall,
    name=st.sampled_from(["one", "two", "none"]),
    arguments=st.none() | st.dictionaries(st.sampled_from([*SCHEMAS, "zz"]), values, max_size=3),
    id=st.none() | st.sampled_from(["a", "b"]),
    parse_error=st.none() | st.just("cut"),
)


@st.composite
def rows(draw: st.DrawFn) -> Trajectory:
    made = draw(st.lists(calls, max_size=3))
    said = [str(v) for call in made for v in (call.arguments or {}).values() if draw(st.booleans())]
    request = draw(words) + draw(st.sampled_from([" ", ", ", ".", ""])).join(said) + draw(words)
    tools = tuple(
        Tool(
            name=name,
            kind=draw(st.sampled_from(["function", "function", "code"])),
            parameters={
                "type": "object",
                "properties": SCHEMAS
                | draw(st.sampled_from([{}, {"any": {}}, {"days": {"type": "integer"}}])),
                "required": draw(st.sampled_from([[], ["city"]])),
            },
        )
        for name in draw(st.sampled_from([["one", "two"], ["one", "one"], ["one"]]))
    )
    turns = [
        Message(role="user", content=request),
        Message(role="assistant", tool_calls=tuple(made), reasoning=draw(st.none() | words)),
    ]
    if draw(st.booleans()):
        turns.insert(0, Message(role="system", content=draw(words)))
    expects: Any = draw(st.sampled_from(["any", "call", "no_call"]))
    return Trajectory(id="r", task=Task(expects=expects), tools=tools, messages=tuple(turns))


@pytest.mark.slow
@settings(max_examples=1500)
@given(rows())
def test_where_it_finds_nothing_no_check_does_and_every_value_is_traced(t: Trajectory) -> None:
    if nothing_to_find(t):
        found = [issue for check in CHECKS.values() for issue in check(t)]
        assert not found
        assert ground(t).score == 1.0


SIMPLE = Trajectory(
    id="r",
    tools=(Tool(name="one", parameters={"type": "object", "properties": SCHEMAS}),),
    messages=(
        Message(role="user", content="Weather in Oslo for 3 days, 12.5 km, express please: sun, wind."),
        Message(
            role="assistant",
            tool_calls=(
                ToolCall(
                    name="one",
                    arguments={
                        "city": "Oslo",
                        "days": 3,
                        "size": 12.5,
                        "express": True,
                        "tags": ["sun", "wind"],
                    },
                ),
            ),
        ),
    ),
)


def test_it_finds_nothing_in_the_usual_row() -> None:
    assert nothing_to_find(SIMPLE)


@pytest.mark.parametrize(
    "arguments",
    [
        {"city": "Osl"},
        {"days": 2},
        {"days": 12},
        {"days": 1001},
        {"days": 0},
        {"size": 2.5},
        {"size": 12.55},
        {"days": True},
        {"days": 3.0},
        {"tags": ["sun", "rain"]},
        {"tags": [["sun"]]},
        {"unit": "mile"},
        {"zz": "Oslo"},
        {},
    ],
)
def test_it_says_nothing_of_a_value_that_was_not_said_or_is_not_legal(arguments: dict[str, Json]) -> None:
    answer = replace(SIMPLE.messages[1], tool_calls=(ToolCall(name="one", arguments=arguments),))
    assert not nothing_to_find(replace(SIMPLE, messages=(SIMPLE.messages[0], answer)))
