"""Wrong rows whose official verdict is known to be unfair: a report beside the score, never part of it.

Six rows nobody can get right, because their own answers contradict their documents or the checker. Of others
the report says which lenient reading would make the same answer right: without the code fence around it, with
positional arguments named, with quotes taken off the strings of a Java array, with a Java map's body kept.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import msgspec

from callwright.evaluate.bfcl.data import Row, language_of
from callwright.evaluate.bfcl.decode import Calls, Undecodable, bracketed
from callwright.evaluate.bfcl.decoders import decode_text
from callwright.evaluate.bfcl.grading import Mode, read_answer
from callwright.evaluate.bfcl.score import judge, well_formed
from callwright.evaluate.results import Result, write_lines
from callwright.record import Json

UNSATISFIABLE = {
    "simple_java_36": "ArrayList<any>: the converter yields strings, the answer wants a number and a boolean",
    "simple_java_65": "ArrayList<any>: the converter yields strings, the answer wants booleans",
    "live_simple_106-63-0": "a required parameter has an empty list of allowed values",
    "live_simple_112-68-0": "required parameters have empty lists of allowed values",
    "live_multiple_862-181-3": "the answer requires journey_start_time, which the document does not have",
    "live_multiple_964-207-0": "the document requires statement, which the answer does not have",
}
FENCE, POSITIONAL, ARRAY, MAP = "fence", "positional-arguments", "java-string-array", "java-map-body"
_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n?(.*?)\s*```\s*", re.DOTALL)
_STRING_ARRAY = re.compile(r"(new\s+\w+\[\]\s*\{)([^{}]*)(\})")
_LONGEST = 20_000
"""Characters of an answer that is read leniently at all."""


class Unfair(msgspec.Struct, frozen=True):
    """A row of the report."""

    id: str
    category: str
    reasons: list[str]
    """``unsatisfiable``, or what has to be forgiven for the answer to be right."""
    error: str
    """The official error type."""
    detail: str = ""


def unfair(row: Row, answer: Json, result: Result, mode: Mode) -> Unfair | None:
    """Return what is unfair about a result, None for a right one and for one that deserved it."""
    if result.correct:
        return None
    if row.id in UNSATISFIABLE:
        return Unfair(row.id, row.category, ["unsatisfiable"], result.error, UNSATISFIABLE[row.id])
    if row.answer is None or (isinstance(answer, str) and len(answer) > _LONGEST):
        return None
    for reasons in _forgivable(row, mode):
        calls = _leniently(row, answer, mode, reasons)
        if judge(row, calls, underscored=mode.underscored).valid:
            return Unfair(row.id, row.category, list(reasons), result.error)
    return None


def _forgivable(row: Row, mode: Mode) -> Iterator[Sequence[str]]:
    """Yield what may be forgiven, the least first."""
    java = language_of(row.category) == "java"
    kinds = [ARRAY] if java else []
    if mode.decoder == "text":
        kinds += [FENCE, MAP] if java else [FENCE]
        kinds += [POSITIONAL] if language_of(row.category) == "python" else []
    for count in range(1, len(kinds) + 1):
        yield from combinations(kinds, count)


def _leniently(row: Row, answer: Json, mode: Mode, reasons: Sequence[str]) -> Calls | Undecodable:
    if mode.decoder == "text" and isinstance(answer, str):
        calls = _text_leniently(row, answer, reasons)
    else:
        calls = read_answer(row, answer, mode)
    return _unquoted_arrays(calls) if ARRAY in reasons else calls


def _text_leniently(row: Row, text: str, reasons: Sequence[str]) -> Calls | Undecodable:
    fence = _FENCE.fullmatch(text) if FENCE in reasons else None
    text = fence[1] if fence else text
    if POSITIONAL in reasons:
        text = _named(text, row.function)
    if MAP in reasons:
        from callwright.evaluate.bfcl.java import decode_java

        return decode_java(text, verbatim=True)
    return decode_text(text, language_of(row.category))


def _named(text: str, docs: Sequence[dict[str, Json]]) -> str:
    """Return the calls in `text` with the names of positional arguments, in the order of the document."""
    order = {doc["name"]: list(doc["parameters"]["properties"]) for doc in docs}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(bracketed(text), mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                names = order.get(ast.unparse(node.func), [])[: len(node.args)]
                given = [ast.keyword(name, value) for name, value in zip(names, node.args, strict=True)]
                node.args, node.keywords = [], [*given, *node.keywords]
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def _unquoted_arrays(calls: Calls | Undecodable) -> Calls | Undecodable:
    if isinstance(calls, Undecodable) or not well_formed(calls):
        return calls
    return [
        {name: {k: _unquoted(v) if isinstance(v, str) else v for k, v in given.items()}}
        for call in calls
        for name, given in call.items()
    ]


def _unquoted(text: str) -> str:
    return _STRING_ARRAY.sub(lambda m: m[1] + m[2].replace('"', "") + m[3], text)


def write_unfair(path: Path, rows: Iterable[Unfair]) -> dict[str, int]:
    """Write the report, a line per row, and return how many rows each reason has."""
    told = list(rows)
    write_lines(path, (msgspec.json.encode(row) + b"\n" for row in told))
    return dict(Counter(" + ".join(row.reasons) for row in told).most_common())
