"""Run the checks in order and say what they find: a pure judgement about a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from callwright.record import Change, Isolation, Issue, Observation, Trajectory
from callwright.verify import (
    arguments,
    duplicates,
    execution,
    expectation,
    gate,
    grounding,
    observations,
    offered,
    parsing,
    reasoning,
    structure,
)
from callwright.verify.execution import Execute
from callwright.verify.usual import nothing_to_find

Check = Callable[[Trajectory], Iterator[Issue]]

CHECKS: dict[str, Check] = {
    "gate": gate.check,
    "structure": structure.check,
    "parse": parsing.check,
    "offered": offered.check,
    "schema": arguments.check,
    "duplicates": duplicates.check,
    "expectation": expectation.check,
    "grounding": grounding.check,
    "reasoning": reasoning.check,
    "observations": observations.check,
}
"""Every static check, in the order that decides: a row is dropped for the first error in it."""

_LOGICAL = tuple(check for name, check in CHECKS.items() if name not in ("gate", "grounding"))


class Verdict(msgspec.Struct, frozen=True, gc=False):
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
    found = [static(t) for t in rows]
    return found if execute is None else executed(rows, found, execute)


def executed(rows: Sequence[Trajectory], found: Sequence[Verdict], execute: Execute) -> list[Verdict]:
    """Return the verdicts after execution of the rows that are right so far."""
    after = list(found)
    runnable = [k for k, verdict in enumerate(found) if verdict.ok]
    runs = execution.run([rows[k] for k in runnable], execute) if runnable else ()
    for k, ran in zip(runnable, runs, strict=True):
        after[k] = _with_run(found[k], ran)
    return after


_NOTHING = Verdict(True, (), 1.0)


def static(t: Trajectory) -> Verdict:
    """Judge a row by what it holds, without running anything."""
    issues: list[Issue] = []
    try:
        issues += gate.check(t)
        if not issues and nothing_to_find(t):
            return _NOTHING
        for check in _LOGICAL:
            issues += check(t)
        grounded = grounding.ground(t)
    except Exception as error:  # hostile rows must not stop, poison or hide the rows around them
        issues.append(_check_failed(error))
        return Verdict(False, tuple(issues))
    issues += grounded.issues
    ok = not any(issue.severity == "error" for issue in issues) if issues else True
    return Verdict(ok, tuple(issues), grounded.score)


def _with_run(before: Verdict, ran: execution.Run) -> Verdict:
    return Verdict(
        ok=not any(issue.severity == "error" for issue in ran.issues),
        issues=(*before.issues, *ran.issues),
        grounding=before.grounding,
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
