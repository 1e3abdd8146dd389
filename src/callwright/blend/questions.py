"""What a benchmark asks: its questions as texts and, where it tells them, the calls that answer them.

BFCL is read out of the pinned wheel. Any other benchmark is a file: trajectories, or JSON, JSON lines and
text of whatever layout, as long as its questions stand in fields of the usual names.

    >>> [q.texts for q in in_value("mine", {"tasks": [{"id": 7, "query": "Weather in Oslo?"}]})]
    [('Weather in Oslo?',)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright import assets
from callwright.errors import DataError
from callwright.record import Json, Trajectory
from callwright.store import read_lines

TEXT_FIELDS = (
    "question", "query", "instruction", "instruction_text", "user_request", "request", "goal", "prompt",
    "reason_for_call", "task_instructions", "instructions", "problem", "input",
)  # fmt: skip
"""Fields that hold a question, as a text or as messages."""
CHAT_FIELDS = ("messages", "conversations", "conversation", "question")
ID_FIELDS = ("id", "query_id", "task_id", "uuid", "qid", "asin")
BFCL = (
    "simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple",
    "irrelevance", "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple",
    "live_irrelevance", "live_relevance", "multi_turn_base", "multi_turn_miss_func",
    "multi_turn_miss_param", "multi_turn_long_context", "memory", "web_search",
)  # fmt: skip
"""All categories of version 4, scored by `evaluate` or not."""

Allowed = dict[str, list[Json]]
"""Argument name to the values that are right for it; an empty string among them makes it optional."""


class Expected(NamedTuple):
    """One call that a benchmark expects."""

    name: str
    arguments: Allowed


class Question(NamedTuple):
    """One question of a benchmark: what the user says, and the calls that answer it, if they are known."""

    benchmark: str
    id: str
    texts: tuple[str, ...]
    calls: tuple[Expected, ...] = ()


def questions(benchmark: str) -> Iterator[Question]:
    """Yield the questions of ``bfcl`` or of a file; raises `DataError` for a file in which none is found."""
    if benchmark == assets.BFCL.name:
        yield from _bfcl()
        return
    path, found = Path(benchmark), False
    for place, value in _values(path):
        for question in in_value(_name(path), value, place):
            found = True
            yield question
    if not found:
        raise DataError(
            "holds no question to keep out of training",
            place=benchmark,
            expected=f"trajectories, or texts in fields named {', '.join(TEXT_FIELDS)}",
        )


def in_value(benchmark: str, value: Json, place: str = "") -> Iterator[Question]:
    """Yield the questions in a JSON value, wherever they stand in it; an object with one is not entered.

    A list of nothing but texts is a list of questions.
    """
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        value = [{"question": text} for text in value]
    open_values = [(place, value)]
    while open_values:
        path, part = open_values.pop()
        if isinstance(part, list):
            open_values += [(f"{path}[{k}]", item) for k, item in reversed(list(enumerate(part)))]
        elif isinstance(part, dict):
            found = _of_object(benchmark, part, path)
            yield from found
            if not found:
                open_values += [(f"{path}.{key}".lstrip("."), part[key]) for key in reversed(part)]


def of_trajectory(benchmark: str, row: Trajectory) -> Question:
    """Return the user's words and all calls of a trajectory as a question."""
    texts = tuple(m.content for m in row.messages if m.role == "user")
    calls = tuple(
        Expected(call.name, {key: [value] for key, value in (call.arguments or {}).items()})
        for m in row.messages
        for call in m.tool_calls
    )
    return Question(benchmark, row.id, texts, calls)


def _of_object(benchmark: str, part: dict[str, Json], path: str) -> list[Question]:
    if "schema_version" in part:
        try:
            return [of_trajectory(benchmark, msgspec.convert(part, Trajectory))]
        except msgspec.ValidationError:
            pass  # something else that calls a field so
    known = next((part[key] for key in ID_FIELDS if isinstance(part.get(key), str | int)), path)
    chat = next((said for key in CHAT_FIELDS if (said := _said_by_users(part.get(key)))), ())
    if chat:
        return [Question(benchmark, str(known), chat)]
    texts = [part[key] for key in TEXT_FIELDS if isinstance(part.get(key), str) and part[key].strip()]
    return [Question(benchmark, str(known), (text,)) for text in texts]


def _said_by_users(value: Json) -> tuple[str, ...]:
    """Return the users' texts of a list of messages, or of turns that are such lists."""
    if not isinstance(value, list):
        return ()
    messages = [m for turn in value for m in (turn if isinstance(turn, list) else [turn])]
    said = (
        m.get("content", m.get("value"))
        for m in messages
        if isinstance(m, dict) and m.get("role", m.get("from")) in ("user", "human")
    )
    return tuple(text for text in said if isinstance(text, str) and text.strip())


def _values(path: Path) -> Iterator[tuple[str, Json]]:
    """Yield place and value of each line of JSON lines or text, or the one value of a JSON file."""
    if ".json" in path.suffixes:
        yield "", _decoded(b"\n".join(line for _, line in read_lines(path)), str(path))
        return
    for number, line in read_lines(path):
        if ".txt" in path.suffixes:
            yield str(number), {"question": line.decode("utf-8", "replace")}
        else:
            yield str(number), _decoded(line, f"{path}:{number}")


def _decoded(text: bytes, place: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        hint = "texts of one line each go into a .txt file"
        raise DataError("is not JSON", place=place, got=str(error), hint=hint) from None


def _name(path: Path) -> str:
    return path.name.partition(".")[0] or path.name


# --- BFCL -------------------------------------------------------------------------------------------------


class _Asked(msgspec.Struct):
    id: str
    question: list[list[dict[str, Json]]]


class _Answer(msgspec.Struct):
    id: str
    ground_truth: list[Json]


def _bfcl() -> Iterator[Question]:
    for category in BFCL:
        answers = {a.id: _expected(a.ground_truth) for a in _answers(category)}
        for row in msgspec.json.Decoder(_Asked).decode_lines(_file(f"BFCL_v4_{category}.json")):
            yield Question("bfcl", row.id, _said_by_users(row.question), answers.get(row.id, ()))


def _answers(category: str) -> Iterable[_Answer]:
    if category.endswith("relevance"):  # whether to call at all is the question; there is no file
        return []
    return msgspec.json.Decoder(_Answer).decode_lines(_file(f"possible_answer/BFCL_v4_{category}.json"))


def _expected(truth: list[Json]) -> tuple[Expected, ...]:
    """Return the calls of an answer; those that are code or words, in multi-turn categories, are left out."""
    calls = []
    for one in truth:
        if not isinstance(one, dict) or len(one) != 1:
            return ()
        ((name, arguments),) = one.items()
        if not isinstance(arguments, dict) or not all(isinstance(v, list) for v in arguments.values()):
            return ()
        calls.append(Expected(name, arguments))
    return tuple(calls)


def _file(name: str) -> bytes:
    return assets.member(assets.BFCL, f"bfcl_eval/data/{name}")
