"""Do the calls run, and is what they return a result (APIGen's second stage)?

Calls are executed in order through an `execute` that somebody else isolates; this file only judges what comes
back. Each call runs twice, because a tool whose results change between runs can not be trained on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from callwright.errors import CallwrightError
from callwright.record import Isolation, Issue, Json, Observation, ToolCall, Trajectory
from callwright.verify.duplicates import canonical

CODES = ("execution-failed", "oversize-result", "error-result")

Execute = Callable[[ToolCall], Observation]
"""Runs one call somewhere safe; never raises for what the tool does."""

_STRENGTH: tuple[Isolation, ...] = ("none", "process", "landlock", "bwrap", "monty")

_ERROR_TEXT = re.compile(
    r"\s*(?:error|exception|failure|fatal|[\w.]*(?:Error|Exception))\s*:"
    r"|\s*(?:uncaught\s+)?traceback \(most recent call last\)"
    r"|\s*(?:http/[\d.]+ |http |status(?: code)?:? )?[45]\d\d (?:[a-z]+ )*"
    r"(?:error|not found|bad request|unauthorized|forbidden|unavailable|timeout|too many requests)",
    re.IGNORECASE,
)
_STATUS_KEYS = ("status_code", "statusCode", "http_status")


def run_calls(t: Trajectory, execute: Execute) -> tuple[tuple[Observation, ...], list[Issue]]:
    """Return the observation of every call of the row, in order, and what is wrong with them."""
    observations: list[Observation] = []
    issues: list[Issue] = []
    for i, message in enumerate(t.messages):
        for j, call in enumerate(message.tool_calls):
            path = f"messages[{i}].tool_calls[{j}]"
            if _has_reference(call):
                issues.append(
                    Issue(
                        code="not-executed",
                        path=path,
                        severity="info",
                        expected="concrete arguments",
                        got="references to results of earlier calls",
                    )
                )
                continue
            first = _run(call, execute)
            observations.append(first)
            found = list(_judge(first, path))
            if not found:
                found = list(_compare(first, _run(call, execute), path))
            issues += found
    return tuple(observations), issues


def weakest(observations: tuple[Observation, ...]) -> Isolation:
    """Return the lowest isolation level under which any of the calls ran."""
    return min((o.isolation for o in observations), key=_STRENGTH.index, default="none")


def _run(call: ToolCall, execute: Execute) -> Observation:
    try:
        return execute(call)
    except CallwrightError:
        raise  # our own machinery failed; that says nothing about the row
    except Exception as error:
        return Observation(ok=False, kind="crashed", error=f"{type(error).__name__}: {error}")


def _has_reference(call: ToolCall) -> bool:
    """Tell whether the arguments stand for results that do not exist yet."""
    return bool(call.depends_on) and re.search(r"\$|\{\{", repr(call.arguments)) is not None


def _judge(seen: Observation, path: str) -> Iterator[Issue]:
    if seen.kind == "oversize":
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


def _compare(first: Observation, second: Observation, path: str) -> Iterator[Issue]:
    if first.ok != second.ok or canonical(first.value) != canonical(second.value):
        yield Issue(
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
