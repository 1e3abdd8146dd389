"""The public functions and classes of a module, and how a function is described and called."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from typing import Annotated, Any, NamedTuple

from callwright.toolbox.child import docstrings
from callwright.toolbox.child.members import Member
from callwright.toolbox.child.notes import default_of
from callwright.toolbox.child.shapes import Defect, Shaper


class Function(NamedTuple):
    """A function as the process calls it."""

    name: str
    call: Callable[[Any], object]
    """Takes the JSON object of the arguments."""
    description: dict[str, Any]
    """The fields of `record.Tool`."""


def public(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes that the module itself defines, in the order of their definition."""
    names = vars(module).get("__all__")
    for name, value in list(vars(module).items()):
        if name.startswith("_") or (names is not None and name not in names) or not callable(value):
            continue
        defined = value if isinstance(value, type) else inspect.unwrap(value)
        if not isinstance(defined, type) and not inspect.isfunction(defined):
            continue
        if defined.__module__ == module.__name__ and defined.__name__ == name:
            yield name, value


def read(
    name: str, function: Callable[..., Any], target: Callable[..., Any] | None = None, *, skip: int = 0
) -> Function:
    """Return how to describe and call `function`; Defect says what stands in the way.

    A method is described without its first parameter (`skip` 1), and calls `target` in its place.
    """
    plain = inspect.unwrap(function)
    try:
        hints = typing.get_type_hints(plain, include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise Defect(f"its annotations can not be read: {error}") from None
    doc = docstrings.parse(function.__doc__)
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    members = [_member(p, hints, doc) for p in parameters]
    shaper = Shaper()
    called = function if target is None else target
    shape = shaper.members(members, _awaited(called) if inspect.iscoroutinefunction(plain) else called)
    if shape.read is None:  # never: an object always has a reader
        raise Defect("its arguments can not be read")
    schema = dict(shape.schema)
    if shaper.definitions:
        schema["$defs"] = shaper.definitions
    described = {"name": name, "description": doc.description, "parameters": schema}
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
    description = doc.parameters.get(name, "")
    field = default_of(parameter.default)
    if field is not None:
        required, default = field
        annotated: Any = Annotated[hints[name], parameter.default]
        return Member(name, annotated, required, default, description, fill=not required)
    required = parameter.default is parameter.empty
    return Member(name, hints[name], required, None if required else parameter.default, description)


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
    import asyncio  # half of the start-up time of a process, so only where it is needed

    return lambda **arguments: asyncio.run(function(**arguments))
