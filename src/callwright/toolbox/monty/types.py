"""Which parameters take JSON as it is, read from their annotations.

The isolated process turns JSON into the type that a parameter names: a date, a set, a dataclass. Monty gets
JSON only. So a parameter is either taken as it is, or it is a float (JSON writes 100 for 100.0), or its
function stays with the process. What is not understood counts as the last. The annotations are read from the
source and never evaluated.

>>> reader(ast.parse("list[float]", mode="eval").body, ast.unparse)([1, 2.5])
[1.0, 2.5]
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from callwright.record import Json

Reader = Callable[[Json], Json]
"""Returns the value as the function gets it; raises Unfit for one that is not of the type."""
Resolve = Callable[[ast.expr], "str | ast.expr | None"]
"""What a name in an annotation stands for: the dotted name of an import or a builtin, or its definition."""

_SCALARS: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "None": (type(None),)}
_ANY = {"typing.Any", "object"}
_LISTS = {"list", "typing.List"} | {
    f"{module}.{name}"
    for module in ("typing", "collections.abc")
    for name in ("Sequence", "MutableSequence", "Iterable", "Collection")
}
_DICTS = {"dict", "typing.Dict"} | {
    f"{module}.{name}" for module in ("typing", "collections.abc") for name in ("Mapping", "MutableMapping")
}
_DEPTH = 20


class Unfit(Exception):
    """Something that Monty does not take; the message says what."""


def reader(annotation: ast.expr, resolve: Resolve, depth: int = 0) -> Reader:
    """Return the reader of a parameter with this annotation; raises Unfit if it has to be converted."""
    if depth > _DEPTH:
        raise Unfit("a type that contains itself")
    if isinstance(annotation, ast.Constant):
        return _constant(annotation.value, resolve, depth)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _union([annotation.left, annotation.right], resolve, depth)
    if isinstance(annotation, ast.Subscript):
        return _generic(annotation, resolve, depth)
    meaning = resolve(annotation)
    if isinstance(meaning, ast.expr):
        return reader(meaning, resolve, depth + 1)
    if meaning in _SCALARS:
        return _instance(*_SCALARS[meaning])
    if meaning == "float":
        return _as_float
    if meaning in _ANY:
        return _unchanged
    if meaning in ("list", "dict"):
        return _instance(list if meaning == "list" else dict)
    raise Unfit(f"a parameter of type {ast.unparse(annotation)}")


def _constant(value: object, resolve: Resolve, depth: int) -> Reader:
    if value is None:
        return _instance(type(None))
    if isinstance(value, str):
        try:
            return reader(ast.parse(value, mode="eval").body, resolve, depth + 1)
        except SyntaxError:
            pass
    raise Unfit(f"a parameter of type {value!r}")


def _generic(annotation: ast.Subscript, resolve: Resolve, depth: int) -> Reader:
    head = resolve(annotation.value)
    inside = annotation.slice
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    if head in ("typing.Literal", "typing_extensions.Literal"):
        return _literal(parts)
    if head in ("typing.Annotated", "typing_extensions.Annotated"):
        return reader(parts[0], resolve, depth + 1)
    if head == "typing.Optional":
        return _union([inside, ast.Constant(None)], resolve, depth)
    if head == "typing.Union":
        return _union(parts, resolve, depth)
    if head in _LISTS and len(parts) == 1:
        item = reader(parts[0], resolve, depth + 1)
        return lambda value: [item(v) for v in _checked(value, list)]
    if head in _DICTS and len(parts) == 2 and resolve(parts[0]) == "str":
        item = reader(parts[1], resolve, depth + 1)
        return lambda value: {k: item(v) for k, v in _checked(value, dict).items()}
    raise Unfit(f"a parameter of type {ast.unparse(annotation)}")


def _literal(parts: list[ast.expr]) -> Reader:
    kinds = {type(part.value) for part in parts if isinstance(part, ast.Constant)}
    if not all(isinstance(part, ast.Constant) for part in parts) or not kinds <= {str, int, bool, type(None)}:
        raise Unfit("a literal of members")
    return _instance(*kinds)


def _union(arms: list[ast.expr], resolve: Resolve, depth: int) -> Reader:
    readers = [reader(arm, resolve, depth + 1) for arm in arms]

    def read(value: Json) -> Json:
        read_as: list[Json] = []
        for arm in readers:
            try:
                read_as.append(arm(value))
            except Unfit:
                continue
        # An integer for `int | float` would be read differently by the two; the process knows the order.
        if not read_as or any(repr(other) != repr(read_as[0]) for other in read_as):
            raise Unfit(f"{value!r:.80} for a union")
        return read_as[0]

    return read


def _instance(*kinds: type) -> Reader:
    def read(value: Json) -> Json:
        if type(value) not in kinds:
            raise Unfit(f"{value!r:.80} is not of the type")
        return value

    return read


def _checked(value: Json, kind: type) -> Json:
    if type(value) is not kind:
        raise Unfit(f"{value!r:.80} is not of the type")
    return value


def _as_float(value: Json) -> Json:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            pass
    raise Unfit(f"{value!r:.80} is not of the type")


def _unchanged(value: Json) -> Json:
    return value
