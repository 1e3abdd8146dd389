"""Sixty ways to say a value and as many near misses: traced, inferred, or not supported at all."""

from typing import Any, Literal

import pytest

from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.verify import ground

Expected = Literal["traced", "weak", "untraced"]
SCORES: dict[Expected, float] = {"traced": 1.0, "weak": 0.5, "untraced": 0.0}


def expectation(
    text: str, value: Json, name: str = "x", *, system: str = "", result: str = "", **schema: Any
) -> Expected:
    """Return what becomes of one value."""
    turns = [Message(role="user", content=text)]
    if result:
        turns += [
            Message(role="assistant", tool_calls=(ToolCall(name="look"),)),
            Message(role="tool", content=result),
        ]
    call = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={name: value}),))
    found = ground(
        Trajectory(
            id="g",
            task=Task(instruction=system),
            tools=(Tool(name="f", parameters={"type": "object", "properties": {name: schema}}),),
            messages=(*turns, call),
        )
    )
    assert bool(found.issues) == (found.score == 0)
    return next(word for word, score in SCORES.items() if score == found.score)


TODAY = "Today is Wednesday, May 3, 2023."

NUMBERS: list[tuple[str, Json, Expected]] = [
    ("three nights for two", 3, "traced"),
    ("twenty-five chairs", 25, "traced"),
    ("two dozen eggs", 24, "traced"),
    ("a hundred grams of flour", 100, "traced"),
    ("half a million views", 500000, "traced"),
    ("one and a half hours", 1.5, "traced"),
    ("the film of nineteen eighty", 1980, "traced"),
    ("the 3rd page", 3, "traced"),
    ("the second of them", 2, "traced"),
    ("pay $5k at most", 5000, "traced"),
    ("5 EUR each", 5, "traced"),
    ("€3.50 a cup", 3.5, "traced"),
    ("3,50 € a cup", 3.5, "traced"),
    ("a budget of 1 250 000", 1250000, "traced"),
    ("1.250.000 in total", 1250000, "traced"),
    ("$45 from my card", 4500, "traced"),
    ("a rate of 5%", 0.05, "traced"),
    ("a rate of 5 per cent", 5, "traced"),
    ("10 minutes", 600, "traced"),
    ("50 mH and 100 µF", 0.0001, "traced"),
    ("the past decade", 10, "traced"),
    ("the weather of the next week", 7, "traced"),
    ("41° 24' 12\" N", 41.403333333333336, "traced"),
    ("at 40.7128, -74.0060", -74.006, "traced"),
    ("fewer than 5 ingredients", 4, "weak"),
    ("more than 5 players", 6, "weak"),
    ("40.7128° N, 74.0060° W", -74.006, "weak"),
    ("seven years before 2023", 2016, "weak"),
    ("a song of the 90s", 1990, "weak"),
    ("from August 15 to August 17", 2, "weak"),
    ("check in August 14, check out August 17", 3, "weak"),
    ("three nights", 4, "untraced"),
    ("600 seconds", 601, "untraced"),
    ("the past decade", 11, "untraced"),
    ("order 4521", 4512, "untraced"),
    ("order 4521", 452, "untraced"),
    ("a rate of 5%", 0.5, "untraced"),
    ("pay $5k at most", 500, "untraced"),
    ("40.7128° N, 74.0060° W", -74.6, "untraced"),
    ("seven years before 2023", 2017, "untraced"),
    ("fewer than 5 ingredients", 6, "untraced"),
]  # fmt: skip

DATES: list[tuple[str, Json, Expected]] = [
    ("on May 6, 2023", "2023-05-06", "traced"),
    ("on the 6th of May 2023", "06.05.2023", "traced"),
    ("on 2023/05/06", "05/06/2023", "traced"),
    ("October 18, 19, and 20, 2023", "2023-10-20", "traced"),
    ("from 3 to 6 May 2023", "2023-05-03", "traced"),
    (TODAY + " Weather tomorrow?", "2023-05-04", "traced"),
    (TODAY + " And the day after tomorrow?", "2023-05-05", "traced"),
    (TODAY + " A table for next Friday", "2023-05-12", "traced"),
    (TODAY + " A table for this Friday", "2023-05-05", "traced"),
    (TODAY + " The fair in two weeks", "2023-05-17", "traced"),
    (TODAY + " What I bought 3 days ago", "2023-04-30", "traced"),
    (TODAY + " Rain over the next 7 days", "2023-05-10", "traced"),
    ("from March 12, 2023, back a week later", "2023-03-19", "traced"),
    ("3 nights from June 1, 2022", "2022-06-04", "traced"),
    ("flights on April 22nd", "2023-04-22", "weak"),
    ("weather tomorrow", "2023-05-04", "weak"),
    ("sales in May 2023", "2023-05-31", "weak"),
    ("this Friday", "2023-05-05", "weak"),
    ("on May 6, 2023", "2023-05-07", "untraced"),
    ("on May 6, 2023", "2032-05-06", "untraced"),
    ("on May 6, 2023 at 12:30 for 7", "2023-05-12", "untraced"),
    (TODAY + " Weather tomorrow?", "2023-05-05", "untraced"),
    (TODAY + " A table for next Friday", "2023-05-13", "untraced"),
    (TODAY + " The fair in two weeks", "2023-05-18", "untraced"),
    ("3 nights from June 1, 2022", "2022-06-05", "untraced"),
    ("this Friday", "2023-05-06", "untraced"),
    ("I may march on with 5 of them", "2023-05-05", "untraced"),
]

