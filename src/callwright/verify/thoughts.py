"""Do the thoughts do their work: is there one per step, is it its own, and does the step follow from it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callwright.record import Issue, Message, Trajectory
from callwright.verify.duplicates import signature
from callwright.verify.evidence import squash

CODES = ()

_PLACEHOLDERS = frozenset({
    "none", "null", "nil", "na", "nothing", "empty", "blank", "todo", "tbd", "undefined", "thought",
    "thoughts", "thinking", "nothought", "nothoughts", "nothinking", "noreasoning", "placeholder", "skip",
})  # fmt: skip
_WORDS = 4
"""A shorter thought ("search again") may well return."""
_TAIL = 300
"""Characters at the end of a thought in which it says what comes next."""


def issues(t: Trajectory) -> Iterator[Issue]:
    """Yield what is wrong with the thoughts of a row in which the assistant thinks."""
    calling = [m for m in t.messages if m.tool_calls and m.role == "assistant"]
    thinking = sum(_has_thought(m) for m in calling)
    by_habit = len(calling) >= 3 and 3 * thinking >= 2 * len(calling)
    first: dict[str, int] = {}
    for i, message in enumerate(t.messages):
        if message.role != "assistant":
            continue
        if not _has_thought(message):
            if message.reasoning and not _is_blank(message.reasoning):
                yield _empty(i, "a thought", message.reasoning[:80])
            elif by_habit and message.tool_calls and not message.content.strip():
                yield _empty(i, "a thought, as in the other turns", "calls only")
            continue
        yield from _repeated(t.messages, i, first)
        yield from _contradicted(t, i, message)


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def _has_thought(message: Message) -> bool:
    """Tell whether there is a thought that says anything."""
    thought = message.reasoning
    if thought is None or _is_blank(thought):
        return False
    if len(thought) > 40:
        return True
    return squash(thought) not in _PLACEHOLDERS and any(map(str.isalnum, thought))


def _empty(i: int, expected: str, got: str) -> Issue:
    path = f"messages[{i}].reasoning"
    return Issue(code="empty-thought", path=path, severity="warning", expected=expected, got=got)


def _repeated(messages: tuple[Message, ...], i: int, first: dict[str, int]) -> Iterator[Issue]:
    message = messages[i]
    thought = " ".join((message.reasoning or "").split()).casefold()
    if not message.tool_calls or (thought.isascii() and thought.count(" ") < _WORDS - 1):
        return
    before = first.setdefault(thought, i)
    if before != i and _acts(messages[before]) != _acts(message):
        yield Issue(
            code="repeated-thought",
            path=f"messages[{i}].reasoning",
            severity="warning",
            expected="a thought of its own for another step",
            got=f"the thought of messages[{before}]",
        )


def _acts(message: Message) -> tuple[bytes, ...]:
    return tuple(map(signature, message.tool_calls))


_TOOL = r"(?:tools?|functions?|apis?|(?:tool|function|api) calls?)"
_NO_CALL = re.compile(
    rf"\bno {_TOOL} (?:is |are |will be |needs? to be )?(?:needed|required|necessary|called|used)"
    r"|\b(?:don't|do not|doesn't|does not|needn't|no) need (?:for |to )?(?:(?:use|call|invoke|make)\s+)?"
    rf"(?:any|a)\s+{_TOOL}\b"
    rf"|\bwithout (?:using|calling|invoking) (?:any|a) {_TOOL}\b",
    re.IGNORECASE,
)
_UNDER_CONDITION = re.compile(
    r"\b(?:if|unless|other|another|further|more|additional|else|whether|but|however|wait)\b", re.IGNORECASE
)
_ANNOUNCED = re.compile(
    r"\b(?:i'll|i will|let me|let's|i'm going to|i am going to)\s+"
    r"(?:(?:now|first|then|just|also|proceed to|go ahead and|make sure to)\s+)*"
    r"(?:use|call|invoke|execute|run)\s+(?P<what>[^.!?\n]*)",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?:missing|until|once|before|after|without|unless|(?<!see )if|when|cannot|can't|unable|instead|"
    r"already|later|would|could)\b|\?",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:ask\w*|clarif\w+|confirm\w*|wait|the user (?:to|can|could|should|must|needs)|please|respond|reply|"
    r"response|missing|however|but)\b|\?",
    re.IGNORECASE,
)
_CUE = r"\b(?:use|using|call|calling|invoke|invoking|try|run|execute)\s+(?:the\s+|a\s+)?[`'\"*]*"
_TURNED_DOWN = re.compile(
    r"\b(?:not|n't|never|instead of|rather than|avoid|without|no need|previous\w*|already|after|failed|tried|"
    r"could|might|maybe|alternatively|later|then|next|or|once|would|other|issue|problem|error)\b|n't\b",
    re.IGNORECASE,
)


def _contradicted(t: Trajectory, i: int, message: Message) -> Iterator[Issue]:
    """Yield where a turn does something else than its thought says."""
    thought = message.reasoning or ""
    if message.tool_calls:
        said = _needs_no_call(thought) or _names_another(t, thought, message)
        if said:
            yield _contradiction(i, f"{said}, and calls {message.tool_calls[0].name}")
    elif t.tools and _announces(t, i, thought):
        yield _contradiction(i, "announces a call, and makes none")


def _contradiction(i: int, said: str) -> Issue:
    return Issue(
        code="thought-contradicts-call",
        path=f"messages[{i}].reasoning",
        severity="warning",
        expected="a step that follows from the thought",
        got=said[:200],
    )


def _needs_no_call(thought: str) -> str:
    for found in _NO_CALL.finditer(thought[-_TAIL:]):
        start = max(found.start() - 60, 0)
        if not _UNDER_CONDITION.search(thought[-_TAIL:], start, found.end() + 40):
            return f"says {found[0]!r}"
    return ""


def _names_another(t: Trajectory, thought: str, message: Message) -> str:
    """Return which other offered tool the thought wants to use, if it never names the one that is called."""
    named = [tool.name for tool in t.tools or () if _is_identifier(tool.name) and tool.name in thought]
    if not named or any(squash(call.name) in squash(thought) for call in message.tool_calls):
        return ""
    for name in named:
        for found in re.finditer(rf"{_CUE}{re.escape(name)}(?![\w.])", thought[-_TAIL:], re.IGNORECASE):
            if not _TURNED_DOWN.search(thought[-_TAIL:], max(found.start() - 60, 0), found.start()):
                return f"wants {name}"
    return ""


def _is_identifier(name: str) -> bool:
    """Tell whether a name can not be taken for a word of the language."""
    return not name.isalpha() or name[1:] != name[1:].lower()


def _announces(t: Trajectory, i: int, thought: str) -> bool:
    following = t.messages[i + 1] if i + 1 < len(t.messages) else None
    if following is not None and following.role == "assistant":
        return False  # the call comes in a turn of its own
    tail = thought[-_TAIL:]
    for found in _ANNOUNCED.finditer(tail):
        what = found["what"]
        meant = re.search(rf"\b{_TOOL}\b", what, re.IGNORECASE) or any(
            tool.name in what for tool in t.tools or () if _is_identifier(tool.name)
        )
        begins = max(tail.rfind(mark, 0, found.start()) for mark in ".!?\n") + 1
        if meant and not _NOT_YET.search(tail, begins, found.end()) and not _ASKS.search(tail, found.end()):
            return True
    return False
