"""Does the assistant go round in circles: the same step with the same result, again and again?

A step is one turn's calls with what they returned. In an environment the same step may move things on ("go
forward", "craft one more"), so there only steps that plainly achieved nothing count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from callwright.record import Issue, Message, Severity, Trajectory
from callwright.verify.duplicates import signature
from callwright.verify.observations import reports_error

CODES = ("call-loop",)

TIMES = 3
"""So often the same step with the same result is a loop."""

_NO_ERROR = r"(?![\"']?\s*:\s*(?:[\"']{2}|null|none|false|0))"
_IN_VAIN = re.compile(
    r"\b(?:could(?: not|n't)|can(?:not| not|'t)(?! see)|unable|no change|nothing happens|invalid|unknown|"
    rf"not (?:recogni[sz]ed|valid|available|allowed|possible|enough)|error{_NO_ERROR}|fail(?:ed|ure|s)?|"
    r"wrong|denied|no such|does(?: not|n't) exist|don't understand)\b",
    re.IGNORECASE,
)
_IN_PROGRESS = re.compile(
    r"\b(?:pending|running|in[ _-]progress|queued|processing|waiting|starting|busy|not (?:yet|ready))\b",
    re.IGNORECASE,
)
"""What a poll returns until it is done; asking again is then the right thing."""
_SHORT = 300
"""Characters of a result in which words that tell of failure are looked for."""


class _Act(NamedTuple):
    calls: tuple[bytes, ...]
    results: tuple[str, ...]


class _Step(NamedTuple):
    turn: int
    act: _Act


def issues(t: Trajectory) -> Iterator[Issue]:
    """Yield the first loop of a row: an error where a step that fails is repeated at once, else a warning."""
    steps = _steps(t.messages)
    if len(steps) < TIMES:
        return
    vain = [all(map(_in_vain, step.act.results)) for step in steps]
    seen: dict[_Act, list[int]] = {}
    for k, step in enumerate(steps):
        if (t.task.kind == "env" and not vain[k]) or any(map(_in_progress, step.act.results)):
            continue
        places = seen.setdefault(step.act, [])
        if places and _excused(t, steps[places[-1]].turn, step.turn, vain[places[-1] : k + 1]):
            places.clear()
        places.append(k)
        if len(places) == TIMES:
            at_once = places[0] == k - TIMES + 1
            yield _loop([steps[n] for n in places], "error" if vain[k] and at_once else "warning")
            return
        if k >= 3 and _cycle(t, steps[k - 3 : k + 1]):
            yield _loop(steps[k - 3 : k + 1], "warning")
            return


def _excused(t: Trajectory, start: int, end: int, vain: list[bool]) -> bool:
    """Tell whether there was reason to try again: somebody spoke, or another step achieved something."""
    return not _alone(t, start, end) or (vain[-1] and not all(vain))


def _cycle(t: Trajectory, steps: list[_Step]) -> bool:
    """Tell whether four steps are two, done twice with the same results."""
    a, b, c, d = (step.act for step in steps)
    return a == c and b == d and a != b and _alone(t, steps[0].turn, steps[3].turn)


def _alone(t: Trajectory, start: int, end: int) -> bool:
    """Tell whether nobody but the assistant and its tools spoke between two turns."""
    return all(message.role in ("assistant", "tool") for message in t.messages[start:end])


def _steps(messages: tuple[Message, ...]) -> list[_Step]:
    """Return the turns with calls that were answered."""
    steps: list[_Step] = []
    turn = 0
    calls: tuple[bytes, ...] = ()
    results: list[str] = []
    for i, message in enumerate((*messages, Message(role="user"))):
        if message.role == "tool":
            results.append(message.content)
            continue
        if calls and results:
            steps.append(_Step(turn, _Act(calls, tuple(results))))
        turn, results = i, []
        calls = tuple(map(signature, message.tool_calls))
    return steps


def _in_vain(result: str) -> bool:
    return reports_error(result) or _IN_VAIN.search(result, 0, _SHORT) is not None


def _in_progress(result: str) -> bool:
    return _IN_PROGRESS.search(result, 0, _SHORT) is not None


def _loop(steps: list[_Step], severity: Severity) -> Issue:
    again = ", ".join(f"messages[{step.turn}]" for step in steps[:-1])
    last = steps[-1]
    return Issue(
        code="call-loop",
        path=f"messages[{last.turn}].tool_calls",
        severity=severity,
        expected="another step, as the result does not change",
        got=f"{last.act.calls[0].decode('utf-8', 'replace')[:120]} as in {again}",
    )
