"""Does the row say the same thing twice: equal calls in one turn, equal turns, calls that learn the same?

Equality of calls is that of name and arguments; key order and ids do not matter, 1 and true do.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from callwright.record import Issue, Json, Message, ToolCall, Trajectory

CODES = ("duplicate-call", "repeated-turn")

_PHRASE = 20
"""Characters; a shorter user turn may well return."""
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
    """Yield calls that occur twice in a turn, and turns that repeat an earlier one."""
    before = asked = -1
    for i, message in enumerate(t.messages):
        role = message.role
        if len(message.tool_calls) > 1:
            yield from _in_turn(message, i)
        if role == "assistant":
            if before >= 0 and _equal(t.messages[before], message):
                yield _repeated(t, before, i)
            elif before >= 0 and message.tool_calls and _same_in_vain(t.messages, before, i):
                yield _repeated_calls(before, i)
            before = i
        elif role == "user":
            if (
                asked >= 0
                and message.content == t.messages[asked].content
                and _says_something(message.content)
            ):
                yield _repeated(t, asked, i)
            asked = i


def _same_in_vain(messages: tuple[Message, ...], before: int, i: int) -> bool:
    """Tell whether a turn makes the calls of the one before, in other words, and learns the same."""
    one, other = messages[before], messages[i]
    return (
        len(one.tool_calls) == len(other.tool_calls)
        and bool(results := _results(messages, before))
        and before + 1 + len(results) == i  # nobody else spoke
        and all(signature(a) == signature(b) for a, b in zip(one.tool_calls, other.tool_calls, strict=True))
        and results == _results(messages, i)
    )


def _results(messages: tuple[Message, ...], turn: int) -> list[str]:
    """Return the results that directly follow a turn."""
    end = turn + 1
    while end < len(messages) and messages[end].role == "tool":
        end += 1
    return [message.content for message in messages[turn + 1 : end]]


def _says_something(text: str) -> bool:
    """Tell whether a text is more than a "yes", "go on" or "thank you"."""
    return len(text) >= _PHRASE and (not text.isascii() or text.count(" ") >= 3)


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


def _repeated_calls(before: int, i: int) -> Issue:
    return Issue(
        code="repeated-call",
        path=f"messages[{i}].tool_calls",
        severity="warning",
        expected="another call, as the result is the same",
        got=f"the calls of messages[{before}] again",
    )


def _repeated(t: Trajectory, before: int, i: int) -> Issue:
    # Asking again after something happened is polling; the very same turn twice in a row is a loop. In an
    # environment the same step may be due twice, and the same state be met again.
    is_loop = before == i - 1 and t.messages[i].role == "assistant"
    by_design = t.task.kind == "env" and not is_loop
    return Issue(
        code="repeated-turn",
        path=f"messages[{i}]",
        severity="error" if is_loop else "info" if by_design else "warning",
        expected="a new turn",
        got=f"messages[{before}] again",
        by_design=by_design,
    )
