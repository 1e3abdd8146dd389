"""Run the checks in order and say what becomes of the row: a pure judgement, and the step built on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice

import msgspec

from callwright.record import Change, Dropped, Isolation, Issue, Observation, Trajectory
from callwright.verify import (
    arguments,
    duplicates,
    execution,
    expectation,
    grounding,
    offered,
    parsing,
    structure,
)
from callwright.verify.execution import Execute

Check = Callable[[Trajectory], Iterator[Issue]]

CHECKS: dict[str, Check] = {
    "structure": structure.check,
    "parse": parsing.check,
    "offered": offered.check,
    "schema": arguments.check,
    "duplicates": duplicates.check,
    "expectation": expectation.check,
    "grounding": grounding.check,
}
"""Every static check, cheapest first; a row is dropped for the first error in this order."""

_LOGICAL = tuple(check for name, check in CHECKS.items() if name != "grounding")

STRETCH = 256
"""Rows judged together: enough to hide the way to the isolated processes and back."""

OpenExecute = Callable[[], AbstractContextManager[Execute]]
"""Opens an executor, for example one that yields ``Executor(toolbox).play``."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all checks together say about one row."""

    ok: bool
    """No check found an error; warnings do not count."""
    issues: tuple[Issue, ...] = ()
    grounding: float | None = None
    """Share of traceable argument values; None where the row has none."""
    executed: bool = False
    observations: tuple[Observation, ...] = ()
    isolation: Isolation = "none"
    """The weakest isolation under which a call of the row ran."""
    changes: tuple[Change, ...] = ()
    """What the calls changed in the state of the tools, where these have one."""


def verify(t: Trajectory, *, execute: Execute | None = None) -> Verdict:
    """Judge one trajectory; calls run only if `execute` is given and nothing else is wrong.

    Never raises for what the row holds: a check that trips over it yields the error "check-failed".
    """
    return verdicts([t], execute)[0]


def verdicts(rows: Sequence[Trajectory], execute: Execute | None = None) -> list[Verdict]:
    """Judge rows together, so that their calls are executed together."""
    found = [_static(t) for t in rows]
    if execute is None:
        return found
    runnable = [k for k, verdict in enumerate(found) if verdict.ok]
    runs = execution.run([rows[k] for k in runnable], execute) if runnable else ()
    for k, ran in zip(runnable, runs, strict=True):
        found[k] = _executed(found[k], ran)
    return found


def _static(t: Trajectory) -> Verdict:
    issues: list[Issue] = []
    try:
        for check in _LOGICAL:
            issues += check(t)
        grounded = grounding.ground(t)
    except Exception as error:  # hostile rows must not stop, poison or hide the rows around them
        issues.append(_check_failed(error))
        return Verdict(False, tuple(issues))
    issues += grounded.issues
    ok = not any(issue.severity == "error" for issue in issues) if issues else True
    return Verdict(ok, tuple(issues), grounded.score)


def _executed(static: Verdict, ran: execution.Run) -> Verdict:
    return Verdict(
        ok=not any(issue.severity == "error" for issue in ran.issues),
        issues=(*static.issues, *ran.issues),
        grounding=static.grounding,
        executed=True,
        observations=ran.observations,
        isolation=execution.weakest(ran.observations),
        changes=ran.changes,
    )


def _check_failed(error: Exception) -> Issue:
    return Issue(
        code="check-failed",
        path="messages",
        expected="a row that the checks can read",
        got=f"{type(error).__name__}: {error}"[:200],
    )


@dataclass(frozen=True)
class VerifyStep:
    """The verify stage: keeps rows without errors and records on each what was found."""

    execute: OpenExecute | None = None
    """Opens the executor, once per run of the step; None judges without running anything."""
    min_grounding: float = 0.0
    """Rows whose values are traced less than this are dropped as "ungrounded-value"."""

    def __call__(self, rows: Iterable[Trajectory]) -> Iterator[Trajectory | Dropped]:
        with self.execute() if self.execute is not None else nullcontext() as execute:
            waiting = iter(rows)
            while stretch := list(islice(waiting, STRETCH)):
                for t, verdict in zip(stretch, verdicts(stretch, execute), strict=True):
                    yield settle(t, verdict, min_grounding=self.min_grounding)


def settle(t: Trajectory, verdict: Verdict, *, min_grounding: float = 0.0) -> Trajectory | Dropped:
    """Return the row with what was found recorded on it, or `Dropped` for its first error."""
    for issue in verdict.issues:
        if issue.severity == "error":
            return _dropped(t, issue)
    if verdict.grounding is not None and verdict.grounding < min_grounding:
        return _dropped(t, _too_loose(verdict.grounding, min_grounding))
    found = {"grounding": verdict.grounding, "executed": verdict.executed, "isolation": verdict.isolation}
    issues = t.issues
    if verdict.issues:  # verifying a verified row again adds nothing
        issues = tuple(dict.fromkeys((*t.issues, *verdict.issues)))
    return msgspec.structs.replace(t, issues=issues, extra={**t.extra, "verify": found})


def _too_loose(score: float, limit: float) -> Issue:
    return Issue(code="ungrounded-value", path="messages", expected=f"grounding of {limit}", got=str(score))


def _dropped(t: Trajectory, issue: Issue) -> Dropped:
    detail = f"expected {issue.expected}, got {issue.got}" if issue.expected else issue.got
    return Dropped(
        id=t.id,
        stage="verify",
        reason=issue.code,
        path=issue.path,
        detail=detail,
        row=msgspec.to_builtins(t),
    )
