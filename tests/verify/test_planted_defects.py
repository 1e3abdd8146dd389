"""A table of rows with one planted defect each, and of rows that look odd and are right: 0 wrong verdicts."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from callwright.record import Json, Message, Observation, Task, Tool, ToolCall, Trajectory
from callwright.verify import each, verify

WEATHER = Tool(
    name="get_weather",
    description="Weather of a city.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1, "maximum": 14},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
            "hours": {"type": "array", "items": {"type": "integer"}},
            "since": {"type": "string", "format": "date"},
            "wind": {"type": "boolean"},
            "place": {
                "type": "object",
                "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
                "required": ["lat"],
                "additionalProperties": False,
            },
        },
        "required": ["city"],
    },
)
TIME = Tool(name="get_time", parameters={"type": "object", "properties": {"zone": {"type": "string"}}})
USER = Message(role="user", content="What is the weather in Oslo for 3 days, and the time in UTC?")


def call(name: str = "get_weather", *, id: str | None = None, **arguments: Json) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, id=id)


def asks(*calls: ToolCall) -> Message:
    return Message(role="assistant", tool_calls=calls)


def says(text: str) -> Message:
    return Message(role="assistant", content=text)


def result(text: str = "4 degrees", **fields: Any) -> Message:
    return Message(role="tool", content=text, **fields)


def row(*messages: Message, **fields: Any) -> Trajectory:
    return Trajectory(
        id="r", **{"tools": (WEATHER, TIME), "messages": messages, "task": Task(expects="any"), **fields}
    )


GOOD = call(city="Oslo", days=3)
NO_CALL, MUST_CALL, CLARIFY = Task(expects="no_call"), Task(expects="call"), Task(expects="clarify")
ENV = Task(kind="env")

INVALID: dict[str, tuple[Trajectory, str, str]] = {
    "no message at all": (row(), "no-messages", "messages"),
    "no user turn": (row(asks(GOOD)), "no-user", "messages"),
    "an empty user turn": (
        row(Message(role="user", content=" \n"), asks(GOOD)),
        "empty-message",
        "messages[0].content",
    ),
    "an empty assistant turn": (row(USER, says("")), "empty-message", "messages[1].content"),
    "a question nobody answers": (row(USER), "last-turn", "messages[0].role"),
    "calls by the user": (
        row(replace(USER, tool_calls=(GOOD,)), says("ok")),
        "calls-outside-assistant",
        "messages[0].tool_calls",
    ),
    "a result without a call": (row(USER, result(), says("ok")), "orphan-result", "messages[1]"),
    "more results than calls": (
        row(USER, asks(GOOD), result(), result("5"), says("ok")),
        "orphan-result",
        "messages[3]",
    ),
    "a result for another id": (
        row(USER, asks(call(id="c1", city="Oslo")), result(tool_call_id="c2"), says("ok")),
        "call-id-mismatch",
        "messages[2].tool_call_id",
    ),
    "an id answered twice": (
        row(
            USER,
            asks(call(id="a", city="Oslo"), call("get_time", id="b")),
            result(tool_call_id="a"),
            result(tool_call_id="a"),
            says("ok"),
        ),
        "call-id-mismatch",
        "messages[3].tool_call_id",
    ),
    "one id for two calls": (
        row(USER, asks(call(id="a", city="Oslo"), call("get_time", id="a"))),
        "duplicate-call-id",
        "messages[1].tool_calls",
    ),
    "arguments that did not parse": (
        row(
            USER,
            asks(ToolCall(name="get_weather", arguments=None, raw='{"city": ', parse_error="end of input")),
        ),
        "unparsable-call",
        "messages[1].tool_calls[0]",
    ),
    "a parse error beside arguments": (
        row(
            USER, asks(ToolCall(name="get_weather", arguments={"city": "Oslo"}, parse_error="trailing comma"))
        ),
        "unparsable-call",
        "messages[1].tool_calls[0]",
    ),
    "a call without a name": (row(USER, asks(call(""))), "unparsable-call", "messages[1].tool_calls[0]"),
    "an infinite number": (
        row(USER, asks(call(city="Oslo", place={"lat": float("inf")}))),
        "not-json",
        "messages[1].tool_calls[0].arguments.place",
    ),
    "a function that is not offered": (
        row(USER, asks(call("fetch_weather", city="Oslo"))),
        "undefined-function",
        "messages[1].tool_calls[0].name",
    ),
    "a name in another case": (
        row(USER, asks(call("Get_Weather", city="Oslo"))),
        "undefined-function",
        "messages[1].tool_calls[0].name",
    ),
    "a call where no tool is offered": (
        row(USER, asks(GOOD), tools=()),
        "undefined-function",
        "messages[1].tool_calls[0].name",
    ),
    "two tools of one name": (
        row(USER, asks(GOOD), tools=(WEATHER, replace(TIME, name="get_weather"))),
        "ambiguous-tool",
        "tools[1].name",
    ),
    "a required argument left out": (
        row(USER, asks(call(days=3))),
        "missing-argument",
        "messages[1].tool_calls[0].arguments.city",
    ),
    "an argument nobody declared": (
        row(USER, asks(call(city="Oslo", cty="Oslo"))),
        "unknown-argument",
        "messages[1].tool_calls[0].arguments.cty",
    ),
    "an undeclared argument inside an object": (
        row(USER, asks(call(city="Oslo", place={"lat": 3, "alt": 3}))),
        "unknown-argument",
        "messages[1].tool_calls[0].arguments.place.alt",
    ),
    "an integer as text": (
        row(USER, asks(call(city="Oslo", days="3"))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.days",
    ),
    "a boolean for an integer": (
        row(USER, asks(call(city="Oslo", days=True))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.days",
    ),
    "a float for an integer": (
        row(USER, asks(call(city="Oslo", days=3.0))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.days",
    ),
    "an integer for a boolean": (
        row(USER, asks(call(city="Oslo", wind=1))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.wind",
    ),
    "a list as text": (
        row(USER, asks(call(city="Oslo", hours="[3, 4]"))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.hours",
    ),
    "a wrong item in a list": (
        row(USER, asks(call(city="Oslo", hours=[3, "4"]))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.hours[1]",
    ),
    "null for a string": (
        row(USER, asks(call(city=None))),
        "wrong-type",
        "messages[1].tool_calls[0].arguments.city",
    ),
    "a value outside the enum": (
        row(USER, asks(call(city="Oslo", unit="kelvin"))),
        "not-in-enum",
        "messages[1].tool_calls[0].arguments.unit",
    ),
    "an enum value in another case": (
        row(USER, asks(call(city="Oslo", unit="Celsius"))),
        "not-in-enum",
        "messages[1].tool_calls[0].arguments.unit",
    ),
    "a number out of bounds": (
        row(USER, asks(call(city="Oslo", days=15))),
        "out-of-bounds",
        "messages[1].tool_calls[0].arguments.days",
    ),
    "a date that does not exist": (
        row(USER, asks(call(city="Oslo", since="2023-02-30"))),
        "bad-format",
        "messages[1].tool_calls[0].arguments.since",
    ),
    "a schema that is none": (
        row(USER, asks(GOOD), tools=(replace(WEATHER, parameters={"type": "objekt"}),)),
        "bad-schema",
        "messages[1].tool_calls[0].arguments",
    ),
    "a schema with a list of properties": (
        row(
            USER, asks(GOOD), tools=(replace(WEATHER, parameters={"type": "object", "properties": ["city"]}),)
        ),
        "bad-schema",
        "messages[1].tool_calls[0].arguments",
    ),
    "a schema that wants the network": (
        row(
            USER, asks(GOOD), tools=(replace(WEATHER, parameters={"$ref": "http://127.0.0.1:9/schema.json"}),)
        ),
        "bad-schema",
        "messages[1].tool_calls[0].arguments",
    ),
    "the same call twice": (
        row(USER, asks(call(city="Oslo", days=3), call(days=3, city="Oslo"))),
        "duplicate-call",
        "messages[1].tool_calls[1]",
    ),
    "the same turn twice in a row": (
        row(USER, says("One moment."), says("One moment.")),
        "repeated-turn",
        "messages[2]",
    ),
    "text where a call is due": (
        row(USER, says("It is cold."), task=MUST_CALL),
        "missing-call",
        "messages[1]",
    ),
    "a call where none is due": (
        row(USER, asks(GOOD), task=NO_CALL),
        "unexpected-call",
        "messages[1].tool_calls",
    ),
    "a call instead of a question": (
        row(USER, asks(GOOD), task=CLARIFY),
        "unexpected-call",
        "messages[1].tool_calls",
    ),
}

VALID: dict[str, Trajectory] = {
    "one call": row(USER, asks(GOOD)),
    "two different calls": row(USER, asks(GOOD, call("get_time", zone="UTC"))),
    "the same tool with other arguments": row(USER, asks(call(city="Oslo"), call(city="Oslo", days=3))),
    "a tool without parameters": row(USER, asks(call("ping")), tools=(Tool(name="ping"),)),
    "optional arguments left out": row(USER, asks(call(city="Oslo"))),
    "results in another order, by id": row(
        USER,
        asks(call(id="a", city="Oslo"), call("get_time", id="b")),
        result(tool_call_id="b"),
        result(tool_call_id="a"),
        says("Cold."),
    ),
    "results without ids, in order": row(
        USER, asks(GOOD, call("get_time")), result(), result("12:00"), says("ok")
    ),
    "a whole number for a number": row(USER, asks(call(city="Oslo", place={"lat": 3}))),
    "a float for a number": row(USER, asks(call(city="Oslo", place={"lat": 3.0}))),
    "polling: the same call after a result": row(
        USER, asks(GOOD), result("busy"), asks(GOOD), result(), says("ok")
    ),
    "one is not true": row(
        USER,
        asks(call("any", x=1), call("any", x=True)),
        tools=(Tool(name="any", parameters={"type": "object", "properties": {"x": {}}}),),
    ),
    "unknown tools are not judged": row(USER, asks(call("whatever", a=1)), tools=None),
    "text and call in one turn": row(USER, replace(asks(GOOD), content="Let me look.")),
    "the assistant greets first": row(says("Hello!"), USER, asks(GOOD)),
    "two user turns in a row": row(USER, USER, asks(GOOD)),
    "a system turn first": row(Message(role="system", content="Be brief."), USER, asks(GOOD)),
    "an empty system turn": row(Message(role="system"), USER, asks(GOOD)),
    "no call by design": row(USER, says("No tool fits."), task=NO_CALL),
    "an empty list of calls by design": row(USER, says(""), task=NO_CALL),
    "a question by design": row(USER, says("Which city?"), task=CLARIFY),
    "a call after the question was answered": row(
        USER,
        says("Which one?"),
        Message(role="user", content="Oslo"),
        asks(GOOD),
        result(),
        says("4"),
        task=CLARIFY,
    ),
    "only a query": row(USER, task=Task(kind="query", expects="call")),
    "a result as the last turn": row(USER, asks(GOOD), result()),
    "a goodbye as the last turn": row(
        USER, asks(GOOD), result(), says("4 degrees."), Message(role="user", content="Thanks! ###STOP###")
    ),
    "the environment has the last word": row(USER, asks(GOOD), result(), task=ENV),
    "an untraceable value is only a warning": row(USER, asks(call(city="Ulaanbaatar"))),
    "equal tools offered twice": row(USER, asks(GOOD), tools=(WEATHER, WEATHER)),
    "arguments named like schema words": row(
        USER,
        asks(call("f", type="a", required="b", properties="c")),
        tools=(
            Tool(
                name="f",
                parameters={
                    "type": "object",
                    "properties": {n: {"type": "string"} for n in ("type", "required", "properties")},
                },
            ),
        ),
    ),
    "a union with null": row(
        USER,
        asks(call("f", a=None)),
        tools=(
            Tool(name="f", parameters={"type": "object", "properties": {"a": {"type": ["string", "null"]}}}),
        ),
    ),
    "very many calls": row(USER, asks(*(call(city="Oslo", hours=[k]) for k in range(500)))),
    "a very deep argument": row(
        USER,
        asks(call("f", a=[[[[[[[[1]]]]]]]])),
        tools=(Tool(name="f", parameters={"type": "object", "properties": {"a": {}}}),),
    ),
}


@pytest.mark.parametrize("kind", INVALID)
def test_a_planted_defect_is_found_where_it_is(kind: str) -> None:
    t, code, path = INVALID[kind]
    verdict = verify(t)
    errors = [(issue.code, issue.path) for issue in verdict.issues if issue.severity == "error"]
    assert not verdict.ok
    assert (code, path) in errors, errors


@pytest.mark.parametrize("kind", VALID)
def test_a_row_that_looks_odd_and_is_right_passes(kind: str) -> None:
    verdict = verify(VALID[kind])
    assert verdict.ok, verdict.issues


def observed(value: Json) -> Callable[[ToolCall], Observation]:
    return lambda call: Observation(ok=True, value=value, isolation="process")


def failed(kind: Any) -> Callable[[ToolCall], Observation]:
    return lambda call: Observation(ok=False, kind=kind, error="no such city")


BAD_RESULTS: dict[str, tuple[Callable[[ToolCall], Observation], str]] = {
    "the tool raised": (failed("raised"), "execution-failed"),
    "the tool hung": (failed("timeout"), "execution-failed"),
    "the tool died": (failed("crashed"), "execution-failed"),
    "the tool was refused": (failed("refused"), "execution-failed"),
    "the result is too big": (failed("oversize"), "oversize-result"),
    "an error object": (observed({"error": "no such city"}), "error-result"),
    "an error flag": (observed({"error": True, "code": 3}), "error-result"),
    "a list of errors": (observed({"errors": [{"message": "no"}]}), "error-result"),
    "a text that starts with error": (observed("Error: no such city"), "error-result"),
    "an exception as text": (observed("ValueError: no such city"), "error-result"),
    "a traceback": (observed("Traceback (most recent call last):\n  File"), "error-result"),
    "an HTTP status": (observed({"status_code": 503, "body": ""}), "error-result"),
    "an HTTP status as text": (observed("status 500 Internal Server Error"), "error-result"),
}
GOOD_RESULTS: dict[str, Json] = {
    "a measurement called error": {"error": 0.02, "mean": 3.1},
    "an error that did not happen": {"error": None, "value": 3},
    "no errors": {"errors": [], "value": 3},
    "a text about errors": "The standard error: 0.02",
    "a rate of errors": "Error rate 3 %",
    "a film": "Trial and Error",
    "a number like a status": "404 ducks",
    "zero": 0,
    "false": False,
}


@pytest.mark.parametrize("kind", BAD_RESULTS)
def test_a_result_that_is_none_is_an_error(kind: str) -> None:
    execute, code = BAD_RESULTS[kind]
    verdict = verify(row(USER, asks(GOOD)), execute=each(execute))
    assert not verdict.ok
    assert [issue.code for issue in verdict.issues if issue.severity == "error"] == [code]


@pytest.mark.parametrize("kind", GOOD_RESULTS)
def test_a_result_that_only_looks_like_an_error_passes(kind: str) -> None:
    verdict = verify(row(USER, asks(GOOD)), execute=each(observed(GOOD_RESULTS[kind])))
    assert verdict.ok, verdict.issues
    assert verdict.executed
    assert verdict.isolation == "process"


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_an_empty_result_is_a_warning(value: Json) -> None:
    verdict = verify(row(USER, asks(GOOD)), execute=each(observed(value)))
    assert verdict.ok
    assert [issue.code for issue in verdict.issues] == ["empty-result"]
