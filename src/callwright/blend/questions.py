"""What a benchmark asks: its questions as texts and, where it tells them, the calls that answer them.

BFCL is read out of the pinned wheel. Any other benchmark is a file: trajectories, or JSON, JSON lines and
text of whatever layout, as long as its questions stand in fields of the usual names. Names of fields are
compared without case. The calls that answer are read where they are lists of name and arguments, as in the
tasks of tau-bench and tau2-bench.

    >>> [q.texts for q in in_value("mine", {"tasks": [{"id": 7, "query": "Weather in Oslo?"}]})]
    [('Weather in Oslo?',)]
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright import assets
from callwright.blend.against import stem, values
from callwright.errors import DataError
from callwright.record import Json, Trajectory

TEXT_FIELDS = (
    "question", "query", "instruction", "instruction_text", "user_request", "request", "goal", "prompt",
    "reason_for_call", "task_instructions", "instructions", "problem", "input",
)  # fmt: skip
"""Fields that hold a question as a text, or several in a list of texts; spelled in lower case."""
CHAT_FIELDS = ("messages", "conversations", "conversation", "question")
CALL_FIELDS = ("actions", "calls")
ARGUMENT_FIELDS = ("arguments", "kwargs")
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
    fields: bool = False
    """The texts are fields of a task, each of which may be said alone, and not turns of one conversation."""


def questions(benchmark: str, name: str = "", unread: Counter[str] | None = None) -> Iterator[Question]:
    """Yield the questions of ``bfcl`` or of a file, which goes by `name`; `DataError` if none is found.

    Lines, and objects among others, in which none was found are counted in `unread`.
    """
    if benchmark == assets.BFCL.name:
        yield from _bfcl()
        return
    path, held = Path(benchmark), False
    name = name or stem(path)
    for place, value in values(path):
        found = _by_place(name, value, place)
        held = held or bool(found)
        yield from found.values()
        if unread is not None:
            unread[name] += _without_question(found, value, place)
    if not held:
        raise DataError(
            "holds no question to keep out of training",
            place=benchmark,
            expected=f"trajectories, or texts in fields named {', '.join(TEXT_FIELDS)}",
            hint="run `callwright unify` on it first and give its rows",
        )


def in_value(benchmark: str, value: Json, place: str = "") -> Iterator[Question]:
    """Yield the questions in a JSON value, wherever they stand in it; an object with one is not entered.

    A list of nothing but texts is a list of questions. Texts of an object that has an id, and of the objects
    in its fields, are one question.
    """
    yield from _by_place(benchmark, value, place).values()


def _by_place(benchmark: str, value: Json, place: str) -> dict[str, Question]:
    """Return the questions in a JSON value, each under a key that begins with its place."""
    if _are_texts(value):
        value = [{"question": text} for text in value]
    merged: dict[str, Question] = {}
    open_values: list[tuple[str, Json, _Owner | None]] = [(place, value, None)]
    while open_values:
        path, part, owner = open_values.pop()
        if isinstance(part, list):
            open_values += [(f"{path}[{k}]", item, None) for k, item in reversed(list(enumerate(part)))]
        elif isinstance(part, dict):
            owner = _owner(part, path, owner)
            found = _of_object(benchmark, part, path, owner)
            for key, question in found:
                texts = merged[key].texts + question.texts if key in merged else question.texts
                merged[key] = question._replace(texts=texts)
            if not found:
                inside = owner if owner.has_id else None
                open_values += [(f"{path}.{key}".lstrip("."), part[key], inside) for key in reversed(part)]
    return merged


def _without_question(found: Collection[str], value: Json, place: str) -> int:
    """Return how many objects of a file's lists have no question, though others have; 1 if there is none."""
    listed = [(place, value)]
    if isinstance(value, dict) and not place:
        listed = list(value.items())
    missed = 0
    for path, items in listed:
        within = re.compile(rf"{re.escape(path)}\[(\d+)\]")
        held = {int(at[1]) for key in found if (at := within.match(key))}
        if held and isinstance(items, list):
            missed += sum(isinstance(item, dict) and k not in held for k, item in enumerate(items))
    return missed if found else 1


