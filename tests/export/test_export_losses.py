"""What a layout says that it loses is really lost, nothing else is, and the report counts it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from round_trip import SOURCES, comparable, read_back, written

from callwright.export import EXPORTS
from callwright.export.layout import ABOUT_THE_ROW, BOOKKEEPING, has, lost
from callwright.record import (
    Issue,
    Message,
    Outcome,
    Preference,
    Source,
    Task,
    Tool,
    ToolCall,
    Trajectory,
)
from callwright.unify.notations.own_atif import restored

PARAMETERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
PLAIN = Trajectory(
    id="1",
    tools=(Tool(name="f", parameters=PARAMETERS),),
    messages=(
        Message(role="user", content="Call f."),
        Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={"a": 1}, id="call_0"),)),
    ),
)
"""A row that every layout can express."""


def row(**fields: Any) -> Trajectory:
    return msgspec.structs.replace(PLAIN, **fields)


def task(**fields: Any) -> Trajectory:
    return row(task=Task(**fields))


def tool(**fields: Any) -> Trajectory:
    assert PLAIN.tools
    return row(tools=(msgspec.structs.replace(PLAIN.tools[0], **fields),))


def said(*calls: dict[str, Any], user: dict[str, Any] | None = None, **fields: Any) -> Trajectory:
    query, answer = PLAIN.messages
    made = tuple(msgspec.structs.replace(answer.tool_calls[0], **call) for call in calls or ({},))
    query = msgspec.structs.replace(query, **(user or {}))
    return row(messages=(query, msgspec.structs.replace(answer, tool_calls=made, **fields)))


REJECTED = Preference(rejected=Message(role="assistant", content="No."), error_class="made-up")
EXAMPLES: dict[str, Trajectory] = {
    "id": row(id="mine"),
    "source": row(source=Source(dataset="mine", row=7, license="MIT")),
    "issues": row(issues=(Issue(code="x", path="tools"),)),
    "fingerprint": row(fingerprint="0f"),
    "extra": row(extra={"mine": 1}),
    "task.format_instruction": task(format_instruction="Answer in JSON."),
    "task.kind": task(kind="env"),
    "task.expects": task(expects="clarify"),
    "task.lang": task(lang="fr"),
    "task.output_format": task(output_format="xlam"),
    "task.layout": task(layout="tags:tools+task"),
    "task.few_shots": task(few_shots=("Q: 1", "A: 2")),
    "tools=[]": row(tools=()),
    "tools[].returns": tool(returns={"type": "string"}),
    "tools[].kind": tool(kind="mcp"),
    "tools[].original_name": tool(original_name="f!"),
    "tools[].schema_fixes": tool(schema_fixes=("made up",)),
    "messages[].tool_calls[].id": said({"id": "toolu_1"}),
    "messages[].tool_calls[].depends_on": said({}, {"id": "call_1", "depends_on": ("call_0",)}),
    "messages[].tool_calls[].alternatives": said({"alternatives": {"a": [1, 2]}}),
    "messages[].tool_calls[].parse_error": said({"arguments": None, "raw": "{", "parse_error": "mine"}),
    "messages[].name": said(user={"name": "ann"}),
    "messages[].weight": said(weight=0.0),
    "outcome": row(outcome=Outcome(success=True)),
    "outcome.metrics": row(outcome=Outcome(success=True, metrics={"steps": 3})),
    "preference": row(preference=REJECTED),
    "preference.error_class": row(preference=REJECTED),
}
DECLARED = [(to, path) for to in EXPORTS for path in EXPORTS[to].LOSES.paths]


@pytest.mark.parametrize(("to", "path"), DECLARED)
def test_what_a_layout_declares_as_lost_is_really_lost(to: str, path: str, tmp_path: Path) -> None:
    before = EXAMPLES[path]
    losses = EXPORTS[to].LOSES.paths
    file, report, kept = written([before], tmp_path, to)
    assert len(kept) == 1
    assert report.extra["lost"].get(path) == 1
    (after,) = read_back(file, SOURCES["preference" if to == "trl" and before.preference else to])
    assert comparable(after, losses) == comparable(before, losses)
    if path in ABOUT_THE_ROW:
        assert getattr(after, path) != getattr(before, path)
    else:
        others = [other for other in losses if other != path]
        assert comparable(after, others) != comparable(before, others)


@pytest.mark.parametrize("to", EXPORTS)
def test_a_row_with_nothing_to_lose_loses_nothing(to: str) -> None:
    assert set(lost(PLAIN, EXPORTS[to].LOSES)) <= set(BOOKKEEPING)
    EXPORTS[to].render(PLAIN)


def test_every_field_of_a_task_is_looked_at() -> None:
    """All layouts carry the instruction; of each other field it is told whether they do."""
    assert {f"task.{name}" for name in Task.__struct_fields__} - EXAMPLES.keys() == {"task.instruction"}


@pytest.mark.parametrize("path", EXAMPLES)
def test_a_place_of_the_record_is_found_where_it_says_something(path: str) -> None:
    assert has(EXAMPLES[path], path)
    assert not has(PLAIN, path) or path in BOOKKEEPING


def test_the_examples_become_part_of_the_system_text() -> None:
    t = task(instruction="You are f's friend.", few_shots=("Q: 1", "A: 2"))
    text = "You are f's friend.\n\n# Examples\nQ: 1\n\nA: 2"
    chat = {"role": "system", "content": text}
    assert EXPORTS["openai"].render(t)["messages"][0] == chat
    assert EXPORTS["trl"].render(t)["messages"][0] == chat
    assert EXPORTS["responses"].render(t)["instructions"] == text
    assert EXPORTS["llamafactory"].render(t)["system"] == text
    assert EXPORTS["hermes"].render(t)["conversations"][0]["value"].startswith(f"{text}\n\n<tools>\n")
    assert EXPORTS["atif"].render(t)["steps"][0]["message"] == text


@pytest.mark.parametrize("to", ["openai", "trl"])
def test_a_call_without_an_id_gets_one_that_no_other_has(to: str) -> None:
    t = said({"id": None}, {"id": "call_0"}, {"id": None})
    calls = EXPORTS[to].render(t)["messages"][1]["tool_calls"]
    assert [call["id"] for call in calls] == ["call_1", "call_0", "call_2"]
    assert restored(EXPORTS["atif"].render(t)) == t


def test_a_flag_that_the_raw_row_had_goes_back_to_openai() -> None:
    t = row(extra={"unify": {"fields": {"parallel_tool_calls": False}}})
    assert EXPORTS["openai"].render(t)["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in EXPORTS["openai"].render(PLAIN)


def test_flat_parameters_say_what_is_optional_only_where_a_default_does_not() -> None:
    properties = {"a": {"type": "integer"}, "b": {"default": 1}, "c": {}, "d": {"default": 2}}
    t = tool(parameters={"type": "object", "properties": properties, "required": ["d", "a"]})
    (found,) = msgspec.json.decode(EXPORTS["xlam"].render(t)["tools"])
    assert found["parameters"] == {
        "a": {"type": "integer"},
        "b": {"default": 1},
        "c": {"required": False},
        "d": {"default": 2, "required": True},
    }


def test_llamafactory_gets_a_thought_before_the_call_and_before_the_text() -> None:
    turn = EXPORTS["llamafactory"].render(said(reasoning="Hm."))["conversations"][1]
    assert turn["value"] == '<think>\nHm.\n</think>\n\n{"name":"f","arguments":{"a":1}}'
    spoken = row(messages=(PLAIN.messages[0], Message(role="assistant", content="No.", reasoning="Hm.")))
    turn = EXPORTS["llamafactory"].render(spoken)["conversations"][1]
    assert turn == {"from": "gpt", "value": "<think>\nHm.\n</think>\n\nNo."}
