"""What a tool returns, as JSON text: strict, and bounded in size while it is written.

>>> encode({"when": datetime.date(2026, 5, 4), "price": 3}, 100)
'{"when":"2026-05-04","price":3}'
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
import numbers
import sys
from collections import deque
from collections.abc import KeysView, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from json.encoder import c_make_encoder  # type: ignore[attr-defined]
from json.encoder import encode_basestring_ascii as quote
from typing import Any

MAX_DEPTH = 64
MAX_INTEGER = 2**63 - 1
"""Integers beyond it do not survive most JSON readers."""


class NotJson(ValueError):
    """A result has no JSON form; the message says which part and why."""


class Oversize(ValueError):
    """A result is longer than allowed."""


def encode(value: object, limit: int) -> str:
    """Return `value` as compact ASCII JSON of at most `limit` characters, else raise Oversize or NotJson."""
    if _encoder is not None:
        try:
            if _plain_left(value, limit, 0) >= 0:
                text = "".join(_encoder(value, 0))
                if len(text) <= limit:
                    return text
        except ValueError:
            pass  # a lone surrogate, or not a finite number: the way below says so
    parts: list[str] = []
    left = _write(value, parts, limit, 0)
    if left < 0:
        raise Oversize("the result is too long")
    return "".join(parts)


def _refuse(value: object) -> object:
    raise NotJson(f"the result holds a {type(value).__name__}, which has no JSON form")


_encoder = c_make_encoder and c_make_encoder(None, _refuse, quote, None, ":", ",", False, False, False)
"""The interpreter's own encoder, which writes plain data as `_write` does; absent from some interpreters."""


def _plain_left(value: Any, left: int, depth: int) -> int:
    """Return how much of `left` the shortest form of plain data leaves; below 0 if too long, or not plain.

    Plain are exactly the types that the interpreter's encoder writes the way `_write` does.
    """
    kind = type(value)
    if depth > MAX_DEPTH:
        return -1
    if kind is dict:
        for key in value:
            if type(key) is not str:
                return -1
            left -= len(key) + 4
            if not key.isascii():
                key.encode()  # raises for a lone surrogate
        items = value.values()
    elif kind is list or kind is tuple:
        left -= len(value)
        items = value
    else:
        items = (value,)
    for item in items:
        kind = type(item)
        if kind is str:
            left -= len(item) + 2
            if left >= 0 and not item.isascii():
                item.encode()
        elif kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                return -1
            left -= 1
        elif kind is dict or kind is list or kind is tuple:
            left = _plain_left(item, left - 1, depth + 1)
        elif kind is not float and kind is not bool and item is not None:
            return -1
        if left < 0:
            return -1
    return left


def _write(value: Any, parts: list[str], left: int, depth: int) -> int:
    """Append the text of `value` and return how many characters are left."""
    kind = type(value)
    if kind is str:
        text = _string(value, left)
    elif value is None or kind is bool:
        text = "null" if value is None else "true" if value else "false"
    elif kind is int:
        text = _integer(value)
    elif kind is float:
        text = _float(value)
    elif depth > MAX_DEPTH:
        raise NotJson(f"the result is nested more than {MAX_DEPTH} levels deep")
    elif kind is dict:
        return _write_object(value, parts, left, depth)
    elif kind is list or kind is tuple:
        return _write_array(value, parts, left, depth)
    else:
        return _write(plain(value), parts, left, depth + 1)
    parts.append(text)
    return _spend(left, text)


def _write_object(value: dict[Any, object], parts: list[str], left: int, depth: int) -> int:
    opening = "{"
    for key, item in value.items():
        text = f"{opening}{_string(_key(key), left)}:"
        parts.append(text)
        left = _write(item, parts, _spend(left, text), depth + 1)
        opening = ","
    parts.append("{}" if opening == "{" else "}")
    return left - len(parts[-1])


def _write_array(value: Any, parts: list[str], left: int, depth: int) -> int:
    opening = "["
    for item in value:
        parts.append(opening)
        left = _write(item, parts, _spend(left, opening), depth + 1)
        opening = ","
    parts.append("[]" if opening == "[" else "]")
    return left - len(parts[-1])


def _spend(left: int, text: str) -> int:
    left -= len(text)
    if left < 0:
        raise Oversize("the result is too long")
    return left


def _string(value: str, left: int) -> str:
    if len(value) > left:
        raise Oversize("the result is too long")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotJson("the result holds a lone surrogate, which is no text") from None
    return quote(value)


def _integer(value: int) -> str:
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise NotJson("the result holds an integer beyond 64 bits")
    return str(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise NotJson(f"the result holds {value}, which JSON does not have")
    return repr(value)


def _key(key: object) -> str:
    if type(key) is not str:
        key = key if isinstance(key, str | int) and not isinstance(key, enum.Enum) else plain(key)
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise NotJson(f"the result has a key of type {type(key).__name__}; keys are strings")
        key = str(key)
    return key


def plain(value: Any) -> object:
    """Return one step towards plain data for what JSON does not know, else raise NotJson."""
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str | int | float) else value.name
    for kinds, convert in _CONVERSIONS:
        if isinstance(value, kinds):
            return convert(value)
    for module, name, convert in _WHERE_IMPORTED:
        if module in sys.modules and isinstance(value, getattr(sys.modules[module], name)):
            return convert(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: value.__dict__.get(field.name, None) for field in dataclasses.fields(value)}
    pydantic = sys.modules.get("pydantic")
    if pydantic and isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json")
    raise NotJson(f"the result holds a {type(value).__name__}, which has no JSON form")


def _from_tuple(value: Any) -> object:
    is_named = type(value).__bases__ == (tuple,) and "_fields" in vars(type(value))
    return value._asdict() if is_named else list(value)


def _from_set(value: AbstractSet[object]) -> list[object]:
    # The order of a set is an accident; equal sets must give equal text.
    return sorted(value, key=lambda item: (type(item).__name__, repr(item)))


_CONVERSIONS: tuple[tuple[Any, Any], ...] = (
    (str, lambda v: str.__str__(v)),
    (bool, bool),
    (datetime.date | datetime.time, lambda v: v.isoformat()),
    (datetime.timedelta, lambda v: v.total_seconds()),
    (tuple, _from_tuple),
    (KeysView | ValuesView | range | deque | list, list),
    (AbstractSet, _from_set),
    (Mapping, dict),
    (numbers.Integral, int),
    (numbers.Real, float),
)
"""Types in the order of the test; numpy's scalars register themselves as Integral and Real."""
_WHERE_IMPORTED: tuple[tuple[str, str, Any], ...] = (
    ("decimal", "Decimal", float), ("uuid", "UUID", str), ("pathlib", "PurePath", str)
)  # fmt: skip
"""Types of modules that only tools which use them have to wait for."""
