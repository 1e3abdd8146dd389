"""Which mistake a wrong answer shows: one vocabulary, whoever made the mistake.

The decision to call comes first, then what `verify` sees, then how the calls differ from those that are
right. Of several mistakes the first one names the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from callwright.pair.effect import Schemas, same_effect, same_when_executed, schemas_of, settled
from callwright.record import Json, Message, ToolCall, Trajectory
from callwright.verify import ERROR_CLASSES, Execute, verify
from callwright.verify.duplicates import canonical

MALFORMED = "malformed"
CLASSES: Mapping[str, str] = {
    "malformed": "Calls that can not be read in the row's output format.",
    "needless-call": "A call where none is due.",
    "needless-refusal": "No call where one is due.",
    "undefined-function": "A call of a function that is not offered.",
    "undefined-argument": "An argument that the tool does not declare.",
    "missing-argument": "An argument left out that is required, or that the request gives.",
    "wrong-type": "A value that the schema does not allow.",
    "wrong-function": "A call of another offered tool than the right one.",
    "extra-call": "The right calls, and one that nobody asked for.",
    "missing-parallel-call": "Not all of several calls.",
    "wrong-value": "The right calls with another value.",
}
"""Error class → what the rejected answer does, in the order in which they are looked for."""
CAUGHT_AS: Mapping[str, str] = {
    "undefined-function": "undefined-function",
    "undefined-argument": "unknown-argument",
    "missing-argument": "missing-argument",
    "wrong-type": "wrong-type",
}
"""Error classes that `verify` sees, with the code it gives them; the others are legal and still wrong."""
_SEEN: tuple[tuple[str, str], ...] = (
    ("unparsable-call", MALFORMED),
    ("not-json", MALFORMED),
    *((code, name) for name, code in CAUGHT_AS.items()),
    *((code, name) for code, name in ERROR_CLASSES.items() if name == "wrong-type"),
)


def mistake_of(t: Trajectory, answer: Message, play: Execute | None = None) -> str:
    """Return the class of an answer in place of the row's last message, which is right; "" if it is as good.

    With `play`, legal calls are as good if they return and change the same.
    """
    if same_effect(t, answer):
        return ""
    chosen = t.messages[-1].tool_calls
    if not chosen or not answer.tool_calls:
        return "needless-refusal" if chosen else "needless-call"
    found = errors_of(t, answer)
    seen = next((name for code, name in _SEEN if code in found), "")
    if seen:
        return seen
    if play is not None and not found and same_when_executed(t, answer, play):
        return ""
    return _difference(chosen, answer.tool_calls, schemas_of(t.tools))


def errors_of(t: Trajectory, answer: Message) -> frozenset[str]:
    """Return the codes of the errors that a row has with an answer in place of its last message."""
    spoiled = verify(_with_last(t, answer))
    return frozenset(issue.code for issue in spoiled.issues if issue.severity == "error")


def _with_last(t: Trajectory, answer: Message) -> Trajectory:
    return replace(t, messages=(*t.messages[:-1], answer))


def _difference(chosen: Sequence[ToolCall], answer: Sequence[ToolCall], schemas: Schemas) -> str:
    """Return how legal calls differ from the right ones."""
    wanted, given = _only(chosen, answer, schemas), _only(answer, chosen, schemas)
    if not wanted or not given:
        return "missing-parallel-call" if wanted else "extra-call"
    if Counter(call.name for call in given) - Counter(call.name for call in wanted):
        return "wrong-function"
    if len(given) != len(wanted):
        return "missing-parallel-call" if len(given) < len(wanted) else "extra-call"
    return "missing-argument" if _lacks(wanted, given, schemas) else "wrong-value"


def _only(these: Iterable[ToolCall], others: Iterable[ToolCall], schemas: Schemas) -> list[ToolCall]:
    """Return the calls that have no equal among others; of the same name, in their order."""
    free = Counter(_key(call, schemas) for call in others)
    left = []
    for call in these:
        key = _key(call, schemas)
        if free[key]:
            free[key] -= 1
        else:
            left.append(call)
    return sorted(left, key=lambda call: call.name)


def _key(call: ToolCall, schemas: Schemas) -> bytes:
    return canonical([call.name, settled(call, schemas)])


def _lacks(wanted: Sequence[ToolCall], given: Sequence[ToolCall], schemas: Schemas) -> bool:
    pairs: list[tuple[Json, Json]] = [
        (settled(one, schemas), settled(other, schemas)) for one, other in zip(wanted, given, strict=True)
    ]
    return any(set(one or ()) - set(other or ()) for one, other in pairs)
