"""Is this a conversation at all: who speaks when, and does every tool result answer a call?

The order is that of OpenAI chat messages, which every chat template assumes. What breaks a template is an
error; what is merely unusual (a greeting by the assistant first, two user turns in a row) is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright.record import Issue, Message, ToolCall, Trajectory

CODES = (
    "no-messages",
    "no-user",
    "empty-message",
    "calls-outside-assistant",
    "last-turn",
    "orphan-result",
    "call-id-mismatch",
    "duplicate-call-id",
)

_WITHOUT_USER = ("env", "react", "query")


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield what is wrong with the sequence of turns, their contents and the ids that link them."""
    if not t.messages:
        yield Issue(code="no-messages", path="messages", expected="at least one message", got="none")
        return
    yield from _contents(t)
    yield from _order(t)
    yield from _ending(t)
    yield from _results(t.messages)


def _contents(t: Trajectory) -> Iterator[Issue]:
    for i, message in enumerate(t.messages):
        role = message.role
        if message.tool_calls:
            if role != "assistant":
                yield Issue(
                    code="calls-outside-assistant",
                    path=f"messages[{i}].tool_calls",
                    expected="calls in assistant turns only",
                    got=role,
                )
        elif (not message.content or message.content.isspace()) and role != "system":
            yield _empty(t, i, role)


def _empty(t: Trajectory, i: int, role: str) -> Issue:
    path = f"messages[{i}].content"
    if role == "tool":
        return Issue(code="empty-observation", path=path, severity="warning", expected="a result", got="")
    # Sets in the xLAM layout write "no call fits" as an empty list of calls without any text.
    if role == "assistant" and t.task.expects == "no_call":
        return Issue(code="empty-message", path=path, severity="info", expected="text", by_design=True)
    return Issue(code="empty-message", path=path, expected="text or calls", got=f"an empty {role} turn")


def _order(t: Trajectory) -> Iterator[Issue]:
    previous = ""
    user_seen = False
    for i, message in enumerate(t.messages):
        role = message.role
        if role == "user":
            user_seen = True
            if previous == "user":
                yield _unusual(i, "an assistant turn between user turns", "two user turns in a row")
        elif role == "system":
            if previous not in ("", "system"):
                yield _unusual(i, "system turns first", f"a system turn after a {previous} turn")
        elif role == "assistant":
            if previous in ("", "system"):
                yield _unusual(i, "a user turn first", "an assistant turn first")
            elif previous == "assistant" and not t.messages[i - 1].tool_calls:
                yield _unusual(i, "one assistant turn", "two assistant turns in a row")
        previous = role
    if not user_seen and t.task.kind not in _WITHOUT_USER:
        yield Issue(code="no-user", path="messages", expected="a user turn", got="none")


def _unusual(i: int, expected: str, got: str) -> Issue:
    return Issue(
        code="turn-order", path=f"messages[{i}].role", severity="warning", expected=expected, got=got
    )


def _ending(t: Trajectory) -> Iterator[Issue]:
    last = t.messages[-1].role
    if last == "assistant" or t.task.kind == "query":
        return
    # An environment may have the last word: its final observation or its stop signal. So may a user who says
    # goodbye, and a tool whose result ends the task; what the assistant did before is not the worse for it.
    ends_by_environment = t.task.kind == "env"
    answered = any(message.role == "assistant" for message in t.messages)
    yield Issue(
        code="last-turn",
        path=f"messages[{len(t.messages) - 1}].role",
        severity="info" if ends_by_environment else "warning" if answered else "error",
        expected="assistant",
        got=last,
        by_design=ends_by_environment,
    )


def _results(messages: tuple[Message, ...]) -> Iterator[Issue]:
    """Yield results that answer no open call, and calls that nobody answered before the talk went on."""
    open_calls: list[ToolCall] = []
    asked_at = 0
    for i, message in enumerate(messages):
        if message.role == "tool":
            yield from _match(message, i, open_calls)
            continue
        if open_calls:
            yield Issue(
                code="unanswered-call",
                path=f"messages[{asked_at}].tool_calls",
                severity="warning",
                expected="a result per call",
                got=f"{len(open_calls)} without a result",
            )
        open_calls = list(message.tool_calls)
        asked_at = i
        if len(open_calls) > 1:
            yield from _same_ids(open_calls, i)


def _same_ids(calls: list[ToolCall], i: int) -> Iterator[Issue]:
    ids = [call.id for call in calls if call.id is not None]
    if len(set(ids)) != len(ids):
        yield Issue(
            code="duplicate-call-id",
            path=f"messages[{i}].tool_calls",
            expected="an id of its own per call",
            got=", ".join(ids)[:200],
        )


def _match(message: Message, i: int, open_calls: list[ToolCall]) -> Iterator[Issue]:
    """Take the answered call out of `open_calls`, or yield why there is none."""
    if not open_calls:
        yield Issue(
            code="orphan-result", path=f"messages[{i}]", expected="an open call", got="a result without one"
        )
        return
    wanted = message.tool_call_id
    if wanted is None:
        same_name = [c for c in open_calls if c.name == message.name]
        call = same_name[0] if same_name else open_calls[0]
    else:
        same_id = [c for c in open_calls if c.id == wanted]
        if not same_id:
            ids = ", ".join(str(c.id) for c in open_calls)
            yield Issue(
                code="call-id-mismatch",
                path=f"messages[{i}].tool_call_id",
                expected=f"one of {ids}"[:200],
                got=wanted,
            )
            return
        call = same_id[0]
    open_calls.remove(call)
    if message.name is not None and message.name != call.name:
        yield Issue(
            code="result-name",
            path=f"messages[{i}].name",
            severity="warning",
            expected=call.name,
            got=message.name,
        )
