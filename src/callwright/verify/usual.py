"""The most frequent row, judged in one pass: a request, and calls whose values stand in it word for word.

It only ever says "nothing to find"; of any other row the checks say what there is to say. A test holds the
two together: where this says so, no check finds anything and every value is traced.
"""

from __future__ import annotations

import re
from math import isfinite

from callwright import schema
from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.verify.words import NEGATIONS

_BEFORE = frozenset(" \n\t\"'([{<:=/,;$€£#@")
_AFTER = frozenset(" \n\t\"')]}>:=/,;?!-%")
_FREE = ("any", "call")
_MAX_ITEMS = 200
_TURNED_DOWN = re.compile(rf"\b(?:{'|'.join(sorted(NEGATIONS))})\b")


def nothing_to_find(t: Trajectory) -> bool:
    """Tell in passing that no static check finds anything and that grounding is 1; False says nothing."""
    messages, tools = t.messages, t.tools
    if tools is None or len(messages) not in (2, 3) or t.task.expects not in _FREE:
        return False
    request, answer = messages[-2], messages[-1]
    if len(messages) == 3 and not _is_text(messages[0], "system"):
        return False
    calls = answer.tool_calls
    if not _is_text(request, "user") or answer.role != "assistant" or not calls:
        return False
    if answer.content or answer.reasoning:
        return False
    offered = {tool.name: tool for tool in tools}
    if len(offered) != len(tools) or (len(calls) > 1 and not _distinct(calls)):
        return False
    said = request.content.casefold()
    values = 0
    for call in calls:
        tool = offered.get(call.name)
        if tool is None or call.parse_error or not call.name or tool.kind == "code":
            return False
        if not schema.surely_valid(tool.parameters, call.arguments) or not _all_said(call, tool, said):
            return False
        values += len(call.arguments or ())
    return values > 0


def _is_text(message: Message, role: str) -> bool:
    return (
        message.role == role
        and not message.tool_calls
        and not message.reasoning
        and not (not message.content or message.content.isspace())
    )


def _distinct(calls: tuple[ToolCall, ...]) -> bool:
    """Tell whether no two calls are equal or share an id."""
    ids = [call.id for call in calls if call.id is not None]
    if len(set(ids)) != len(ids) or len(calls) > 8:
        return False
    return not any(
        one.name == other.name and one.arguments == other.arguments
        for k, one in enumerate(calls)
        for other in calls[:k]
    )


def _all_said(call: ToolCall, tool: Tool, said: str) -> bool:
    """Tell whether every value stands in the request or is the tool's own default."""
    properties = tool.parameters.get("properties") or {}
    for name, value in (call.arguments or {}).items():
        if _stands(value, said) or (value is True and _is_mentioned(name, said)):
            continue
        about = properties.get(name)
        if type(about) is dict and "default" in about and about["default"] == value and _is_finite(value):
            continue
        if type(value) is not list or not value or len(value) > _MAX_ITEMS:
            return False
        for item in value:
            if not _stands(item, said):
                return False
    return True


def _is_mentioned(name: str, said: str) -> bool:
    """Tell whether a long word of a flag's name occurs in `said`, and nothing there turns anything down."""
    for word in name.split("_"):
        if len(word) > 4 and word.islower() and word.isalpha() and word in said:
            return _TURNED_DOWN.search(said) is None
    return False


def _stands(value: Json, said: str) -> bool:
    """Tell whether a text or number occurs in `said` as whole words, as `Evidence.says` would find it."""
    kind = type(value)
    if kind is str:
        word = value.casefold().strip()
        if not word:
            return False
    elif (kind is int and 0 <= value < 10**15) or (kind is float and 1e-4 < value < 1e15):
        word = str(value)
    else:
        return False
    at = said.find(word)
    while at >= 0:
        if not at or said[at - 1] in _BEFORE:
            after = said[at + len(word) : at + len(word) + 2]
            if not after or after[0] in _AFTER or (after[0] == "." and not after[1:].isdigit()):
                return True
        at = said.find(word, at + 1)
    return False


def _is_finite(value: Json) -> bool:
    return type(value) in (str, int, bool) or (type(value) is float and isfinite(value))
