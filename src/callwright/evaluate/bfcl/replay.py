"""Grade answers that were made elsewhere, in the layout in which BFCL's own harness keeps them.

That is a line ``{"id": …, "result": …}`` per row, in ``result/MODEL/GROUP/BFCL_v4_CATEGORY_result.json``; a
file or a folder will do. A result is a text, or ``[{name: arguments as JSON}, …]`` from a function-calling
handler. Such a handler fails on text, so which one it was decides; if nobody says, a list anywhere tells.

    >>> run_replay(Path("result/my-model"), Path("out")).all.accuracy      # doctest: +SKIP
    0.83
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from callwright.errors import DataError
from callwright.evaluate.bfcl.conversations import replayed
from callwright.evaluate.bfcl.data import (
    CATEGORIES,
    FORMAT_SENSITIVITY,
    SEVERAL_TURNS,
    Questions,
    load,
)
from callwright.evaluate.bfcl.format_sensitivity import grade_answers
from callwright.evaluate.bfcl.grading import FUNCTION_CALLING, PROMPTING, Mode, grade
from callwright.evaluate.bfcl.run import Graded, conditions_of, save_graded
from callwright.evaluate.results import Result
from callwright.evaluate.summary import Summary
from callwright.record import Json
from callwright.store import read_lines, sha256_file, sha256_text


class Given(NamedTuple):
    """An answer, and the line that holds it."""

    id: str
    answer: Json
    place: str

    @property
    def category(self) -> str:
        """Return the category that the id names."""
        return self.id.split(":")[0].rpartition("_")[0]


def run_replay(
    path: Path, out: Path, *, function_calling: bool | None = None, underscored: bool | None = None
) -> Summary:
    """Grade the answers in a file or a folder; those to categories that are not run here are only counted.

    Answers to format sensitivity get a run of their own in the folder ``format_sensitivity`` of `out`.
    `function_calling` says which handler made them, None to tell by the answers; `underscored` whether names
    of functions have "_" for ".", None for yes with function calling only. Rows without an answer are left
    out, as the official command line does with ``--partial-eval``, and the summary says how many there are.
    Raises DataError for what is no answer, twice there, or to no row.
    """
    given = read_answers(path)
    single = [each for each in given if each.category in CATEGORIES]
    several = [each for each in given if each.category in SEVERAL_TURNS]
    mode = _mode([*single, *several], function_calling, underscored)
    questions = load([c for c in CATEGORIES if any(each.category == c for each in single)])
    source = {"replayed_sha256": _sha256(path)}
    about: dict[str, Json] = {"model": f"replay:{path.name}", **source, "mode": mode._asdict()}
    graded = list(_graded(single, questions, mode, source))
    more = _conversations(several, mode, source)
    reworded = {each.id: each.answer for each in given if each.category == FORMAT_SENSITIVITY}
    if reworded:
        grade_answers(reworded, out / FORMAT_SENSITIVITY, {"model": about["model"], **source})
    known = {*CATEGORIES, *SEVERAL_TURNS, FORMAT_SENSITIVITY}
    about["other_categories"] = Counter(each.category for each in given if each.category not in known)
    answered = Counter([*(each.row.category for each in graded), *(result.column for result in more)])
    sizes = {**questions.sizes, **{c: n for c, n in SEVERAL_TURNS.items() if answered[c]}}
    about["unanswered"] = {c: n - answered[c] for c, n in sizes.items() if answered[c] < n}
    return save_graded(graded, out, questions, about, more)


def _conversations(given: Sequence[Given], mode: Mode, source: dict[str, Json]) -> list[Result]:
    """Return the verdicts on answers of several turns; raises DataError for one to no row."""
    answers = {each.id: each for each in given}
    categories = list(dict.fromkeys(each.category for each in given))
    results = replayed(
        categories,
        {name: each.answer for name, each in answers.items()},
        source,
        fc=mode.decoder == FUNCTION_CALLING.decoder,
    )
    for result in results:
        del answers[result.id]
    _refuse_unknown(answers.values())
    return results


def _graded(
    given: Sequence[Given], questions: Questions, mode: Mode, source: dict[str, Json]
) -> Iterator[Graded]:
    answers = {each.id: each for each in given}
    for row in questions.rows:
        known = answers.pop(row.id, None)
        if known is not None:
            about = {**conditions_of(row, questions, mode), **source}
            yield Graded(row, known.answer, mode, grade(row, known.answer, mode, about))
    _refuse_unknown(answers.values())


def _refuse_unknown(left: Iterable[Given]) -> None:
    for unknown in left:
        raise DataError("an answer to no row of BFCL v4", place=unknown.place, got=repr(unknown.id))


def _mode(given: Sequence[Given], function_calling: bool | None, underscored: bool | None) -> Mode:
    if function_calling is None:
        function_calling = any(_is_of_calls(each) for each in given)
    mode = FUNCTION_CALLING if function_calling else PROMPTING
    return mode if underscored is None else mode._replace(underscored=underscored)


def _is_of_calls(given: Given) -> bool:
    """Tell whether an answer is one of a function-calling handler: a list where the other kind has a text."""
    if given.category not in SEVERAL_TURNS:
        return isinstance(given.answer, list)
    turns = given.answer if isinstance(given.answer, list) else []
    return any(isinstance(step, list) for turn in turns if isinstance(turn, list) for step in turn)


def read_answers(path: Path) -> list[Given]:
    """Return the answers in a file, or in all result files of a folder; raises DataError."""
    found: dict[str, Given] = {}
    for file in _files(path):
        for number, line in read_lines(file):
            given = _given(line, f"{file}:{number}")
            if given.id in found:
                first = found[given.id].place
                raise DataError("a row is answered twice", place=given.place, got=f"{given.id}, also {first}")
            found[given.id] = given
    return list(found.values())


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise DataError("no such file or folder", place=str(path))
    files = sorted(path.rglob("BFCL_v*_result.json")) if path.is_dir() else [path]
    if not files:
        raise DataError("no result file in the folder", place=str(path), expected="BFCL_v4_*_result.json")
    return files


def _given(line: bytes, place: str) -> Given:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError("not a line of JSON", place=place, got=str(error)) from None
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or "result" not in row:
        raise DataError("not an answer", place=place, expected='{"id": "…", "result": …}')
    return Given(row["id"], row["result"], place)


def _sha256(path: Path) -> str:
    """Return the hash of a file, or of the names and hashes of a folder's result files."""
    if path.is_file():
        return sha256_file(path)
    return sha256_text("\n".join(f"{f.relative_to(path)} {sha256_file(f)}" for f in _files(path)))