def of_trajectory(benchmark: str, row: Trajectory) -> Question:
    """Return the user's words and all calls of a trajectory as a question."""
    texts = tuple(m.content for m in row.messages if m.role == "user")
    calls = tuple(_call(call.name, call.arguments or {}) for m in row.messages for call in m.tool_calls)
    return Question(benchmark, row.id, texts, calls)


class _Owner(NamedTuple):
    """The object whose question a text is: the nearest around it that has an id, or the text's own."""

    path: str
    name: str
    has_id: bool
    calls: tuple[Expected, ...]


def _owner(part: dict[str, Json], path: str, around: _Owner | None) -> _Owner:
    fields = _by_lower_case(part)
    known = next((fields[key] for key in ID_FIELDS if isinstance(fields.get(key), str | int)), None)
    if known is None and around is not None:
        return around
    return _Owner(path, path if known is None else str(known), known is not None, _expected_in(part))


def _of_object(benchmark: str, part: dict[str, Json], path: str, owner: _Owner) -> list[tuple[str, Question]]:
    """Return the questions of an object; of those that come with an equal key, the texts belong together."""
    if "schema_version" in part:
        try:
            return [(path, of_trajectory(benchmark, msgspec.convert(part, Trajectory)))]
        except msgspec.ValidationError:
            pass  # something else that calls a field so
    fields = _by_lower_case(part)
    chat = next((said for key in CHAT_FIELDS if (said := _said_by_users(fields.get(key)))), ())
    if chat:
        return [(f"{path} chat", Question(benchmark, owner.name, chat, owner.calls))]
    given = [fields[key] for key in TEXT_FIELDS if key in fields]
    texts = tuple(text for text in given if isinstance(text, str) and text.strip())
    found = [(owner.path, Question(benchmark, owner.name, texts, owner.calls, fields=True))] if texts else []
    several = [(key, fields[key]) for key in TEXT_FIELDS if _are_texts(fields.get(key))]
    for place, text in [(f"{key}[{k}]", text) for key, listed in several for k, text in enumerate(listed)]:
        if text.strip():
            own = f"{owner.name}.{place}".lstrip(".")
            found.append((f"{path} {place}", Question(benchmark, own, (text,))))
    return found


def _by_lower_case(part: dict[str, Json]) -> dict[str, Json]:
    return {key.lower(): value for key, value in reversed(part.items())}  # the first of equal ones counts


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


def _said_by_users(value: Json) -> tuple[str, ...]:
    """Return the users' texts of a list of messages, or of turns that are such lists."""
    if not isinstance(value, list):
        return ()
    messages = [m for turn in value for m in (turn if isinstance(turn, list) else [turn])]
    said = (
        _text_of(m.get("content", m.get("value")))
        for m in messages
        if isinstance(m, dict) and m.get("role", m.get("from")) in ("user", "human")
    )
    return tuple(text for text in said if text.strip())


def _text_of(content: Json) -> str:
    """Return the text of a message; of one in parts, as OpenAI's, that of all of them."""
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _expected_in(part: dict[str, Json]) -> tuple[Expected, ...]:
    """Return the first list of calls in an object or in the objects in its fields."""
    inside = [part]
    for one in inside:  # grows on the way
        for key, value in one.items():
            if key.lower() in CALL_FIELDS and (calls := _of_calls(value)):
                return calls
        inside += [value for value in one.values() if isinstance(value, dict)]
    return ()


def _of_calls(value: Json) -> tuple[Expected, ...]:
    """Return a list of calls, without those that the user makes (tau2); nothing if it holds anything else."""
    calls = []
    for one in value if isinstance(value, list) else ():
        made = one if isinstance(one, dict) else {}
        arguments = next((made[key] for key in ARGUMENT_FIELDS if key in made), None)
        if not isinstance(made.get("name"), str) or not isinstance(arguments, dict):
            return ()
        if made.get("requestor") != "user":
            calls.append(_call(made["name"], arguments))
    return tuple(calls)


def _call(name: str, arguments: dict[str, Json]) -> Expected:
    return Expected(name, {key: [value] for key, value in arguments.items()})


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
