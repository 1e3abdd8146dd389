r"""JSON as the formats read and write it: strict, finite, of limited depth, and unable to end a block early.

>>> write({"note": "</tool_call>"})
'{"note": "\\u003c/tool_call>"}'
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from callwright.formats.reply import SURROGATE, Malformed, Unrenderable
from callwright.record import Json, ToolCall

MAX_DEPTH = 64
"""Levels of nesting that are read and written; a model that nests deeper is repeating itself."""
BLANK = " \t\r\n"
"""What JSON calls white space."""

_MARKER = re.compile(r"<(?=/?tool_|/?think>|[|｜]|/?s>)|\[(?=/?INST\])|#(?=## (?:Instruction|Response):)")
"""What begins like a marker of a format or a mark of a family of chat models (`frames.FAMILIES`)."""
_encode = json.JSONEncoder(ensure_ascii=False).encode
_BLANKS = re.compile("[ \t\r\n]*")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def write(value: Json) -> str:
    """Return `value` as one line of JSON; raises `Unrenderable` for what JSON can not carry."""
    if reason := flaw(value):
        raise Unrenderable(reason)
    text = _encode(value)
    if not text.isascii() and _SURROGATE_PAIR.search(text):
        raise Unrenderable("a string holds two surrogates in a row, which JSON reads as one character")
    return escape(text)


def quote(text: str) -> str:
    """Return `text` as a JSON string, which is a Python string literal as well."""
    return escape(_encode(text))


def escape(text: str) -> str:
    """Return JSON text in which no string spells a marker of the chat or of a format."""
    text = _MARKER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text if text.isascii() else SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def flaw(value: Json) -> str:
    """Return why `value` is no JSON value of limited depth; empty when it is one."""
    if type(value) is dict and _is_flat(value):
        return ""
    stack: list[tuple[Json, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH} levels"
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                return "an object key is no string"
            stack.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list):
            stack.extend((child, depth + 1) for child in item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                return f"{item} is no JSON number"
        elif isinstance(item, int):
            if item.bit_length() > _MAX_BITS:
                return "a number has too many digits"
        elif item is not None and not isinstance(item, str):
            return f"{type(item).__name__} is no JSON value"
    return ""


def _is_flat(value: dict[Any, Any]) -> bool:
    """Tell whether an object surely is one without a flaw: nothing nested, no large number."""
    for key, item in value.items():
        kind = type(item)
        if type(key) is not str:
            return False
        if kind is str or kind is bool or item is None:
            continue
        if not (kind is int or kind is float) or not -_LARGE < item < _LARGE:
            return False
    return True


_LARGE = 10**15
_MAX_BITS = 13_000
"""About 3,900 decimal digits: under CPython's limit for turning text into a number."""


class _Refused(ValueError):
    """JSON that the decoder would let pass."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("an object names a key twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def read(text: str, start: int) -> tuple[Json, int] | Malformed:
    """Return the JSON value that begins at `start` (blanks skipped) and the position behind it."""
    start = skip_blanks(text, start)
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return Malformed(f"no JSON: {error.msg}", error.pos)
    except (ValueError, RecursionError) as error:
        return Malformed(str(error) if isinstance(error, _Refused) else "number or nesting too big", start)
    if reason := flaw(value):
        return Malformed(reason, start)
    return value, end


def skip_blanks(text: str, position: int) -> int:
    """Return the position of the first character from `position` on that is not blank."""
    found = _BLANKS.match(text, position)
    return found.end() if found else position


def as_call(value: Json, position: int) -> ToolCall | Malformed:
    """Return the call that `{"name": …, "arguments": {…}}` means; nothing else is accepted."""
    if not isinstance(value, dict) or set(value) != {"name", "arguments"}:
        return Malformed("a call is an object with exactly name and arguments", position)
    name, arguments = value["name"], value["arguments"]
    if not isinstance(name, str) or not name:
        return Malformed("name is no text", position)
    if not isinstance(arguments, dict):
        return Malformed("arguments is no object", position)
    return ToolCall(name=name, arguments=arguments)


def as_calls(value: Json, position: int) -> tuple[ToolCall, ...] | Malformed:
    """Return the calls that a list of such objects means."""
    if not isinstance(value, list):
        return Malformed("expected a list of calls", position)
    calls: list[ToolCall] = []
    for item in value:
        call = as_call(item, position)
        if isinstance(call, Malformed):
            return call
        calls.append(call)
    return tuple(calls)


def as_objects(calls: Sequence[ToolCall], *, swapped: bool = False) -> list[dict[str, Json]]:
    """Return the calls as `{"name": …, "arguments": {…}}` objects, or with the arguments first."""
    if swapped:
        return [{"arguments": call.arguments, "name": call.name} for call in calls]
    return [{"name": call.name, "arguments": call.arguments} for call in calls]
