"""Calls as tables of TOML, closed by the comment `# end`.

    >>> parse('[[calls]]\\nname = "add"\\narguments = {a = 1}\\n# end').calls[0].arguments
    {'a': 1}

TOML has no null and no lone surrogates. A value that it can not hold is written as `{json = "null"}`: an
inline table whose only key is `json` stands for the JSON in it. Without the comment a text that was cut would
be whole.
"""

from __future__ import annotations

import json
import re
import tomllib

from callwright.formats.reply import SURROGATE, Format, Malformed, Unrenderable
from callwright.formats.scan import Scanner
from callwright.formats.strict_json import BLANK, MAX_DEPTH, as_calls, flaw, quote, read, write
from callwright.formats.text_or_calls import EitherOr
from callwright.record import Json, ToolCall

END = "# end"
_END = re.compile(r"^# end[ \t]*\r?$", re.MULTILINE)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WRAPPED = "json"


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n".join([*(_call(call) for call in calls), END])


def _call(call: ToolCall) -> str:
    if SURROGATE.search(call.name):
        raise Unrenderable("TOML knows no lone surrogates")
    arguments = call.arguments or {}
    head = f"[[calls]]\nname = {_string(call.name)}"
    if not arguments or _must_wrap(arguments):
        return f"{head}\narguments = {_value(arguments)}"
    lines = (f"{_key(key)} = {_value(value)}" for key, value in arguments.items())
    return "\n".join([head, "[calls.arguments]", *lines])


def _must_wrap(value: Json) -> bool:
    """Tell whether a value can not be written, or would be read as JSON in a table."""
    if isinstance(value, str):
        return SURROGATE.search(value) is not None
    if isinstance(value, dict):
        return list(value) == [_WRAPPED] or any(map(SURROGATE.search, value))
    return value is None


def _value(value: Json) -> str:
    if _must_wrap(value):
        return f"{{{_WRAPPED} = {_string(write(value))}}}"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


def _string(text: str) -> str:
    # JSON's escapes are TOML's; DEL is the one control character that JSON leaves as it is.
    return quote(text).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _read(scanner: Scanner) -> tuple[ToolCall, ...]:
    end = _END.search(scanner.text, scanner.position)
    if end is None:
        scanner.fail("the comment # end is missing", len(scanner.text))
    start = scanner.position
    try:
        value = _plain(tomllib.loads(scanner.text[start : end.start()]), 0)
    except tomllib.TOMLDecodeError as error:
        scanner.fail(f"no TOML: {_PLACE.sub('', str(error))}", _position(scanner.text, start, str(error)))
    except (ValueError, RecursionError) as error:
        scanner.fail(str(error) if isinstance(error, _Refused) else "number or nesting too big", start)
    calls = as_calls(value.get("calls") if list(value) == ["calls"] else None, start)
    if isinstance(calls, Malformed):
        scanner.fail(calls.reason, calls.position)
    scanner.position = end.end()
    return calls


class _Refused(ValueError):
    """TOML without a JSON value."""


def _position(text: str, start: int, message: str) -> int:
    """Return the position that an error of tomllib names."""
    place = _PLACE.search(message)
    if place is None or place[1] is None:
        return len(text)
    lines = text[start:].split("\n")[: int(place[1]) - 1]
    return min(start + sum(len(line) + 1 for line in lines) + int(place[2]) - 1, len(text))


def _plain(value: Json, depth: int) -> Json:
    """Return a value with the JSON that its tables hold put in their place."""
    if depth > MAX_DEPTH + 2:  # document, list and call are not counted
        raise _Refused(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        if list(value) == [_WRAPPED] and isinstance(value[_WRAPPED], str):
            return _unwrapped(value[_WRAPPED])
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if reason := flaw(value):
        raise _Refused(reason)
    return value


def _unwrapped(text: str) -> Json:
    found = read(text, 0)
    if isinstance(found, Malformed):
        raise _Refused(found.reason)
    value, end = found
    if text[end:].strip(BLANK):
        raise _Refused("text behind the JSON of a value")
    return value


_TOML = EitherOr("[[calls]]", "", _written, _read)
render, parse = _TOML.render, _TOML.parse

TOML = Format(
    name="toml",
    instruction=(
        "Call each tool in TOML: [[calls]] with name and table [calls.arguments], then a last line # end. "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_TOML.begun,
)
