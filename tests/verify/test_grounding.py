"""A value is traced through the ways people write it, and invented values are noticed."""

from typing import Any, SupportsIndex

import pytest

from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.verify import ground


def row(text: str, value: Json, name: str = "x", **schema: Any) -> Trajectory:
    return Trajectory(
        id="g",
        tools=(Tool(name="f", parameters={"type": "object", "properties": {name: schema}}),),
        messages=(
            Message(role="user", content=text),
            Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={name: value}),)),
        ),
    )


TRACED: list[tuple[str, Json]] = [
    ("weather in Oslo", "Oslo"),
    ("weather in OSLO please", "oslo"),
    ("weather in São Paulo", "são paulo"),
    ("the film 'The Dark Knight'", "The Dark Knight"),
    ("3 days", 3),
    ("three days", 3),
    ("twenty-five people", 25),
    ("two hundred and fifty grams", 250),
    ("the third one", 3),
    ("the 21st row", 21),
    ("a dozen eggs", 12),
    ("half of it", 0.5),
    ("take 3/4 of it", 0.75),
    ("$1,234,567 in total", 1234567),
    ("€2.5 million", 2500000),
    ("a 5k loan", 5000),
    ("an interest of 5%", 0.05),
    ("an interest of 5 percent", 5),
    ("10 minutes", 600),
    ("1 hour 30 minutes", 90),
    ("5 feet 8 inches", 68),
    ("12km away", 12000),
    ("next week", 7),
    ("-12.5 degrees", -12.5),
    ("1e-9 coulomb", 1e-9),
    ("order 66-B12", "66B12"),
    ("call +47 555-0173", "+475550173"),
    ("on 2023-05-06", "2023-05-06"),
    ("on May 6, 2023", "2023-05-06"),
    ("on the 6th of May 2023", "2023-05-06"),
    ("on 6 May 2023", "06/05/2023"),
    ("on 05/06/2023", "2023-05-06"),
    ("at 2:30 pm", "14:30"),
    ("at 7am", "07:00"),
    ("at noon", "12:00"),
    ("f(x) = 3x^2 + 2x - 1", "3x**2 + 2x - 1"),
    ("user_id of ann", "userId"),
    ("the National Basketball Association", "NBA"),
    ("fly to LA", "Los Angeles"),
    ("in French please", "fr"),
    ("pay in US dollars", "USD"),
    ("stay in Austin, Texas", "Austin, TX"),
    ("北京后天的天气如何", "北京"),
    ("weather in Oslo and Bergen", ["Oslo", "Bergen"]),
    ("from 3 to 9", {"low": 3, "high": 9}),
    ("nothing", None),
    ("nothing", []),
]

UNTRACED: list[tuple[str, Json]] = [
    ("weather in Oslo", "Bergen"),
    ("weather in Oslo for 3 days", 4),
    ("weather in Oslo for 13 days", 3),
    ("the price is 12.5", 12),
    ("the film Heat", "Inception"),
    ("an interest of 5%", 0.06),
    ("10 minutes", 700),
    ("on May 6, 2023", "2021-11-19"),
    ("at 2:30 pm", "09:15"),
    ("book a table for John", "maria@example.com"),
    ("weather in Oslo and Bergen", ["Oslo", "Tromsø"]),
    ("from 3 to 9", {"low": 3, "high": 11}),
    ("the category is food", "at"),
]


@pytest.mark.parametrize(("text", "value"), TRACED)
def test_what_was_said_is_traced(text: str, value: Json) -> None:
    found = ground(row(text, value))
    assert not found.issues, found


@pytest.mark.parametrize(("text", "value"), UNTRACED)
def test_what_was_not_said_is_noticed(text: str, value: Json) -> None:
    found = ground(row(text, value))
    assert found.issues
    assert all(i.code == "ungrounded-value" and i.severity == "warning" for i in found.issues)
    assert found.score is not None
    assert found.score < 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("weather tomorrow", "2024-05-06"),
        ("flights next Friday", "2024-05-10"),
        ("events on 6 May", "2024-05-06"),
        ("sales in May 2023", "2023-05-31"),
        ("results of 2023", "2023-01-01"),
        ("dinner in the evening", "19:00"),
        ("a hotel in Chicago", "Chicago, IL"),
        ("anything goes", "any"),
    ],
)
def test_what_is_inferred_counts_half_and_warns_not(text: str, value: Json) -> None:
    found = ground(row(text, value))
    assert not found.issues
    assert found.score == 0.5


