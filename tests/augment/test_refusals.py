"""Rows in which no call is right, made of rows in which one was."""

import random

import pytest
from msgspec.structs import replace

from callwright.augment.distractors import MOST, distract
from callwright.augment.refusals import irrelevant, unclear
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.verify import verify


def tool(name: str, description: str, **properties: str) -> Tool:
    schema: Json = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": list(properties),
    }
    return Tool(name=name, description=description, parameters=schema)


WEATHER = tool("get_weather", "Weather forecast of a city.", city="string", days="integer")
CLIMATE = tool("city_weather", "The weather forecast in a city today.", city="string")
RADIO = tool("tune_radio", "Tune the radio to a station.", station="string")
PAINT = tool("paint_wall", "Paint one wall of a house.", colour="string")


def row(request: str, *tools: Tool, **arguments: Json) -> Trajectory:
    call = ToolCall(name="get_weather", arguments=arguments)
    return Trajectory(
        id="r",
        tools=tools,
        messages=(Message(role="user", content=request), Message(role="assistant", tool_calls=(call,))),
    )


ASKED = "How is the weather in Zagreb for the next 12 days?"
FULL = row(ASKED, WEATHER, RADIO, city="Zagreb", days=12)


def test_without_its_tool_a_request_is_refused_in_words() -> None:
    t = irrelevant(FULL, random.Random(1), ())
    assert t.tools == (RADIO,)
    assert t.messages[0] == FULL.messages[0]
    assert t.messages[1].content
    assert not t.messages[1].tool_calls
    assert t.task.expects == "no_call"
    assert verify(t).ok


def test_a_tool_that_could_serve_the_request_is_not_left() -> None:
    t = irrelevant(row(ASKED, WEATHER, CLIMATE, RADIO, city="Zagreb", days=12), random.Random(1), ())
    assert t.tools == (RADIO,)
    alone = row(ASKED, WEATHER, CLIMATE, city="Zagreb", days=12)
    assert irrelevant(alone, random.Random(1), (CLIMATE,)) is alone
    assert irrelevant(alone, random.Random(1), (CLIMATE, PAINT)).tools == (PAINT,)


def test_what_the_request_names_by_itself_is_not_taken_away() -> None:
    t = row("Call get_weather for Zagreb, 12 days.", WEATHER, RADIO, city="Zagreb", days=12)
    assert irrelevant(t, random.Random(1), (PAINT,)) is t


@pytest.mark.parametrize("seed", range(6))
def test_without_its_value_a_request_is_answered_by_a_question(seed: int) -> None:
    t = unclear(FULL, random.Random(seed))
    request, answer = t.messages
    gone, name = ("Zagreb", "city") if "Zagreb" not in request.content else ("12", "days")
    assert gone not in request.content
    assert name in answer.content
    assert not answer.tool_calls
    assert t.tools == FULL.tools
    assert t.task.expects == "clarify"
    assert verify(t).ok


@pytest.mark.parametrize(
    "t",
    [
        row("Weather in Zagreb, the Zagreb of Croatia, 5 days", WEATHER, city="Zagreb", days=5),  # told twice
        row("Weather there, please, for some days", WEATHER, city="Zagreb", days=5),  # told nowhere
        row("Zagreb", WEATHER, city="Zagreb"),  # nothing would be left
        replace(FULL, messages=FULL.messages[1:]),
        replace(FULL, task=Task(kind="react")),
        replace(FULL, task=Task(few_shots=("f()",))),
        replace(FULL, task=Task(expects="no_call")),
        replace(FULL, messages=(FULL.messages[0], Message(role="assistant", content="Sunny."))),
        replace(FULL, messages=(FULL.messages[0], *FULL.messages)),
    ],
    ids=range(9),
)
def test_a_value_that_can_not_be_left_out_cleanly_stays(t: Trajectory) -> None:
    assert unclear(t, random.Random(1)) is t


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("Seats for 14 people in Rome", "Seats for people in Rome"),
        ("Seats in Rome for 14, please", "Seats in Rome, please"),
        ("Order the item with number 14 in Rome", None),
    ],
)
def test_a_number_before_what_it_counts_leaves_alone(request_: str, left: str | None) -> None:
    seats = tool("book_seats", "Reserve seats.", guests="integer")
    call = ToolCall(name="book_seats", arguments={"guests": 14})
    messages = (Message(role="user", content=request_), Message(role="assistant", tool_calls=(call,)))
    t = unclear(Trajectory(id="r", tools=(seats,), messages=messages), random.Random(1))
    assert t.messages[0].content == (left or request_)


def test_a_value_with_a_default_is_not_missed() -> None:
    easy = tool("get_weather", "Weather.", city="string")
    easy.parameters["properties"]["city"]["default"] = "Zagreb"
    t = row(ASKED, easy, city="Zagreb")
    assert unclear(t, random.Random(1)) is t


def test_distractors_stand_among_the_tools_and_are_unlike_those_that_are_called() -> None:
    pool = (CLIMATE, PAINT, RADIO, replace(WEATHER, description="Another."))
    t = distract(row(ASKED, WEATHER, city="Zagreb", days=12), random.Random(3), pool)
    names = [each.name for each in t.tools or ()]
    assert "get_weather" in names
    assert "city_weather" not in names
    assert 2 <= len(names) == len(set(names)) <= 1 + MOST
    assert verify(t).ok


def test_a_row_that_calls_nothing_gets_no_distractors() -> None:
    t = replace(FULL, messages=(FULL.messages[0], Message(role="assistant", content="I can not.")))
    assert distract(t, random.Random(1), (PAINT,)) is t
    assert distract(FULL, random.Random(1), ()) is FULL


@pytest.mark.parametrize("required", [["city", "days"], [["x"], "days", None], "days"])
def test_schemas_that_are_no_objects_are_left_alone(required: Json) -> None:
    odd = replace(WEATHER, parameters={**WEATHER.parameters, "required": required})
    odd.parameters["properties"] = {"city": True, "days": {"type": "integer"}}
    for seed in range(4):
        t = unclear(row(ASKED, odd, RADIO, city="Zagreb", days=12), random.Random(seed))
        assert "Zagreb" in t.messages[0].content
        assert ("12" in t.messages[0].content) == (required == "days")
        irrelevant(row(ASKED, odd, RADIO, city="Zagreb", days=12), random.Random(seed), ())
