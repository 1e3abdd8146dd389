"""Judge trajectories: structure, calls, schemas, duplicates, expectation, grounding, execution.

One file per check; each is a pure function that yields `Issue` values with a stable code and a JSON path.

    >>> from callwright.record import Message, Trajectory
    >>> verify(Trajectory(id="a", messages=(Message(role="user", content="hi"),))).issues[0].code
    'last-turn'
"""

from __future__ import annotations

from callwright.verify.execution import Execute, each, is_error_shaped
from callwright.verify.fix import Repaired, repair
from callwright.verify.funnel import ERROR_CLASSES, ClassCount, Funnel, FunnelRow, funnel
from callwright.verify.grounding import Grounding, ground
from callwright.verify.step import VerifyStep, settle
from callwright.verify.verdict import CHECKS, Check, Verdict, verdicts, verify

__all__ = [
    "CHECKS",
    "ERROR_CLASSES",
    "Check",
    "ClassCount",
    "Execute",
    "Funnel",
    "FunnelRow",
    "Grounding",
    "Repaired",
    "Verdict",
    "VerifyStep",
    "each",
    "funnel",
    "ground",
    "is_error_shaped",
    "repair",
    "settle",
    "verdicts",
    "verify",
]
