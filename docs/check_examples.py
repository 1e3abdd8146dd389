"""One small row per finding of `verify`: the examples of docs/checks.md, judged whenever the page is made.

`EXAMPLES` lists, by check: the code, what it means, and a row that shows it. Nothing else about a finding is
written by hand: severity, place, expected and got are what `verify` says about the row. A code without an
example, or an example that does not show its code, is an error of the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from callwright.record import Issue, Message, Observation, Task, Tool, ToolCall, Trajectory
from callwright.verify import Execute, each, verify

FORECAST = Tool(
    name="forecast",
    description="Get the weather forecast.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1, "maximum": 7},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "start": {"type": "string", "format": "date"},
            "station": {"type": "string", "pattern": "^WS[0-9]{3}$"},
            "hours": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
        },
        "required": ["city"],
    },
)
OTHER_FORECAST = Tool(
    name="forecast", parameters={"type": "object", "properties": {"zip": {"type": "string"}}}
)
BROKEN = Tool(name="forecast", parameters={"type": "object", "properties": {"city": {"type": "strnig"}}})
ASK = Message(role="user", content="How will the weather be in Kyiv?")
TEXT = Message(role="assistant", content="It will be sunny.")
KYIV = ToolCall(name="forecast", arguments={"city": "Kyiv"}, id="call_0")
RESULT = Message(role="tool", content="sunny", tool_call_id="call_0")


class Example(NamedTuple):
    """A code, what it means in words, and a row that shows it."""

    code: str
    meaning: str
    row: Trajectory
    results: tuple[Observation, ...] = ()
    """What execution returns, run by run; without any, nothing is executed."""


class Finding(NamedTuple):
    """An example together with what `verify` says about it."""

    example: Example
    issue: Issue


def row(*messages: Message, tools: Any = (FORECAST,), **task: Any) -> Trajectory:
    """Return a trajectory of these messages; `task` holds fields of its task."""
    return Trajectory(id="example", tools=tools, messages=messages, task=Task(**task))


def say(*calls: ToolCall) -> Message:
    """Return an assistant turn with these calls."""
    return Message(role="assistant", tool_calls=calls)


def call(id: str | None = None, **arguments: Any) -> ToolCall:
    """Return a call of the forecast for Kyiv with further arguments."""
    return ToolCall(name="forecast", arguments={"city": "Kyiv", **arguments}, id=id)


ONE_CALL = row(ASK, say(KYIV))
WITH_CALL = row(ASK, say(KYIV), RESULT, TEXT)

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "structure": (
        Example("no-messages", "the row holds no message", row()),
        Example("no-user", "nobody asks anything", row(TEXT)),
        Example("empty-message", "a turn with neither text nor calls", row(ASK, Message(role="assistant"))),
        Example(
            "empty-message",
            "the same where the source says that no call fits and leaves the answer empty",
            row(ASK, Message(role="assistant"), expects="no_call"),
        ),
        Example(
            "calls-outside-assistant",
            "another role than the assistant makes calls",
            row(Message(role="user", content="Hi", tool_calls=(KYIV,)), TEXT),
        ),
        Example("last-turn", "the row ends before the assistant answered", row(ASK)),
        Example(
            "last-turn",
            "the same in a row of an environment, which may have the last word",
            row(ASK, say(KYIV), RESULT, kind="env"),
        ),
        Example("orphan-result", "a result that no call asked for", row(ASK, TEXT, RESULT, TEXT)),
        Example(
            "call-id-mismatch",
            "a result names a call that is not open",
            row(ASK, say(KYIV), Message(role="tool", content="sunny", tool_call_id="call_9"), TEXT),
        ),
        Example(
            "duplicate-call-id",
            "two calls of a turn share an id",
            row(ASK, say(KYIV, call(id="call_0", days=2))),
        ),
        Example(
            "turn-order",
            "unusual, but every chat template can write it",
            row(ASK, ASK, TEXT),
        ),
        Example(
            "unanswered-call",
            "a call has no result although the talk goes on",
            row(ASK, say(KYIV), ASK, TEXT),
        ),
        Example(
            "empty-observation",
            "a tool's result is empty",
            row(ASK, say(KYIV), Message(role="tool", tool_call_id="call_0"), TEXT),
        ),
        Example(
            "result-name",
            "a result bears another tool's name than its call",
            row(
                ASK,
                say(KYIV),
                Message(role="tool", content="sunny", tool_call_id="call_0", name="time"),
                TEXT,
            ),
        ),
    ),
    "parse": (
        Example(
            "unparsable-call",
            "the source's text of a call is no name with a JSON object; nothing is repaired",
            row(
                ASK, say(ToolCall(name="forecast", arguments=None, raw="{city: Kyiv", parse_error="no JSON"))
            ),
        ),
        Example(
            "not-json",
            "a value that JSON can not carry: NaN, infinity, extreme depth",
            row(ASK, say(call(days=float("inf")))),
        ),
    ),
    "offered": (
        Example(
            "tools-unknown",
            "the source does not tell which tools were offered, so calls are not held against a schema",
            row(ASK, say(KYIV), tools=None),
        ),
        Example(
            "undefined-function",
            "a call of a tool that is not offered",
            row(ASK, say(ToolCall(name="weather"))),
        ),
        Example(
            "ambiguous-tool",
            "two tools of one name with different parameters",
            row(ASK, say(KYIV), tools=(FORECAST, OTHER_FORECAST)),
        ),
        Example("duplicate-tool", "a tool is offered twice", row(ASK, say(KYIV), tools=(FORECAST, FORECAST))),
    ),
    "schema": (
        Example(
            "missing-argument",
            "a required argument is left out",
            row(ASK, say(ToolCall(name="forecast", arguments={"days": 2}))),
        ),
        Example(
            "unknown-argument",
            "an argument that the tool does not declare",
            row(ASK, say(call(country="UA"))),
        ),
        Example(
            "wrong-type", "a value of another JSON type; 3.0 is no integer", row(ASK, say(call(days="3")))
        ),
        Example("not-in-enum", "a value outside the closed set", row(ASK, say(call(unit="kelvin")))),
        Example(
            "bad-format",
            "a string that is not of its format: date, time, e-mail …",
            row(ASK, say(call(start="tomorrow"))),
        ),
        Example("bad-pattern", "a string that its pattern does not match", row(ASK, say(call(station="7")))),
        Example("out-of-bounds", "a number, length or count beyond its bounds", row(ASK, say(call(days=30)))),
        Example(
            "invalid-value", "any other keyword of the schema is violated", row(ASK, say(call(hours=[6, 6])))
        ),
        Example(
            "bad-schema", "the tool's parameters are no JSON Schema", row(ASK, say(KYIV), tools=(BROKEN,))
        ),
    ),
    "duplicates": (
        Example(
            "duplicate-call",
            "the same call twice in one turn",
            row(ASK, say(KYIV, ToolCall(name="forecast", arguments={"city": "Kyiv"}, id="call_1"))),
        ),
        Example("repeated-turn", "two equal assistant turns in a row: a loop", row(ASK, TEXT, TEXT)),
        Example(
            "repeated-turn",
            "an equal assistant turn after something happened: polling",
            row(ASK, TEXT, ASK, TEXT),
        ),
    ),
    "expectation": (
        Example(
            "missing-call", "the source expects a call and the row makes none", row(ASK, TEXT, expects="call")
        ),
        Example(
            "unexpected-call",
            "the source expects no call, or a question, and the row calls",
            row(ASK, say(KYIV), expects="no_call"),
        ),
        Example("no-call", "no call, as the source expects", row(ASK, TEXT, expects="no_call")),
    ),
    "grounding": (
        Example("ungrounded-value", "nothing said so far supports the value", row(ASK, say(call(days=5)))),
    ),
    "execution": (
        Example(
            "execution-failed",
            "the tool raised, timed out, crashed or refused",
            ONE_CALL,
            (Observation(ok=False, kind="raised", error="ValueError: no such city"),),
        ),
        Example(
            "oversize-result",
            "the result is larger than the limit",
            ONE_CALL,
            (Observation(ok=False, kind="oversize", error="more than 65536 bytes"),),
        ),
        Example(
            "error-result",
            "the tool returned an error instead of raising it",
            ONE_CALL,
            (Observation(ok=True, value={"error": "no such city"}),),
        ),
        Example(
            "empty-result",
            "the tool returned nothing",
            ONE_CALL,
            (Observation(ok=True, value=[]),),
        ),
        Example(
            "nondeterministic",
            "the second run of the call gave another result",
            ONE_CALL,
            (Observation(ok=True, value=21), Observation(ok=True, value=22)),
        ),
        Example(
            "not-executed",
            "the arguments refer to the result of an earlier call",
            row(
                ASK,
                say(
                    ToolCall(
                        name="forecast",
                        arguments={"city": "$call_0.city"},
                        id="call_1",
                        depends_on=("call_0",),
                    )
                ),
            ),
            (Observation(ok=True, value="sunny"),),
        ),
    ),
    "any check": (
        Example(
            "check-failed",
            "a check tripped over a row that no reader should have let in",
            row(ASK, say(KYIV), tools=("no tool",)),
        ),
    ),
}


def findings(check: str) -> Iterator[Finding]:
    """Yield the examples of a check with what was found; raises ValueError for a wrong example."""
    for example in EXAMPLES[check]:
        execute = _in_turn(example.results * 2) if example.results else None  # calls are run twice
        verdict = verify(example.row, execute=execute)
        shown = [issue for issue in verdict.issues if issue.code == example.code]
        if not shown:
            found = ", ".join(issue.code for issue in verdict.issues) or "nothing"
            raise ValueError(f"the example of {example.code} shows {found}")
        yield Finding(example, shown[0])


def _in_turn(results: tuple[Observation, ...]) -> Execute:
    left = iter(results)
    return each(lambda _: next(left))
