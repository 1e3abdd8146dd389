"""Run a study: every arm with every seed, every exam; what came of it is told after each seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from callwright import __version__
from callwright.errors import RunInUse
from callwright.evaluate.results import Result, read_results
from callwright.progress import Display, clock
from callwright.settings import StudySettings
from callwright.store import write_json_atomic
from callwright.study.design import Arm, Exam, Model, Study, training_of
from callwright.study.findings import Cost, Findings, findings
from callwright.study.lab import Lab, Made

FILE = "study.json"
_PAUSE = 2.0
"""Seconds until what other processes are making is asked for again."""


def conduct(
    study: Study,
    lab: Lab,
    settings: StudySettings,
    out: Path,
    display: Display,
    told: Callable[[Findings], None] = lambda found: None,
) -> Findings:
    """Run what was not run before and return the findings, also ``study.json`` in the folder `out`.

    Seeds come one after the other, so that a study that is cut short has compared all arms on fewer seeds.
    What another process is making is left for later: processes that run one study share its models.
    """
    out.mkdir(parents=True, exist_ok=True)
    course = _Course(study, lab, range(settings.seed, settings.seed + settings.seeds))
    total, started = len(course.todo), time.monotonic()
    found: Findings | None = None
    with display.stage(study.name, announced=False) as bar:

        def show(name: str, done: int) -> None:
            spent = time.monotonic() - started
            bar.update(done, total, name, spent / done * (total - done) if done else None)

        while course.todo:
            if (seed := course.go_on(show)) is None:
                time.sleep(_PAUSE)
            elif seed in (seeds := course.whole()):
                found = course.findings(settings, seeds)
                write_json_atomic(out / FILE, found)
                told(found)
    assert found is not None
    display.done(study.name, time.monotonic() - started, f"{total} models, {_made(lab)}")
    return found


class _Course:
    """How far a study has come: the models to be examined, and what the others did and took."""

    def __init__(self, study: Study, lab: Lab, seeds: Sequence[int]) -> None:
        self._study, self._lab, self._seeds = study, lab, seeds
        self.todo = [(seed, arm) for seed in seeds for arm in study.arms]
        self._results: dict[tuple[int, str], dict[str, list[Result]]] = {}
        self._costs: dict[tuple[int, str], Cost] = {}
        self._asked: dict[tuple[int, str], list[Made]] = {}
        """The steps that a model was the first here to need."""

    def go_on(self, beginning: Callable[[str, int], None]) -> int | None:
        """Examine the next model and return its seed; None where other processes are at all that are left."""
        for seed, arm in self.todo:
            beginning(f"{arm.name}, seed {seed}", len(self._costs))
            if self._examine(seed, arm):
                self.todo.remove((seed, arm))
                return seed
        return None

    def _examine(self, seed: int, arm: Arm) -> bool:
        """Make a model and let it take the exams; False where another process is at one of its steps."""
        before, key = set(self._lab.steps), (seed, arm.name)
        asked = self._asked.setdefault(key, [])
        try:
            with self._lab.not_waiting():
                model = arm.model(seed)
                results = {exam.name: _graded(exam, arm, model) for exam in self._study.exams}
        except RunInUse:
            return False
        finally:
            asked += [made for path, made in self._lab.steps.items() if path not in before]
        self._results[key], self._costs[key] = results, _cost(model, asked)
        return True

    def whole(self) -> list[int]:
        """Return the seeds of which every model is examined."""
        left = {seed for seed, _ in self.todo}
        return [seed for seed in self._seeds if seed not in left]

    def findings(self, settings: StudySettings, seeds: Sequence[int]) -> Findings:
        """Return what the models of these seeds say."""
        arms = [arm.name for arm in self._study.arms]
        answered = {
            exam.name: {arm: {seed: self._results[seed, arm][exam.name] for seed in seeds} for arm in arms}
            for exam in self._study.exams
        }
        costs = {arm: [self._costs[seed, arm] for seed in seeds] for arm in arms}
        tables = self._study.tables(self._lab, seeds) if self._study.tables else ()
        return findings(self._study, settings, answered, costs, __version__, tables)


def _graded(exam: Exam, arm: Arm, model: Model) -> list[Result]:
    """Return the results of a model in the columns of an exam; makes what is missing for them."""
    rows = read_results(exam.ask(arm, model) / "results.jsonl")
    return [msgspec.structs.replace(row, column=exam.column(row)) for row in rows]


def _made(lab: Lab) -> str:
    new = [made for made in lab.steps.values() if not made.reused]
    spent = clock(sum(made.seconds for made in new))
    return f"{len(new)} of {len(lab.steps)} steps run in {spent}, the others found"


def _cost(model: Model, fresh: list[Made]) -> Cost:
    """Return what a model took, by what its training and its exams wrote down; 0 where it is none of ours."""
    trained = training_of(model)
    spent = [made.joules for made in fresh if made.joules is not None]
    return Cost(
        training_seconds=trained.seconds if trained else 0.0,
        exam_seconds=sum(made.seconds for made in fresh if made.name.startswith("evaluate")),
        tokens=trained.tokens if trained else 0,
        steps=trained.steps if trained else 0,
        peak_memory_mb=trained.peak_memory_mb if trained else 0,
        joules=sum(spent) if spent else None,
    )
