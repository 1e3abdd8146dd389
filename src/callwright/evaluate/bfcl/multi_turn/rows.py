"""The rows of BFCL's multi-turn categories, read out of the pinned wheel.

>>> load(("multi_turn_base",)).rows[0].id      # doctest: +SKIP
'multi_turn_base_0'
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from callwright import assets
from callwright.errors import ConfigError, DataError
from callwright.evaluate.bfcl.backends import function_docs
from callwright.record import Json

CATEGORIES = ("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context")


class Row(msgspec.Struct, frozen=True):
    """One conversation: what the user says, on which back ends, and the reference calls of each turn."""

    id: str
    question: tuple[tuple[dict[str, Json], ...], ...]
    """Messages per turn; a turn without any is the one in which held-back functions are announced."""
    initial_config: msgspec.Raw
    """The back ends' first states by class name, as JSON: every replay reads a copy of its own."""
    involved_classes: tuple[str, ...]
    missed_function: dict[int, tuple[str, ...]] = {}
    """Names of functions held back until a turn."""
    category: str = ""
    reference: tuple[tuple[str, ...], ...] = ()
    """Calls as Python text, per turn; no call where the request can not be met yet."""


class Offer(NamedTuple):
    """Function documents that a model is shown at the start, and those held back until a turn."""

    first: tuple[dict[str, Json], ...]
    later: dict[int, tuple[dict[str, Json], ...]]


class Questions(NamedTuple):
    """Rows in the official order, and the sha256 of the files that each category was read from."""

    rows: tuple[Row, ...]
    sha256: dict[str, str]


class _Answer(msgspec.Struct):
    id: str
    ground_truth: tuple[tuple[str, ...], ...]


def load(categories: Sequence[str] = CATEGORIES) -> Questions:
    """Return the rows of `categories`; raises ConfigError for an unknown one."""
    rows: list[Row] = []
    hashes: dict[str, str] = {}
    for category in categories:
        if category not in CATEGORIES:
            near = difflib.get_close_matches(category, CATEGORIES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(CATEGORIES)}"
            raise ConfigError("unknown multi-turn category of BFCL", got=repr(category), hint=hint)
        read, hashes[category] = _read(category)
        rows += read
    return Questions(tuple(rows), hashes)


def offer(row: Row) -> Offer:
    """Return the official documents of all functions of the involved classes, in the official order."""
    first = [doc for name in row.involved_classes for doc in function_docs(name)]
    later: dict[int, tuple[dict[str, Json], ...]] = {}
    for turn, names in row.missed_function.items():
        held = [next((doc for doc in first if doc["name"] == name), None) for name in names]
        later[turn] = tuple(doc for doc in held if doc is not None)
        first = [doc for doc in first if doc not in later[turn]]
    return Offer(tuple(first), later)


def _read(category: str) -> tuple[list[Row], str]:
    name = f"BFCL_v4_{category}.json"
    questions = assets.member(assets.BFCL, f"bfcl_eval/data/{name}")
    answers = assets.member(assets.BFCL, f"bfcl_eval/data/possible_answer/{name}")
    reference = {a.id: a.ground_truth for a in msgspec.json.Decoder(_Answer).decode_lines(answers)}
    rows = [
        msgspec.structs.replace(row, category=category, reference=reference.get(row.id, ()))
        for row in msgspec.json.Decoder(Row).decode_lines(questions)
    ]
    if any(len(row.reference) != len(row.question) for row in rows):
        raise DataError("a conversation has no reference calls for each turn", place=name)
    return rows, hashlib.sha256(questions + answers).hexdigest()
