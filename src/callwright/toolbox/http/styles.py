"""Values as paths, queries, headers and cookies write them: the styles of OpenAPI.

All percent-encoding is done here, so that no value can end a segment, a field or a line.

>>> query(Argument("ids", "ids", "query", "form", explode=False), [3, 4])
['ids=3,4']
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from callwright.record import Json
from callwright.toolbox.openapi import Argument

_RESERVED = "!$'()*,/:;?@"
"""What may stay as it is in a query where the specification allows it; ``& = + #`` never may."""


class Unwritable(ValueError):
    """A value has no form in the place where it should go."""


def scalar(value: Json) -> str:
    """Return the text of one value; lists and objects inside others are JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def path(argument: Argument, value: Json) -> str:
    """Return a value for a path, percent-encoded; raises Unwritable for nothing and control characters."""
    if argument.content:
        text = _checked(scalar(value))
    elif argument.style == "matrix":
        text = _matrix(_encoded(argument.wire), argument, value)
    else:
        between = "." if argument.style == "label" and argument.explode else ","
        text = between.join(_parts(argument.explode, value))
    if value in (None, [], {}) or not text:
        raise Unwritable("must not be empty, because it is part of the path")
    return f".{text}" if argument.style == "label" else text


def _matrix(name: str, argument: Argument, value: Json) -> str:
    if isinstance(value, dict) and argument.explode:
        return "".join(f";{part}" for part in _parts(True, value))
    if isinstance(value, list) and argument.explode:
        return "".join(f";{name}={part}" for part in _parts(True, value))
    return f";{name}={','.join(_parts(False, value))}"


def _parts(explode: bool, value: Json) -> list[str]:
    """Return the encoded pieces of a value: of an object ``key=value`` or, not exploded, both in turn."""
    if isinstance(value, list):
        return [_checked(scalar(item)) for item in value]
    if isinstance(value, dict):
        pairs = [(_checked(key), _checked(scalar(item))) for key, item in value.items()]
        return [f"{k}={v}" for k, v in pairs] if explode else [text for pair in pairs for text in pair]
    return [_checked(scalar(value))]


def query(argument: Argument, value: Json) -> list[str]:
    """Return the fields of a query or a form, each encoded, such as ``key=value``; none for null."""
    name = _encoded(argument.wire)
    safe = _RESERVED if argument.reserved else ""
    if value is None:
        return []
    if argument.content or not isinstance(value, list | dict):
        return [f"{name}={_encoded(scalar(value), safe)}"]
    if argument.style == "deepObject":
        return [f"{_encoded(key)}={_encoded(text, safe)}" for key, text in _deep(argument.wire, value)]
    if isinstance(value, list):
        texts = [_encoded(scalar(item), safe) for item in value]
        if argument.explode:
            return [f"{name}={text}" for text in texts]
    elif not argument.style:
        return [f"{name}={_encoded(scalar(value), safe)}"]
    else:
        pairs = [(_encoded(key), _encoded(scalar(item), safe)) for key, item in value.items()]
        if argument.explode:
            return [f"{key}={text}" for key, text in pairs]
        texts = [text for pair in pairs for text in pair]
    between = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}.get(argument.style, ",")
    return [f"{name}={between.join(texts)}"]


def _deep(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _deep(f"{name}[{key}]", item)]
    if isinstance(value, list):
        return [pair for item in value for pair in _deep(name, item)]
    return [] if value is None else [(name, scalar(value))]


def header(argument: Argument, value: Json) -> str:
    """Return the text of a header; raises Unwritable for line ends and whatever else could be read as one."""
    if argument.content or not isinstance(value, list | dict):
        text = scalar(value)
    elif isinstance(value, list):
        text = ",".join(map(scalar, value))
    elif argument.explode:
        text = ",".join(f"{key}={scalar(item)}" for key, item in value.items())
    else:
        text = ",".join(f"{key},{scalar(item)}" for key, item in value.items())
    if not all(" " <= char <= "~" for char in text):
        raise Unwritable("has characters that can not stand in a header")
    return text


def _encoded(text: str, safe: str = "") -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise Unwritable("holds a lone surrogate, which is no text") from None


def _checked(text: str) -> str:
    if any(char < " " or char == "\x7f" for char in text):
        raise Unwritable("has control characters, which can not stand in a path")
    return _encoded(text)
