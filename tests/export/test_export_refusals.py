"""A row that a layout can not express is dropped with reason and path, never bent."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from callwright.export import EXPORTS, REASONS, Unexpressible, export
from callwright.record import (
    Dropped,
    Message,
    Preference,
    Task,
    Tool,
    ToolCall,
    Trajectory,
)
from record_strategies import MARKED

USER = Message(role="user", content="Hi.")
TEXT = Message(role="assistant", content="Hello.")


def calling(*names: str, **fields: Any) -> Message:
    calls = tuple(ToolCall(name=name, arguments={"a": 1}, id=f"c{i}") for i, name in enumerate(names))
    return Message(role="assistant", tool_calls=calls, **fields)


def result(call_id: str | None, name: str | None = None) -> Message:
    return Message(role="tool", content="7", tool_call_id=call_id, name=name)


def talk(*messages: Message, **fields: Any) -> Trajectory:
    return Trajectory(**{"id": "t", "tools": (), "messages": messages, **fields})


BROKEN = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments=None, raw="{", parse_error="x"),))
UNKEPT = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments=None, parse_error="x"),))
PYTHON = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments=None, raw='"{}"'),))
PAIR = Preference(rejected=TEXT, error_class="x")
DEFINED = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
REFERRING = {"type": "object", "properties": {"$ref": {"type": "string"}}, "required": ["$ref"]}

REFUSED: list[tuple[str, str, str, Trajectory]] = [
    # layout, reason, path, row
    ("openai", "duplicate-call-id", "messages[3].tool_calls[0].id",
     talk(USER, calling("f"), result("c0"), calling("f"))),
    ("openai", "unlinked-result", "messages[2].tool_call_id", talk(USER, calling("f"), result("zz"))),
    ("openai", "unlinked-result", "messages[1].tool_call_id", talk(USER, result(None))),
    ("openai", "unlinked-result", "messages[3].tool_call_id",
     talk(USER, calling("f"), result("c0"), result("c0"))),
    ("openai", "wrong-result-name", "messages[2].name", talk(USER, calling("f"), result("c0", "g"))),
    ("openai", "weight", "messages[1].weight", talk(USER, calling("f", weight=0.5))),
    ("openai", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, UNKEPT)),
    ("openai", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, PYTHON)),
    ("openai", "not-encodable", "", talk(Message(role="user", content="\ud800"))),
    ("responses", "adjacent-turns", "messages[2]", talk(USER, TEXT, calling("f"))),
    ("responses", "adjacent-turns", "messages[2]", talk(USER, Message(role="assistant"), TEXT)),
    ("responses", "adjacent-turns", "messages[2]", talk(USER, calling("f"), TEXT, result("c0"))),
    ("hf", "number-too-big", "tools[0].function.parameters.properties.a.default",
     talk(USER, tools=(Tool(name="f", parameters={"properties": {"a": {"default": 2**64}}}),))),
    ("hf", "number-too-big", "messages[1].tool_calls[0].function.arguments.a[1]",
     talk(USER, Message(role="assistant",
                        tool_calls=(ToolCall(name="f", arguments={"a": [1, -(2**63) - 1]}),)))),
    ("hf", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, BROKEN)),
    ("trl", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, BROKEN)),
    ("trl", "no-answer", "messages[0]", talk(USER, preference=PAIR)),
    ("trl", "roles", "messages[1]", talk(Message(role="system"), TEXT, preference=PAIR)),
    ("trl", "roles", "messages[0]", talk(TEXT, preference=PAIR)),
    ("llamafactory", "results-together", "messages[3]",
     talk(USER, calling("f", "f"), result("c0"), result("c1"), TEXT)),
    ("llamafactory", "roles", "messages[1].role", talk(USER, USER, TEXT)),
    ("llamafactory", "roles", "messages[0].role", talk(TEXT)),
    ("llamafactory", "roles", "messages[2].role", talk(USER, TEXT, Message(role="system"))),
    ("llamafactory", "no-answer", "messages[0]", talk(USER)),
    ("llamafactory", "no-answer", "messages[0]", talk()),
    ("llamafactory", "text-beside-call", "messages[1].content", talk(USER, calling("f", content="So:"))),
    ("llamafactory", "unlinked-result", "messages[2].tool_call_id",
     talk(USER, calling("f", "g"), result("c1"), TEXT)),
    ("llamafactory", "ambiguous-text", "messages[1].content",
     talk(USER, Message(role="assistant", content="<think>"))),
    *((name, "ambiguous-text", "messages[1].content",
       talk(USER, Message(role="assistant", content="<think>So.</think> No.")))
      for name in ("openai", "responses", "hf", "trl", "xlam2")),
    ("hermes", "ambiguous-text", "messages[1].content",
     talk(USER, Message(role="assistant", content="Write <tool_call> and go."))),
    ("hermes", "ambiguous-text", "messages[1].reasoning", talk(USER, calling("f", reasoning="</think>"))),
    ("hermes", "ambiguous-text", "task.instruction", talk(USER, task=Task(instruction="<tools>"))),
    ("hermes", "unlinked-result", "messages[2].tool_call_id", talk(USER, calling("f", "f"), result("c1"))),
    ("hermes", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, BROKEN)),
    ("xlam", "several-turns", "messages", talk(USER, calling("f"), result("c0"))),
    ("xlam", "no-answer", "messages[0]", talk(USER)),
    ("xlam", "reasoning", "messages[1].reasoning", talk(USER, calling("f", reasoning="Hm."))),
    ("xlam", "text-answer", "messages[1].content", talk(USER, TEXT)),
    ("xlam", "system-text", "task.instruction", talk(USER, TEXT, task=Task(instruction="Be kind."))),
    ("xlam", "system-text", "task.few_shots", talk(USER, TEXT, task=Task(few_shots=("x",)))),
    ("xlam", "tools-unknown", "tools", talk(USER, calling("f"), tools=None)),
    ("xlam", "not-flat", "tools[0].parameters",
     talk(USER, calling("f"), tools=(Tool(name="f", parameters=DEFINED),))),
    ("xlam", "not-flat", "tools[0].parameters",
     talk(USER, calling("f"), tools=(Tool(name="f", parameters=REFERRING),))),
    ("xlam", "not-flat", "tools[0].parameters.properties.a",
     talk(USER, calling("f"), tools=(Tool(name="f", parameters={"properties": {"a": True}}),))),
    ("xlam", "not-flat", "tools[0].parameters",
     talk(USER, calling("f"), tools=(Tool(name="f", parameters={"type": "object", "required": True}),))),
    ("xlam", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, BROKEN)),
    ("xlam2", "reasoning", "messages[1].reasoning",
     talk(USER, Message(role="assistant", content="Hi.", reasoning="Hm."))),
    ("xlam2", "text-beside-call", "messages[1].content", talk(USER, calling("f", content="So:"))),
    ("atif", "loose-result", "messages[1]", talk(USER, result(None))),
    ("atif", "loose-result", "messages[0]", talk(result(None))),
    ("atif", "loose-result", "messages[4].tool_call_id", talk(USER, calling("f"), USER, TEXT, result("c0"))),
    ("atif", "duplicate-call-id", "messages", talk(USER, calling("f"), result("c0"), calling("f"))),
    ("atif", "unparsed-arguments", "messages[1].tool_calls[0].arguments", talk(USER, BROKEN)),
]  # fmt: skip


@pytest.mark.parametrize(("to", "reason", "path", "t"), REFUSED, ids=[f"{r[0]}-{r[1]}" for r in REFUSED])
def test_a_row_that_can_not_be_expressed_is_dropped_with_reason_and_path(
    to: str, reason: str, path: str, t: Trajectory, tmp_path: Path
) -> None:
    suffix = {"lines": ".jsonl", "parquet": ".parquet", "folder": ""}[EXPORTS[to].CONTAINER]
    report = export([t], tmp_path / f"out{suffix}", to)
    assert (report.rows_in, report.kept, report.reasons) == (1, 0, {reason: 1})
    (line,) = (tmp_path / "out.dropped.jsonl").read_bytes().splitlines()
    dropped = msgspec.json.decode(line, type=Dropped)
    assert (dropped.id, dropped.stage, dropped.reason, dropped.path) == ("t", "export", reason, path)
    if reason != "not-encodable":
        assert msgspec.convert(dropped.row, Trajectory) == t


def test_every_reason_has_an_example() -> None:
    shown = {reason for _, reason, _, _ in REFUSED}
    assert shown == set(REASONS) - {"mixed-kinds"}


def test_a_file_of_pairs_takes_no_row_without_one_and_the_other_way_round(tmp_path: Path) -> None:
    plain, pair = talk(USER, TEXT), talk(USER, TEXT, preference=PAIR)
    report = export([plain, pair, plain], tmp_path / "a.jsonl", "trl")
    assert (report.kept, report.reasons) == (2, {"mixed-kinds": 1})
    report = export([pair, plain, pair], tmp_path / "b.jsonl", "trl")
    assert (report.kept, report.reasons) == (2, {"mixed-kinds": 1})


@pytest.mark.parametrize("mark", [mark for mark in (*MARKED, "</tools>") if mark != "[TOOL_CALLS]"])
def test_no_tag_in_arguments_results_and_tools_of_hermes_can_end_its_block(mark: str) -> None:
    call = ToolCall(name="f", arguments={mark: [mark, {"x": f'"}}}}\n{mark}'}]}, id="c0")
    tool = Tool(name="f", description=mark)
    messages = (
        USER,
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=mark, tool_call_id="c0"),
    )
    system, _, turn, answer = EXPORTS["hermes"].render(talk(*messages, tools=(tool,)))["conversations"]
    listed = system["value"].split("<tools>\n")[1].split("\n</tools>")[0]
    assert msgspec.json.decode(listed)[0]["function"]["description"] == mark
    called = turn["value"].removeprefix("<tool_call>\n").removesuffix("\n</tool_call>")
    assert msgspec.json.decode(called) == {"name": "f", "arguments": call.arguments}
    returned = answer["value"].removeprefix("<tool_response>\n").removesuffix("\n</tool_response>")
    assert msgspec.json.decode(returned) == {"name": "f", "content": mark}
    inside = [listed] if "tools" in mark else [listed, called, returned]
    assert not any(mark in text for text in inside)


def test_a_reason_is_a_key_of_the_table() -> None:
    for to, reason, _, t in REFUSED:
        if reason != "not-encodable":
            with pytest.raises(Unexpressible) as refused:
                EXPORTS[to].render(t)
            assert refused.value.reason in REASONS
