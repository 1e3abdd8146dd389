"""OpenAI chat: ``{"messages": […], "tools": […]}``, as logs, fine-tuning files and most exports have it.

Arguments may be JSON text or an object, calls may be parallel or in the legacy `function_call`, and the
tools may stand in `tools` or `functions`, as a list or as its JSON text. Without either field it is unknown
which tools were offered. Text parts of a content list are joined; any other part drops the row.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify.calls import Call, json_object, openai
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES: dict[str, str] = {}
FIELDS = ("messages", "tools", "functions", "parallel_tool_calls")
LOSES = (
    "where one text part ends; whether a system text was a developer's; the name of an assistant turn. "
    "Rows with images or sound are dropped."
)
SEEN = "real"
_KNOWN = frozenset({"messages", "tools", "functions", "reward", "success"})
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_NOT_OURS = frozenset({"chosen", "rejected", "chosen_response", "rejected_response", "prompt"})


class _Row(msgspec.Struct):
    messages: list[Json]
    tools: list[Json] | str | None = None
    functions: list[Json] | str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[Json] | None = None
    tool_calls: list[Json] | None = None
    function_call: Json = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None
    weight: float | None = None


_READ = frozenset(_Message.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise messages with OpenAI's roles; preference pairs are not ours."""
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages or _NOT_OURS & value.keys():
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
    offered = raw.tools if raw.tools is not None else raw.functions
    talk = Conversation(row, toolset(offered, "tools" if raw.tools is not None else "functions"))
    for i, item in enumerate(raw.messages):
        path = f"messages[{i}]"
        _add(talk, shape(item, _Message, path), path)
        talk.keep(path, item, _READ)
    return talk.finish(fields=other_fields(row.value, _KNOWN), outcome=_outcome(row.value))


def _add(talk: Conversation, message: _Message, path: str) -> None:
    text = _text(message.content, f"{path}.content")
    if message.role in ("system", "developer"):
        talk.system(text)
    elif message.role == "user":
        talk.user(text, message.name)
    elif message.role == "assistant":
        talk.assistant(
            text,
            _calls(message, path),
            reasoning=message.reasoning_content,
            weight=message.weight,
            path=f"{path}.content",
        )
    elif message.role in ("tool", "function"):
        talk.result(text, call_id=message.tool_call_id, name=message.name)
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role!r}")


def _calls(message: _Message, path: str) -> list[Call]:
    calls = [openai(item, f"{path}.tool_calls[{i}]") for i, item in enumerate(message.tool_calls or ())]
    if message.function_call is not None:
        calls.append(json_object(message.function_call, f"{path}.function_call"))
    return calls


def _text(content: str | list[Json] | None, path: str) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for i, part in enumerate(content or ()):
        text = part.get("text", part.get("refusal")) if isinstance(part, dict) else part
        if not isinstance(text, str):
            raise BadRow("wrong-type", f"{path}[{i}]", "expected a part that is text")
        texts.append(text)
    return "\n".join(texts)


def _outcome(value: Mapping[str, Json]) -> Outcome | None:
    reward, success = value.get("reward"), value.get("success")
    number = float(reward) if isinstance(reward, int | float) and not isinstance(reward, bool) else None
    flag = success if isinstance(success, bool) else None
    return None if number is None and flag is None else Outcome(reward=number, success=flag)
