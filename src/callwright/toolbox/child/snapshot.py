"""The state of objects as JSON, and what changed between two such snapshots.

>>> differences({"A": {"balance": 1, "log": []}}, {"A": {"balance": 3, "log": ["paid"]}})
[['A.balance', 1, 3], ['A.log[0]', None, 'paid']]

Equal states give equal snapshots: sets are sorted, an object that was met before is written as a reference
to its place, such as ``<FileSystem.root>``, and what has no JSON form as its type. Attributes are read where
they are stored, so that no code of the tools runs.
"""

from __future__ import annotations

import enum
import json
import math
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from callwright.toolbox.child import results

MAX_VALUES, MAX_DEPTH = 200_000, 100
"""Of one snapshot; a larger or deeper state is not compared to its end, and says so."""
MAX_CHANGES = 200
MAX_CHARACTERS = 1000
"""Of one value in a change; a longer one is named by its digest."""
NOT_COMPARED = "(not compared)"
FURTHER = "(further changes)"
_ABSENT = object()
_SEQUENCES: tuple[Any, ...] = (list, deque, set, frozenset)

Json = Any


class Elements(list[Json]):
    """The members of a set: sorted, so they have no place of their own."""


def snapshot(objects: Mapping[str, object], *, private: bool = False) -> dict[str, Json]:
    """Return each object as JSON under its name: its public attributes, or with `private` all of them."""
    renderer = _Renderer(private)
    found = {name: renderer.render(value, name, 0) for name, value in objects.items()}
    if renderer.cut:
        found[NOT_COMPARED] = f"behind the first {MAX_VALUES} values, or deeper than {MAX_DEPTH} levels"
    return found


class _Renderer:
    def __init__(self, private: bool) -> None:
        self.cut = False
        self._left = MAX_VALUES
        self._private = private
        self._places: dict[int, str] = {}
        self._alive: list[object] = []  # no address may come to mean something else in the meantime

    def render(self, value: Any, path: str, depth: int) -> Json:
        self._left -= 1
        kind = type(value)
        if kind is str:
            return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -results.MAX_INTEGER <= value <= results.MAX_INTEGER else str(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        if self._left < 0 or depth > MAX_DEPTH:
            self.cut = True
            return f"<{kind.__name__}>"
        if id(value) in self._places:
            return f"<{self._places[id(value)]}>"
        self._alive.append(value)
        self._places[id(value)] = path
        found = self._parts(value, path, depth + 1)
        if isinstance(value, dict | list | tuple | set | frozenset | deque):
            del self._places[id(value)]  # these are equal by what they hold; only a cycle is a reference
        return found

    def _parts(self, value: Any, path: str, depth: int) -> Json:
        if isinstance(value, dict):
            pairs = [(_key(key), item) for key, item in dict.items(value)]
            return {key: self.render(item, member(path, key), depth) for key, item in pairs}
        for kind in _SEQUENCES:
            if isinstance(value, kind):
                items = [self.render(v, f"{path}[{i}]", depth) for i, v in enumerate(kind.__iter__(value))]
                if kind in (list, deque):
                    return items
                return Elements(sorted(items, key=lambda item: (type(item).__name__, repr(item))))
        if isinstance(value, enum.Enum | str | int | float) or not _is_own(value):
            return self._converted(value, path, depth)
        stored = list(attributes(value))
        if not stored and not hasattr(value, "__dict__"):
            return self._converted(value, path, depth)
        wanted = [(name, v) for name, v in stored if self._private or not name.startswith("_")]
        return {name: self.render(v, f"{path}.{name}", depth) for name, v in wanted}

    def _converted(self, value: Any, path: str, depth: int) -> Json:
        if isinstance(value, bytes | bytearray):
            return value.hex()
        try:
            plain = results.plain(value)
        except (results.NotJson, ValueError, TypeError, ArithmeticError):
            return f"<{type(value).__name__}>"
        return self.render(plain, path, depth)


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an object where they are stored: in itself, its slots, and its own classes."""
    stored = dict(getattr(value, "__dict__", {}))
    yield from stored.items()
    for cls in type(value).__mro__:
        if not _is_own_class(cls):
            continue
        for name, item in vars(cls).items():
            if name in stored or name.startswith("__"):
                continue
            if isinstance(item, types.MemberDescriptorType):
                try:
                    item = item.__get__(value)
                except AttributeError:  # a slot that was never filled
                    continue
            elif callable(item) or hasattr(item, "__get__"):
                continue
            stored[name] = item
            yield name, item


def _is_own(value: object) -> bool:
    if isinstance(value, type | types.ModuleType):
        return False
    return isinstance(value, types.SimpleNamespace) or _is_own_class(type(value))


def _is_own_class(cls: type) -> bool:
    return cls.__module__.partition(".")[0] not in sys.stdlib_module_names


def _key(key: Any) -> str:
    if type(key) is not str:
        try:
            key = results.plain(key) if isinstance(key, enum.Enum) or not isinstance(key, str | int) else key
        except results.NotJson:
            return f"<{type(key).__name__}>"
    return str(key).encode("utf-8", "backslashreplace").decode()


def member(path: str, key: str) -> str:
    """Return the path of a member of what lies at `path`."""
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key, ensure_ascii=False)}]"


def differences(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[list[Json]]:
    """Return path, value before and value after of each change, None for what was absent.

    Many changes, and long values, are cut to what a reader can take in; a digest stands for the rest.
    """
    found = [[path, old, new] for path, old, new in _changes(before, after)]
    rest = found[MAX_CHANGES:]
    found = [[path, _short(old), _short(new)] for path, old, new in found[:MAX_CHANGES]]
    if rest:
        found.append([FURTHER, None, f"<{len(rest)} more, {_digest(json.dumps(rest))}>"])
    return found


def _changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[tuple[str, Json, Json]]:
    if NOT_COMPARED in before or NOT_COMPARED in after:
        yield NOT_COMPARED, before.get(NOT_COMPARED), after.get(NOT_COMPARED)
    for name in (*before, *(name for name in after if name not in before)):
        if name != NOT_COMPARED:
            yield from _between(before.get(name, _ABSENT), after.get(name, _ABSENT), name)


def _between(before: Json, after: Json, path: str) -> Iterator[tuple[str, Json, Json]]:
    if type(before) is dict and type(after) is dict:
        for key in (*before, *(key for key in after if key not in before)):
            yield from _between(before.get(key, _ABSENT), after.get(key, _ABSENT), member(path, key))
    elif type(before) is list and type(after) is list:
        for i in range(max(len(before), len(after))):
            old, new = (values[i] if i < len(values) else _ABSENT for values in (before, after))
            yield from _between(old, new, f"{path}[{i}]")
    elif type(before) is not type(after) or before != after:
        yield path, None if before is _ABSENT else before, None if after is _ABSENT else after


def _short(value: Json) -> Json:
    if value is None or type(value) in (bool, int, float):
        return value
    text = json.dumps(value)
    if len(text) <= MAX_CHARACTERS:
        return value
    return f"<{len(text)} characters, {_digest(text)}>"


def _digest(text: str) -> str:
    import hashlib  # takes longer to import than most tools to run

    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"
