"""A row as lines of JSON, cut to a budget: one line per tool and message, so that no text poses as another.

What a judge's server or its chat template could take for a control token (``<|im_end|>``, ``[/INST]``) is
written with a JSON escape. Cuts leave a mark that says how much is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from callwright.record import Json, Message, Tool, ToolCall, Trajectory

_DEPTH = 24
_KEY = 240
_WHOLE = 1 << 60
_LEVELS = (_WHOLE, 4000, 1500, 600, 200, 80)
"""Longest string at each try; from the fourth on, tools that no call names lose their parameters."""
_CONTROL = re.compile(r"<(?=\S)|\[(?=/?[A-Z_]{3,}\])|[\x7f-\x9f\u2028\u2029\ufeff]|[\ud800-\udfff]")


class Transcript(NamedTuple):
    """The lines of a row."""

    lines: tuple[str, ...]
    cut: bool
    """Something was shortened or left out."""


def transcript(t: Trajectory, budget: int) -> Transcript:
    """Return the row in at most about `budget` characters."""
    called = {call.name for message in t.messages for call in message.tool_calls}
    for level, longest in enumerate(_LEVELS):
        brief = level >= 3
        tools = [_line(_tool(tool, brief and tool.name not in called), longest) for tool in t.tools or ()]
        rest = [_line(value, longest) for value in _conversation(t)]
        if _size(tools) + _size(rest) <= budget:
            return Transcript((*tools, *rest), cut=level > 0)
    kept = _ends(tools, budget // 3)
    return Transcript((*kept, *_ends(rest, budget - _size(kept))), cut=True)


def turns(t: Trajectory) -> list[int]:
    """Return the index in `messages` of each assistant turn; the first is step 1."""
    return [i for i, message in enumerate(t.messages) if message.role == "assistant"]


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _ends(lines: Sequence[str], room: int) -> list[str]:
    """Return lines from both ends in turn, the last one first, until the room is used."""
    if _size(lines) <= room:
        return list(lines)
    front: list[str] = []
    back: list[str] = []
    room -= 40  # for the mark
    for k in range(len(lines)):
        line = lines[len(front)] if k % 2 else lines[-1 - len(back)]
        room -= len(line) + 1
        if room < 0:
            break
        (front if k % 2 else back).append(line)
    left = len(lines) - len(front) - len(back)
    return [*front, _line({"left_out": f"{left} lines"}, _WHOLE), *reversed(back)]


def _conversation(t: Trajectory) -> Iterator[Json]:
    if not t.tools:
        yield {"tools": "not recorded" if t.tools is None else []}
    if t.task.instruction:
        yield {"instruction": t.task.instruction}
    step = 0
    for message in t.messages:
        step += message.role == "assistant"
        yield _message(message, step if message.role == "assistant" else None)
    executed = _executed(t)
    if executed is not None:
        yield {"executed": executed}


def _tool(tool: Tool, brief: bool) -> Json:
    parameters = "[… left out …]" if brief else tool.parameters
    return {"tool": tool.name, "description": tool.description, "parameters": parameters}


def _message(message: Message, step: int | None) -> Json:
    value: dict[str, Json] = {} if step is None else {"step": step}
    value["role"] = message.role
    if message.role == "tool" and message.tool_call_id:
        value["answers"] = message.tool_call_id
    if message.reasoning:
        value["thought"] = message.reasoning
    if message.content or not message.tool_calls:
        value["result" if message.role == "tool" else "content"] = message.content
    if message.tool_calls:
        value["calls"] = [_call(call) for call in message.tool_calls]
    return value


def _call(call: ToolCall) -> Json:
    value: dict[str, Json] = {"id": call.id} if call.id else {}
    value["name"] = call.name
    if call.arguments is None:
        value["unparsed"] = call.raw or ""
    else:
        value["arguments"] = call.arguments
    return value


def _executed(t: Trajectory) -> Json:
    """Return what came back when the row was executed, where an earlier stage left it on the row."""
    verified = t.extra.get("verify")
    seen = verified.get("observations") if isinstance(verified, dict) else None
    return seen if isinstance(seen, list) and seen else None


def has_results(t: Trajectory) -> bool:
    """Tell whether the row holds anything that a tool returned."""
    return any(message.role == "tool" for message in t.messages) or _executed(t) is not None


def _line(value: Json, longest: int) -> str:
    text = json.dumps(_fitting(value, longest, 0), ensure_ascii=False)
    if longest < _WHOLE:
        text = _shortened(text, 6 * longest)
    return _CONTROL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _fitting(value: Json, longest: int, depth: int) -> Json:
    """Return a value that `json.dumps` can write, its strings cut; whatever a row may hold."""
    if isinstance(value, str):
        return _shortened(value, longest)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 1000 else f"[… a number of {value.bit_length()} bits …]"
    if depth > _DEPTH:
        return "[… nested deeper …]"
    if isinstance(value, dict):
        return {str(key)[:_KEY]: _fitting(item, longest, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_fitting(item, longest, depth + 1) for item in value]
    return repr(value)[:200]


def _shortened(text: str, longest: int) -> str:
    """Return the text with its middle cut out; what is visible is at most `longest` and the mark."""
    if len(text) <= longest:
        return text
    tail = longest // 3
    head = longest - tail
    return f"{text[:head]}[… {len(text) - longest} characters cut …]{text[-tail:]}"
