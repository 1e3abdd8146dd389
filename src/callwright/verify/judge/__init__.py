"""A committee of models that judges rows: APIGen's semantic stage, AgentOhana's rating, xLAM's step by step.

The committee is the last and dearest stage of verify: it runs in the parent process, over rows that passed
all other checks. What it asks is in `question`, how answers are read in `reading`, what follows from the
votes in `decision`.

    >>> from callwright.models.scripted import ScriptedModel
    >>> from callwright.record import Message, Trajectory
    >>> judge = Judge("strict", ScriptedModel(['{"rating": 5, "passes": true}']))
    >>> row = Trajectory(id="a", messages=(Message(role="assistant", content="hi"),))
    >>> [kept.extra["judge"]["rating"] for kept in JudgeStep(Committee([judge]))([row])]
    [5.0]
"""

from __future__ import annotations

from callwright.verify.judge.account import Account
from callwright.verify.judge.asking import Judge, Limits
from callwright.verify.judge.calibration import Calibration, Rated, Share, calibrate
from callwright.verify.judge.committee import Committee, open_committee
from callwright.verify.judge.decision import CODES, MIN_RATING, NOTES, Decision, Vote, decide, settle
from callwright.verify.judge.opinion import Opinion, StepOpinion, Unreadable, Unsupported
from callwright.verify.judge.reading import read
from callwright.verify.judge.step import JudgeStep

__all__ = [
    "CODES",
    "MIN_RATING",
    "NOTES",
    "Account",
    "Calibration",
    "Committee",
    "Decision",
    "Judge",
    "JudgeStep",
    "Limits",
    "Opinion",
    "Rated",
    "Share",
    "StepOpinion",
    "Unreadable",
    "Unsupported",
    "Vote",
    "calibrate",
    "decide",
    "open_committee",
    "read",
    "settle",
]
