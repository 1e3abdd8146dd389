"""Classes as tool sets with a state: their public methods are tools, and each episode gets fresh instances.

A tool set is a public class that the module itself defines, that needs nothing to be made, and that has at
least one public method with types. Values (dataclasses, enumerations, typed dictionaries, named tuples,
models, exceptions) and protocols are none.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from callwright.toolbox.child import functions, snapshot
from callwright.toolbox.child.shapes import Defect, Shaper

LOADER = "_load_scenario"
"""The method that takes an initial state, by the convention of BFCL's back ends."""
_MISSING = object()


class StateRefused(ValueError):
    """An initial state does not fit its class; the message says why."""


class ToolSet:
    """A class whose methods are tools; they act on the instance of the running episode."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.name = cls.__name__
        self.instance: Any = None
        self.methods: dict[str, functions.Function] = {}
        self.defects: list[str] = []
        self._readers: dict[object, Callable[[Any], object] | None] = {}
        """By attribute: what reads a part of a state; to find out takes longer than an episode."""
        for name, method, skip in _methods(cls):
            try:
                self.methods[name] = functions.read(name, method, self._target(name), skip=skip)
            except Defect as defect:
                self.defects.append(f"{self.name}.{name} ({defect})")

    def _target(self, name: str) -> Callable[..., Any]:
        return lambda **arguments: getattr(self.instance, name)(**arguments)

    def begin(self, state: Mapping[str, Any] | None) -> None:
        """Make a fresh instance in its initial state; raises StateRefused, and what the class raises."""
        self.instance = None  # should this fail, nobody acts on the one before
        if state is None or callable(getattr(self.cls, LOADER, None)):
            instance = self.cls()
            if state is not None:
                getattr(instance, LOADER)(state)
        else:
            instance = self._with(state)
        self.instance = instance

    def _with(self, state: Mapping[str, Any]) -> Any:
        hints, accepted = _hints(vars(self.cls).get("__init__")), _keywords(self.cls)
        given = {
            name: self._read(name, value, hints.get(name))
            for name, value in state.items()
            if name in accepted
        }
        instance = self.cls(**given)
        hints = _hints(self.cls)
        for name, value in state.items():
            if name in given:
                continue
            before = _MISSING if name.startswith("_") else getattr(instance, name, _MISSING)
            if before is _MISSING or callable(before):
                raise StateRefused(f"{self.name} has no attribute {name!r} to set; it has {_known(instance)}")
            setattr(instance, name, self._read(name, value, hints.get(name, type(before))))
        return instance

    def _read(self, name: str, value: Any, annotation: Any) -> object:
        """Return `value` as the type that is asked for, where that type has a JSON form."""
        key = (name, annotation) if isinstance(annotation, type) else name
        if key not in self._readers:
            self._readers[key] = _reader(annotation)
        read = self._readers[key]
        if read is None:
            return value
        try:
            return read(value)
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
            raise StateRefused(f"{name!r} does not fit: {error}") from None


def tool_sets(classes: Iterable[type]) -> list[ToolSet]:
    """Return those of `classes` that are tool sets; a set may have defects."""
    sets = [ToolSet(cls) for cls in classes if _has_state(cls)]
    return [found for found in sets if found.methods or found.defects]


def _has_state(cls: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    if dataclasses.is_dataclass(cls) or typing.is_typeddict(cls) or getattr(cls, "_is_protocol", False):
        return False
    if issubclass(cls, enum.Enum | BaseException | tuple) or inspect.isabstract(cls):
        return False
    if pydantic and issubclass(cls, pydantic.BaseModel):
        return False
    return _needs_nothing(cls) and any(_is_typed(method) for _, method, _ in _methods(cls))


def _needs_nothing(cls: type) -> bool:
    try:
        inspect.signature(cls).bind()
    except (TypeError, ValueError):
        return False
    return True


def _methods(cls: type) -> Iterator[tuple[str, Callable[..., Any], int]]:
    """Yield name, function, and how many parameters a caller does not give, of each public method."""
    seen: set[str] = set()
    for owner in cls.__mro__:
        if owner.__module__.partition(".")[0] in sys.stdlib_module_names:
            continue
        for name, value in vars(owner).items():
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            if isinstance(value, staticmethod):
                yield name, value.__func__, 0
            elif isinstance(value, classmethod):
                yield name, value.__func__, 1
            elif callable(value) and inspect.isfunction(inspect.unwrap(value)):
                yield name, value, 1


def _is_typed(method: Callable[..., Any]) -> bool:
    return bool(getattr(inspect.unwrap(method), "__annotations__", None))


def _hints(owner: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError):
        return {}


def _keywords(cls: type) -> set[str]:
    parameters = inspect.signature(cls).parameters.values()
    return {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def _reader(annotation: Any) -> Callable[[Any], object] | None:
    """Return what makes a value of JSON one of the type; None where it stays as it is."""
    if annotation is None:
        return None
    try:
        return Shaper().shape(annotation).read
    except Defect:
        return None


def _known(instance: Any) -> str:
    names = [name for name, _ in snapshot.attributes(instance) if not name.startswith("_")]
    return ", ".join(names[:20]) or "none"
