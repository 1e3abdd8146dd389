"""Hermes function calling v1: ShareGPT turns with calls and results as JSON between tags, and a tools column.

The system text offers the tools between ``<tools>`` tags and says how to call them. Results that follow each
other share a turn; they name their tool, and a reader takes them for the oldest call of that tool.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from callwright.export.chat import arguments_object, definitions, json_text, linked, system_text
from callwright.export.layout import (
    ABOUT_THE_CALLS,
    ABOUT_THE_ROW,
    ABOUT_THE_TASK,
    ABOUT_THE_TOOLS,
    Losses,
    Unexpressible,
)
from callwright.formats.strict_json import escape
from callwright.record import Json, Message, ToolCall, Trajectory

CONTAINER: Literal["lines"] = "lines"
LOSES = Losses(
    (
        *(path for path in ABOUT_THE_ROW if path != "id"),
        *ABOUT_THE_TASK,
        "task.few_shots",
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "messages[].tool_calls[].id",
        "messages[].name",
        "messages[].weight",
        "outcome",
        "preference",
    ),
    "White space at the ends of a text; calls and results are linked by name and order; examples become part "
    "of the system text; of a preference pair the chosen answer is written.",
)
HOW_TO_CALL = (
    "The functions between the tools tags may be called. A call is a JSON object with name and arguments "
    "between tool_call tags, one pair of tags for each call:\n"
    '<tool_call>\n{"name": "<name>", "arguments": {"<argument>": "<value>"}}\n</tool_call>'
)
_TOOLS_TAG = re.compile("<(?=/?tools)")
_TAGS = ("<tools>", "<tool_call", "</tool_call", "<tool_response", "</tool_response", "<think>", "</think>")


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row."""
    t = linked(t)
    _check_links(t.messages)
    turns: list[Json] = []
    system = _system(t)
    if system:
        turns.append({"from": "system", "value": system})
    i = 0
    while i < len(t.messages):
        end = i + 1
        while t.messages[i].role == "tool" and end < len(t.messages) and t.messages[end].role == "tool":
            end += 1
        turns.append(_turn(t.messages[i:end], f"messages[{i}]", t))
        i = end
    row: dict[str, Json] = {"id": t.id, "conversations": turns}
    if t.tools is not None:
        row["tools"] = json_text(definitions(t.tools))
    return row


def _system(t: Trajectory) -> str:
    text = _untagged(system_text(t.task), "task.instruction").strip()
    if t.tools is None:
        return text
    listed = _TOOLS_TAG.sub(r"\\u003c", escape(json_text(definitions(t.tools))))
    offer = f"<tools>\n{listed}\n</tools>\n{HOW_TO_CALL}"
    return f"{text}\n\n{offer}" if text else offer


def _turn(messages: Sequence[Message], path: str, t: Trajectory) -> dict[str, Json]:
    first = messages[0]
    if first.role == "tool":
        names = {call.id: call.name for message in t.messages for call in message.tool_calls}
        value = "\n".join(_result(m.content, names[m.tool_call_id]) for m in messages)
        return {"from": "tool", "value": value}
    if first.role == "assistant":
        return {"from": "gpt", "value": _answer(first, path)}
    origin = "human" if first.role == "user" else "system"
    content = first.content if origin == "human" else _untagged(first.content, f"{path}.content")
    return {"from": origin, "value": content}


def _answer(message: Message, path: str) -> str:
    text = _untagged(message.content, f"{path}.content")
    blocks = [_block(call, f"{path}.tool_calls[{j}]") for j, call in enumerate(message.tool_calls)]
    said = "\n".join([text, *blocks] if text else blocks)
    if not message.reasoning:
        return said
    return f"<think>\n{_untagged(message.reasoning, f'{path}.reasoning')}\n</think>\n\n{said}"


def _block(call: ToolCall, path: str) -> str:
    body = json_text({"name": call.name, "arguments": arguments_object(call, path)})
    return f"<tool_call>\n{escape(body)}\n</tool_call>"


def _result(content: str, name: str) -> str:
    body = json_text({"name": name, "content": _value(content)})
    return f"<tool_response>\n{escape(body)}\n</tool_response>"


def _value(content: str) -> Json:
    """Return the object or list whose JSON text `content` is to the letter, or the text itself."""
    if content[:1] in ("{", "["):
        try:
            value = msgspec.json.decode(content)
        except (ValueError, RecursionError):
            return content
        if json_text(value) == content:
            return value
    return content


def _untagged(text: str, path: str) -> str:
    tag = next((tag for tag in _TAGS if tag in text), "")
    if tag:
        raise Unexpressible("ambiguous-text", path, f"the text contains {tag}")
    return text


def _check_links(messages: Sequence[Message]) -> None:
    """Raise unless every result answers the oldest open call of its tool."""
    opened: list[ToolCall] = []
    for i, message in enumerate(messages):
        opened += message.tool_calls
        if message.role != "tool":
            continue
        called = next(call for call in opened if call.id == message.tool_call_id)
        if next(call for call in opened if call.name == called.name) is not called:
            path = f"messages[{i}].tool_call_id"
            raise Unexpressible("unlinked-result", path, "not the oldest open call of its tool")
        opened.remove(called)
