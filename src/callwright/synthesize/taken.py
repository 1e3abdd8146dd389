"""From a request with a call that was checked to one without a right call: the tool, or the value, is gone.

As in When2Call (arXiv 2504.18851), but the request itself is never rewritten: that it lacks the value is
checked, by the same tracing that grounds every other value.
"""

from __future__ import annotations

import random

import msgspec

from callwright.record import Dropped, Message, Trajectory
from callwright.synthesize.irrelevant import refusal
from callwright.synthesize.missing import question
from callwright.synthesize.slots import Candidate
from callwright.synthesize.wording import subject_of
from callwright.verify import ground
from callwright.verify.places import is_at


def taken_away(row: Trajectory, rng: random.Random) -> Candidate:
    """Return a checked row as its style wants it."""
    made = row.extra["synthesize"]
    if made["style"] == "irrelevant":
        return _without_tool(row, made["missing"], rng)
    if made["style"] == "missing":
        return _without_value(row, made["missing_argument"], rng)
    return row


def _without_tool(row: Trajectory, name: str, rng: random.Random) -> Candidate:
    called = {call.name for call in row.messages[-1].tool_calls}
    if called != {name}:
        return _refused(
            row, "off-style", f"a call of {name} alone was wanted, not of {', '.join(sorted(called))}"
        )
    tools = row.tools or ()
    gone = next(tool for tool in tools if tool.name == name)
    return _answered(
        row,
        "no_call",
        refusal(subject_of(gone).capability, rng),
        tuple(tool for tool in tools if tool.name != name),
    )


def _without_value(row: Trajectory, name: str, rng: random.Random) -> Candidate:
    plain = msgspec.structs.replace(row, task=msgspec.structs.replace(row.task, instruction=""))
    calls = row.messages[-1].tool_calls
    if len(calls) != 1 or name not in (calls[0].arguments or {}):
        return _refused(row, "off-style", f"one call with a value of {name} was wanted")
    place = f"messages[{len(row.messages) - 1}].tool_calls[0].arguments.{name}"
    if not any(is_at(issue.path, place) for issue in ground(plain).issues):
        return _refused(row, "tells-the-value", f"the request was to leave out {name}")
    tool = next(tool for tool in row.tools or () if tool.name == calls[0].name)
    return _answered(plain, "clarify", question(subject_of(tool), name, rng), row.tools or ())


def _answered(row: Trajectory, expects: str, answer: str, tools: tuple[object, ...]) -> Trajectory:
    return msgspec.structs.replace(
        row,
        task=msgspec.structs.replace(row.task, expects=expects),
        tools=tools,
        messages=(*row.messages[:-1], Message(role="assistant", content=answer)),
        issues=(),
    )


def _refused(row: Trajectory, reason: str, detail: str) -> Dropped:
    return Dropped(id=row.id, stage="verify", reason=reason, detail=detail, row=msgspec.to_builtins(row))