def test_defaults_and_explained_codes_are_no_inventions() -> None:
    assert ground(row("weather in Oslo", "celsius", default="celsius")).score == 1
    prose = "Unit of the answer. Defaults to 'kelvin'."
    assert not ground(row("weather in Oslo", "kelvin", description=prose)).issues
    coded = "Kind of service: 1 cleaning, 2 ironing, 3 gardening."
    assert not ground(row("I need ironing done", 2, description=coded)).issues
    assert ground(row("I need ironing done", 3, description=coded)).issues


def test_an_enum_value_needs_its_words_in_the_request() -> None:
    choices = ["economy_class", "business_class"]
    assert not ground(row("a business seat to Oslo", "business_class", enum=choices)).issues
    assert ground(row("a seat to Oslo", "first", enum=["first", "second"])).issues


def test_a_flag_is_traced_by_its_subject() -> None:
    assert ground(row("with wind data", True, name="include_wind")).score == 1
    assert ground(row("weather in Oslo", True, name="include_wind")).issues
    assert not ground(row("weather in Oslo", False, name="include_wind")).issues


def test_only_what_came_before_a_call_supports_it() -> None:
    def talk(observation_first: bool) -> Trajectory:
        ask = Message(role="assistant", tool_calls=(ToolCall(name="find", arguments={}),))
        seen = Message(role="tool", content='{"order": "A-7731"}')
        use = Message(role="assistant", tool_calls=(ToolCall(name="track", arguments={"order": "A-7731"}),))
        turns = (ask, seen, use) if observation_first else (use, ask, seen)
        return Trajectory(id="t", messages=(Message(role="user", content="Where is my order?"), *turns))

    assert not ground(talk(observation_first=True)).issues
    assert [i.path for i in ground(talk(observation_first=False)).issues] == [
        "messages[1].tool_calls[0].arguments.order"
    ]


def test_the_instruction_and_system_text_support_values() -> None:
    call = Message(
        role="assistant", tool_calls=(ToolCall(name="f", arguments={"user": "u_17", "day": "2024-05-06"}),)
    )
    t = Trajectory(
        id="s",
        task=Task(instruction="You serve the user u_17."),
        messages=(
            Message(role="system", content="Today is 2024-05-06."),
            Message(role="user", content="go"),
            call,
        ),
    )
    assert ground(t).score == 1


def test_the_score_is_the_share_of_traced_values_and_none_without_values() -> None:
    t = row("Oslo", ["Oslo", "Oslo", "Oslo", "Bergen"])
    assert ground(t).score == 0.75
    assert ground(Trajectory(id="n", messages=(Message(role="user", content="hi"),))).score is None


def test_code_that_a_model_writes_is_not_traced() -> None:
    call = Message(
        role="assistant", tool_calls=(ToolCall(name="python", arguments={"code": "print(41 + 1)"}),)
    )
    t = Trajectory(
        id="c", tools=(Tool(name="python", kind="code"),), messages=(Message(role="user", content="go"), call)
    )
    assert ground(t).score is None


class Watched(str):
    """A text that counts, over all of them, how often one is taken in and how often it is cut."""

    taken = cut = 0

    def casefold(self) -> str:
        Watched.taken += 1
        return Watched(str.casefold(self))

    def __getitem__(self, part: SupportsIndex | slice) -> str:
        Watched.cut += isinstance(part, slice)
        return str.__getitem__(self, part)


def test_what_was_said_is_read_once_however_many_values_are_traced() -> None:
    """An agent that makes up each of its values over the results of all calls before."""
    turns = [
        turn
        for k in range(60)
        for turn in (
            Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={"x": f"zq{k}{k}v"}),)),
            Message(role="tool", content=Watched(f"the line number {k} of some file")),
        )
    ]
    Watched.taken = Watched.cut = 0
    found = ground(Trajectory(id="w", messages=(Message(role="user", content="go"), *turns)))
    assert len(found.issues) == 60
    assert Watched.taken == 60
    assert Watched.cut <= 60


def test_long_rows_are_read_in_linear_time() -> None:
    calls = tuple(ToolCall(name="f", arguments={"x": f"value {k}", "n": k}) for k in range(3000))
    text = " ".join(f"word{k}" for k in range(20000))
    messages = (Message(role="user", content=text), Message(role="assistant", tool_calls=calls))
    found = ground(Trajectory(id="l", messages=messages))
    assert found.score is not None
    assert len(found.issues) <= 2000
