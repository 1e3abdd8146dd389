"""Hammer's test sets (Apache-2.0 and, for API-Bank's rows, MIT): tools and answers are objects.

Row: ``{"query": text | turns, "tools": [{name, description, parameters}], "answers": [{name,
arguments}]}``, where an answer may also read ``{"tool", "parameters"}``. Turns have the roles user, agent
(a text), assistant (a fenced JSON list of calls) and tool. The words "Generate API Request:" that end the
last turn are the format instruction. Calls join the agent's text right before them. No answer says that no
tool fits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call, call, json_text
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"apibank": "MIT", "": "Apache-2.0"}
FIELDS = ("query", "tools", "answers")
LOSES = "the text by which a tool is searched (`desc_for_search`)."
SEEN = "real"
_KNOWN = frozenset({"query", "tools", "answers"})
_ROLES = ("user", "agent", "assistant", "tool")
_REQUEST = "Generate API Request:"
_FENCED = re.compile(r"\s*```(?:json)?(.*?)```\s*", re.S)


class _Row(msgspec.Struct):
    query: str | list[Json]
    tools: list[Json]
    answers: list[Json]


class _Turn(msgspec.Struct):
    role: str
    content: str


_READ = frozenset(_Turn.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a query beside tools and answers that are lists of objects."""
    if not isinstance(value.get("query"), str | list):
        return ""
    tools, answers = value.get("tools"), value.get("answers")
    if not isinstance(tools, list) or not isinstance(answers, list):
        return ""
    if all(isinstance(item, dict) for item in (*tools, *answers)):
        return "query, tools and answers, the latter two as objects"
    return ""


def convert(row: Row) -> Trajectory:
    """Return query → calls, or the dialogue up to the calls that are asked for."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, toolset([_usual(tool) for tool in raw.tools]))
    said = ""  # a text of the agent that a call may still join
    if isinstance(raw.query, str):
        talk.user(raw.query)
    else:
        said = _turns(talk, raw.query)
    calls = [_answer(item, f"answers[{i}]") for i, item in enumerate(raw.answers)]
    talk.assistant(said, calls, path="answers")
    return talk.finish(fields=other_fields(row.value, _KNOWN), expects="call" if calls else "no_call")


def _turns(talk: Conversation, query: list[Json]) -> str:
    """Add the turns and return the agent's last text where nothing follows it."""
    said: str | None = None
    for i, item in enumerate(query):
        path = f"query[{i}]"
        turn = shape(item, _Turn, path)
        if turn.role not in _ROLES:
            raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {turn.role!r}")
        talk.keep(path, item, _READ)
        text = _without_request(talk, turn.content) if i == len(query) - 1 else turn.content
        fenced = _FENCED.fullmatch(text) if turn.role == "assistant" else None
        if fenced:
            talk.assistant(said or "", json_text(fenced[1], f"{path}.content"), path=f"{path}.content")
            said = None
            continue
        if said is not None:
            talk.assistant(said, path=f"query[{i - 1}].content")
        said = text if turn.role in ("agent", "assistant") else None
        if turn.role == "user":
            talk.user(text)
        elif turn.role == "tool":
            talk.result(text)
    return said or ""


def _without_request(talk: Conversation, text: str) -> str:
    if not text.endswith(_REQUEST):
        return text
    talk.format_instruction = _REQUEST
    return text.removesuffix(_REQUEST).rstrip("\n")


def _answer(item: Json, path: str) -> Call:
    if not isinstance(item, dict):
        raise BadRow("bad-calls", path, f"expected an object, got {type(item).__name__}")
    name = item.get("name", item.get("tool"))
    if not isinstance(name, str) or not name:
        raise BadRow("bad-calls", f"{path}.name", f"expected a name, got {name!r}")
    return call(name, item.get("arguments", item.get("parameters")))


def _usual(tool: Json) -> Json:
    """Return a tool with its result under the name that other sources use."""
    if not isinstance(tool, dict):
        return tool
    rest = other_fields(tool, frozenset({"desc_for_search", "return"}))
    if "return" not in tool:
        return rest
    returns = tool["return"]
    described = isinstance(returns, dict) and all(isinstance(v, dict) for v in returns.values())
    return {**rest, "returns": {"type": "object", "properties": returns} if described else returns}
