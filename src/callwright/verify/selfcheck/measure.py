"""Plant every defect into every clean row that has a place for it, and count what the verifier says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from callwright.record import Json, Trajectory
from callwright.verify.execution import Execute
from callwright.verify.selfcheck.courses import ON_COURSES
from callwright.verify.selfcheck.disguises import DISGUISES
from callwright.verify.selfcheck.plants import ON_CALLS, Plant
from callwright.verify.selfcheck.turns import ON_TURNS
from callwright.verify.verdict import Verdict, verdicts

PLANTS: tuple[Plant, ...] = (*ON_TURNS, *ON_CALLS, *ON_COURSES)
"""Every defect that can be planted into any row."""


@dataclass(frozen=True)
class Score:
    """How a kind of defect fared."""

    name: str
    check: str
    code: str
    severity: str
    planted: int
    found: int
    """Rows with the very code."""
    dropped: int
    """Rows with any error, be it another one."""

    @property
    def is_wrong(self) -> bool:
        """Tell whether a row with a defect that has to be dropped was not, or not for its reason."""
        return self.severity == "error" and self.found < self.planted


@dataclass(frozen=True)
class Alarm:
    """An error reported where there is none."""

    kind: str
    row: str
    code: str
    path: str


@dataclass(frozen=True)
class SelfCheck:
    """What the verifier found of what was planted, and what it found where nothing was."""

    clean: int
    """Rows that served as ground."""
    unfit: int
    """Rows left out because they have errors of their own."""
    scores: tuple[Score, ...]
    innocent: int
    """Rows without a defect that were judged: the clean ones, and each in every disguise it can wear."""
    alarms: tuple[Alarm, ...]
    warned: dict[str, int]
    """Rows without a defect that got a warning, by code."""

    @property
    def wrong(self) -> tuple[str, ...]:
        """Name every wrong verdict."""
        missed = [
            f"{s.name}: {s.planted - s.found} of {s.planted} not found as {s.code}"
            for s in self.scores
            if s.is_wrong
        ]
        return (*missed, *(f"{a.kind}: {a.code} at {a.path} of {a.row}" for a in self.alarms))

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data."""
        return {**asdict(self), "wrong": list(self.wrong)}

    def text(self) -> str:
        """Return the table as aligned plain text."""
        kinds = [s for s in self.scores if s.planted]
        width = max((len(s.name) for s in kinds), default=4)
        lines = [f"{'planted':<{width}}  {'check':<12}  {'found as':<24}  recall"]
        for s in kinds:
            note = "" if s.severity == "error" else "  warning"
            share = f"{s.found}/{s.planted}"
            lines.append(f"{s.name:<{width}}  {s.check:<12}  {s.code:<24}  {share:>9}{note}")
        skipped = [s.name for s in self.scores if not s.planted]
        if skipped:
            lines.append(f"no row has a place for: {', '.join(skipped)}")
        lines.append(
            f"false alarms: {len(self.alarms)} of {self.innocent} rows without a defect "
            f"({self.clean} clean rows, plain and in {len(DISGUISES) - 1} disguises)"
        )
        if self.warned:
            counts = ", ".join(f"{code} {n}" for code, n in sorted(self.warned.items()))
            lines.append(f"warnings on them: {counts}")
        if self.unfit:
            lines.append(f"left out: {self.unfit} rows with errors of their own")
        return "".join(f"{line}\n" for line in lines)


def self_check(
    rows: Iterable[Trajectory],
    *,
    failing: Sequence[tuple[str, Trajectory]] = (),
    execute: Execute | None = None,
    trusted: bool = False,
    seed: int = 7,
    limit: int = 200,
) -> SelfCheck:
    """Measure recall and false alarms on `rows`, of which at most `limit` clean ones are used.

    Rows with errors are left out, unless they are `trusted` to be clean: then each is a false alarm.
    `failing` are rows whose tools misbehave, with the code each deserves; they, and the clean rows, are
    executed if `execute` is given.
    """
    clean: list[Trajectory] = []
    alarms: list[Alarm] = []
    unfit = 0
    for t in rows:
        if len(clean) == limit:
            break
        (verdict,) = verdicts([t], execute)
        if verdict.ok or trusted:
            clean.append(t)
            alarms += _alarms("executed" if execute else "unchanged", t, verdict)
        else:
            unfit += 1
    scores = [_score(plant, clean, seed) for plant in PLANTS]
    if execute is not None:
        scores += [_executed(code, t, execute) for code, t in failing]
    innocent, warned = 0, Counter[str]()
    for kind, change in DISGUISES.items():
        changed = [c for t in clean if (c := change(t, _rng(seed, kind, t))) is not None]
        for t, verdict in zip(changed, verdicts(changed), strict=True):
            innocent += 1
            alarms += _alarms(kind, t, verdict)
            warned.update({issue.code for issue in verdict.issues if issue.severity == "warning"})
    return SelfCheck(len(clean), unfit, tuple(scores), innocent, tuple(alarms), dict(warned))


def _rng(seed: int, kind: str, t: Trajectory) -> random.Random:
    return random.Random(f"{seed}/{kind}/{t.id}")


def _score(plant: Plant, clean: Sequence[Trajectory], seed: int) -> Score:
    planted = [p for t in clean if (p := plant.apply(t, _rng(seed, plant.name, t))) is not None]
    judged = verdicts(planted)
    return Score(
        name=plant.name,
        check=plant.check,
        code=plant.code,
        severity=plant.severity,
        planted=len(planted),
        found=sum(_found(verdict, plant.code, plant.severity) for verdict in judged),
        dropped=sum(not verdict.ok for verdict in judged),
    )


def _executed(code: str, t: Trajectory, execute: Execute) -> Score:
    (verdict,) = verdicts([t], execute)
    severity = next((i.severity for i in verdict.issues if i.code == code), "error")
    name = t.messages[-1].tool_calls[0].name.replace("_", " ")
    found = int(_found(verdict, code, severity))
    return Score(f"tool: {name}", "execution", code, severity, 1, found, int(not verdict.ok))


def _found(verdict: Verdict, code: str, severity: str) -> bool:
    return any(issue.code == code and issue.severity == severity for issue in verdict.issues)


def _alarms(kind: str, t: Trajectory, verdict: Verdict) -> list[Alarm]:
    return [Alarm(kind, t.id, i.code, i.path) for i in verdict.issues if i.severity == "error"]
