"""Messages in the manner of OpenAI chat, as logs of other programs have them, → turns.

for i, item in enumerate(messages):
    turns.add(talk, item, f"messages[{i}]")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json
from callwright.unify.conversation import Conversation
from callwright.unify.notations.blocks import joined, read
from callwright.unify.notations.calls import Call, json_object, openai, split_thought
from callwright.unify.rows import BadRow, shape

ROLES = ("system", "developer", "user", "assistant", "tool")


class _Message(msgspec.Struct):
    role: str
    content: Json = None
    tool_calls: list[Json] | None = None
    function_call: Json = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None


_BOTH = frozenset({"role", "content"})
_USED = {
    "user": _BOTH | {"name"},
    "tool": _BOTH | {"name", "tool_call_id"},
    "assistant": _BOTH | {"name", "tool_calls", "function_call", "reasoning_content"},
}


def add(
    talk: Conversation,
    item: Json,
    path: str,
    *,
    calls: Sequence[Call] | None = None,
    known: frozenset[str] = frozenset(),
) -> None:
    """Add one message; `calls` are its calls and `known` other fields where the caller has read them."""
    message = shape(item, _Message, path)
    found = read(message.content, f"{path}.content")
    found.keep(talk)
    if message.role in ("system", "developer"):
        talk.system(found.text)
    elif message.role == "user":
        talk.user(found.text, message.name)
    elif message.role == "tool":
        talk.result(found.text, call_id=message.tool_call_id, name=message.name or None)
    elif message.role == "assistant":
        thought, text = split_thought(found.text)
        thoughts = joined([t for t in (message.reasoning_content, found.thought, thought) if t])
        talk.assistant(
            text,
            _calls(message, path) if calls is None else calls,
            reasoning=thoughts,
            name=message.name,
            path=f"{path}.content",
        )
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {ROLES}, got {message.role[:40]!r}")
    talk.keep(path, item, known | _USED.get(message.role, _BOTH))


def _calls(message: _Message, path: str) -> list[Call]:
    legacy = message.function_call
    return [
        *calls_of(message.tool_calls, path),
        *([] if legacy is None else [json_object(legacy, f"{path}.function_call")]),
    ]


def calls_of(entries: Sequence[Json] | None, path: str) -> list[Call]:
    """Return the calls of an OpenAI message, whose arguments may be JSON text or an object."""
    return [openai(entry, f"{path}.tool_calls[{i}]") for i, entry in enumerate(entries or ())]


def roles_fit(messages: Json) -> bool:
    """Tell whether these are messages with OpenAI's roles."""
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(isinstance(m, Mapping) and m.get("role") in ROLES for m in messages)
    )
