"""BFCL v4 (Apache-2.0), its multi-turn and agentic categories: classes instead of functions.

Row: ``{"id", "question": [[messages], …], "involved_classes", "initial_config", "path", …}``. The functions
of a class are documented in ``multi_turn_func_doc`` beside the rows; without that folder the tools are
unknown, and `excluded_function` are not offered. The answers lie in ``possible_answer`` as in `bfcl`: per
turn a list of calls as Python text, which stand in one turn of the assistant here, in their order and
without results, because the source has none. Positional arguments are named after the documented order. A
turn without calls is an empty turn of the assistant: nothing can be called, because a value or a function
is still missing.

The functions of `missed_function` are withheld up to a turn without messages, which hands them out. They
are among the tools from the start, since a record has one list; ``extra["unify"]["withheld"]`` says until
which turn they are not to be called, and the turn names them. Answers of the agentic categories (memory,
web search) are texts; they are kept with the row, which is a bare query.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify import beside
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call
from callwright.unify.notations.pythonic import Order, order_of, read
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.sources.bfcl import add_message, answer_of, turns_of
from callwright.unify.tools import Known, Toolset, assemble

LICENSES = {"": "Apache-2.0"}
FIELDS = ("id", "question", "initial_config", "path", "involved_classes")
LOSES = "nothing that we know of."
SEEN = "real"
DOCUMENTS = "multi_turn_func_doc"
_KNOWN = frozenset({"question", "ground_truth"})
_FILES = {
    "GorillaFileSystem": "gorilla_file_system.json",
    "MathAPI": "math_api.json",
    "MessageAPI": "message_api.json",
    "TicketAPI": "ticket_api.json",
    "TradingBot": "trading_bot.json",
    "TravelAPI": "travel_booking.json",
    "TwitterAPI": "posting_api.json",
    "VehicleControlAPI": "vehicle_control.json",
    "WebSearchAPI": "web_search.json",
}
"""Class to the file that documents it; the classes of memory are one of three, which rows do not tell."""


class _Row(msgspec.Struct):
    id: str
    question: list[Json]
    involved_classes: list[str]
    excluded_function: list[str] = []
    missed_function: dict[str, list[str]] = {}
    ground_truth: Json = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a question that is a list of turns beside the classes that it involves."""
    question = value.get("question")
    if not isinstance(value.get("id"), str) or not isinstance(value.get("involved_classes"), list):
        return ""
    turns = isinstance(question, list) and all(isinstance(turn, list) for turn in question)
    return "question as turns of messages, and involved_classes" if turns else ""


def convert(row: Row) -> Trajectory:
    """Return the turns with their calls, or the bare questions."""
    raw = shape(row.value, _Row)
    tools = _offered(row.file.path.parent, raw.involved_classes, frozenset(raw.excluded_function))
    talk = Conversation(row, tools)
    answer, fields = answer_of(row, raw.id, raw.ground_truth)
    turns = turns_of(raw.question)
    calls = _calls(answer, len(turns), order_of(tools))
    withheld: dict[str, int] = {}
    for i, (messages, path) in enumerate(turns):
        for k, item in enumerate(messages):
            add_message(talk, item, f"{path}[{k}]")
        handed_out = raw.missed_function.get(str(i), [])
        if handed_out:
            withheld.update(dict.fromkeys(handed_out, i))
            talk.user(f"These functions can be called from now on: {', '.join(handed_out)}.")
        if calls is not None:
            talk.assistant("", calls[i], path=f"ground_truth[{i}]")
    if withheld:
        talk.notes["withheld"] = withheld
    if calls is None and answer is not None:
        fields["ground_truth"] = answer
    return talk.finish(
        fields={**other_fields(row.value, _KNOWN), **fields},
        expects="any" if calls is None else "call" if all(calls) else "partial",
        kind="query" if calls is None else "multi",
    )


def _calls(answer: Json, turns: int, order: Order) -> list[list[Call]] | None:
    """Return the calls of each turn; None where there are none, as in an answer that is a text."""
    if not isinstance(answer, list) or not any(isinstance(turn, list) for turn in answer):
        return None
    texts = shape(answer, list[list[str]], "ground_truth")
    if len(texts) != turns:
        raise BadRow("bad-calls", "ground_truth", f"expected {turns} turns of calls, got {len(texts)}")
    paths = ((f"ground_truth[{i}]", turn) for i, turn in enumerate(texts))
    return [[c for k, text in enumerate(turn) for c in read(text, order, f"{p}[{k}]")] for p, turn in paths]


def _offered(folder: Path, classes: list[str], excluded: frozenset[str]) -> Toolset | None:
    """Return the functions of the classes, or None where one of them is not documented here."""
    known: dict[str, Known] = {}
    for name in classes:
        path = beside.find(folder, (_FILES[name],), DOCUMENTS) if name in _FILES else None
        if path is None:
            return None
        known.update((tool.name, tool) for tool, _ in beside.read(path, _as_it_is))
    return assemble([tool for name, tool in known.items() if name not in excluded])


def _as_it_is(raw: Json) -> Json:
    return raw
