"""The public functions of a module, each with its description and the reader of its arguments."""

from __future__ import annotations

import asyncio
import inspect
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from callwright.toolbox.child import docstrings
from callwright.toolbox.child.members import Member
from callwright.toolbox.child.shapes import Defect, Shaper


class Function(NamedTuple):
    """A function as the process calls it."""

    name: str
    call: Callable[[Any], object]
    """Takes the JSON object of the arguments."""
    description: dict[str, Any]
    """The fields of `record.Tool`."""


def public(module: types.ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the functions that the module itself defines, in the order of their definition."""
    names = vars(module).get("__all__")
    for name, value in list(vars(module).items()):
        if name.startswith("_") or (names is not None and name not in names) or not callable(value):
            continue
        function = inspect.unwrap(value)
        if (
            inspect.isfunction(function)
            and function.__module__ == module.__name__
            and function.__name__ == name
        ):
            yield name, value


def read(name: str, function: Callable[..., Any]) -> Function:
    """Return how to describe and call `function`; Defect says what stands in the way."""
    try:
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise Defect(f"its annotations can not be read: {error}") from None
    doc = docstrings.parse(function.__doc__)
    members = [_member(p, hints, doc) for p in inspect.signature(function).parameters.values()]
    shaper = Shaper()
    target = _awaited(function) if inspect.iscoroutinefunction(inspect.unwrap(function)) else function
    shape = shaper.members(members, target)
    if shape.read is None:  # never: an object always has a reader
        raise Defect("its arguments can not be read")
    parameters = dict(shape.schema)
    if shaper.definitions:
        parameters["$defs"] = shaper.definitions
    described = {"name": name, "description": doc.description, "parameters": parameters}
    returns = _returns(hints)
    return Function(name, shape.read, described | ({"returns": returns} if returns else {}))


def _member(parameter: inspect.Parameter, hints: dict[str, Any], doc: docstrings.Doc) -> Member:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        star = "*" if parameter.kind == parameter.VAR_POSITIONAL else "**"
        raise Defect(f"{star}{name}: name each parameter")
    if parameter.kind == parameter.POSITIONAL_ONLY:
        raise Defect(f"{name}: calls are by keyword, so it must not be positional-only")
    if name not in hints:
        raise Defect(f"{name}: no type")
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    return Member(name, hints[name], required, default, doc.parameters.get(name, ""))


def _returns(hints: dict[str, Any]) -> dict[str, Any] | None:
    if "return" not in hints:
        return None
    shaper = Shaper()
    try:
        schema = shaper.shape(hints["return"]).schema
    except Defect:
        return None  # a result is judged by its value; its type is only a hint to the model
    return schema | ({"$defs": shaper.definitions} if shaper.definitions else {})


def _awaited(function: Callable[..., Any]) -> Callable[..., object]:
    return lambda **arguments: asyncio.run(function(**arguments))
