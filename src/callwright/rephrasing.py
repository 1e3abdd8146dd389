"""Say a row's instruction in other words with a model, kept if a second one still makes the right calls.

The check is one of behaviour, as in xLAM §3.2: the solver gets the row with the new wording, and its answer
is graded against the calls of the row. A wording that it fails with is not used, whoever is to blame.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

import msgspec

from callwright.augment import lineage
from callwright.engine import Row
from callwright.errors import DataError
from callwright.evaluate.answers import Answer, Asker, Request
from callwright.evaluate.prompting import prompt_for, prompt_of
from callwright.evaluate.suite import case_of, grade_answer
from callwright.formats import PlainMessage
from callwright.models import Prompt
from callwright.record import Json, Message, Trajectory
from callwright.store import sha256_text

STRETCH = 64
"""Rows whose instructions are asked for together."""
_ASKED = (
    "Say the instruction below in other words. Keep its meaning, every condition, every name, number and "
    "example. Answer with the new instruction and nothing else.\n\n{instruction}"
)
_FIXED = re.compile(r"\d[\d.,:]*\d|\d|`[^`]+`|\b\w+(?:[_.]\w+)+\b|<[^<>\s]+>|\{[^{}\s]+\}")
"""What has to be found again: numbers, code, names that are no words, placeholders."""
_LONGEST, _SHORTEST = 3.0, 0.3
"""Lengths of a rephrasing, measured by its instruction."""


class Rephrasing:
    """Yields rows and, behind each whose instruction could be said anew, the row that says it so."""

    def __init__(self, writer: Asker, solver: Asker) -> None:
        self._writer = writer
        self._solver = solver
        self.outcomes: Counter[str] = Counter()
        """What became of the rows, by name."""

    def __call__(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Ask both models about a stretch of rows at a time; raises `ModelError` for an outage."""
        waiting = iter(rows)
        while stretch := list(islice(waiting, STRETCH)):
            kept = self._kept([row for row in stretch if isinstance(row, Trajectory)])
            for row in stretch:
                yield row
                if row.id in kept:
                    yield kept.pop(row.id)

    def _kept(self, rows: list[Trajectory]) -> dict[str, Trajectory]:
        candidates = self._written(rows)
        asked = [Request(row_id, prompt_for(case_of(t).asked)) for row_id, t in candidates.items()]
        answers = self._solver.ask(asked)
        kept = {row_id: t for row_id, t in candidates.items() if _is_solved(t, answers[row_id])}
        self.outcomes["rephrased"] += len(kept)
        self.outcomes["not solved"] += len(candidates) - len(kept)
        return kept

    def _written(self, rows: list[Trajectory]) -> dict[str, Trajectory]:
        """Return the rows with new instructions, by the id of the row that had the old one."""
        told = {t.id: instruction_of(t) for t in rows}
        asked = {sha256_text(text): text for text in told.values() if text}
        answers = self._writer.ask([Request(key, _question(text)) for key, text in asked.items()])
        found: dict[str, Trajectory] = {}
        for t in rows:
            text = told[t.id]
            if not text:
                self.outcomes["no instruction"] += 1
            elif not _is_gradable(t):
                self.outcomes["nothing to solve"] += 1
            elif not is_faithful(text, answers[sha256_text(text)].text):
                self.outcomes["not faithful"] += 1
            else:
                found[t.id] = _saying(t, answers[sha256_text(text)].text.strip())
        return found

    def to_json(self) -> dict[str, Json]:
        """Return the outcomes as plain data."""
        return dict(self.outcomes.most_common())


def instruction_of(t: Trajectory) -> str:
    """Return the row's own instruction: of the task, or of the system message that opens the conversation."""
    return t.task.instruction.strip() or "\n\n".join(m.content.strip() for m in _opening(t))


def is_faithful(instruction: str, written: str) -> bool:
    """Tell whether a rephrasing is one by its form: other words, about as long, all names and numbers."""
    written = written.strip()
    if not written or written == instruction:
        return False
    if not _SHORTEST * len(instruction) <= len(written) <= _LONGEST * len(instruction):
        return False
    return set(_FIXED.findall(instruction)) == set(_FIXED.findall(written))


def _opening(t: Trajectory) -> list[Message]:
    return list(takewhile(lambda message: message.role == "system", t.messages))


def _question(instruction: str) -> Prompt:
    return prompt_of([PlainMessage("user", _ASKED.format(instruction=instruction), 0.0)])


def _is_gradable(t: Trajectory) -> bool:
    try:
        case_of(t)
    except DataError:
        return False
    return True


def _is_solved(t: Trajectory, given: Answer) -> bool:
    return grade_answer(case_of(t), given).correct


def _saying(t: Trajectory, instruction: str) -> Trajectory:
    note = lineage(t, t, "r", {"done": ["rephrase"]})
    if t.task.instruction.strip():
        task = msgspec.structs.replace(t.task, instruction=instruction)
        changed = msgspec.structs.replace(t, task=task)
    else:
        opening = _opening(t)
        first = msgspec.structs.replace(t.messages[0], content=instruction)
        changed = msgspec.structs.replace(t, messages=(first, *t.messages[len(opening) :]))
    return msgspec.structs.replace(
        changed, id=f"{t.id}#r", fingerprint=None, extra={**t.extra, "augment": note}
    )
