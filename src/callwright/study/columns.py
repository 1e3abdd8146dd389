"""The groups that questions are reported in."""

from __future__ import annotations

from typing import Any

from callwright.evaluate.results import Result


def own_column(result: Result) -> str:
    """Return the group that the evaluation itself put a question into."""
    return result.column


def expected_calls(result: Result) -> list[dict[str, Any]]:
    """Return the calls that are right for a question; none where no call is."""
    calls = result.gold if isinstance(result.gold, list) else []
    return [call for call in calls if isinstance(call, dict)]


def by_need(result: Result) -> str:
    """Return how many calls a question wants, and whether of one tool, as BFCL's categories do."""
    calls = expected_calls(result)
    names = {call["name"] for call in calls}
    if len(calls) < 2:
        return "one call" if calls else "no call"
    return "parallel" if len(names) == 1 else "parallel, several tools"


def by_complexity(result: Result) -> str:
    """Return how much a right answer takes: no call, one of so many arguments, or several calls."""
    calls = expected_calls(result)
    if len(calls) != 1:
        return "several calls" if calls else "no call"
    many = len(calls[0]["arguments"]) > 2
    return "one call, 3 arguments or more" if many else "one call, 1 or 2 arguments"
