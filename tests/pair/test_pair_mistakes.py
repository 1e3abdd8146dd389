"""An answer is named after its first mistake: the decision to call, what a check sees, what differs."""

import pytest
from msgspec.structs import replace
from pair_rows import asking, events, saying, silent_row, weather

from callwright.pair import CLASSES, mistake_of
from callwright.record import Message, ToolCall

ROW = asking("Weather in Oslo and free events in Oslo?", weather("Oslo"), events("Oslo"))
CASES: dict[str, list[Message]] = {
    "malformed": [saying(ToolCall(name="get_weather", arguments=None, raw="{"), events("Oslo"))],
    "needless-refusal": [saying(text="I can't do that."), saying(text="")],
    "undefined-function": [
        saying(ToolCall(name="weather", arguments={"city": "Oslo"}), events("Oslo")),
        saying(ToolCall(name="weather"), ToolCall(name="get_weather", arguments={"city": 3})),
    ],
    "undefined-argument": [
        saying(weather("Oslo", language="no"), events("Oslo")),
        saying(ToolCall(name="get_weather", arguments={"town": "Oslo", "days": 2}), events("Oslo")),
    ],
    "missing-argument": [
        saying(ToolCall(name="get_weather", arguments={"days": 2}), events("Oslo")),
        saying(ToolCall(name="get_weather", arguments={"city": "Oslo"}), events("Oslo")),
    ],
    "wrong-type": [
        saying(weather("Oslo", "2"), events("Oslo")),
        saying(weather("Oslo", 0), events("Oslo")),
        saying(weather("Oslo", unit="kelvin"), events("Oslo")),
    ],
    "wrong-function": [saying(events("Lima"), events("Oslo")), saying(weather("Oslo"), weather("Lima"))],
    "extra-call": [
        saying(weather("Oslo"), events("Oslo"), weather("Lima")),
        saying(weather("Oslo"), events("Oslo"), events("Oslo")),
    ],
    "missing-parallel-call": [saying(events("Oslo")), saying(weather("Lima"))],
    "wrong-value": [
        saying(weather("Lima"), events("Oslo")),
        saying(weather("Oslo", unit="fahrenheit"), events("Oslo")),
        saying(weather("Lima"), events("Lima")),
    ],
}


@pytest.mark.parametrize(
    ("name", "answer"), [(name, answer) for name, answers in CASES.items() for answer in answers]
)
def test_an_answer_shows_its_class(name: str, answer: Message) -> None:
    assert mistake_of(ROW, answer) == name


def test_a_call_where_none_is_due_is_that_whatever_it_says() -> None:
    for t in (silent_row(1), silent_row(2, "clarify")):
        for call in (weather("Oslo"), weather("Oslo", "x"), ToolCall(name="sing")):
            assert mistake_of(t, saying(call)) == "needless-call"
        assert mistake_of(t, saying(text="Sorry, no.")) == ""


def test_every_class_is_shown() -> None:
    assert {*CASES, "needless-call"} == set(CLASSES)


def test_a_row_that_was_wrong_before_its_last_turn_is_not_held_against_the_answer() -> None:
    spelled = replace(ROW, messages=(*ROW.messages[:-1], saying(events("Oslo"), weather("Oslo"))))
    assert mistake_of(spelled, ROW.messages[-1]) == ""
