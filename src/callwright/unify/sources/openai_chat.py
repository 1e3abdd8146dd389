"""OpenAI chat JSONL and the `messages` + `tools` columns of Hugging Face data sets: one source reads both.

``{"messages": […], "tools": […]}``, as logs, fine-tuning files and most exports have it. Arguments may be
JSON text or an object, calls may be parallel or in the legacy `function_call`, and the tools may stand in
`tools` or `functions`. Messages and tools may be lists or, as columns of Parquet files often are, their JSON
text. Without tools or functions it is unknown which were offered. A text `system` beside the messages is the
instruction, before that of the messages if theirs is another one.

Thoughts come from `reasoning_content`, `reasoning`, `thinking`, from parts of these types, or from before
``</think>``; several become one. Text parts of a content are joined; an image, sound or file drops the row,
because the words that follow would speak of it. The content of a result may be any JSON value, which is kept
as its text. A refusal is what the assistant says where it says nothing else. `weight` is the weight of a
turn, and `parallel_tool_calls` stays among the fields.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import blocks
from callwright.unify.notations.calls import Call, json_object, split_thought
from callwright.unify.notations.turns import calls_of
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape
from callwright.unify.sources import anthropic
from callwright.unify.tools import toolset

LICENSES: dict[str, str] = {}
FIELDS = ("messages", "tools", "functions", "system", "parallel_tool_calls")
LOSES = "where a text part ends; which field held the thought, and blanks around it; a tool's mark `strict`."
SEEN = "real"
_KNOWN = frozenset({"messages", "tools", "functions"})
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_NOT_OURS = frozenset({"chosen", "rejected", "chosen_response", "rejected_response", "prompt"})


class _Row(msgspec.Struct):
    messages: list[Json] | str
    tools: list[Json] | str | None = None
    functions: list[Json] | str | None = None


class _Message(msgspec.Struct):
    role: str
    content: Json = None
    tool_calls: list[Json] | str | None = None
    function_call: Json = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: str | None = None
    refusal: str | None = None
    weight: float | None = None


_PROMPT = frozenset({"role", "content"})
_RESULT = _PROMPT | {"name", "tool_call_id"}
_ANSWER = frozenset(_Message.__struct_fields__) - {"tool_call_id", "refusal"}


def detect(value: Mapping[str, Json]) -> str:
    """Recognise messages with OpenAI's roles; preference pairs are not ours, nor is Anthropic's API."""
    messages = anthropic.listed(value.get("messages"))
    if not messages or _NOT_OURS & value.keys() or anthropic.only_here(value):
        return ""
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return ""
        content = message.get("content")
        if isinstance(content, list) and not all(isinstance(p, dict) and "value" not in p for p in content):
            return ""
    return "messages with the roles of OpenAI chat"


def convert(row: Row) -> Trajectory:
    """Return the conversation."""
    raw = shape(row.value, _Row)
    messages = anthropic.listed(raw.messages)
    if isinstance(raw.messages, str) and not messages:
        raise BadRow("wrong-type", "messages", "expected a list of messages or its JSON text")
    offered = raw.tools if raw.tools is not None else raw.functions
    talk = Conversation(row, toolset(offered, "tools" if raw.tools is not None else "functions"))
    system = row.value.get("system")
    if isinstance(system, str) and system and not _begin_with(messages, system):
        talk.system(system)
    for i, item in enumerate(messages):
        path = f"messages[{i}]"
        _add(talk, item, path)
    reward, success = row.value.get("reward"), row.value.get("success")
    read = {
        "reward": blocks.number(reward) is not None,
        "success": isinstance(success, bool),
        "system": isinstance(system, str),
    }
    known = _KNOWN | {key for key, is_read in read.items() if is_read}
    return talk.finish(fields=other_fields(row.value, known), outcome=blocks.outcome(reward, success))


def _begin_with(messages: list[Json], system: str) -> bool:
    first = messages[0] if messages else None
    return isinstance(first, dict) and first.get("role") in _ROLES[:2] and first.get("content") == system


def _add(talk: Conversation, item: Json, path: str) -> None:
    message = shape(item, _Message, path)
    place = f"{path}.content"
    if message.role in ("tool", "function"):
        text = _result(talk, message.content, place)
        talk.result(text, call_id=message.tool_call_id, name=message.name or None)
        talk.keep(path, item, _RESULT)
        return
    found = blocks.read(message.content, place)
    found.keep(talk)
    if message.role in ("system", "developer"):
        talk.system(found.text)
        talk.keep(path, item, _PROMPT if message.role == "system" else frozenset({"content"}))
    elif message.role == "user":
        talk.user(found.text, message.name)
        talk.keep(path, item, _PROMPT | {"name"})
    elif message.role == "assistant":
        _answer(talk, message, found, path)
        talk.keep(path, item, _ANSWER)
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role[:40]!r}")


def _answer(talk: Conversation, message: _Message, found: blocks.Blocks, path: str) -> None:
    thought, text = split_thought(found.text)
    thoughts = (message.reasoning_content, message.reasoning, message.thinking, found.thought, thought)
    talk.assistant(
        text or message.refusal or "",
        _calls(message, path),
        reasoning=blocks.joined(list(dict.fromkeys(t for t in thoughts if t))),
        weight=message.weight,
        name=message.name,
        path=f"{path}.content",
    )


def _calls(message: _Message, path: str) -> list[Call]:
    listed: Json = message.tool_calls
    if isinstance(listed, str):
        try:
            listed = decode(listed) if listed.strip() else []
        except ValueError as error:
            raise BadRow("bad-calls", f"{path}.tool_calls", str(error)) from None
    calls = calls_of(shape(listed or [], list[Json], f"{path}.tool_calls"), path)
    if message.function_call is not None:
        calls.append(json_object(message.function_call, f"{path}.function_call"))
    return calls


def _result(talk: Conversation, content: Json, path: str) -> str:
    """Return what a tool returned: text, text parts, or another value as its JSON."""
    if isinstance(content, list) and any(isinstance(p, dict) and "type" in p for p in content):
        found = blocks.read(content, path)
        found.keep(talk)
        return found.text
    return "" if content is None else blocks.written(content)
