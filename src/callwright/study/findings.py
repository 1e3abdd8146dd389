"""What a study found: scores of arms, differences with their intervals, and what it could have seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import msgspec

from callwright.errors import RunError
from callwright.evaluate.results import Result
from callwright.record import Json
from callwright.settings import StudySettings
from callwright.study.design import Contrast, Extra, Study
from callwright.study.effects import Apart, Effect, Mean, apart, crossed_mean, effect, holm
from callwright.study.power import ASSUMED, Noise, detectable

Answered = dict[str, dict[str, dict[int, list[Result]]]]
"""Results by exam, arm and seed."""
ALL = "all"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the model of one arm and seed took."""

    training_seconds: float
    exam_seconds: float
    """Of exams that this session found or took; those that an arm shares with an earlier one not again."""
    tokens: int
    steps: int
    peak_memory_mb: int
    joules: float | None = None
    """What the machine took for what this arm was the first to need, where it tells."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How often an arm is right in a column of an exam."""

    exam: str
    column: str
    arm: str
    mean: Mean
    by_seed: list[float]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A difference in a column of an exam."""

    exam: str
    column: str
    name: str
    """The arm that is held against the baseline, or the name of a contrast."""
    against: str
    effect: Effect
    p_holm: float
    """Holm's, over all comparisons of the study in this column of this exam."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """A study as far as it was run; also ``study.json``."""

    name: str
    title: str
    question: str
    version: str
    settings: dict[str, Json]
    seeds: list[int]
    arms: dict[str, str]
    """Name of each arm and in what it differs, the baseline first."""
    notes: list[str]
    scores: list[Score]
    compared: list[Compared]
    costs: dict[str, list[Cost]]
    sees: dict[str, float]
    """Per exam the difference that it could be expected to see, by what was assumed beforehand."""
    saw: dict[str, float]
    """Per exam the difference that it could see with the noise that was found."""
    tables: list[Extra]
    """What a study tells beside scores."""


def findings(
    study: Study,
    settings: StudySettings,
    answered: Answered,
    costs: Mapping[str, list[Cost]],
    version: str,
    extra: Sequence[Extra] = (),
) -> Findings:
    """Return what the results say so far."""
    scores: list[Score] = []
    compared: list[Compared] = []
    sees: dict[str, float] = {}
    saw: dict[str, float] = {}
    seeds: list[int] = []
    for exam, by_arm in answered.items():
        seeds = sorted(next(iter(by_arm.values())))
        tables = {arm: _tables(by_seed) for arm, by_seed in by_arm.items()}
        columns = list(next(iter(tables.values())))
        for column in columns:
            scores += [_score(exam, column, arm, tables[arm][column]) for arm in tables]
            compared += _compared(study, exam, column, {arm: tables[arm][column] for arm in tables})
        n = len(next(iter(tables.values()))[ALL][0])
        arms = len(tables)
        sees[exam] = detectable(n, len(seeds), arms=arms)
        saw[exam] = detectable(n, len(seeds), _found(c for c in compared if c.exam == exam), arms=arms)
    return Findings(
        name=study.name, title=study.title, question=study.question, version=version,
        settings=plain(settings), seeds=seeds, arms={arm.name: arm.differs for arm in study.arms},
        notes=list(study.notes), scores=scores, compared=compared, costs=dict(costs), sees=sees, saw=saw,
        tables=list(extra),
    )  # fmt: skip


def plain(settings: StudySettings) -> dict[str, Json]:
    """Return settings as JSON; paths by their names, for where they lie says nothing of what they hold."""
    text = msgspec.json.encode(settings, enc_hook=lambda path: path.name)
    told: dict[str, Json] = msgspec.json.decode(text)
    return told


def _tables(by_seed: Mapping[int, Sequence[Result]]) -> dict[str, list[list[float]]]:
    """Return right (1) or wrong (0) per seed and row, for each column and for all rows."""
    ids = [(row.column, row.id) for row in next(iter(by_seed.values()))]
    tables: dict[str, list[list[float]]] = {}
    for seed, rows in sorted(by_seed.items()):
        right = {(row.column, row.id): float(row.correct) for row in rows}
        if set(right) != set(ids):
            raise RunError("the exam of one seed has other rows than that of another", place=f"seed {seed}")
        own: dict[str, list[float]] = {}
        for key in ids:
            own.setdefault(key[0], []).append(right[key])
        for column, values in [*own.items(), (ALL, [right[key] for key in ids])]:
            tables.setdefault(column, []).append(values)
    return tables


def _score(exam: str, column: str, arm: str, table: Sequence[Sequence[float]]) -> Score:
    means = [fmean(row) for row in table]
    return Score(exam=exam, column=column, arm=arm, mean=crossed_mean(table), by_seed=means)


def _compared(
    study: Study, exam: str, column: str, tables: Mapping[str, Sequence[Sequence[float]]]
) -> list[Compared]:
    baseline = study.arms[0].name
    trainings = apart(list(tables.values()))
    wanted = [Contrast(arm.name, [baseline], [arm.name]) for arm in study.arms[1:]] if tables else []
    found = {
        (one.name, " + ".join(one.low)): effect(
            _mean(tables, one.low), _mean(tables, one.high), _of(trainings, one)
        )
        for one in ([] if study.contrasts_only else wanted) + list(study.contrasts)
    }
    adjusted = holm({f"{name}\0{against}": e.p for (name, against), e in found.items()})
    return [
        Compared(exam=exam, column=column, name=name, against=against, effect=e,
                 p_holm=adjusted[f"{name}\0{against}"])
        for (name, against), e in found.items()
    ]  # fmt: skip


def _of(trainings: Apart | None, one: Contrast) -> Apart | None:
    """Return how far the two sides of a comparison lie apart, by the number of their arms."""
    if trainings is None:
        return None
    return trainings._replace(square=trainings.square * (1 / len(one.low) + 1 / len(one.high)))


def _mean(tables: Mapping[str, Sequence[Sequence[float]]], arms: Sequence[str]) -> list[list[float]]:
    """Return the mean over arms, per seed and row."""
    own = [tables[arm] for arm in arms]
    return [
        [fmean(values) for values in zip(*(table[s] for table in own), strict=True)]
        for s in range(len(own[0]))
    ]


def _found(compared: Iterable[Compared]) -> Noise:
    """Return the noise between arms as it was, in the middle of all comparisons over all rows."""
    own = [c.effect for c in compared if c.column == ALL]
    if not own:
        return ASSUMED
    disagree = sorted(e.disagree for e in own)[len(own) // 2]
    # The means of single seeds also lie apart because few rows were asked; that part is the rows'.
    rows = max(disagree, 1e-6) * (1 - ASSUMED.lasting) / own[0].n
    apart = sorted(max(0.0, e.seed_sd**2 - rows) ** 0.5 for e in own)[len(own) // 2]
    return Noise(max(disagree, 1e-6), ASSUMED.lasting, apart)
