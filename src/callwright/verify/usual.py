"""The most frequent row, judged in one pass: a request, and calls whose values stand in it word for word.

It only ever says "nothing to find"; of any other row the checks say what there is to say. A test holds the
two together: where this says so, no check finds anything and every value is traced.
"""

from __future__ import annotations

from math import isfinite

from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.schema import surely_valid
from callwright.search import Search
from callwright.verify.words import NEGATIONS

_BEFORE = frozenset(" \n\t\"'([{<:=/,;$€£#@")
_AFTER = frozenset(" \n\t\"')]}>:=/,;?!-%")
_FREE = ("any", "call")
_MAX_ITEMS = 200
_is_wanted = Search(rf"\b(?:{'|'.join(sorted(NEGATIONS))})\b").is_absent


def nothing_to_find(t: Trajectory) -> bool:
    """Tell in passing that no static check finds anything and that grounding is 1; False says nothing."""
    messages, tools = t.messages, t.tools
    if tools is None or len(messages) not in (2, 3) or t.task.expects not in _FREE:
        return False
    request, answer = messages[-2:]
    if len(messages) == 3 and not _is_text(messages[0], "system"):
        return False
    calls = answer.tool_calls
    if not calls or answer.role != "assistant" or answer.content or answer.reasoning:
        return False
    if not _is_text(request, "user"):
        return False
    offered = {tool.name: tool for tool in tools}
    if len(offered) != len(tools) or (len(calls) > 1 and not _distinct(calls)):
        return False
    said = request.content.casefold()
    values = 0
    for call in calls:
        arguments = call.arguments
        tool = offered.get(call.name)
        if tool is None or call.parse_error or not call.name or tool.kind == "code":
            return False
        if arguments is None or not surely_valid(tool.parameters, arguments):
            return False
        for name, value in arguments.items():
            if not (_stands(value, said) or _is_implied(name, value, tool, said)):
                return False
        values += len(arguments)
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
    if len({call.name for call in calls}) == len(calls):
        return True
    return not any(
        one.name == other.name and one.arguments == other.arguments
        for k, one in enumerate(calls)
        for other in calls[:k]
    )


def _is_implied(name: str, value: Json, tool: Tool, said: str) -> bool:
    """Tell whether a flag is spoken of, or a value is the tool's own default."""
    if value is True and _is_mentioned(name, said):
        return True
    about = (tool.parameters.get("properties") or {}).get(name)
    if type(about) is not dict or "default" not in about:
        return False
    return bool(about["default"] == value) and _is_finite(value)


def _is_mentioned(name: str, said: str) -> bool:
    """Tell whether a long word of a flag's name occurs in `said`, and nothing there turns anything down."""
    for word in name.split("_"):
        if len(word) > 4 and word.islower() and word.isalpha() and word in said:
            return _is_wanted(said)
    return False


def _stands(value: Json, said: str) -> bool:
    """Tell whether a text, a number or each of a list is in `said` as whole words, as for `Evidence.says`."""
    kind = type(value)
    if kind is str:
        word = value.casefold().strip()
        if not word:
            return False
    elif (kind is int and 0 <= value < 10**15) or (kind is float and 1e-4 < value < 1e15):
        word = str(value)
    else:
        return kind is list and 0 < len(value) <= _MAX_ITEMS and _all_stand(value, said)
    at = said.find(word)
    while at >= 0:
        if not at or said[at - 1] in _BEFORE:
            end = at + len(word)
            if end == len(said) or said[end] in _AFTER:
                return True
            if said[end] == "." and not said[end + 1 : end + 2].isdigit():
                return True
        at = said.find(word, at + 1)
    return False


def _all_stand(values: list[Json], said: str) -> bool:
    return all(type(value) is not list and _stands(value, said) for value in values)


def _is_finite(value: Json) -> bool:
    return type(value) in (str, int, bool) or (type(value) is float and isfinite(value))
