"""Grade answers that were made elsewhere, in the layout in which BFCL's own harness keeps them.

That is a line ``{"id": …, "result": …}`` per row, in ``result/MODEL/GROUP/BFCL_v4_CATEGORY_result.json``; a
file or a folder will do. A result is a text, or ``[{name: arguments as JSON}, …]`` from a function-calling
handler. Such a handler fails on text, so which one it was decides; if nobody says, a list anywhere tells.
Handlers of local models keep what the model wrote, in a format of its own: which one that is has to be said.

    >>> run_replay(Path("result/my-model"), Path("out")).all.accuracy      # doctest: +SKIP
    0.83
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from callwright.errors import DataError
from callwright.evaluate.bfcl.conversations import ids_of, replayed
from callwright.evaluate.bfcl.data import (
    CATEGORIES,
    FORMAT_SENSITIVITY,
    SEVERAL_TURNS,
    Questions,
    Row,
    load,
)
from callwright.evaluate.bfcl.decode import Undecodable
from callwright.evaluate.bfcl.format_sensitivity import grade_answers
from callwright.evaluate.bfcl.grading import FUNCTION_CALLING, PROMPTING, Mode, grade, read_answer
from callwright.evaluate.bfcl.memory.rows import CATEGORY as MEMORY
from callwright.evaluate.bfcl.multi_turn.calls import Step, from_format, from_official, from_text, in_words
from callwright.evaluate.bfcl.run import Graded, conditions_of, save_graded
from callwright.evaluate.bfcl.score import well_formed
from callwright.evaluate.results import Result
from callwright.evaluate.summary import Summary
from callwright.evaluate.worlds import spread
from callwright.record import Json
from callwright.store import read_lines, sha256_file, sha256_text

_NEXT_TO_ALL = 0.95
_WAYS = {"text": "as text of the prompting mode", "calls": "as calls of an interface"}


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
    path: Path,
    out: Path,
    *,
    categories: Collection[str] = (),
    limit: int | None = None,
    output_format: str = "",
    function_calling: bool | None = None,
    underscored: bool | None = None,
    warn: Callable[[str], None] = lambda note: None,
) -> Summary:
    """Grade the answers in a file or a folder; those to categories that are not run here are only counted.

    `categories` and `limit` choose as in `run_bfcl`. Answers to format sensitivity get a run of their own in
    the folder ``format_sensitivity`` of `out`. `output_format` is the one of ours that the texts are in;
    without it `function_calling` says which handler made them, None to tell by the answers. `underscored`
    says whether names of functions have "_" for ".", None to tell by the names. Rows without an answer are
    left out, as the official command line does with ``--partial-eval``, and the summary says how many there
    are. `warn` is told what a reader of the scores has to know. Raises DataError for what is no answer, twice
    there, or to no row, and where nothing is left to grade.
    """
    every = read_answers(path)
    given = [each for each in every if not categories or each.category in categories]
    source: dict[str, Json] = {"replayed_sha256": _sha256(path)}
    about: dict[str, Json] = {"model": f"replay:{path.name}", **source}
    reworded = {each.id: each.answer for each in given if each.category == FORMAT_SENSITIVITY}
    if reworded:
        grade_answers(reworded, out / FORMAT_SENSITIVITY, about, limit)
    given = [each for each in given if each.category in (*CATEGORIES, *SEVERAL_TURNS)]
    questions = load([c for c in CATEGORIES if any(each.category == c for each in given)])
    sizes, asked = _asked(given, questions, limit)
    if not asked and not reworded:
        raise DataError("no answer to a row that is run here", place=str(path))
    mode = _mode(given, questions, output_format, function_calling, underscored)
    graded = [*_graded(asked, questions, mode, source)]
    more = _conversations(asked, mode, source)
    known = {*CATEGORIES, *SEVERAL_TURNS, FORMAT_SENSITIVITY}
    answered = Counter([*(each.row.category for each in graded), *(result.column for result in more)])
    about |= {
        "mode": mode._asdict(),
        "other_categories": Counter(each.category for each in every if each.category not in known),
        "unanswered": {c: n - answered[c] for c, n in sizes.items() if answered[c] < n},
    }
    if note := _unread([*(each.result for each in graded), *more], mode):
        about["notes"] = [note]
        warn(note)
    return save_graded(graded, out, questions, about, more)


def _asked(
    given: Sequence[Given], questions: Questions, limit: int | None
) -> tuple[dict[str, int], dict[str, Given]]:
    """Return how many rows of each category are asked for, and what was answered to them, by their ids.

    Raises DataError for an answer to no row.
    """
    rows: dict[str, list[str]] = {name: [] for name in questions.sizes}
    for row in questions.rows:
        rows[row.category].append(row.id)
    rows |= ids_of([*dict.fromkeys(each.category for each in given if each.category in SEVERAL_TURNS)])
    known = {name: set(ids) for name, ids in rows.items()}
    for each in given:
        if each.category in known and each.id not in known[each.category]:
            raise DataError("an answer to no row of BFCL v4", place=each.place, got=repr(each.id))
    wanted = {name: spread(ids, limit) for name, ids in rows.items()}
    chosen = {row_id for ids in wanted.values() for row_id in ids}
    asked = {each.id: each for each in given if each.id in chosen}
    return {name: len(ids) for name, ids in wanted.items()}, asked


def _conversations(asked: Mapping[str, Given], mode: Mode, source: Mapping[str, Json]) -> list[Result]:
    """Return the verdicts on answers of several turns."""
    texts: dict[str, Callable[[str], Step]] = {
        "text": from_text, "calls": in_words, "native": partial(from_format, output_format=mode.output_format)
    }  # fmt: skip
    told = {"text": "official", "calls": "function calls", "native": "native"}
    about: dict[str, Json] = {**source, "decoder": told[mode.decoder]}
    if mode.output_format:
        about["output_format"] = mode.output_format
    answers = {each.id: each.answer for each in asked.values() if each.category in SEVERAL_TURNS}
    categories = list(dict.fromkeys(asked[row_id].category for row_id in answers))
    return replayed(categories, answers, about, partial(from_official, text=texts[mode.decoder]))


def _graded(
    asked: Mapping[str, Given], questions: Questions, mode: Mode, source: Mapping[str, Json]
) -> Iterator[Graded]:
    for row in questions.rows:
        if row.id in asked:
            answer = asked[row.id].answer
            about = {**conditions_of(row, questions, mode), **source}
            yield Graded(row, answer, mode, grade(row, answer, mode, about))


def _mode(
    given: Sequence[Given],
    questions: Questions,
    output_format: str,
    function_calling: bool | None,
    underscored: bool | None,
) -> Mode:
    if output_format:
        mode = Mode("native", output_format)
    else:
        if function_calling is None:
            function_calling = any(_is_of_calls(each) for each in given)
        mode = FUNCTION_CALLING if function_calling else PROMPTING
    if underscored is None:
        underscored = mode.decoder != "text" and _underscored(given, questions, mode)
    return mode._replace(underscored=underscored)


def _underscored(given: Sequence[Given], questions: Questions, mode: Mode) -> bool:
    """Tell how most calls write the names that have a dot; as the mode has it if they do not tell.

    Officially the configuration of the model says it, which no result file holds.
    """
    counts: Counter[bool] = Counter()
    answers = {each.id: each.answer for each in given}
    for row in questions.rows:
        dotted = {doc["name"] for doc in row.function if "." in doc["name"]}
        if dotted and row.id in answers:
            replaced = {name.replace(".", "_") for name in dotted}
            names = _names(row, answers[row.id], mode)
            counts[True] += sum(name in replaced for name in names)
            counts[False] += sum(name in dotted for name in names)
    return mode.underscored if counts[True] == counts[False] else counts[True] > counts[False]


def _names(row: Row, answer: Json, mode: Mode) -> list[str]:
    calls = read_answer(row, answer, mode)
    if isinstance(calls, Undecodable) or not well_formed(calls):
        return []
    return [name for call in calls for name in call]


def _unread(results: Sequence[Result], mode: Mode) -> str:
    """Return what to say where next to no answer that needs a call could be read as one, else nothing."""
    needed = [r for r in results if CATEGORIES.get(r.column, r.column) not in ("irrelevance", MEMORY)]
    unread = sum(not _called(result.predicted) for result in needed)
    if not needed or unread < _NEXT_TO_ALL * len(needed):
        return ""
    way = f"as {mode.output_format}" if mode.output_format else _WAYS[mode.decoder]
    return (
        f"no call can be read {way} in {unread:,} of the {len(needed):,} answers that need one: if the model "
        "writes calls in a format of its own, name that with --output-format"
    )


def _called(predicted: Json) -> bool:
    """Tell whether calls were read: of a row, or of any step of a conversation."""
    if not isinstance(predicted, list):
        return bool(predicted)
    return any(_called(each) for each in predicted)


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
