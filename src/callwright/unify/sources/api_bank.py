"""API-Bank (MIT): a dialogue is a file of JSON lines, one turn each.

Turns: ``{"role": "User" | "AI", "text"}`` and ``{"role": "API", "api_name", "param_dict", "result"}``, where
an API turn is a call and its result in one. A call joins the assistant's text right before it. Dialogues
name only the tools that they use; they are offered among `DISTRACTORS` others of ``tools.json`` (see
`seal_tools` for why). Where that file is absent, the tools are unknown.

Level 2 lets the assistant look for tools by calling `ToolSearcher`. A record has one list of tools for the
whole dialogue, so it offers ToolSearcher, the tools that it found, and those that were called. Level 3's
eight texts are scenarios for a tester (facts and calls, no dialogue): no JSON, so a folder passes them over.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from callwright.record import Json, Trajectory
from callwright.store import row_seed
from callwright.unify import beside, files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import call
from callwright.unify.rows import BadRow, Element, File, Row, shape
from callwright.unify.tools import Known, Toolset, assemble, known_tools, offer

LICENSES = {"": "MIT"}
FIELDS = ("role", "text", "api_name", "param_dict", "result")
LOSES = "fields of a result beside its output or exception; tools of level 3, which are not offered."
SEEN = "real"
DISTRACTORS = 4
TOOL_FILES = ("tools.json",)
SEARCH = "ToolSearcher"


class _Turn(msgspec.Struct):
    role: str
    text: str | None = None
    api_name: str | None = None
    param_dict: Json = None
    result: Json = None


_READ = frozenset(_Turn.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a turn of the user, the AI or an API."""
    role = value.get("role")
    if (role in ("User", "AI") and "text" in value) or (role == "API" and "api_name" in value):
        return "turns of User, AI and API"
    return ""


def rows(file: File) -> Iterator[Element]:
    """Yield the dialogue that the file is; a turn that does not decode makes all of it unusable."""
    turns = list(files.elements(file.path))
    broken = next((t for t in turns if t.error), None)
    if broken and broken.error:
        error = BadRow(broken.error.reason, f"[{broken.number}]", broken.error.detail)
        yield Element(0, [t.value for t in turns], error)
    else:
        yield Element(0, [t.value for t in turns])


def convert(row: Row) -> Trajectory:
    """Return the dialogue."""
    turns = [shape(item, _Turn, f"[{i}]") for i, item in enumerate(row.value)]
    tools, sampled = _offered(row, turns)
    talk = Conversation(row, tools)
    talk.notes["offered"] = "unknown" if tools is None else f"gold+{sampled} sampled"
    said: str | None = None  # a text of the assistant that a call may still join
    for i, turn in enumerate(turns):
        talk.keep(f"[{i}]", row.value[i], _READ)
        if turn.role == "API":
            _call(talk, turn, said or "", f"[{i}]")
            said = None
            continue
        if said is not None:
            talk.assistant(said, path=f"[{i - 1}].text")
        said = turn.text if turn.role == "AI" else None
        if turn.role not in ("User", "AI"):
            raise BadRow("unknown-role", f"[{i}].role", f"expected User, AI or API, got {turn.role!r}")
        if turn.text is None:
            raise BadRow("missing-field", f"[{i}].text", "a turn without text")
        if turn.role == "User":
            talk.user(turn.text)
    if said is not None:
        talk.assistant(said, path=f"[{len(turns) - 1}].text")
    return talk.finish()


def _call(talk: Conversation, turn: _Turn, text: str, path: str) -> None:
    if not turn.api_name:
        raise BadRow("bad-calls", f"{path}.api_name", "a call without a name")
    made = talk.assistant(text, [call(turn.api_name, turn.param_dict)])
    result = turn.result
    if isinstance(result, dict):
        if "input" in result and result["input"] != turn.param_dict:
            talk.notes.setdefault("executed", {})[made[0]] = result["input"]
        failed = result.get("exception") is not None
        result = {"exception": result["exception"]} if failed else result.get("output")
    talk.result(result if isinstance(result, str) else msgspec.json.encode(result).decode(), call_id=made[0])


def _offered(row: Row, turns: list[_Turn]) -> tuple[Toolset | None, int]:
    path = beside.find(row.file.path.parent, TOOL_FILES, "api-bank")
    if path is None:
        return None, 0
    pool = _pool(path)
    found = {known.name: known for turn in turns for known in _found(turn)}
    names = [*(turn.api_name for turn in turns if turn.role == "API" and turn.api_name), *found]
    known = found | pool
    gold = [known[name] for name in dict.fromkeys(names) if name in known]
    offered, sampled = offer(gold, [list(pool.values())], DISTRACTORS, random.Random(row_seed(0, row.id)))
    return assemble(offered), sampled


def _found(turn: _Turn) -> list[Known]:
    """Return the tools that a search for tools returned, as far as they can be read."""
    output = turn.result.get("output") if isinstance(turn.result, dict) else None
    if turn.api_name != SEARCH or not isinstance(output, dict | list):
        return []
    try:
        listed = output if isinstance(output, list) else [output]
        return known_tools(msgspec.json.encode(definition) for definition in listed)
    except BadRow:
        return []


def _pool(path: Path) -> dict[str, Known]:
    """Return the tools of levels 1 and 2 by name; where level 3 has the same name, the former stays."""
    listed = beside.read(path, _as_it_is)
    wanted = [known for known, raw in listed if str(raw.get("group", "")) != "level-3"]
    return {known.name: known for known in reversed(wanted or [known for known, _ in listed])}


def _as_it_is(raw: Json) -> Json:
    return raw
