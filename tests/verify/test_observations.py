"""Recorded results that report an error or are enormous; executed results against what a tool promises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.verify.observations import MAX_CHARACTERS, check, reports_error
from callwright.verify.results import result_issues

ERRORS = [
    '{"error": "no such city"}',
    '{"success": false, "error": {"code": 3}}',
    "{'error': 'no such city', 'response': ''}",
    "Error: flight HAT030 not available on date 2024-05-13",
    "ERROR | KeyError('country')",
    "Parameter type error: \"style\", expected one of ['a', 'b']",
    'Status Code: 400. Response: {"detail": "x"}',
    'Status Code: 200. Response: {"error": "Bad Request"}',
    "Traceback (most recent call last):\n  File",
    "ValueError: bad",
    '{"status": "failed"}',
    '{"status_code": 404}',
    "HTTP 500 Internal Server Error",
    "Error executing tool f: boom",
]
ANSWERS = [
    "The standard error: 0.02",
    '{"error": null, "output": "ok"}',
    "{'error': '', 'response': '[1, 2]'}",
    '{"error": 0.02}',
    "mean squared error: 3.1",
    "Errors are discussed in chapter 4.",
    "Error rate of 5 %",
    "Exception handling in Python",
    'Status Code: 200. Response: {"success": true}',
    "success",
    "",
    "[]",
    "{not json",
    "404 chairs are in stock",
]


@pytest.mark.parametrize("text", ERRORS)
def test_a_result_that_reports_an_error_is_seen(text: str) -> None:
    assert reports_error(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_a_result_that_answers_is_no_error(text: str) -> None:
    assert not reports_error(text)


def talk(*results: str) -> Trajectory:
    asks = Message(role="assistant", tool_calls=(ToolCall(name="f"),))
    turns = [turn for text in results for turn in (asks, Message(role="tool", content=text))]
    return Trajectory(id="o", messages=(Message(role="user", content="go"), *turns))


def test_findings_are_warnings_with_their_place() -> None:
    found = list(check(talk("fine", ERRORS[0], "x" * (MAX_CHARACTERS + 1))))
    assert [(i.code, i.severity, i.path) for i in found] == [
        ("error-observation", "warning", "messages[4].content"),
        ("oversize-observation", "warning", "messages[6].content"),
    ]
    assert not list(check(talk()))


@given(
    st.text(max_size=60) | st.sampled_from(["{" * 3000, "[" * 3000, "{'a':" * 500, " " * 9000, "error" * 999])
)
def test_any_text_can_be_looked_at(text: str) -> None:
    assert isinstance(reports_error(text), bool)


def returning(**schema: Any) -> Tool:
    return Tool(name="f", returns=schema)


OBJECT = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "at": {"type": "object"}},
    "required": ["n"],
}


@pytest.mark.parametrize(
    ("tool", "value", "paths"),
    [
        (returning(type="integer"), 3, []),
        (returning(type="integer"), "3", ["result"]),
        (returning(**OBJECT), {"n": 3}, []),
        (returning(**OBJECT), {"n": 3, "more": 1}, []),
        (returning(type="object"), {"n": 3}, []),
        (returning(**OBJECT, additionalProperties=False), {"n": 3, "more": 1}, ["result.more"]),
        (returning(**OBJECT), {"n": "3", "at": 1}, ["result.n", "result.at"]),
        (returning(**OBJECT), {}, ["result.n"]),
        (returning(type="array", items={"type": "string"}), ["a", 2], ["result[1]"]),
        (returning(type="strnig"), 3, ["result"]),
        (Tool(name="f"), 3, []),
        (returning(), 3, []),
    ],
)
def test_a_result_is_held_against_what_the_tool_returns(tool: Tool, value: Json, paths: list[str]) -> None:
    found = list(result_issues(tool, value))
    assert sorted(issue.path for issue in found) == sorted(paths)
    assert all((issue.code, issue.severity) == ("result-schema", "warning") for issue in found)


def test_the_place_of_a_result_is_the_callers() -> None:
    (issue,) = result_issues(returning(type="integer"), "3", "messages[1].tool_calls[0]")
    assert issue.path == "messages[1].tool_calls[0]"


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda v: st.lists(v, max_size=3)))
def test_any_schema_and_result_can_be_judged(value: Json) -> None:
    for returns in (
        OBJECT,
        {"type": ["string", "null"]},
        {"properties": []},
        {"$ref": "#/x"},
        {"items": value},
    ):
        assert all(json.dumps(issue.got) for issue in result_issues(Tool(name="f", returns=returns), value))
