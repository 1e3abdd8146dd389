"""ToolACE (Apache-2.0): a system text with the tools, and turns whose calls are Python text in brackets.

Row: ``{"system", "conversations": [{"from": "user" | "assistant" | "tool", "value"}]}``. The system text
holds a JSON array of tools (types as in BFCL, `dict`); what says how to write calls becomes the format
instruction, the rest stays the instruction. Calls read ``[Get Rain(city="Oslo", $top=10), now()]``. A tool
turn is a JSON list with an entry ``{"name", "results"}`` per call of the turn before: each becomes the
result of its call. A tool turn of any other form is one result, for the first call of that turn without one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import split_thought
from callwright.unify.notations.pythonic import Order, find, mentions_call, order_of
from callwright.unify.notations.tagged_results import of_each
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("system", "conversations")
LOSES = (
    "the words that introduce the list of tools; the blanks and the order of keys inside a list of results."
)
SEEN = "exemplar"
_KNOWN = frozenset({"system", "conversations"})
_ROLES = ("user", "assistant", "tool")
_ARRAY = re.compile(r"\[\s*[{\]]")
_TRIES = 16
_INTRODUCTION = re.compile(r"Here is a list of functions in JSON format that you can invoke:\s*\Z")
_FORMAT = "Should you decide to return the function call"


class _Turn(msgspec.Struct):
    role: str = msgspec.field(name="from")
    value: str


class _Row(msgspec.Struct):
    system: str
    conversations: list[Json]


_READ = frozenset({"from", "value"})


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the turns beside a system text with tools inside."""
    system, turns = value.get("system"), value.get("conversations")
    if not isinstance(system, str) or not isinstance(turns, list) or not turns or value.get("tools"):
        return ""
    if '"name"' not in system or not _ARRAY.search(system):
        return ""
    if all(
        isinstance(t, dict) and t.get("from") in _ROLES and isinstance(t.get("value"), str) for t in turns
    ):
        return "turns of user, assistant and tool, and tools as JSON inside the system text"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the conversation."""
    raw = shape(row.value, _Row)
    before, listed, after = _split(raw.system)
    tools = toolset(listed, "system")
    talk = Conversation(row, tools)
    order = order_of(tools)
    _instruct(talk, before, after)
    for i, item in enumerate(raw.conversations):
        path = f"conversations[{i}]"
        turn = shape(item, _Turn, path)
        if turn.role == "user":
            talk.user(turn.value)
        elif turn.role == "assistant":
            _answer(talk, turn.value, order, f"{path}.value")
        elif turn.role == "tool":
            for result in of_each(turn.value, talk.called):
                talk.result(result.content, name=result.name)
        else:
            raise BadRow("unknown-role", f"{path}.from", f"expected one of {_ROLES}, got {turn.role!r}")
        talk.keep(path, item, _READ)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _split(system: str) -> tuple[str, list[Json] | None, str]:
    """Return the text before the list of tools, the list, and the text behind it."""
    scan = json.JSONDecoder().raw_decode
    for found in list(_ARRAY.finditer(system))[:_TRIES]:
        try:
            value, end = scan(system, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list) and all(isinstance(v, dict) and "name" in v for v in value):
            return system[: found.start()], value, system[end:]
    if '"name"' in system:
        raise BadRow("bad-tools", "system", "no list of tools can be read")
    return system, None, ""


def _instruct(talk: Conversation, before: str, after: str) -> None:
    after = after.lstrip(". \n")
    is_format = after.startswith(_FORMAT)
    talk.format_instruction = after if is_format else ""
    texts = [_INTRODUCTION.sub("", before).strip(), "" if is_format else after.strip()]
    text = "\n\n".join(t for t in texts if t)
    if text:
        talk.system(text)


def _answer(talk: Conversation, value: str, order: Order, path: str) -> None:
    thought, said = split_thought(value)
    calls = find(said, order, path)
    if calls is None and (name := mentions_call(said, order)):
        raise BadRow("calls-in-text", path, f"the text contains a call of {name}")
    talk.assistant("" if calls else said, calls or (), reasoning=thought, path=path)
