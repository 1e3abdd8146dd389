"""The named parts of an object: a function's parameters, the fields of a class."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

from callwright.toolbox.child import docstrings


class Member(NamedTuple):
    """A named part of an object: a function's parameter or a class's field."""

    name: str
    annotation: Any
    required: bool
    default: object = None
    description: str = ""
    fill: bool = False
    """Whether the default has to be passed, because the parameter's own is only a description of it."""


def fields(cls: type) -> list[Member] | None:
    """Return the fields of a dataclass, TypedDict or NamedTuple; None for any other class."""
    hints = typing.get_type_hints(cls, include_extras=True)
    described = docstrings.fields_of(cls)
    if dataclasses.is_dataclass(cls):
        return [_dataclass_member(f, hints[f.name], described) for f in dataclasses.fields(cls) if f.init]
    if typing.is_typeddict(cls):
        needed: frozenset[str] = vars(cls)["__required_keys__"]
        return [
            Member(n, hint, _needed(n, hint, needed), None, described.get(n, "")) for n, hint in hints.items()
        ]
    if issubclass(cls, tuple) and "_fields" in vars(cls):
        defaults: Mapping[str, object] = vars(cls)["_field_defaults"]
        return [
            Member(n, hints.get(n, Any), n not in defaults, defaults.get(n), described.get(n, ""))
            for n in vars(cls)["_fields"]
        ]
    return None


def _needed(name: str, hint: Any, needed: frozenset[str]) -> bool:
    # Where annotations are strings, the class could not see what they say when it was made.
    origin = typing.get_origin(hint)
    return origin is typing.Required or (name in needed and origin is not typing.NotRequired)


def _dataclass_member(field: dataclasses.Field[Any], hint: Any, described: Mapping[str, str]) -> Member:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    required = default is dataclasses.MISSING
    return Member(field.name, hint, required, None if required else default, described.get(field.name, ""))
