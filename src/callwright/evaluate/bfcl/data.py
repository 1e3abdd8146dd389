"""The questions and possible answers of BFCL v4, read out of the pinned wheel.

A category is one entry of `CATEGORIES`: to add one, name it and the rule that judges it.

    >>> load(("simple_python",)).rows[0].id      # doctest: +SKIP
    'simple_python_0'
"""

from __future__ import annotations

import difflib
import gc
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import msgspec

from callwright import assets
from callwright.errors import ConfigError, DataError
from callwright.record import Json

Rule = Literal["simple", "multiple", "parallel", "irrelevance", "relevance"]
Language = Literal["python", "java", "javascript"]

CATEGORIES: dict[str, Rule] = {
    "simple_python": "simple",
    "simple_java": "simple",
    "simple_javascript": "simple",
    "multiple": "multiple",
    "parallel": "parallel",
    "parallel_multiple": "parallel",
    "irrelevance": "irrelevance",
    "live_simple": "simple",
    "live_multiple": "multiple",
    "live_parallel": "parallel",
    "live_parallel_multiple": "parallel",
    "live_irrelevance": "irrelevance",
    "live_relevance": "relevance",
}
SINGLE_TURN = tuple(CATEGORIES)
"""All of them: 3,641 rows."""
PYTHON_NON_LIVE = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")
_UNANSWERED = ("irrelevance", "relevance")
_OTHER_LANGUAGES: dict[str, Language] = {"simple_java": "java", "simple_javascript": "javascript"}


SEVERAL_TURNS = {
    "multi_turn_base": 200,
    "multi_turn_miss_func": 200,
    "multi_turn_miss_param": 200,
    "multi_turn_long_context": 200,
    "memory_kv": 155,
}
"""Categories whose rows are conversations, and how many rows there are; see `multi_turn` and `memory`."""
FORMAT_SENSITIVITY = "format_sensitivity"

COLLECTIONS: dict[str, tuple[str, ...]] = {
    "single_turn": SINGLE_TURN,
    "non_live": tuple(name for name in SINGLE_TURN if not name.startswith("live_")),
    "live": tuple(name for name in SINGLE_TURN if name.startswith("live_")),
    "python": tuple(name for name in SINGLE_TURN if name not in _OTHER_LANGUAGES),
    "non_python": tuple(_OTHER_LANGUAGES),
    "multi_turn": tuple(name for name in SEVERAL_TURNS if name.startswith("multi_turn_")),
    "memory": ("memory_kv",),
    "all": (*SINGLE_TURN, *SEVERAL_TURNS),
}
"""The official names of several categories together."""


def expanded(names: Sequence[str]) -> list[str]:
    """Return the categories that are meant by names of categories and collections, each once."""
    return list(dict.fromkeys(c for name in names for c in COLLECTIONS.get(name, (name,))))


def language_of(category: str) -> Language:
    """Return the language that calls are written in, and that a document's types are types of."""
    return _OTHER_LANGUAGES.get(category, "python")


class Row(msgspec.Struct, frozen=True):
    """One question: its conversation, the documents of the offered functions, what answers are allowed."""

    id: str
    question: list[list[dict[str, Json]]]
    """Turns of messages; single-turn categories have one turn."""
    function: list[dict[str, Json]]
    category: str = ""
    answer: list[dict[str, Json]] | None = None
    """One `{name: {argument: [alternatives]}}` per expected call; None where no call is to be checked."""


class _Question(msgspec.Struct):
    id: str
    question: list[list[dict[str, Json]]]
    function: msgspec.Raw


class _Answer(msgspec.Struct):
    id: str
    ground_truth: list[dict[str, Json]]


_documents = msgspec.json.Decoder(list[dict[str, Json]])


class Questions(NamedTuple):
    """Rows in the official order."""

    rows: tuple[Row, ...]
    sha256: dict[str, str]
    """Of the files that each category was read from."""
    sizes: dict[str, int]
    """Rows of each category."""


def load(categories: Sequence[str] = PYTHON_NON_LIVE) -> Questions:
    """Return the rows of `categories`; raises ConfigError for an unknown one."""
    rows: list[Row] = []
    hashes: dict[str, str] = {}
    sizes: dict[str, int] = {}
    documents: dict[bytes, list[dict[str, Json]]] = {}
    for category in categories:
        require_known(category)
        if category not in CATEGORIES:
            raise ConfigError("not a category of single turns", got=repr(category))
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel, _uncollected():
        for category in categories:
            read, hashes[category] = _read(wheel, category, documents)
            sizes[category] = len(read)
            rows += read
    return Questions(tuple(rows), hashes, sizes)


def require_known(category: str) -> None:
    """Raise ConfigError with the nearest name unless `category` is one that can be scored."""
    scored = (*CATEGORIES, *SEVERAL_TURNS, FORMAT_SENSITIVITY)
    if category not in scored:
        known = [*scored, *COLLECTIONS]
        near = difflib.get_close_matches(category, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        raise ConfigError("unknown BFCL category", got=repr(category), hint=hint)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles from walking through what is read here again and again.

    Rows hold no cycles, so they are freed as usual; walking them takes longer than scoring does.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _read(
    wheel: zipfile.ZipFile, category: str, documents: dict[bytes, list[dict[str, Json]]]
) -> tuple[list[Row], str]:
    """Return the rows of a category and the hash of its files; rows share documents that are equal."""
    name = f"BFCL_v4_{category}.json"
    questions = wheel.read(f"bfcl_eval/data/{name}")
    digest = hashlib.sha256(questions)
    answers: dict[str, list[dict[str, Json]]] = {}
    if CATEGORIES[category] not in _UNANSWERED:
        text = wheel.read(f"bfcl_eval/data/possible_answer/{name}")
        digest.update(text)
        answers = {a.id: a.ground_truth for a in msgspec.json.Decoder(_Answer).decode_lines(text)}
    rows = []
    for question in msgspec.json.Decoder(_Question).decode_lines(questions):
        text = bytes(question.function)
        if text not in documents:
            documents[text] = _documents.decode(text)
        known = answers.get(question.id)
        rows.append(Row(question.id, question.question, documents[text], category, known))
    if answers and any(row.answer is None for row in rows):
        raise DataError("a question has no possible answer", place=name)
    return rows, digest.hexdigest()
