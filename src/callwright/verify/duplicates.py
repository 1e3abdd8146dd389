"""Does the row say the same thing twice: equal calls in one turn, equal assistant turns?

Equality of calls is that of name and arguments; key order and ids do not matter, 1 and true do.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from callwright.record import Issue, Json, Message, ToolCall, Trajectory

CODES = ("duplicate-call", "repeated-turn")

_encoder = msgspec.json.Encoder(order="sorted")


def canonical(value: Json) -> bytes:
    """Return bytes that are equal for equal JSON values, whatever the order of their keys."""
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return repr(value).encode("utf-8", "backslashreplace")  # no JSON; `parsing` says so


def signature(call: ToolCall) -> bytes:
    """Return bytes that are equal for calls of equal name and arguments."""
    return canonical((call.name, call.arguments))


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield calls that occur twice in a turn, and assistant turns that repeat the one before."""
    before = -1
    for i, message in enumerate(t.messages):
        if len(message.tool_calls) > 1:
            yield from _in_turn(message, i)
        if message.role == "assistant":
            if before >= 0 and _equal(t.messages[before], message):
                yield _repeated(t, before, i)
            before = i


def _in_turn(message: Message, i: int) -> Iterator[Issue]:
    first: dict[bytes, int] = {}
    for j, call in enumerate(message.tool_calls):
        same = first.setdefault(signature(call), j)
        if same != j:
            yield Issue(
                code="duplicate-call",
                path=f"messages[{i}].tool_calls[{j}]",
                expected="a call of its own",
                got=f"{call.name} with the arguments of tool_calls[{same}]",
            )


def _equal(one: Message, other: Message) -> bool:
    return (
        one.content == other.content
        and len(one.tool_calls) == len(other.tool_calls)
        and all(signature(a) == signature(b) for a, b in zip(one.tool_calls, other.tool_calls, strict=True))
    )


def _repeated(t: Trajectory, before: int, i: int) -> Issue:
    # Asking again after something happened is polling; the very same turn twice in a row is a loop.
    in_a_row = before == i - 1
    return Issue(
        code="repeated-turn",
        path=f"messages[{i}]",
        severity="error" if in_a_row else "warning",
        expected="a new turn",
        got=f"messages[{before}] again",
    )
