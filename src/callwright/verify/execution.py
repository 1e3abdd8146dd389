"""Do the calls run, and is what they return a result (APIGen's second stage)?

Calls are executed in order through an `execute` that somebody else isolates; this file only judges what comes
back. Each call runs twice, because a tool whose results change between runs can not be trained on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from callwright.errors import CallwrightError
from callwright.record import (
    Change,
    Episode,
    Isolation,
    Issue,
    Json,
    Observation,
    Played,
    ToolCall,
    Trajectory,
)
from callwright.toolbox.masks import mask_of
from callwright.verify.duplicates import canonical
from callwright.verify.references import refers
from callwright.verify.results import result_issues

CODES = ("execution-failed", "oversize-result", "error-result")

Execute = Callable[[Sequence[Episode]], Sequence[Played]]
"""Runs the calls of rows somewhere safe and returns one result each; never raises for what a tool does."""

_STRENGTH: tuple[Isolation, ...] = ("none", "process", "landlock", "bwrap", "monty")

_ERROR_TEXT = re.compile(
    r"\s*(?:error|exception|failure|fatal|[\w.]*(?:Error|Exception))\s*:"
    r"|\s*(?:uncaught\s+)?traceback \(most recent call last\)"
    r"|\s*(?:http/[\d.]+ |http |status(?: code)?:? )?[45]\d\d (?:[a-z]+ )*"
    r"(?:error|not found|bad request|unauthorized|forbidden|unavailable|timeout|too many requests)",
    re.IGNORECASE,
)
_STATUS_KEYS = ("status_code", "statusCode", "http_status")


class Run(NamedTuple):
    """What came of executing the calls of one row."""

    observations: tuple[Observation, ...] = ()
    issues: tuple[Issue, ...] = ()
    changes: tuple[Change, ...] = ()


def each(run: Callable[[ToolCall], Observation]) -> Execute:
    """Return an `Execute` that runs call by call; what `run` raises counts as a crash of the tool."""

    def observe(call: ToolCall) -> Observation:
        try:
            return run(call)
        except CallwrightError:
            raise  # our own machinery failed; that says nothing about the row
        except Exception as error:
            return Observation(ok=False, kind="crashed", error=f"{type(error).__name__}: {error}")

    return lambda episodes: [Played(tuple(map(observe, episode.calls))) for episode in episodes]


def run(rows: Sequence[Trajectory], execute: Execute) -> list[Run]:
    """Execute the calls of all rows, then once more those of rows without a finding, and judge both."""
    plans = [_Plan(t) for t in rows]
    played = execute([plan.episode for plan in plans])
    issues = [plan.judge(seen) for plan, seen in zip(plans, played, strict=True)]
    again = [k for k, found in enumerate(issues) if not found and _may_repeat(played[k])]
    repeated = execute([plans[k].episode for k in again]) if again else ()
    for k, seen in zip(again, repeated, strict=True):
        issues[k] = plans[k].compare(played[k], seen)
    return [
        Run(seen.observations, (*plan.notes, *found), seen.changes)
        for plan, seen, found in zip(plans, played, issues, strict=True)
    ]


def _may_repeat(played: Played) -> bool:
    """Tell whether calls may run a second time: not where a live server would be told twice."""
    for seen in played.observations:
        if seen.via == "live":
            return False
    return bool(played.observations)


class _Plan:
    """Which calls of a row can be executed, and where they stand."""

    def __init__(self, t: Trajectory) -> None:
        mask = mask_of(t)
        calls: list[ToolCall] = []
        self.names: list[str] = []
        """What the calls are named in the row, masked or not."""
        self.places: list[tuple[int, int]] = []
        self.unlearned: set[int] = set()
        """Messages that nothing is learned from: a mistake that the next turn mends may fail."""
        self.tools = {tool.name: tool for tool in t.tools or () if tool.returns}
        self.notes: list[Issue] = []
        for i, message in enumerate(t.messages):
            if message.weight == 0.0:
                self.unlearned.add(i)
            for j, call in enumerate(message.tool_calls):
                if call.depends_on and refers(call.arguments):
                    self.notes.append(_not_executed(_path((i, j))))
                else:
                    calls.append(call if mask is None else mask.real(call))
                    self.names.append(call.name)
                    self.places.append((i, j))
        state = t.extra.get("state") if t.extra else None
        self.episode = Episode(tuple(calls), state if isinstance(state, dict) else None)

    def judge(self, seen: Played) -> list[Issue]:
        """Return what is wrong with the observations."""
        found: list[Issue] = []
        for name, observation, place in zip(self.names, seen.observations, self.places, strict=True):
            if not _is_plain_result(observation):
                issues = _judge(observation, _path(place))
                found += map(_excused, issues) if place[0] in self.unlearned else issues
            tool = self.tools.get(name)
            if tool is not None and observation.ok:
                found += result_issues(tool, observation.value, _path(place))
        return found

    def compare(self, first: Played, second: Played) -> list[Issue]:
        """Return which calls gave another result when they were repeated."""
        found: list[Issue] = []
        for one, other, place in zip(first.observations, second.observations, self.places, strict=True):
            if not _is_same(one, other):
                found.append(_changed(one, other, _path(place)))
        return found


def _excused(issue: Issue) -> Issue:
    return msgspec.structs.replace(issue, severity="info", by_design=True)


def _path(place: tuple[int, int]) -> str:
    return f"messages[{place[0]}].tool_calls[{place[1]}]"


def _not_executed(path: str) -> Issue:
    return Issue(
        code="not-executed",
        path=path,
        severity="info",
        expected="concrete arguments",
        got="references to results of earlier calls",
    )


def weakest(observations: tuple[Observation, ...]) -> Isolation:
    """Return the lowest isolation level under which any of the calls ran."""
    levels = {observation.isolation for observation in observations}
    return min(levels, key=_STRENGTH.index, default="none")


def _judge(seen: Observation, path: str) -> Iterator[Issue]:
    if seen.kind == "unanswered" or (seen.via == "live" and seen.kind == "timeout"):
        yield Issue(
            code="not-answered",
            path=path,
            severity="warning",
            expected="an answer",
            got=seen.error[:300],
        )
    elif seen.kind == "oversize":
        yield Issue(code="oversize-result", path=path, expected="a result within the limit", got=seen.error)
    elif not seen.ok:
        yield Issue(
            code="execution-failed",
            path=path,
            expected="a result",
            got=f"{seen.kind}: {seen.error}"[:300],
        )
    elif is_error_shaped(seen.value):
        yield Issue(code="error-result", path=path, expected="a result", got=repr(seen.value)[:300])
    elif seen.value is None or seen.value in ("", [], {}):
        yield Issue(
            code="empty-result",
            path=path,
            severity="warning",
            expected="a result",
            got=repr(seen.value),
        )


def _is_plain_result(seen: Observation) -> bool:
    """Tell in passing that a result is a number or a truth value, of which there is nothing to say."""
    return seen.ok and seen.kind == "result" and type(seen.value) in (int, float, bool)


def _is_same(first: Observation, second: Observation) -> bool:
    one, other = first.value, second.value
    if first.ok != second.ok or type(one) is not type(other):
        return False
    if type(one) in (str, int, float, bool):
        return bool(one == other)
    return canonical(one) == canonical(other)  # 1 is no 1.0 and no true, however deep


def _changed(first: Observation, second: Observation, path: str) -> Issue:
    return Issue(
        code="nondeterministic",
        path=path,
        severity="warning",
        expected=repr(first.value)[:150],
        got=repr(second.value)[:150] if second.ok else f"{second.kind}: {second.error}"[:150],
    )


def is_error_shaped(value: Json) -> bool:
    """Tell whether a result reports an error instead of an answer.

    >>> is_error_shaped({"error": "no such city"}), is_error_shaped("The standard error: 0.02")
    (True, False)
    """
    if isinstance(value, str):
        return _ERROR_TEXT.match(value) is not None
    if not isinstance(value, dict):
        return False
    for word in ("error", "errors", "exception", "traceback", "Error"):
        # A number under "error" is a measurement; null, false and empty say that there was none.
        reported = value.get(word)
        if reported is True or (isinstance(reported, str | dict | list) and reported):
            return True
    if value.get("status") in ("error", "failed", "failure"):
        return True
    codes = [value.get(key) for key in _STATUS_KEYS]
    return any(type(code) is int and 400 <= code < 600 for code in codes)
