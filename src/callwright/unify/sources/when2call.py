"""When2Call's training sets (CC-BY-4.0): ``{"tools", "messages"}``, calls inside
``<TOOLCALL>[…]</TOOLCALL>``.

Tools are objects or their JSON text, and `required` may stand beside the parameters. A preference row adds
`chosen_response`, the last turn, and `rejected_response`. Its error class is named after what the rejected
answer does: "needless-call" where the chosen one is a text, "needless-refusal" where it is a call, and
"wrong-answer" where both are of one kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation, Expects
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call, json_text, split_thought
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "CC-BY-4.0"}
FIELDS = ("tools", "messages", "chosen_response", "rejected_response")
LOSES = "the tags around the calls."
SEEN = "exemplar"
_KNOWN = frozenset(FIELDS)
_ROLES = ("system", "user", "assistant", "tool")
_CALLS = re.compile(r"<TOOLCALL>(.*?)</TOOLCALL>", re.S)


class _Message(msgspec.Struct):
    role: str
    content: str


class _Row(msgspec.Struct):
    tools: list[Json]
    messages: list[Json]
    chosen_response: _Message | None = None
    rejected_response: _Message | None = None


_READ = frozenset(_Message.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise messages beside tools, and a pair of responses, the tag of calls, or bare tools."""
    tools, messages = value.get("tools"), value.get("messages")
    if not isinstance(tools, list) or not isinstance(messages, list) or not messages:
        return ""
    if not all(isinstance(m, dict) and m.get("role") in _ROLES and _is_text(m) for m in messages):
        return ""
    if isinstance(value.get("chosen_response"), dict) and isinstance(value.get("rejected_response"), dict):
        return "tools, messages, chosen_response and rejected_response"
    if any(m["role"] == "assistant" and "<TOOLCALL>" in m["content"] for m in messages):
        return "messages with <TOOLCALL>"
    if value.keys() == {"tools", "messages"} and tools and all(_is_bare(tool) for tool in tools):
        return "messages beside tools that have required outside of their parameters"
    return ""


def _is_text(message: Mapping[str, Json]) -> bool:
    return isinstance(message.get("content"), str) and not message.get("tool_calls")


def _is_bare(tool: Json) -> bool:
    if isinstance(tool, str):
        return '"name"' in tool and '"dict"' in tool
    if not isinstance(tool, dict) or not {"name", "parameters", "required"} <= tool.keys():
        return False
    parameters = tool["parameters"]
    return isinstance(parameters, dict) and parameters.get("type") == "dict"


def convert(row: Row) -> Trajectory:
    """Return the conversation, with the rejected answer beside its last turn."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, toolset(parsed_tools(raw.tools)))
    for i, item in enumerate(raw.messages):
        path = f"messages[{i}]"
        _add(talk, shape(item, _Message, path), path)
        talk.keep(path, item, _READ)
    expects: Expects | None = None
    if raw.chosen_response and raw.rejected_response:
        expects = _pair(talk, raw.chosen_response, raw.rejected_response)
    elif raw.chosen_response or raw.rejected_response:
        raise BadRow("missing-field", "rejected_response", "a response without the other one of its pair")
    return talk.finish(fields=other_fields(row.value, _KNOWN), expects=expects)


def parsed_tools(tools: Sequence[Json]) -> list[Json]:
    """Return the definitions, some of which may be JSON text."""
    return [_parsed(tool, f"tools[{i}]") for i, tool in enumerate(tools)]


def _parsed(tool: Json, path: str) -> Json:
    if not isinstance(tool, str):
        return tool
    try:
        return decode(tool)
    except ValueError as error:
        raise BadRow("bad-tools", path, str(error)) from None


def _add(talk: Conversation, message: _Message, path: str) -> None:
    text = message.content
    if message.role == "system":
        talk.system(text)
    elif message.role == "user":
        talk.user(text)
    elif message.role == "tool":
        talk.result(text)
    elif message.role == "assistant":
        thought, said, calls = _answer(text, f"{path}.content")
        talk.assistant(said, calls, reasoning=thought, path=f"{path}.content")
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role!r}")


def _answer(text: str, path: str) -> tuple[str | None, str, list[Call]]:
    thought, said = split_thought(text)
    calls = [call for listed in _CALLS.findall(said) for call in json_text(listed.strip(), path)]
    rest = _CALLS.sub("", said).strip() if calls else said
    if "<TOOLCALL>" in rest:
        raise BadRow("calls-in-text", path, "a <TOOLCALL> that is empty or not closed")
    return thought, rest, calls


def _pair(talk: Conversation, chosen: _Message, rejected: _Message) -> Expects:
    """Add the chosen answer and the rejected one; return what the chosen one shows to be due."""
    for name, message in (("chosen_response", chosen), ("rejected_response", rejected)):
        if message.role != "assistant":
            raise BadRow("unknown-role", f"{name}.role", f"expected assistant, got {message.role!r}")
    thought, said, right = _answer(chosen.content, "chosen_response.content")
    talk.assistant(said, right, reasoning=thought, path="chosen_response.content")
    thought, said, wrong = _answer(rejected.content, "rejected_response.content")
    if bool(right) == bool(wrong):
        error_class = "wrong-answer"
    else:
        error_class = "needless-call" if wrong else "needless-refusal"
    talk.reject(said, wrong, error_class=error_class, reasoning=thought, path="rejected_response.content")
    return "call" if right else "no_call"
