"""One small row per finding of `verify`: the examples of docs/checks.md, judged whenever the page is made.

`EXAMPLES` lists, by check: the code, what it means, and a row that shows it. Nothing else about a finding is
written by hand: severity, place, expected and got are what `verify` says about the row. A code without an
example, or an example that does not show its code, is an error of the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from callwright.record import Issue, Message, Observation, Source, Task, Tool, ToolCall, Trajectory
from callwright.verify import Execute, each, verify
from callwright.verify.fix import repair
from callwright.verify.judge import Opinion, StepOpinion, Unsupported, Vote, decide

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
    votes: tuple[Opinion | None, ...] = ()
    """What the judges say, None for one that abstains; without any, none is asked."""


class Finding(NamedTuple):
    """An example together with what `verify` says about it."""

    example: Example
    issue: Issue
    fixed: bool
    """``--fix`` mends this row."""


def row(*messages: Message, tools: Any = (FORECAST,), **task: Any) -> Trajectory:
    """Return a trajectory of these messages; `task` holds fields of its task."""
    return Trajectory(id="example", tools=tools, messages=messages, task=Task(**task))


def say(*calls: ToolCall) -> Message:
    """Return an assistant turn with these calls."""
    return Message(role="assistant", tool_calls=calls)


def thinking(thought: str, *calls: ToolCall) -> Message:
    """Return an assistant turn that thinks and calls."""
    return Message(role="assistant", reasoning=thought, tool_calls=calls)


def call(id: str | None = None, **arguments: Any) -> ToolCall:
    """Return a call of the forecast for Kyiv with further arguments."""
    return ToolCall(name="forecast", arguments={"city": "Kyiv", **arguments}, id=id)


ONE_CALL = row(ASK, say(KYIV))
WITH_CALL = row(ASK, say(KYIV), RESULT, TEXT)

YES, NO = Opinion(rating=5.0, passes=True), Opinion(rating=5.0, passes=False, why="the wrong city")
UNSUPPORTED = StepOpinion(step=1, score=5.0, unsupported=(Unsupported("days", "5"),))
ERROR = Message(role="tool", content='{"error": "no such city"}', tool_call_id="call_0")
SORRY = Message(role="assistant", content="I am sorry, the service does not know Kyiv.")

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "gate": (
        Example(
            "secret",
            "a credential that a real system would accept; `verify` stops, nothing is written",
            row(Message(role="user", content="My token is ghp_" + "Zk3Qw9Lx7" * 4), TEXT),
        ),
        Example(
            "noncommercial",
            "the licence of the row's source forbids commercial use",
            replace(
                row(ASK, say(KYIV)), source=Source(dataset="d", license="CC-BY-NC-4.0", noncommercial=True)
            ),
        ),
    ),
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
        Example("last-turn", "the row ends before the assistant said anything", row(ASK)),
        Example(
            "last-turn",
            "a user's goodbye or a result has the last word",
            row(ASK, TEXT, Message(role="user", content="Thank you!")),
        ),
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
        Example(
            "repeated-call",
            "the calls of the turn before again, although the result did not change",
            row(ASK, say(KYIV), RESULT, replace(say(KYIV), content="Once more."), RESULT, TEXT),
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
    "reasoning": (
        Example(
            "empty-thought",
            "a thought that says nothing, or none in a row whose other turns think",
            row(ASK, thinking("N/A", KYIV)),
        ),
        Example(
            "repeated-thought",
            "the thought of another step again",
            row(
                ASK,
                thinking("I look the weather of the city up for the user.", KYIV),
                RESULT,
                thinking("I look the weather of the city up for the user.", call(days=2)),
            ),
        ),
        Example(
            "thought-contradicts-call",
            "the thought wants another tool, or none, or announces a call that is not made",
            row(ASK, thinking("This is easy, no tool is needed.", KYIV)),
        ),
        Example(
            "call-loop",
            "the same failing step three times over; a warning where the step does not plainly fail",
            row(ASK, say(KYIV), ERROR, say(KYIV), ERROR, say(KYIV), ERROR, SORRY),
        ),
        Example(
            "ignored-observation",
            "the answer claims success after an error, tells what no result holds, or overlooks one",
            row(ASK, say(KYIV), ERROR, TEXT),
        ),
        Example(
            "leaked-markup",
            "the answer to the user holds tags of calls or tokens of a template",
            row(ASK, Message(role="assistant", content="It will be sunny. </tool_call>")),
        ),
    ),
    "observations": (
        Example(
            "error-observation",
            "a recorded result reports an error",
            row(ASK, say(KYIV), ERROR, SORRY),
        ),
        Example(
            "oversize-observation",
            "a recorded result is larger than most models can read",
            row(ASK, say(KYIV), Message(role="tool", content="x" * 70_000, tool_call_id="call_0"), TEXT),
        ),
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
            "result-schema",
            "the result is not what the tool says it returns; the tool breaks its word, not the row",
            row(ASK, say(KYIV), tools=(replace(FORECAST, returns={"type": "string"}),)),
            (Observation(ok=True, value=21),),
        ),
        Example(
            "not-answered",
            "a live server could not be reached, or a recording does not hold the call; not the row's fault",
            ONE_CALL,
            (Observation(ok=False, kind="timeout", error="no connection within 2 s", via="live"),),
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
    "judges": (
        Example("judge-rejected", "no majority of the judges passes the row", ONE_CALL, votes=(NO, NO, YES)),
        Example(
            "low-rating",
            "the mean of the ratings is below `--min-rating`",
            ONE_CALL,
            votes=(Opinion(rating=2.0, passes=True),),
        ),
        Example(
            "hallucinated-argument",
            "a majority names the value as one that nothing supports; a warning where fewer do",
            row(ASK, say(call(days=5))),
            votes=(Opinion(rating=5.0, passes=True, steps=(UNSUPPORTED,)),),
        ),
        Example(
            "low-rated-step",
            "the mean rating of one step is below `--min-rating`",
            ONE_CALL,
            votes=(Opinion(rating=5.0, passes=True, steps=(StepOpinion(step=1, score=2.0),)),),
        ),
        Example(
            "judge-abstained",
            "no judge gave an answer that can be read: the row is kept, and counted apart",
            ONE_CALL,
            votes=(None,),
        ),
    ),
    "repairs": (
        Example(
            "repaired",
            "`--fix` mended a value or a name; the note holds the new and the old one",
            row(ASK, say(call(days="3"))),
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
        if check == "repairs":
            issues = repair(example.row).repairs
        else:
            issues = _judged(example) if example.votes else _verified(example)
        shown = [issue for issue in issues if issue.code == example.code]
        if not shown:
            found = ", ".join(issue.code for issue in issues) or "nothing"
            raise ValueError(f"the example of {example.code} shows {found}")
        yield Finding(example, shown[0], shown[0].severity == "error" and _is_fixed(example))


def _verified(example: Example) -> tuple[Issue, ...]:
    execute = _in_turn(example.results * 2) if example.results else None  # calls are run twice
    return verify(example.row, execute=execute).issues


def _judged(example: Example) -> tuple[Issue, ...]:
    votes = [Vote(f"judge {k}", said) for k, said in enumerate(example.votes, start=1)]
    return tuple(decide(example.row, votes).issues)


def _is_fixed(example: Example) -> bool:
    """Tell whether ``--fix`` mends the row."""
    found = repair(example.row)
    return bool(found.repairs) and verify(found.trajectory).ok


def _in_turn(results: tuple[Observation, ...]) -> Execute:
    left = iter(results)
    return each(lambda _: next(left))
