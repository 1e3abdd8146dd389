"""What did the tools answer: does a recorded result report an error, or is it too large to learn from?

A tool may fail and the conversation be the better for it, so these are warnings; what the assistant makes of
a failure is judged by `reasoning`, and blank results by `structure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from callwright.formats import FORMATS, Malformed
from callwright.record import Issue, Json, Trajectory
from callwright.verify.execution import is_error_shaped

CODES = ()

MAX_CHARACTERS = 65_536
"""A larger observation is more than most models can read, and more than an executed call may return."""

_PREFIX = re.compile(
    r"\s*(?:status(?: code)?:?\s*(?P<code>\d{3})\b[.,;]?\s*)?(?:(?:response|result|output):\s*)?",
    re.IGNORECASE,
)
# "The standard error: 0.02" is a measurement.
_ERROR_LINE = re.compile(
    r"\s*(?:error|exception|failure|fatal|\w*(?:Error|Exception))\s*"
    r"(?:[|(:!-]\s*+(?![-+]?[\d.])|occurred\b|executing\b)"
    r"|\s*(?:[\w-]+ ){1,3}error\s*[:,]\s*+(?![-+]?[\d.])",
    re.IGNORECASE,
)
_READ = 65_536
"""Characters of a result that are parsed to see whether it reports an error."""


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield a warning per recorded result that reports an error or that is enormous."""
    for message in t.messages:
        if message.role == "tool":
            return _issues(t)
    return _NOTHING


_NOTHING: Iterator[Issue] = iter(())


def _issues(t: Trajectory) -> Iterator[Issue]:
    for i, message in enumerate(t.messages):
        if message.role != "tool":
            continue
        text = message.content
        if len(text) > MAX_CHARACTERS:
            limit = f"at most {MAX_CHARACTERS} characters"
            yield _warning(i, code="oversize-observation", expected=limit, got=str(len(text)))
        if reports_error(text):
            yield _warning(i, code="error-observation", expected="a result", got=text[:200])


def _warning(i: int, *, code: str, expected: str, got: str) -> Issue:
    return Issue(code=code, path=f"messages[{i}].content", severity="warning", expected=expected, got=got)


def reports_error(text: str) -> bool:
    """Tell whether a recorded result, JSON or text, reports an error instead of an answer.

    >>> reports_error('{"error": "no such city"}'), reports_error("The standard error: 0.02")
    (True, False)
    """
    if is_error_shaped(text) or _ERROR_LINE.match(text):
        return True
    prefix = _PREFIX.match(text)
    if prefix is not None:
        code = prefix["code"]
        if code is not None and code[0] in "45":
            return True
        text = text[prefix.end() :]
    return text.startswith("{") and is_error_shaped(_value(text))


def _value(text: str) -> Json:
    """Return the value of a result that is JSON, or a Python literal as many recordings have it."""
    if len(text) > _READ:
        return text
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        # Read by the parser of calls, which evaluates nothing.
        reply = FORMATS["python"].parse(f"[f(x=[{text}])]")
    if isinstance(reply, Malformed) or len(reply.calls) != 1:
        return text
    items = (reply.calls[0].arguments or {}).get("x")
    return items[0] if isinstance(items, list) and len(items) == 1 else text
