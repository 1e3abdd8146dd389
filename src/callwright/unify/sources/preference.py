"""Preference pairs: TRL's columns, OpenAI's preference files, and pairs that were mined from a model.

TRL: ``{"prompt", "chosen", "rejected", "tools"?}``, each a text, a message or a list of messages; the prompt
may instead be the messages that both sides begin with, and may be called `question`, `instruction` (with
`input`) or `prompt_messages`. OpenAI: ``{"input": {"messages", "tools"}, "preferred_output",
"non_preferred_output"}``. Rows with a `target` in place of both sides are not pairs; the target is the
answer. Pairs in LLaMA-Factory's notation belong to `llamafactory`.

Calls that an answer writes as text (tags, or nothing but JSON) are read; a rejected answer whose calls can
not be read keeps its text. Tools that the system text lists as JSON are read, and the list is cut out of it.

A record keeps one rejected message. Where the chosen side goes on for several messages, the pair is made of
the first ones, in which the sides part, and the others stay in ``extra["unify"]["continued"]``. A rejected
side of several texts becomes one; one that calls and goes on is dropped, because nothing says which of its
turns is the worse one. The error class is the row's own (`meta.error_type`, `rejected_reason`), or what tells
the sides apart: "needless-call", "missing-call", or "wrong-answer" where both call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import answers, pairs, turns
from callwright.unify.notations.blocks import joined
from callwright.unify.notations.blocks import read as read_content
from callwright.unify.notations.calls import json_object
from callwright.unify.notations.pairs import Placed
from callwright.unify.notations.tagged import Said
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES: dict[str, str] = {}
FIELDS = ("prompt", "chosen", "rejected", "preferred_output", "non_preferred_output", "prompt_messages")
LOSES = "where the tools stood in a system text; the tags around calls; where one text part ends."
SEEN = "real"
_PROMPTS = ("prompt", "prompt_messages", "question", "instruction")
_OPENAI = frozenset({"preferred_output", "non_preferred_output"})
_READ = frozenset({"role", "content", "tool_calls", "function_call", "name", "reasoning_content"})


class _Answer(msgspec.Struct):
    role: str
    content: Json = None
    tool_calls: list[Json] | None = None
    function_call: Json = None
    name: str | None = None
    reasoning_content: str | None = None


class _Sides(NamedTuple):
    prompt: list[Placed]
    chosen: list[Placed]
    rejected: list[Placed]
    tools: Json
    fields: dict[str, Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise two sides and what they answer, or a target behind prompt_messages."""
    if value.keys() >= _OPENAI and isinstance(value.get("input"), dict):
        return "input, preferred_output and non_preferred_output"
    if isinstance(value.get("prompt_messages"), list) and isinstance(value.get("target"), str):
        return "prompt_messages and their target"
    chosen, rejected = value.get("chosen"), value.get("rejected")
    if not chosen or not rejected or type(chosen) is not type(rejected) or "conversations" in value:
        return ""
    if any(isinstance(value.get(key), str | list) for key in _PROMPTS):
        return "a prompt with a chosen and a rejected answer"
    sides = (chosen, rejected)
    if all(isinstance(s, list) and all(isinstance(m, dict) and "role" in m for m in s) for s in sides):
        return "a chosen and a rejected conversation"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the chosen conversation with the rejected answer beside its last turn."""
    value = shape(row.value, dict[str, Any])
    sides = _openai(value) if value.keys() & _OPENAI else _columns(value)
    told = None
    first = sides.prompt[0].item if sides.prompt else None
    if sides.tools is None and isinstance(first, dict) and isinstance(first.get("content"), str):
        told = answers.told(first["content"]) if first.get("role") == "system" else None
    listed = told is not None and told.tools is not None
    talk = Conversation(row, toolset(told.tools if told and listed else sides.tools))
    for i, message in enumerate(sides.prompt):
        if i == 0 and told and listed:
            talk.system(told.instruction)
            talk.format_instruction = told.format_instruction
            talk.keep(message.path, message.item, _READ)
        else:
            _add(talk, message)
    pairs.add(talk, (sides.chosen, sides.rejected), _said, _READ, value)
    return talk.finish(fields=sides.fields, expects=pairs.expected(talk))


def _openai(value: dict[str, Json]) -> _Sides:
    given = shape(value.get("input"), dict[str, Any], "input")
    prompt = _messages(given.get("messages"), "input.messages", "user")
    chosen = _messages(value.get("preferred_output"), "preferred_output")
    rejected = _messages(value.get("non_preferred_output"), "non_preferred_output")
    fields = other_fields(value, _OPENAI | {"input"})
    rest = other_fields(given, frozenset({"messages", "tools"}))
    return _Sides(prompt, chosen, rejected, given.get("tools"), fields | ({"input": rest} if rest else {}))


def _columns(value: dict[str, Json]) -> _Sides:
    key = next((k for k in _PROMPTS if value.get(k)), "")
    read = {key, "rejected", "tools", "chosen" if "chosen" in value else "target"}
    prompt = _messages(value.get(key), key, "user")
    more, system = value.get("input"), value.get("system")
    if key == "instruction" and isinstance(value[key], str) and isinstance(more, str):
        prompt = _messages(f"{value[key]}\n{more}" if more else value[key], key, "user")
        read.add("input")
    if isinstance(system, str):
        prompt = [*_messages(system, "system", "system"), *prompt] if system else prompt
        read.add("system")
    chosen = _messages(value.get("chosen", value.get("target")), "chosen")
    rejected = _messages(value["rejected"], "rejected") if "rejected" in value else []
    fields = other_fields(value, frozenset(read))
    return _parted(_Sides(prompt, chosen, rejected, value.get("tools"), fields))


def _messages(value: Json, path: str, role: str = "assistant") -> list[Placed]:
    """Return a text, a message or a list of messages as messages."""
    if isinstance(value, str):
        return [Placed({"role": role, "content": value}, path)]
    if isinstance(value, dict):
        return [Placed(value, path)]
    return pairs.placed(shape(value or [], list[Json], path), path)


def _parted(sides: _Sides) -> _Sides:
    """Move the messages that both sides begin with to the prompt, where they may stand already."""
    n = pairs.shared(sides.chosen, sides.rejected)
    shared = sides.chosen[:n]
    said = [m.item for m in sides.prompt]
    prompt = shared if [m.item for m in shared[: len(said)]] == said else [*sides.prompt, *shared]
    return sides._replace(prompt=prompt, chosen=sides.chosen[n:], rejected=sides.rejected[n:])


def _add(talk: Conversation, message: Placed) -> None:
    item, path = message
    if isinstance(item, dict) and item.get("role") == "assistant":
        said = _said(message)
        name = item.get("name")
        talk.assistant(said.text, said.calls, reasoning=said.reasoning, name=name, path=path)
        talk.keep(path, item, _READ)
    else:
        turns.add(talk, item, path)


def _said(message: Placed) -> Said:
    """Take a message of the assistant apart, whose calls may stand in fields or in its text."""
    item, path = message
    answer = shape(item, _Answer, path)
    if answer.role != "assistant":
        raise BadRow("unknown-role", f"{path}.role", f"expected an assistant, got {answer.role[:40]!r}")
    content = read_content(answer.content, f"{path}.content")
    said = answers.read(content.text, path)
    calls = turns.calls_of(answer.tool_calls, path)
    if answer.function_call is not None:
        calls.append(json_object(answer.function_call, f"{path}.function_call"))
    thoughts = [t for t in (answer.reasoning_content, content.thought, said.reasoning) if t]
    return Said(said.text, [*calls, *said.calls], joined(thoughts))
