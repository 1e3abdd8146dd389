"""What a chat model is asked for and how its answer is read: pairs of a query and the calls that answer it.

The contract is APIGen's (arXiv 2406.18518): an array of ``{"query": …, "answers": [{"name", "arguments"}]}``.
Reading is tolerant of what models put around it and get wrong about JSON, and keeps every pair that is
whole; it never guesses what a pair should have said.

>>> text = 'Here: ```json\\n[{"query": "Hi", "answers": [{"name": "f", "arguments": {}}]},]```'
>>> read_pairs(text).pairs[0].query
'Hi'
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from callwright.record import Json, Tool, ToolCall
from callwright.verify.judge.lenient_json import Fields, objects, sound

RULES = """You write examples that teach an assistant to call functions.

Each example is one request of a user (the query) and the function calls that answer it. Rules:
- Call only functions from the list, with their names exactly as given.
- Every required argument has a value, of the type and within the limits that its description states.
- Every value follows from the words of the query. Do not use a value that the query does not tell, and do not
  leave out one that it does. Use concrete values, never placeholders.
- The query is what a person would say: no function names, no argument names, no JSON.
- The calls answer the query completely: nothing less, nothing more.
- The examples differ from each other and from those shown in topic, wording, length and values.

Answer with a JSON array and nothing else:
[{"query": "…", "answers": [{"name": "…", "arguments": {"…": "…"}}]}]"""
MOST_SHOWN = 4000
"""Characters of a bad pair that a model is shown again."""


class Pair(NamedTuple):
    """A query and its calls."""

    query: str
    calls: tuple[ToolCall, ...]


class Unread(NamedTuple):
    """A part of an answer that is no pair, and why."""

    reason: str
    text: str


class Read(NamedTuple):
    """What an answer held."""

    pairs: tuple[Pair, ...]
    unread: tuple[Unread, ...]


def task_text(tools: Sequence[Tool], examples: Sequence[Pair], style: str, manner: str, number: int) -> str:
    """Return what one slot asks of a model."""
    parts = ["Functions, one a line:", *(_declared(tool) for tool in tools)]
    if examples:
        parts += ["", "Examples of the form (do not repeat their content):", *map(written, examples)]
    what = "1 example" if number == 1 else f"{number} examples"
    return "\n".join([*parts, "", f"Write {what}. {style} {manner}"])


def again_text(pair: Pair, complaint: str) -> str:
    """Return what asks a model to mend a pair."""
    return (
        f"This example was refused: {complaint}\n{written(pair)[:MOST_SHOWN]}\n"
        "Write it once more without the mistake, as a JSON array of one example and nothing else."
    )


def written(pair: Pair) -> str:
    """Return a pair as the contract writes it."""
    answers = [{"name": call.name, "arguments": call.arguments} for call in pair.calls]
    return json.dumps({"query": pair.query, "answers": answers}, ensure_ascii=False)


def _declared(tool: Tool) -> str:
    told = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.dumps(told, ensure_ascii=False)


def read_pairs(text: str) -> Read:
    """Return all pairs of an answer, and what else it held; an answer without any is one unread part."""
    after = text.rpartition("</think>")[2]
    found = objects(after)
    pairs: list[Pair] = []
    unread: list[Unread] = []
    for one in found.found:
        for fields in _inner(one.fields):
            pair = _pair(fields)
            if isinstance(pair, Pair):
                pairs.append(pair)
            else:
                unread.append(Unread(pair, sound(after[one.start : one.end])))
    if found.broken:
        unread.append(Unread("ends in the middle of an example", sound(after[-MOST_SHOWN:])))
    if not pairs and not unread:
        unread.append(Unread("no example in the answer", sound(after)))
    return Read(tuple(pairs), tuple(unread))


_LISTS = ("pairs", "examples", "data", "items", "results")


def _inner(fields: Fields) -> list[Fields]:
    """Return the pairs of an object that only holds the list of them, or the object itself."""
    for name, value in fields.pairs:
        if name.lower() in _LISTS and isinstance(value, list) and value:
            return [item for item in value if isinstance(item, Fields)]
    return [fields]


def _pair(fields: Fields) -> Pair | str:
    """Return the pair that an object is, or why it is none."""
    told = {name.lower(): value for name, value in fields.pairs}
    query = told.get("query")
    if not isinstance(query, str) or not query.strip():
        return "an example without a query"
    answers = told.get("answers", told.get("answer"))
    if isinstance(answers, str):
        return "answers are text, not a list of calls"
    if isinstance(answers, Fields):
        answers = [answers]
    if not isinstance(answers, list):
        return "an example without answers"
    calls: list[ToolCall] = []
    for item in answers:
        call = _call(item)
        if isinstance(call, str):
            return call
        calls.append(call)
    return Pair(sound(query.strip()), tuple(calls))


def _call(item: Json) -> ToolCall | str:
    if not isinstance(item, Fields):
        return "a call that is no object"
    told = dict(item.pairs)
    name, arguments = told.get("name"), told.get("arguments", Fields(()))
    if not isinstance(name, str) or not name:
        return "a call without a name"
    if isinstance(arguments, str):
        inner = objects(arguments).found
        arguments = inner[0].fields if len(inner) == 1 else arguments
    plain = _plain(arguments)
    if isinstance(plain, _Twice):
        return f"the argument {plain.name} is given twice"
    if not isinstance(plain, dict):
        return "arguments that are no object"
    return ToolCall(name=sound(name), arguments=plain)


class _Twice(NamedTuple):
    name: str


def _plain(value: Json) -> Json:
    """Return a value without `Fields`, or which of its keys is there twice."""
    if isinstance(value, Fields):
        made: dict[str, Json] = {}
        for name, inner in value.pairs:
            plain = _plain(inner)
            if name in made:
                return _Twice(name)
            if isinstance(plain, _Twice):
                return plain
            made[sound(name)] = plain
        return made
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return next((item for item in items if isinstance(item, _Twice)), items)
    return sound(value) if isinstance(value, str) else value
