"""Whether a variant still asks for what its row asked for: the label, read the way back.

>>> from callwright.record import Message, ToolCall, Trajectory
>>> row = Trajectory(id="a", messages=(Message(role="assistant", tool_calls=(ToolCall(name="f"),)),))
>>> label_lost(row, msgspec.structs.replace(row, id="a#a1"))
''
"""

from __future__ import annotations

from collections.abc import Iterable

from callwright.record import Json, Message, ToolCall, Trajectory
from callwright.toolbox.masks import Mask, mask_of


def label_lost(row: Trajectory, variant: Trajectory) -> str:
    """Return in what a variant says something else than its row; empty when it means the same.

    Calls are compared as they are executed, that is through the mask, in any order of their arguments. Where
    the variant is made to be one without a call, it must say so, call nothing and offer nothing that the row
    calls under conditions that allow it.
    """
    if variant.task.expects in ("no_call", "clarify") and row.task.expects != variant.task.expects:
        return _refusal_lost(row, variant)
    if variant.task.expects != row.task.expects:
        return "something else is expected"
    if variant.messages is row.messages and variant.preference is row.preference:
        return ""
    before, after = mask_of(row), mask_of(variant)
    answers, others = _answers(row), _answers(variant)
    if len(answers) != len(others):
        return "there are more or fewer answers"
    for one, other in zip(answers, others, strict=True):
        same = one.tool_calls == other.tool_calls and before == after
        if not same and not _same_calls(one.tool_calls, before, other.tool_calls, after):
            return "the calls are others"
    return ""


def _refusal_lost(row: Trajectory, variant: Trajectory) -> str:
    if any(answer.tool_calls for answer in _answers(variant)):
        return "a call stands where none is due"
    called = {call.name for message in row.messages for call in message.tool_calls}
    mask = mask_of(variant)
    offered = {mask.tools.get(tool.name, tool.name) if mask else tool.name for tool in variant.tools or ()}
    if variant.task.expects == "no_call" and called & offered:
        return "a tool that serves the request is offered"
    return ""


def _answers(t: Trajectory) -> list[Message]:
    found = [message for message in t.messages if message.role == "assistant"]
    return found if t.preference is None else [*found, t.preference.rejected]


def _same_calls(
    one: Iterable[ToolCall], before: Mask | None, other: Iterable[ToolCall], after: Mask | None
) -> bool:
    return [_meant(call, before) for call in one] == [_meant(call, after) for call in other]


def _meant(call: ToolCall, mask: Mask | None) -> tuple[str, Json, Json]:
    real = call if mask is None else mask.real(call)
    return real.name, real.arguments, real.raw
