"""Thoughts, loops and answers: what a reader would call poor is told, and what only looks odd is not."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.verify import duplicates, reasoning
from record_strategies import trajectories

USER = Message(role="user", content="What is the weather in Oslo, and is my order 4521 on its way?")
TOOLS = (Tool(name="get_weather"), Tool(name="track_order"), Tool(name="search"))


def call(name: str = "get_weather", **arguments: Json) -> ToolCall:
    return ToolCall(name=name, arguments=arguments)


def acts(*calls: ToolCall, thought: str | None = None, text: str = "") -> Message:
    return Message(role="assistant", content=text, reasoning=thought, tool_calls=calls)


def says(text: str, thought: str | None = None) -> Message:
    return Message(role="assistant", content=text, reasoning=thought)


def saw(text: str) -> Message:
    return Message(role="tool", content=text)


def row(*messages: Message, **fields: Any) -> Trajectory:
    return Trajectory(id="r", **{"tools": TOOLS, "messages": (USER, *messages), **fields})


def codes(t: Trajectory) -> list[tuple[str, str, str]]:
    return [(issue.code, issue.severity, issue.path) for issue in reasoning.check(t)]


OSLO, ORDER, BERGEN = call(city="Oslo"), call("track_order", id=4521), call(city="Bergen")
ENV = Task(kind="env")


def steps(*pairs: tuple[ToolCall, str], thoughts: bool = False) -> tuple[Message, ...]:
    """Return turns of one call each with what came of it."""
    return tuple(
        turn
        for k, (made, text) in enumerate(pairs)
        for turn in (acts(made, thought=f"Step number {k} it is." if thoughts else None), saw(text))
    )


POOR: dict[str, tuple[Trajectory, str, str, str]] = {
    "a placeholder for a thought": (
        row(acts(OSLO, thought=" None. "), saw("4 degrees"), says("4 degrees.")),
        "empty-thought",
        "warning",
        "messages[1].reasoning",
    ),
    "dots for a thought": (
        row(acts(OSLO, thought="...")),
        "empty-thought",
        "warning",
        "messages[1].reasoning",
    ),
    "a step without a thought among steps with one": (
        row(
            *steps((OSLO, "4 degrees"), (ORDER, "sent"), thoughts=True),
            acts(BERGEN),
            saw("5"),
            says("4, sent, 5."),
        ),
        "empty-thought",
        "warning",
        "messages[5].reasoning",
    ),
    "one thought for two steps": (
        row(
            acts(OSLO, thought="I should use the appropriate tool."),
            saw("4 degrees"),
            acts(ORDER, thought="I  should use the appropriate TOOL."),
            saw("sent"),
            says("4 degrees, sent."),
        ),
        "repeated-thought",
        "warning",
        "messages[3].reasoning",
    ),
    "a thought that wants no call, and a call": (
        row(acts(OSLO, thought="Small talk. No tool is needed here.")),
        "thought-contradicts-call",
        "warning",
        "messages[1].reasoning",
    ),
    "a thought that wants another tool": (
        row(acts(OSLO, thought="The user asks for the order. I will call track_order with it.")),
        "thought-contradicts-call",
        "warning",
        "messages[1].reasoning",
    ),
    "a call that is announced and not made": (
        row(says("It is on its way.", "The order is asked for. I'll call the track_order tool with 4521.")),
        "thought-contradicts-call",
        "warning",
        "messages[1].reasoning",
    ),
    "the same failing step three times in a row": (
        row(*steps(*[(OSLO, "Error: no such city")] * 3), says("Sorry, that did not work.")),
        "call-loop",
        "error",
        "messages[5].tool_calls",
    ),
    "the same step three times in a row, and the same result": (
        row(*steps(*[(OSLO, "4 degrees")] * 3), says("4 degrees.")),
        "call-loop",
        "warning",
        "messages[5].tool_calls",
    ),
    "going round between two steps": (
        row(*steps((OSLO, "4"), (ORDER, "sent"), (OSLO, "4"), (ORDER, "sent")), says("4, and it is sent.")),
        "call-loop",
        "warning",
        "messages[7].tool_calls",
    ),
    "failing three times in an environment": (
        row(*steps(*[(OSLO, "No change in state.")] * 3), task=ENV),
        "call-loop",
        "error",
        "messages[5].tool_calls",
    ),
    "success that is claimed after an error": (
        row(acts(ORDER), saw("Error: unknown order"), says("Your order was shipped this morning!")),
        "ignored-observation",
        "warning",
        "messages[3].content",
    ),
    "facts that are claimed after a refusal": (
        row(
            acts(ORDER),
            saw("The question is too difficult to answer."),
            says("According to it, all is well."),
        ),
        "ignored-observation",
        "warning",
        "messages[3].content",
    ),
    "a number that nobody said": (
        row(acts(ORDER), saw('{"id": 88123}'), says("Your order number is AB7731.")),
        "ignored-observation",
        "warning",
        "messages[3].content",
    ),
    "nothing found where something was": (
        row(
            acts(call("search", q="x")),
            saw('[{"title": "Heat"}]'),
            says("I could not find any films for you."),
        ),
        "ignored-observation",
        "warning",
        "messages[3].content",
    ),
    "markup of a call in the answer": (
        row(says('<tool_call>{"name": "x"}</tool_call>')),
        "leaked-markup",
        "error",
        "messages[1].content",
    ),
    "a token of a chat template in the answer": (
        row(says("It rains.<|im_end|>")),
        "leaked-markup",
        "error",
        "messages[1].content",
    ),
    "a line of ReAct in the answer": (
        row(acts(OSLO), saw("4 degrees"), says("Thought: done\nAction: finish[4 degrees]")),
        "leaked-markup",
        "warning",
        "messages[3].content",
    ),
}

FINE: dict[str, Trajectory] = {
    "a question and its call": row(acts(OSLO)),
    "calls without thoughts throughout": row(
        *steps((OSLO, "4"), (ORDER, "sent"), (BERGEN, "5")), says("4, 5, sent.")
    ),
    "thoughts that come now and then": row(
        acts(OSLO, thought="First the weather in Oslo."),
        saw("4"),
        *steps((ORDER, "sent"), (BERGEN, "5")),
        says("4, 5."),
    ),
    "a short thought twice": row(
        acts(OSLO, thought="Search again."),
        saw("4"),
        acts(BERGEN, thought="Search again."),
        saw("5"),
        says("4 and 5."),
    ),
    "a plan that names the next tool as well": row(
        acts(OSLO, thought="I will call get_weather first. Then I will use track_order."),
        saw("4"),
        says("4 degrees."),
    ),
    "a tool that is turned down": row(acts(OSLO, thought="I should not use track_order for the weather.")),
    "no other tool is needed": row(acts(OSLO, thought="I call it for Oslo. No other tools are needed.")),
    "a thought that waits for the user": row(
        says("Which order?", "I will call the track_order tool once the user tells the number.")
    ),
    "a question instead of the call": row(
        says("Which order is it?", "I'll call the track_order tool. But I need to ask for the number.")
    ),
    "polling": row(*steps(*[(ORDER, '{"state": "pending"}')] * 4), says("Still pending.")),
    "asking again because the user does": row(
        *steps((OSLO, "4")),
        says("4 degrees."),
        USER,
        *steps((OSLO, "4")),
        says("Still 4."),
        USER,
        *steps((OSLO, "4")),
        says("4."),
    ),
    "trying again after something changed": row(
        *steps(
            (ORDER, "Error: not logged in"),
            (OSLO, "4"),
            (ORDER, "Error: not logged in"),
            (BERGEN, "ok"),
            (ORDER, "Error: not logged in"),
        ),
        says("Sorry, this failed."),
    ),
    "the same step in an environment": row(*steps(*[(OSLO, "You walk on.")] * 5), task=ENV),
    "an error that is admitted": row(
        acts(ORDER), saw("Error: unknown order"), says("I am sorry, it is not known.")
    ),
    "an answer from the result": row(
        acts(ORDER), saw('{"id": "AB7731"}'), says("Your order number is AB-7731.")
    ),
    "a sum of two results": row(
        *steps((OSLO, '{"price": 120.5}'), (BERGEN, '{"price": 200}')),
        says("Both together are 320.50 dollars."),
    ),
    "a plain acknowledgement": row(acts(ORDER), saw("success"), says("Done, it is on its way.")),
    "nothing found, and nothing there": row(
        acts(call("search", q="x")), saw("[]"), says("No results were found.")
    ),
    "a user who asks about markup": Trajectory(
        id="m",
        messages=(
            Message(role="user", content="What is <|im_end|>?"),
            says("<|im_end|> ends a turn in ChatML."),
        ),
    ),
    "a step of a recipe called Action": Trajectory(
        id="a",
        messages=(Message(role="user", content="Script?"), says("Action: the hero enters.")),
    ),
}


@pytest.mark.parametrize("name", POOR)
def test_what_is_poor_is_told_once_and_in_its_place(name: str) -> None:
    t, *expected = POOR[name]
    assert codes(t) == [tuple(expected)]


@pytest.mark.parametrize("name", FINE)
def test_what_only_looks_odd_is_fine(name: str) -> None:
    assert not codes(FINE[name])


def test_only_what_is_certain_drops_a_row() -> None:
    assert set(reasoning.CODES) == {code for _, code, severity, _ in POOR.values() if severity == "error"}


def test_only_the_first_loop_of_a_row_is_told() -> None:
    failing = [(OSLO, "Error: no such city")] * 9
    assert [code for code, _, _ in codes(row(*steps(*failing), says("Sorry, it failed.")))] == ["call-loop"]


def repeats(t: Trajectory) -> list[tuple[str, str, str, bool]]:
    return [(i.code, i.severity, i.path, i.by_design) for i in duplicates.check(t)]


def test_a_call_that_learns_the_same_again_is_told_whatever_the_words_around_it() -> None:
    again = row(acts(OSLO, text="First."), saw("4"), acts(OSLO, text="Again."), saw("4"), says("4."))
    assert repeats(again) == [("repeated-call", "warning", "messages[3].tool_calls", False)]
    changed = row(acts(OSLO, text="First."), saw("4"), acts(OSLO, text="Again."), saw("5"), says("5."))
    assert not repeats(changed)
    now = Message(role="user", content="And now?")
    asked = row(acts(OSLO, text="First."), saw("4"), now, acts(OSLO, text="Again."), saw("4"), says("4."))
    assert not repeats(asked)


def test_a_user_who_says_the_very_same_again_is_told() -> None:
    assert repeats(row(says("4 degrees."), USER, says("As I said, 4."))) == [
        ("repeated-turn", "warning", "messages[2]", False)
    ]
    yes = Message(role="user", content="Yes, please.")
    assert not repeats(row(says("Oslo?"), yes, says("Today?"), yes, says("4 degrees.")))


def test_equal_turns_are_a_loop_polling_or_the_way_of_an_environment() -> None:
    def severity(t: Trajectory) -> list[tuple[str, bool]]:
        return [(issue.severity, issue.by_design) for issue in duplicates.check(t)]

    assert severity(row(says("4 degrees."), says("4 degrees."))) == [("error", False)]
    twice = steps((OSLO, "4"), (OSLO, "5"))
    assert severity(row(*twice, says("5."))) == [("warning", False)]
    assert severity(row(*twice, says("5."), task=ENV)) == [("info", True)]


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(trajectories())
def test_any_row_can_be_judged(t: Trajectory) -> None:
    found = {issue.code for issue in reasoning.check(t) if issue.severity == "error"}
    assert found <= set(reasoning.CODES)


@pytest.mark.parametrize(
    "text", ["\n" * 50000, "Action" * 9000, "<|" * 20000, "I will " * 9000, "[ { " * 9000]
)
def test_hostile_texts_are_read(text: str) -> None:
    turns = (acts(OSLO, thought=text, text=text), saw(text), says(text, text))
    assert isinstance(codes(row(*turns)), list)


class Counted(str):
    """A text that counts, over all of them, how often one is taken in as evidence."""

    taken = 0

    def casefold(self) -> str:
        Counted.taken += 1
        return str.casefold(self)


@pytest.mark.parametrize("asked_each_time", [True, False])
def test_a_long_conversation_is_read_once_however_many_answers_are_made_up(asked_each_time: bool) -> None:
    turns = [
        turn
        for k in range(50)
        for turn in (
            *([Message(role="user", content=f"And what of shelf {k}?")] if asked_each_time else []),
            acts(call("search", query=f"shelf {k}")),
            Message(role="tool", content=Counted(f"shelf {k} holds {3 * k} books of {7 * k} pages")),
            says(f"The order XQ-{k}77 costs 1234{k} dollars."),
        )
    ]
    t = row(*turns)
    Counted.taken = 0
    answers = [path for code, _, path in codes(t) if code == "ignored-observation"]
    assert len(answers) == 50
    assert Counted.taken <= 2 * 50  # among the results, and in all that was said
