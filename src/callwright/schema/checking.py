"""Arguments against a schema, strictly: by jsonschema-rs, without any coercion.

A bool is no integer, 3.0 is no integer, and an argument that the schema does not name is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from callwright.record import Issue, Json
from callwright.schema.integral import integral_floats
from callwright.schema.plain import Plain, plain

_CODES = {
    "required": "missing-argument",
    "additionalProperties": "unknown-argument",
    "unevaluatedProperties": "unknown-argument",
    "type": "wrong-type",
    "enum": "not-in-enum",
    "const": "not-in-enum",
    "format": "bad-format",
    "pattern": "bad-pattern",
    "minimum": "out-of-bounds",
    "maximum": "out-of-bounds",
    "exclusiveMinimum": "out-of-bounds",
    "exclusiveMaximum": "out-of-bounds",
    "multipleOf": "out-of-bounds",
    "minLength": "out-of-bounds",
    "maxLength": "out-of-bounds",
    "minItems": "out-of-bounds",
    "maxItems": "out-of-bounds",
}
ISSUE_CODES = (*dict.fromkeys(_CODES.values()), "invalid-value", "bad-schema")


def check(schema: Mapping[str, Json], arguments: Json, path: str = "arguments") -> Iterator[Issue]:
    """Yield what is wrong with `arguments`, each with its JSON path. Nothing is coerced."""
    if surely_valid(schema, arguments):
        return
    try:
        validator = _compile(msgspec.json.encode(schema, order="sorted"))
    except (ValueError, RecursionError) as error:
        yield Issue(
            code="bad-schema", path=path, expected="a JSON Schema", got=str(error).partition("\n")[0][:200]
        )
        return
    try:
        problems = [] if validator.is_valid(arguments) else list(validator.iter_errors(arguments))
    except UnicodeEncodeError:
        yield Issue(
            code="invalid-value", path=path, expected="text that UTF-8 can hold", got="a lone surrogate"
        )
        return
    for problem in problems:
        yield from _as_issues(problem, path)
    yield from integral_floats(schema, arguments, path)


def surely_valid(schema: Mapping[str, Json], arguments: Json) -> bool:
    """Tell in passing that `check` would find nothing; False says nothing."""
    found = _known.get(id(schema) >> 4)  # addresses are multiples of 16, and would collide as they are
    fits = found[1] if found is not None else _learned(schema)
    return fits is not None and fits(arguments)


_MANY = 8192
_known: dict[int, tuple[Mapping[str, Json], Callable[[Json], bool] | None]] = {}
"""Address of a schema that is met again and again → the schema and its fast check."""


class _Read:
    """The fast check of a schema's text, and where the schema was that it was last read from."""

    __slots__ = ("address", "fits")

    def __init__(self, fits: Plain | None) -> None:
        # The method itself: Python finds it faster than by way of the object.
        self.fits = fits.__call__ if fits is not None else None
        self.address = 0


def _learned(schema: Mapping[str, Json]) -> Callable[[Json], bool] | None:
    """Return the fast check of a schema, if it has one."""
    try:
        read = _read(_written(schema))  # rows of a file bring equal schemas as objects of their own
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None  # no JSON; `check` says so
    address = id(schema) >> 4
    if read.address != address:
        read.address = address
        return read.fits
    if len(_known) >= _MANY:
        _known.clear()
    # The schema is kept beside: as long as it is, no other object can have its address.
    _known[address] = (schema, read.fits)
    return read.fits


_written = msgspec.json.Encoder().encode


@lru_cache(maxsize=_MANY)
def _read(schema: bytes) -> _Read:
    return _Read(plain(json.loads(schema)))


@lru_cache(maxsize=_MANY)
def _compile(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    parsed = json.loads(schema)
    # JSON Schema lets unnamed properties pass; a tool's argument that nobody declared is a mistake.
    if not any(word in parsed for word in ("$ref", "allOf", "anyOf", "oneOf")):
        parsed.setdefault("additionalProperties", False)
        # Without it, the validator says that nothing is allowed, and not which argument is unknown.
        parsed.setdefault("properties", {})
    return jsonschema_rs.Draft202012Validator(parsed, validate_formats=True, retriever=_refuse)


def _refuse(uri: str) -> Json:
    # A schema is data: it must not make us open files or connections.
    raise ValueError(f"{uri} lies outside the schema")


def _as_issues(problem: jsonschema_rs.ValidationError, path: str) -> Iterator[Issue]:
    word = str(problem.schema_path[-1]) if problem.schema_path else ""
    kind: Any = problem.kind
    code = _CODES.get(kind.name, "invalid-value")
    where = path + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem.instance_path)
    places = [where]
    if code == "missing-argument":
        places = [f"{where}.{kind.property}"]
    elif code == "unknown-argument":
        places = [f"{where}.{name}" for name in kind.unexpected]
    for place in places:
        yield Issue(code=code, path=place, expected=word, got=problem.message[:300])
