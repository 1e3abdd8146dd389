"""Coding agents as chat messages of a repository's issue: SWE-smith, SWE-Gym (OpenHands), mini-swe-agent.

``{"messages": [{"role", "content", …}], "instance_id", …}`` with one of three ways to call. OpenAI's
`tool_calls`, with the offered tools in `tools` (SWE-Gym; the nulls with which its columns pad a schema are
taken out). ``<function=name><parameter=key>value</parameter></function>`` in the text, with the tools
between ``BEGIN FUNCTION`` and ``END FUNCTION`` in the system text (SWE-smith): they are read, and what
follows them is the format instruction. One ``bash`` block per turn (mini-swe-agent): a call of the tool
`bash`; what follows ``THOUGHT:`` is the turn's reasoning.

A user's turn after a call is its result, without the ``OBSERVATION:`` in front. `resolved` or `verified` is
the success.

Licences: SWE-smith, SWE-Gym and mini-coder are MIT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import prompt_tools, react, shell
from callwright.unify.notations.calls import Call, openai
from callwright.unify.notations.dialogue import expects
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES = {"swe-smith": "MIT", "swe-gym": "MIT", "mini-coder": "MIT"}
FIELDS = ("messages", "instance_id", "resolved", "patch", "run_id", "test_result")
LOSES = (
    "the layout of tools and calls inside of texts, and the labels THOUGHT: and OBSERVATION:; nulls that pad "
    "the schema of a tool."
)
SEEN = "real"
_KNOWN = frozenset({"messages", "tools"})
_SUCCESS = ("resolved", "verified")
_ANNOUNCED = "You have access to the following functions:"
_THOUGHT = re.compile(r"\A\s*THOUGHT:\s*")
_OBSERVATION = re.compile(r"\A\s*OBSERVATION:[ \t]*\n?")


class _Row(msgspec.Struct):
    messages: list[Json]
    tools: list[Json] | str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[Json] | None = None
    tool_calls: list[Json] | None = None
    tool_call_id: str | None = None
    name: str | None = None


_READ = frozenset(_Message.__struct_fields__)


class _Part(msgspec.Struct):
    text: str
    type: str = "text"


class _Step(NamedTuple):
    said: str
    calls: list[Call]
    thought: str | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise messages about an instance, whose agent calls tools or runs commands."""
    messages = value.get("messages")
    if not isinstance(value.get("instance_id"), str) or not isinstance(messages, list):
        return ""
    for message in messages[:12]:
        if isinstance(message, dict) and message.get("role") == "assistant":
            text = message.get("content")
            if message.get("tool_calls") or (
                isinstance(text, str) and ("<function=" in text or "```" in text)
            ):
                return "messages with an instance_id and calls of a coding agent"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the run."""
    raw = shape(row.value, _Row)
    messages = [shape(item, _Message, f"messages[{i}]") for i, item in enumerate(raw.messages)]
    texts = [_text(m.content, f"messages[{i}].content") for i, m in enumerate(messages)]
    system = texts[0] if messages and messages[0].role == "system" else ""
    described = prompt_tools.numbered(system)
    talk = Conversation(row, _tools(raw, described, messages, texts))
    waiting: list[str] = []
    for i, (message, text) in enumerate(zip(messages, texts, strict=True)):
        if i == 0 and described:
            talk.instruction = described.before.strip().removesuffix(_ANNOUNCED).strip()
            talk.format_instruction = described.after.strip()
        else:
            waiting = _add(talk, message, text, waiting, f"messages[{i}]")
        talk.keep(f"messages[{i}]", raw.messages[i], _READ)
    success = next((row.value[key] for key in _SUCCESS if isinstance(row.value.get(key), bool)), None)
    told = None if success is None else Outcome(success=success)
    known = _KNOWN | {key for key in _SUCCESS if isinstance(row.value.get(key), bool)}
    return talk.finish(fields=other_fields(row.value, known), outcome=told, expects=expects(talk), kind="env")


def _tools(
    raw: _Row, described: prompt_tools.Described | None, messages: list[_Message], texts: list[str]
) -> Toolset | None:
    if raw.tools is not None:
        return toolset(_unpadded(raw.tools))
    if described:
        return described.tools
    fences = (react.fenced(t) for m, t in zip(messages, texts, strict=True) if m.role == "assistant")
    calling = any(m.tool_calls for m in messages)
    return shell.tools() if not calling and any(fences) else None


def _unpadded(tools: Json) -> Json:
    """Return tools without the nulls that a table puts where another tool has a parameter."""
    if isinstance(tools, dict):
        return {key: _unpadded(item) for key, item in tools.items() if item is not None}
    return [_unpadded(item) for item in tools] if isinstance(tools, list) else tools


def _add(talk: Conversation, message: _Message, text: str, waiting: list[str], path: str) -> list[str]:
    """Add a message and return the ids of the calls that wait for a result."""
    if message.role == "system":
        talk.system(text)
    elif message.role == "assistant":
        step = _step(message, text, talk.tools, path)
        if not step.calls:
            talk.notes.setdefault("no_action", []).append(path)
        return talk.assistant(step.said, step.calls, reasoning=step.thought, path=f"{path}.content")
    elif message.role in ("user", "tool"):
        if message.role == "tool" or waiting:
            own = message.tool_call_id or (waiting[0] if waiting else None)
            talk.result(_OBSERVATION.sub("", text, count=1), call_id=own, name=message.name)
            return waiting[1:]
        talk.user(text)
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected a chat role, got {message.role!r}")
    return waiting


def _step(message: _Message, text: str, tools: Toolset | None, path: str) -> _Step:
    if message.tool_calls:
        calls = [openai(item, f"{path}.tool_calls[{i}]") for i, item in enumerate(message.tool_calls)]
        return _Step(text, calls)
    said, tagged = react.function_tags(text, tools)
    if "<function=" in said:
        raise BadRow("calls-in-text", f"{path}.content", "a function tag is not closed")
    found = react.fenced(text) if not tagged and tools is shell.tools() else None
    if found and found[1].strip():
        before, code, after = found
        said, tagged = "\n\n".join(p for p in (before, after.strip()) if p), [shell.command(code)]
    if tagged and _THOUGHT.match(said):
        return _Step("", tagged, _THOUGHT.sub("", said))
    return _Step(said if tagged else text, tagged)


def _text(content: str | list[Json] | None, path: str) -> str:
    if isinstance(content, list):
        return "\n".join(shape(part, _Part, f"{path}[{i}]").text for i, part in enumerate(content))
    return content or ""
