"""The questions and possible answers of BFCL v4, read out of the pinned wheel.

A category is one entry of `CATEGORIES`: to add one, name it and the rule that judges it.

    >>> load(("simple_python",)).rows[0].id      # doctest: +SKIP
    'simple_python_0'
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from callwright import assets
from callwright.errors import ConfigError, DataError
from callwright.record import Json

Rule = Literal["simple", "multiple", "parallel", "irrelevance", "relevance"]

CATEGORIES: dict[str, Rule] = {
    "simple_python": "simple",
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
PYTHON_NON_LIVE = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")
_UNANSWERED = ("irrelevance", "relevance")


class Row(msgspec.Struct, frozen=True):
    """One question: its conversation, the documents of the offered functions, what answers are allowed."""

    id: str
    question: list[list[dict[str, Json]]]
    """Turns of messages; single-turn categories have one turn."""
    function: list[dict[str, Json]]
    category: str = ""
    answer: list[dict[str, Json]] | None = None
    """One `{name: {argument: [alternatives]}}` per expected call; None where no call is to be checked."""


class _Answer(msgspec.Struct):
    id: str
    ground_truth: list[dict[str, Json]]


class Questions(NamedTuple):
    """Rows in the official order, and the sha256 of the files that each category was read from."""

    rows: tuple[Row, ...]
    sha256: dict[str, str]


def load(categories: Sequence[str] = PYTHON_NON_LIVE) -> Questions:
    """Return the rows of `categories`; raises ConfigError for an unknown one."""
    rows: list[Row] = []
    hashes: dict[str, str] = {}
    for category in categories:
        require_known(category)
        read, hashes[category] = _read(category)
        rows += read
    return Questions(tuple(rows), hashes)


def require_known(category: str) -> None:
    """Raise ConfigError with the nearest name unless `category` is one that can be scored."""
    if category not in CATEGORIES:
        near = difflib.get_close_matches(category, CATEGORIES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(CATEGORIES)}"
        raise ConfigError("unknown BFCL category", got=repr(category), hint=hint)


def _read(category: str) -> tuple[list[Row], str]:
    name = f"BFCL_v4_{category}.json"
    questions = assets.member(assets.BFCL, f"bfcl_eval/data/{name}")
    digest = hashlib.sha256(questions)
    answers: dict[str, list[dict[str, Json]]] = {}
    if CATEGORIES[category] not in _UNANSWERED:
        text = assets.member(assets.BFCL, f"bfcl_eval/data/possible_answer/{name}")
        digest.update(text)
        answers = {a.id: a.ground_truth for a in msgspec.json.Decoder(_Answer).decode_lines(text)}
    rows = [
        msgspec.structs.replace(row, category=category, answer=answers.get(row.id))
        for row in msgspec.json.Decoder(Row).decode_lines(questions)
    ]
    if answers and any(row.answer is None for row in rows):
        raise DataError("a question has no possible answer", place=name)
    return rows, digest.hexdigest()
