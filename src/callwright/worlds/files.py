"""Worlds out of files and servers of the user: tools as `toolbox` reads them, modules, files of rows."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from callwright.augmentation import tools_of
from callwright.engine import Row
from callwright.errors import ToolsError
from callwright.record import Json, Trajectory
from callwright.store import read_lines, read_some, sha256_file
from callwright.toolbox import (
    Caller,
    IsolationName,
    Limits,
    Toolbox,
    Tools,
    caller,
    import_python,
    import_tools,
)
from callwright.worlds.world import State, World

_ROWS = (".jsonl", ".jsonl.zst", ".jsonl.gz")


def open_file(name: str, *, isolation: IsolationName = "auto") -> World:
    """Return the world of a file or a server."""
    if name.endswith(_ROWS) and _holds_rows(Path(name)):
        return _of_rows(Path(name))
    return world_of(import_tools(name, isolation=isolation), name)


def world_of(box: Tools, name: str = "") -> World:
    """Return the world of tools that were read already."""
    from callwright.toolbox.declared import Declared

    if isinstance(box, Declared):
        return World(
            name, box.tools, box.sha256, partial(caller, box), _nothing,
            licence=box.licence, executable=False, box=box,
        )  # fmt: skip
    if not isinstance(box, Toolbox):
        return World(name, box.tools, box.sha256, partial(caller, box), _nothing, box=box)
    return World(
        name or str(box.path), box.tools, box.sha256, partial(caller, box), partial(_known, box),
        states=(None, *box.states), policy=box.policy, box=box,
    )  # fmt: skip


def open_module(name: str, *, isolation: IsolationName = "auto") -> World:
    """Return the world of a module, whose file is imported in isolation and nowhere else."""
    level = "auto" if isolation == "monty" else isolation
    return world_of(import_python(source_of(name), isolation=level), f"module:{name}")


def source_of(name: str) -> Path:
    """Return the file of a module without importing anything; raises ToolsError unless it is a single one."""
    place, parts = f"module:{name}", name.split(".")
    spec: importlib.machinery.ModuleSpec | None = None
    folders: Iterable[str] | None = None
    for number in range(1, len(parts) + 1):
        head = ".".join(parts[:number])
        spec = _found(head, folders) if parts[number - 1].isidentifier() else None
        if spec is None:
            raise ToolsError(
                "no such module", place=place, got=f"nothing named {head!r}",
                hint="install it beside callwright, or give the path of its file",
            )  # fmt: skip
        folders = spec.submodule_search_locations
        if folders is None:
            break
    if folders is not None:
        raise ToolsError("a package", place=place, expected="the name of one of its modules")
    origin = str(spec.origin if spec else None)
    if spec is None or spec.name != name or not origin.endswith(".py"):
        raise ToolsError(
            "not a module with a source file", place=place, expected="a .py file of typed functions",
            got=origin,
        )  # fmt: skip
    return Path(origin)


def _found(name: str, folders: Iterable[str] | None) -> importlib.machinery.ModuleSpec | None:
    """Return where a module lies; the working directory counts, as it does for ``python -m``."""
    if folders is None:
        here = importlib.machinery.PathFinder.find_spec(name, [os.getcwd()])
        if here is not None and here.origin is not None:
            return here
    path = None if folders is None else list(folders)
    specs = (finder.find_spec(name, path) for finder in sys.meta_path)
    return next((spec for spec in specs if spec is not None), None)


def _known(box: Toolbox, state: State) -> Json:
    """Return the public data of the classes in a state: what is given stands in for what they start with."""
    given = state or {}
    return {name: _laid_over(start, given.get(name)) for name, start in box.start.items()}


def _laid_over(start: Json, given: Json) -> Json:
    return {**start, **given} if isinstance(start, dict) and isinstance(given, dict) else given or start


def _nothing(state: State) -> Json:
    return {}


def _holds_rows(path: Path) -> bool:
    """Tell whether the first line of a file is a row; what can not be read is somebody else's to complain."""
    if not path.is_file():
        return False
    first = next((line for _, line in read_lines(path)), b"")
    try:
        value = msgspec.json.decode(first)
    except ValueError:
        return False
    return isinstance(value, Mapping) and {"id", "schema_version"} <= value.keys()


def _of_rows(path: Path) -> World:
    licences: set[str] = set()
    tools = tools_of(_noted(read_some(path, "worlds"), licences), limit=None)
    if not tools:
        raise ToolsError("its rows offer no tools", place=str(path))
    return World(
        str(path), tools, sha256_file(path), partial(_not_callable, str(path)), _nothing,
        licence=", ".join(sorted(licences)), executable=False,
    )  # fmt: skip


def _noted(rows: Iterable[Row], licences: set[str]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, Trajectory) and row.source is not None and row.source.license:
            licences.add(row.source.license)
        yield row


def _not_callable(place: str, limits: Limits) -> Caller:
    raise ToolsError(
        "rows only declare their tools", place=place, expected="something that can be called",
        hint="name the tools themselves: a Python file, an OpenAPI document, mcp:COMMAND, bfcl or tau:DOMAIN",
    )  # fmt: skip
