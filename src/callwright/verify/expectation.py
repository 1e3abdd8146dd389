"""Does the row do what its source says it should: call, not call, or ask back (`Task.expects`)?

Sets withhold the right tool or leave slots open on purpose; a row without a call is then no defect.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright.record import Issue, Trajectory

CODES = ("missing-call", "unexpected-call")


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield where the row calls against expectation, or does not call where it should."""
    expects = t.task.expects
    if expects in ("any", "partial"):
        return
    replies = [(i, m) for i, m in enumerate(t.messages) if m.role == "assistant"]
    if not replies:
        return  # only a query; nothing has been done yet
    calling = [i for i, m in replies if m.tool_calls]
    last = replies[-1][0]
    if not calling:
        yield _no_call(expects, last)
    elif expects == "no_call":
        yield _unexpected(calling[0], "no call")
    elif expects == "clarify" and calling[-1] == last:
        yield _unexpected(last, "a question")


def _no_call(expects: str, last: int) -> Issue:
    if expects == "call":
        return Issue(code="missing-call", path=f"messages[{last}]", expected="a call", got="text only")
    return Issue(code="no-call", path=f"messages[{last}]", severity="info", expected=expects, by_design=True)


def _unexpected(i: int, expected: str) -> Issue:
    return Issue(code="unexpected-call", path=f"messages[{i}].tool_calls", expected=expected, got="a call")
