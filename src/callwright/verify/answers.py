"""Does what the assistant tells the user rest on what the tools returned, and is it free of markup?

Only plain contradictions are told: an answer that claims success after nothing but errors, one that reports a
number or an identifier which nobody ever said while the tools returned others, one that found nothing where
the tools found something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callwright.record import Issue, Severity, Trajectory
from callwright.verify.evidence import Evidence, squash
from callwright.verify.observations import reports_error

CODES = ("leaked-markup",)

_MARKUP = re.compile(
    r"</?tool_(?:call|calls|response|result)>|<\|[a-z_]+\|>|<｜[^｜<>]{1,40}｜>|<functioncall>"
    r"|\[/?(?:TOOL_CALLS|AVAILABLE_TOOLS|INST)\]|<function=[\w.-]+>|</?think>|</?user_visible>"
)
_REACT = re.compile(r"(?m)^[ \t]*(?:Action(?: Input)?|Observation|Thought)[ \t]*\d*[ \t]*:[ \t]*\S?")
_ADMITS = re.compile(
    r"\b(?:sorry|apolog\w+|regret|unfortunately|errors?|fail\w*|unable|can(?:not| not|'t)|could(?:n't| not)|"
    r"unsuccessful|not|no|none|nothing|never|n't|issues?|problems?|invalid|incorrect|wrong|unavailable|however|but|"
    r"instead|retry|again|please|difficult\w*|trouble|mistake|missing|denied|require[sd]?|need|exceed\w*|only|must|"
    r"expired?|already|should|seems|while|although|unexpected)\b|n't|\?|(?-i:[\u0400-\uffff])",
    re.IGNORECASE,
)
"""Words of a reply that does not pretend that all went well; other scripts can not be read."""
_FAILED = re.compile(
    r"\s*(?:\{?\W{0,9}(?:error|exception|message|detail|reason)\W{1,9})?(?:[\w'-]+[ ,:]+){0,8}?"
    r"(?:too difficult|could(?: not|n't)|can(?:not| not|'t)|unable to|no such|does(?: not|n't) exist|invalid|"
    r"not (?:found|exist|available|valid|recogni[sz]ed|allowed|authori[sz]ed|permitted)|failed|failure|"
    r"denied|incorrect)\b",
    re.IGNORECASE,
)
_SHORT = 200
"""Characters of a result that may be nothing but a message of failure."""


def issues(t: Trajectory) -> Iterator[Issue]:
    """Yield markup in what the user reads, and answers that go past what the tools returned."""
    start = len(t.messages)  # of the results since the user last spoke
    known = _Known(t)
    for i, message in enumerate(t.messages):
        if message.role == "user":
            start = len(t.messages)
        elif message.role == "tool":
            start = min(start, i)
        elif message.role == "assistant" and message.content and not message.content.isspace():
            yield from _leaked(t, i)
            if start < i and not message.tool_calls:
                yield from _ignored(t, i, start, known)


def _leaked(t: Trajectory, i: int) -> Iterator[Issue]:
    text = t.messages[i].content
    found = _MARKUP.search(text) if "<" in text or "[" in text else None
    severity: Severity = "error"
    if found is None and (t.tools or any(m.tool_calls for m in t.messages)):
        found = _REACT.search(text)
        severity = "warning"
    if found is None or _shown(found[0].strip(), t, i):
        return
    yield Issue(
        code="leaked-markup",
        path=f"messages[{i}].content",
        severity=severity,
        expected="text for the user",
        got=text[max(found.start() - 30, 0) : found.end() + 60],
    )


def _shown(markup: str, t: Trajectory, i: int) -> bool:
    """Tell whether somebody else wrote the markup before: whoever was shown it may speak of it."""
    return any(markup in m.content for m in t.messages[:i] if m.role in ("system", "user"))


def _ignored(t: Trajectory, i: int, start: int, known: _Known) -> Iterator[Issue]:
    reply = t.messages[i].content
    last = _last_results(t, i)
    why = ""
    if last and all(map(_failed, last)) and not _ADMITS.search(reply):
        why = f"claims success after {last[-1][:80]!r}"
    elif invented := _invented(t, i, start, known):
        why = f"tells {invented}, which no result holds"
    elif _NOTHING_FOUND.search(reply) and any(map(_lists_something, last)):
        why = f"found nothing in {last[-1][:80]!r}"
    if why:
        yield Issue(
            code="ignored-observation",
            path=f"messages[{i}].content",
            severity="warning",
            expected="an answer that rests on the results",
            got=why,
        )


def _last_results(t: Trajectory, i: int) -> list[str]:
    """Return the results that came directly before the turn."""
    start = i
    while start > 0 and t.messages[start - 1].role == "tool":
        start -= 1
    return [message.content for message in t.messages[start:i]]


def _failed(result: str) -> bool:
    return reports_error(result) or (len(result) <= _SHORT and _FAILED.match(result) is not None)


_FACT = re.compile(
    r"(?<![\w.,/:-])(?=[\w-]*\d)(?:[A-Z][\w-]{3,}|\d+(?:,\d{3})*(?:\.\d+)?)(?![\w%/:-])",
    re.ASCII | re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_LONG = 600
"""A longer reply may reckon, or tell what the assistant knows."""


def _invented(t: Trajectory, i: int, start: int, known: _Known) -> str:
    """Return a number or identifier of a reply that nobody said, if it takes none from the results."""
    reply = t.messages[i].content
    facts = [fact for fact in _FACT.findall(reply) if len(squash(fact)) >= 3] if len(reply) <= _LONG else ()
    if not facts:
        return ""
    results = known.results(start, i)
    if any(results.contains(fact.casefold()) or _number(fact) in results.numbers for fact in facts):
        return ""
    said = known.said(i)
    for fact in facts:
        if not (_YEAR.fullmatch(fact) or said.squashed(squash(fact)) or _reckoned(_number(fact), said)):
            return str(fact)
    return ""


class _Known:
    """What could be known before a turn; it grows with the conversation, so turns are asked for in order."""

    def __init__(self, t: Trajectory) -> None:
        self._t = t
        self._said: Evidence | None = None
        self._said_to = 0
        self._results: Evidence | None = None
        self._results_from = self._results_to = 0

    def said(self, i: int) -> Evidence:
        """Return all that was said and called before message `i`, and what the tools tell of themselves."""
        t = self._t
        if self._said is None:
            self._said = Evidence()
            self._said.add(t.task.instruction)
            for tool in t.tools or ():
                self._said.add(f"{tool.description} {tool.parameters}")
        for message in t.messages[self._said_to : i]:
            self._said.add(message.content)
            for call in message.tool_calls:
                self._said.add(str(call.arguments))
        self._said_to = i
        return self._said

    def results(self, start: int, i: int) -> Evidence:
        """Return what the tools returned from message `start` on, before message `i`."""
        if self._results is None or start != self._results_from:
            self._results, self._results_from, self._results_to = Evidence(), start, start
        for message in self._t.messages[self._results_to : i]:
            if message.role == "tool":
                self._results.add(message.content)
        self._results_to = i
        return self._results


def _number(fact: str) -> float | None:
    try:
        return float(fact.replace(",", ""))
    except ValueError:
        return None


def _reckoned(value: float | None, said: Evidence) -> bool:
    """Tell whether a number was said, or is the sum, difference or product of two that were."""
    if value is None:
        return False
    if said.has_number(value):
        return True
    known = {round(number, 2) for number in said.numbers}
    partners = (n for a in known for n in (value - a, value + a, value / a if a else value))
    return any(round(n, 2) in known for n in partners)


_NOTHING_FOUND = re.compile(
    r"\b(?:(?:could(?: not|n't)|was(?: not|n't) able to|unable to|can(?:not|'t)) find any|(?:found|returned) "
    r"(?:no results|nothing)|no (?:matching )?(?:results|matches|records|entries|items|data) "
    r"(?:were |was |have been )?(?:found|available|returned))\b",
    re.IGNORECASE,
)


def _lists_something(result: str) -> bool:
    """Tell whether a result is a list of objects, or an object that holds such a list."""
    return re.search(r"\[\s*\{\s*[\"']\w+[\"']\s*:", result) is not None and not _failed(result)
