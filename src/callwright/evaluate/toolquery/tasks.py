"""The questions: AgentBoard's row layout, with the recorded solution where there is one.

Read are AgentGym's rows (one subgoal, the final answer), the same rows joined with recorded trajectories
(`reference_actions`, `oracle_success`), and AgentBoard's own `test.jsonl`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.record import Json
from callwright.store import read_lines

DomainName = Literal["movie", "weather", "academia"]
Step = tuple[str, dict[str, Json]]
"""A call: the tool's name and the arguments."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One question, what has to be found on the way to its answer, and a way to it where one is known."""

    id: str
    domain: DomainName
    goal: str
    subgoals: tuple[Json, ...]
    """Cleaned results of calls, the answer among them; see `scoring.cleaned`."""
    answer: Json = None
    """What to finish with; a list in sorted order, because `finish` sorts lists."""
    difficulty: str = ""
    date: str = ""
    """The day on which the question is asked, YYYY-MM-DD; weather only."""
    location: str = ""
    solution: tuple[Step, ...] = ()
    """Calls in order, `finish` last; empty where no solution is known."""
    solved: bool | None = None
    """Whether `solution` ends in the right answer, as its source tells; None where it does not tell."""


class _Situation(msgspec.Struct):
    current_date: str
    current_location: str


class _About(msgspec.Struct):
    tool: DomainName
    answer: Json = None
    init_config: _Situation | None = None


class _Row(msgspec.Struct):
    id: int | str
    goal: str
    subgoals: list[Json]
    additional_info: _About
    difficulty: str = ""
    reference_actions: tuple[Step, ...] = ()
    oracle_success: bool | None = None


class Read(NamedTuple):
    """Tasks in the file's order, and the sha256 of its content."""

    tasks: tuple[Task, ...]
    sha256: str


def read_tasks(path: Path) -> Read:
    """Return the tasks in a file of rows; raises DataError with the line that is none."""
    decoder = msgspec.json.Decoder(_Row)
    digest = hashlib.sha256()
    tasks: list[Task] = []
    for number, line in read_lines(path):
        digest.update(line + b"\n")
        try:
            tasks.append(_task(decoder.decode(line)))
        except ValueError as error:
            raise DataError("not a ToolQuery row", place=f"{path}:{number}", got=str(error)) from None
    require_unique(tasks, str(path))
    return Read(tuple(tasks), digest.hexdigest())


def _task(row: _Row) -> Task:
    if not row.subgoals:
        raise ValueError("no subgoals")
    about = row.additional_info
    if about.tool == "weather" and about.init_config is None:
        raise ValueError("a weather question without date and place")
    return Task(
        id=f"{about.tool}-{row.id}",
        domain=about.tool,
        goal=row.goal,
        subgoals=tuple(row.subgoals),
        answer=in_order(about.answer),
        difficulty=row.difficulty,
        date=about.init_config.current_date if about.init_config else "",
        location=about.init_config.current_location if about.init_config else "",
        solution=row.reference_actions,
        solved=row.oracle_success,
    )


def in_order(answer: Json) -> Json:
    """Return an answer as `finish` leaves it: a list sorted, if it can be."""
    try:
        return sorted(answer) if type(answer) is list else answer
    except TypeError:
        return answer


def require_unique(tasks: Iterable[Task], place: str) -> None:
    """Raise DataError where two tasks have the same id."""
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise DataError("two questions have the same id", place=place, got=task.id)
        seen.add(task.id)
