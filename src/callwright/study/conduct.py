"""Run a study: every arm with every seed, every exam; what came of it is told after each model."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from callwright import __version__
from callwright.evaluate.results import read_results
from callwright.progress import Display, clock
from callwright.store import write_json_atomic
from callwright.study.design import Model, Study, StudySettings, training_of
from callwright.study.findings import Answered, Cost, Findings, findings
from callwright.study.lab import Lab, Made

FILE = "study.json"


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
    """
    out.mkdir(parents=True, exist_ok=True)
    answered: Answered = {}
    costs: dict[str, list[Cost]] = {}
    started = time.monotonic()
    total, done = len(study.arms) * settings.seeds, 0
    found: Findings | None = None
    with display.stage(study.name, announced=False) as bar:
        for seed in range(settings.seed, settings.seed + settings.seeds):
            for arm in study.arms:
                spent = time.monotonic() - started
                left = spent / done * (total - done) if done else None
                bar.update(done, total, f"{arm.name}, seed {seed}", left)
                before = set(lab.steps)
                model = arm.model(seed)
                for exam in study.exams:
                    rows = read_results(exam.ask(arm, model) / "results.jsonl")
                    grouped = [msgspec.structs.replace(row, column=exam.column(row)) for row in rows]
                    answered.setdefault(exam.name, {}).setdefault(arm.name, {})[seed] = grouped
                fresh = [made for path, made in lab.steps.items() if path not in before]
                costs.setdefault(arm.name, []).append(_cost(model, fresh))
                done += 1
            tables = study.tables(lab, range(settings.seed, seed + 1)) if study.tables else ()
            found = findings(study, settings, answered, costs, __version__, tables)
            write_json_atomic(out / FILE, found)
            told(found)
    assert found is not None
    display.done(study.name, time.monotonic() - started, f"{total} models, {_made(lab)}")
    return found


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