TIMES: list[tuple[str, Json, Expected]] = [
    ("at 7pm", "19:00", "traced"),
    ("at 7 p.m.", "19:00:00", "traced"),
    ("at half past seven", "19:30", "traced"),
    ("a quarter to eight", "07:45", "traced"),
    ("at 11.30 a.m.", "11:30", "traced"),
    ("dinner", "19:30", "weak"),
    ("10 in the morning", "10:00", "weak"),
    ("from 11:00 a.m. for 2 hours", "13:00", "weak"),
    ("at 7pm", "07:00", "untraced"),
    ("dinner", "09:00", "untraced"),
    ("10 in the morning", "01:00", "untraced"),
]

TEXTS: list[tuple[str, Json, Expected]] = [
    ("apples, pears and plums", "plums, apples, pears", "traced"),
    ("three tall ladders", "ladder", "traced"),
    ("call (555) 010-4477", "5550104477", "traced"),
    ("call 555-010-4477", "+1 555 010 4477", "weak"),
    ("order DA/12-345", "DA12345", "traced"),
    ("mail ann.berg@mail.example", "ann.berg@mail.example", "traced"),
    ("Ann Berg, she is at mail example", "ann.berg@mail.example", "weak"),
    ("open mail.example/inbox", "https://mail.example/inbox", "traced"),
    ("a salon in Walnut Creek", "Walnut Creek, CA", "weak"),
    ("a cartoon for the kids", "Animation", "traced"),
    ("stock of Microsoft", "MSFT", "traced"),
    ("a house in San Diego", "SD", "traced"),
    ("a haircut in Berkley", "Berkeley", "traced"),
    ("how rich is Messi?", "Lionel Messi", "weak"),
    ("weather in New York", "New Orleans", "untraced"),
    ("weather in Oslo", "Bergen", "untraced"),
    ("mail Ann about it", "ann@corp.example", "untraced"),
    ("call 555-010-4477", "555-010-4747", "untraced"),
    ("call 555-010-4477", "555-010-447", "untraced"),
    ("123 Main Street, Oslo", "132 Main Street, Oslo", "untraced"),
    ("user-456 may read", "user-546", "untraced"),
    ("glucose is C6H12O6", "C6H21O6", "untraced"),
    ("part AB1010CD", "AB1001CD", "untraced"),
]


@pytest.mark.parametrize(("text", "value", "expected"), [*NUMBERS, *DATES, *TIMES, *TEXTS])
def test_a_value_is_traced_as_far_as_the_words_go(text: str, value: Json, expected: Expected) -> None:
    assert expectation(text, value) == expected


def test_the_table_is_long_enough_and_names_each_case_once() -> None:
    cases = [(text, repr(value)) for text, value, _ in (*NUMBERS, *DATES, *TIMES, *TEXTS)]
    assert len(cases) >= 60
    assert len(set(cases)) == len(cases)


def test_flags_are_held_against_what_was_turned_down() -> None:
    assert expectation("with wind data", True, "include_wind") == "traced"
    assert expectation("without wind data", False, "include_wind") == "traced"
    assert expectation("without any wind data", True, "include_wind") == "untraced"
    assert expectation("museums with no entry fee", True, "free_entry") == "traced"


def test_days_are_counted_from_the_date_in_the_system_text_or_in_a_result() -> None:
    ask = "A room from tomorrow, please"
    assert expectation(ask, "2024-02-29", system="Current date: 2024-02-28") == "traced"
    assert expectation(ask, "2024-03-01", system="Current date: 2024-02-28") == "untraced"
    assert expectation(ask, "2024-02-29", result="2024-02-28") == "traced"


def test_constants_count_where_the_parameter_is_about_them() -> None:
    assert expectation("how far does light come in 4 years", 299792458, "speed_of_light") == "weak"
    assert expectation("how far does light come in 4 years", 299792485, "speed_of_light") == "untraced"
    assert expectation("how far does light come in 4 years", 299792458, "net_income") == "untraced"
    assert expectation("a car starts from rest", 0, "initial_velocity") == "weak"
    assert expectation("a car starts from rest", 0, "price") == "untraced"
    assert expectation("the first 50 entries", 0, "offset") == "weak"


def test_a_reference_to_the_result_of_another_call_is_no_value() -> None:
    call = ToolCall(name="f", arguments={"id": "$var1.id$", "n": 3}, depends_on=("1",))
    t = Trajectory(
        id="r",
        messages=(Message(role="user", content="the first 3"), Message(role="assistant", tool_calls=(call,))),
    )
    assert ground(t).score == 1


HOSTILE = [
    "\n" * 20000,
    "1 " * 20000,
    "in 3 days " * 3000,
    "may 5, " * 5000,
    "9" * 50000,
    "( 1 " * 9000,
    "A " * 9000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_read_in_reasonable_time(text: str) -> None:
    values: list[Json] = [
        True,
        "word" * 9,
        "2023-05-06",
        "10:15",
        "New Place",
        "( " * 500 + "1",
        *range(40, 60),
    ]
    calls = (ToolCall(name="f", arguments={"a": values, "b": float(10**300), "c": 10**400}),)
    t = Trajectory(
        id="h", messages=(Message(role="user", content=text), Message(role="assistant", tool_calls=calls))
    )
    assert ground(t).score is not None


@pytest.mark.parametrize("end", [" % 7", " ** 2", " = ?", " x", ")", ""])
def test_a_long_sum_is_traced_whatever_stands_behind_it(end: str) -> None:
    """Written another way, the pattern of sums needs ages for forty terms that are followed by anything."""
    value = "(" + " + ".join(map(str, range(1, 4000))) + ")" + end
    said = "Please add up all whole numbers there are from one to four thousand, and then some."
    assert expectation(said, value, "expression") == "untraced"
    said = " ".join(map(str, range(1, 4000, 2)))
    assert expectation(said, value, "expression") == "weak"
