"""Toucan-1.5M (Apache-2.0): tasks for MCP servers; every column is JSON text, or the parsed value.

``{"uuid", "subset_name", "messages", "question", "available_tools", "target_tools",
"question_quality_assessment", "response_quality_assessment", "metadata"}``; OpenAI-like messages with the
legacy `function_call` and the role function. A system turn that only declares the tools goes; declared tools
that are not the row's are kept beside it. One reply is written as a message for its text and one for each
call: they become one turn. Assessments that are objects become metrics of the outcome, others stay text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call, json_object, openai, split_thought
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("uuid", "subset_name", "messages", "question", "available_tools", "target_tools", "metadata")
LOSES = "where one message of a reply ends; the declaration of the tools as the model was shown it."
SEEN = "exemplar"
_ASSESSED = {
    "question_quality": "question_quality_assessment",
    "response_quality": "response_quality_assessment",
}
_KNOWN = frozenset({"messages", "available_tools", "question", "metadata", *_ASSESSED.values()})
_ROLES = ("system", "user", "assistant", "tool", "function")
_canonical = msgspec.json.Encoder(order="deterministic")
_DECLARED = re.compile(r"<\|im_system\|>\s*tool_declare\s*<\|im_middle\|>(.*)<\|im_end\|>", re.S)


class _Message(msgspec.Struct):
    role: str
    content: str | None = None
    function_call: Json = None
    tool_calls: list[Json] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None


class _Row(msgspec.Struct):
    messages: list[Json] | str
    available_tools: list[Json] | str | None = None
    question: str | None = None


_READ = frozenset(_Message.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the messages beside the tools that were available and those that were meant."""
    if {"messages", "available_tools", "target_tools"} <= value.keys():
        return "messages with available_tools and target_tools"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the conversation with the assessments of question and answer."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, toolset(raw.available_tools, "available_tools"))
    items = _messages(raw.messages)
    messages = [shape(item, _Message, f"messages[{i}]") for i, item in enumerate(items)]
    _add_turns(talk, messages, _unordered(raw.available_tools))
    for i, item in enumerate(items):
        talk.keep(f"messages[{i}]", item, _READ)
    fields = other_fields(row.value, _KNOWN)
    asked = next((m.content for m in talk.messages if m.role == "user"), None)
    if raw.question and raw.question != asked:
        fields["question"] = raw.question
    metrics = {}
    for name, column in (*_ASSESSED.items(), ("metadata", "metadata")):
        found = _told(row.value.get(column))
        if isinstance(found, dict) and name != "metadata":
            metrics[name] = found
        elif found is not None:
            fields[column] = found
    return talk.finish(fields=fields, outcome=Outcome(metrics=metrics) if metrics else None)


def _messages(value: list[Json] | str) -> list[Json]:
    if not isinstance(value, str):
        return value
    try:
        found = decode(value)
    except ValueError as error:
        raise BadRow("not-json", "messages", str(error)) from None
    return shape(found, list[Json], "messages")


def _told(value: Json) -> Json:
    """Return the value of a column, decoded where it is JSON text; None where it says nothing."""
    try:
        found = decode(value) if isinstance(value, str) else value
    except ValueError:
        found = value
    return None if found in ({}, [], "", None) else found


def _add_turns(talk: Conversation, messages: list[_Message], offered: list[bytes] | None) -> None:
    i = 0
    while i < len(messages):
        path, message, i = f"messages[{i}]", messages[i], i + 1
        if message.role == "system":
            _add_system(talk, message.content or "", offered)
        elif message.role == "user":
            talk.user(message.content or "", message.name)
        elif message.role in ("tool", "function"):
            talk.result(message.content or "", call_id=message.tool_call_id, name=message.name)
        elif message.role == "assistant":
            calls = _calls(message, path)
            while i < len(messages) and _goes_on(messages[i]):
                calls += _calls(messages[i], f"messages[{i}]")
                i += 1
            thought, text = split_thought(message.content or "")
            thought = message.reasoning_content or thought or None
            talk.assistant(text, calls, reasoning=thought, path=f"{path}.content")
        else:
            raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role!r}")


def _goes_on(message: _Message) -> bool:
    """Tell whether a message is nothing but a call of the reply before it."""
    has_call = message.function_call is not None or bool(message.tool_calls)
    return message.role == "assistant" and has_call and not message.content and not message.reasoning_content


def _calls(message: _Message, path: str) -> list[Call]:
    calls = [openai(item, f"{path}.tool_calls[{i}]") for i, item in enumerate(message.tool_calls or ())]
    if message.function_call is not None:
        calls.append(json_object(message.function_call, f"{path}.function_call"))
    return calls


def _add_system(talk: Conversation, text: str, offered: list[bytes] | None) -> None:
    declared = _DECLARED.fullmatch(text.strip())
    if not declared:
        talk.system(text)
    elif offered is None or _unordered(declared[1]) != offered:
        talk.notes["declared_tools"] = declared[1]


def _unordered(tools: list[Json] | str | None) -> list[bytes] | None:
    """Return definitions in a form that compares whatever their order; None for what is no list."""
    try:
        listed = decode(tools) if isinstance(tools, str) else tools
    except ValueError:
        return None
    return sorted(map(_canonical.encode, listed)) if isinstance(listed, list) else None
