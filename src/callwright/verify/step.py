"""The verify stage as a data step: rows in; kept rows with their findings, and dropped rows, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from callwright import secrets
from callwright.record import Dropped, Issue, Json, Trajectory
from callwright.verify.execution import Execute
from callwright.verify.fix import repair
from callwright.verify.verdict import Verdict, executed, static

STRETCH = 256
"""Rows judged together: enough to hide the way to the isolated processes and back."""

OpenExecute = Callable[[], AbstractContextManager[Execute]]
"""Opens an executor, for example one that yields ``Executor(toolbox).play``."""


@dataclass(frozen=True)
class VerifyStep:
    """The verify stage: keeps rows without errors and records on each what was found."""

    execute: OpenExecute | None = None
    """Opens the executor, once per run of the step; None judges without running anything."""
    min_grounding: float = 0.0
    """Rows whose values are traced less than this are dropped as "ungrounded-value"."""
    repair: bool = False
    """Rows are repaired first, as far as that is safe; each repair is noted on its row."""
    results: bool = False
    """What the calls returned is kept on the row, for a judge to see."""

    def __call__(self, rows: Iterable[Trajectory]) -> Iterator[Trajectory | Dropped]:
        """Yield what becomes of each row, in their order."""
        with self.execute() if self.execute is not None else nullcontext() as execute:
            if execute is not None:
                yield from self._overlapped(rows, execute)
                return
            for came_in in _stretches(rows):
                mended = self._mended(came_in)
                yield from self._settled(_Judged(came_in, mended, [static(t) for t in mended]))

    def _overlapped(self, rows: Iterable[Trajectory], execute: Execute) -> Iterator[Trajectory | Dropped]:
        """Judge a stretch while the calls of the one before are executed."""
        stretches = _stretches(rows)
        ahead: Future[_Judged] | None = None
        failure: Exception | None = None
        came_in: list[Trajectory] | None = []
        with ThreadPoolExecutor(1) as pool:
            while came_in is not None:
                before, ahead = ahead, None
                try:
                    came_in = next(stretches, None)
                except Exception as error:  # what was read comes out before it
                    came_in, failure = None, error
                if came_in is not None:
                    mended = self._mended(came_in)
                    judged = _Judged(came_in, mended, [static(t) for t in mended])
                    ahead = pool.submit(judged.executed, execute)
                if before is not None:
                    yield from self._settled(before.result())
        if failure is not None:
            raise failure

    def _mended(self, rows: list[Trajectory]) -> list[Trajectory]:
        return [_mended(t) for t in rows] if self.repair else rows

    def _settled(self, judged: _Judged) -> Iterator[Trajectory | Dropped]:
        for t, now, verdict in zip(judged.came_in, judged.mended, judged.verdicts, strict=True):
            row = settle(now, verdict, min_grounding=self.min_grounding, results=self.results)
            # What is dropped is what came in: the repair did not help.
            unhelped = isinstance(row, Dropped) and now is not t
            yield msgspec.structs.replace(row, row=msgspec.to_builtins(t)) if unhelped else row


class _Judged(NamedTuple):
    """A stretch of rows as they came in, as they are after repair, and what was found."""

    came_in: list[Trajectory]
    mended: list[Trajectory]
    verdicts: Sequence[Verdict]

    def executed(self, execute: Execute) -> _Judged:
        """Return the stretch with what execution found."""
        return self._replace(verdicts=executed(self.mended, self.verdicts, execute))


def _stretches(rows: Iterable[Trajectory]) -> Iterator[list[Trajectory]]:
    """Cut rows into stretches; what was read before `rows` failed comes out before the failure does."""
    stretch: list[Trajectory] = []
    try:
        for t in rows:
            stretch.append(t)
            if len(stretch) == STRETCH:
                yield stretch
                stretch = []
    except Exception:
        if stretch:
            yield stretch
        raise
    if stretch:
        yield stretch


def _mended(t: Trajectory) -> Trajectory:
    found = repair(t)
    if not found.repairs:
        return t
    return msgspec.structs.replace(found.trajectory, issues=(*t.issues, *found.repairs))


def settle(
    t: Trajectory, verdict: Verdict, *, min_grounding: float = 0.0, results: bool = False
) -> Trajectory | Dropped:
    """Return the row with what was found recorded on it, or `Dropped` for its first error."""
    for issue in verdict.issues:
        if issue.severity == "error":
            return _dropped(t, issue)
    if verdict.grounding is not None and verdict.grounding < min_grounding:
        return _dropped(t, _too_loose(verdict.grounding, min_grounding))
    issues = t.issues
    if verdict.issues:  # verifying a verified row again adds nothing
        issues = tuple(dict.fromkeys((*t.issues, *verdict.issues)))
    found = _record(verdict)
    if results and verdict.executed:
        found["observations"] = msgspec.to_builtins(list(verdict.observations))
    return msgspec.structs.replace(t, issues=issues, extra={**t.extra, "verify": found})


def _record(verdict: Verdict) -> dict[str, Json]:
    """Return what a kept row tells about its verdict; what did not happen is left out."""
    found: dict[str, Json] = {
        "grounding": verdict.grounding,
        "executed": verdict.executed,
        "isolation": verdict.isolation,
    }
    sources = {seen.via for seen in verdict.observations} - {"run"}
    if sources:
        found["answers"] = sorted(sources)
    if verdict.changes:
        found["changes"] = msgspec.to_builtins(list(verdict.changes))
    return found


def _too_loose(score: float, limit: float) -> Issue:
    return Issue(code="ungrounded-value", path="messages", expected=f"grounding of {limit}", got=str(score))


def _dropped(t: Trajectory, issue: Issue) -> Dropped:
    row = msgspec.to_builtins(t)
    detail = f"expected {issue.expected}, got {issue.got}" if issue.expected else issue.got
    return Dropped(
        id=t.id,
        stage="verify",
        reason=issue.code,
        path=issue.path,
        detail=detail,
        row=secrets.redact(row) if issue.code == "secret" else row,
    )
