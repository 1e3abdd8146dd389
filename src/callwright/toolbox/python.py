"""A Python file of typed, documented functions as a toolbox.

Importing a file executes it, so this happens in an isolated process; what comes back is descriptions only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callwright import schema
from callwright.errors import ToolsError
from callwright.record import Json, Tool
from callwright.toolbox.process import Gone, Level, Process, Setup

MEMORY_MB = 4096
"""For the import, which may load large packages."""
_HINTS = {
    "ModuleNotFoundError": "install it beside callwright, or import it inside the function that needs it",
    "relative import": "the file is imported by itself, so it has no neighbours to name with a leading dot",
    "PermissionError": "tools run without network, file writes and other processes, and so does the import",
    "MemoryError": "the import is limited to a few gigabytes",
}


@dataclass(frozen=True)
class Toolbox:
    """The tools of one file, and which bytes they were read from."""

    tools: tuple[Tool, ...]
    path: Path
    sha256: str
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Classes whose methods are tools that share a state, and the names of these tools."""
    policy: str = ""
    """The rules that the file gives to whoever calls its tools."""
    states: tuple[dict[str, Json], ...] = ()
    """Initial states by class name, beside the one that instances start with by themselves."""
    start: Mapping[str, Json] = field(default_factory=dict)
    """Public data of fresh instances, by class name."""


def import_python(path: Path, *, timeout: float = 20, isolation: Level = "auto") -> Toolbox:
    """Return the public functions of a Python file as tools; raises ToolsError for a file that has none.

    A function is public when it is defined in the file itself and its name has no leading underscore (or
    `__all__` names it). Every public function must be describable: one with an untyped parameter is an error.
    So are the public methods of a public class that is no mere value (dataclass, enumeration, model …), that
    needs no argument to be made and that has typed methods: they share the state of an instance.
    """
    path = Path(path).absolute()
    source = read_source(path)
    process = Process(Setup(path, isolation, MEMORY_MB, output_bytes=1024, describe=True))
    try:
        hello = process.hello(timeout)
    except Gone as gone:
        text = (
            f"the import took longer than {timeout:g} s"
            if gone.kind == "timeout"
            else f"the import {gone.text}"
        )
        raise ToolsError(
            text, place=str(path), hint="importing the file must only define functions"
        ) from None
    finally:
        process.stop()
    check_import(hello, path)
    classes = {name: tuple(methods) for name, methods in hello.get("classes", {}).items()}
    tools = _tools(hello, path)
    if hello.get("unfit"):
        raise ToolsError(
            "_scenarios gives no initial states", place=str(path), got=hello["unfit"],
            expected="a list of JSON objects",
        )  # fmt: skip
    return Toolbox(
        tools, path, hashlib.sha256(source).hexdigest(), classes,
        policy=hello.get("policy", ""), states=tuple(hello.get("states", ())), start=hello.get("start", {}),
    )  # fmt: skip


def read_source(path: Path) -> bytes:
    """Return the bytes of a tools file, or raise ToolsError for what is none."""
    if path.is_dir():
        raise ToolsError("a directory", place=str(path), expected="a .py file of typed functions")
    if path.suffix != ".py":
        raise ToolsError(
            "not a Python file", place=str(path), expected="a .py file", got=path.suffix or path.name
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ToolsError("no such file", place=str(path)) from None
    except OSError as error:
        raise ToolsError("can not be read", place=str(path), got=error.strerror or str(error)) from None


def unchanged_source(box: Toolbox) -> bytes:
    """Return the bytes that a toolbox was read from; raises ToolsError if its file holds others by now."""
    source = read_source(box.path)
    if hashlib.sha256(source).hexdigest() != box.sha256:
        raise ToolsError("changed since it was imported", place=str(box.path), hint="import it again")
    return source


def check_import(hello: Mapping[str, Json], path: Path) -> None:
    """Raise ToolsError with the line and the reason if the isolated process could not import the file."""
    error = hello.get("error")
    if error is None:
        return
    kind, text, line = error["kind"], error["text"], error["line"]
    place = f"{path}:{line}" if line else str(path)
    if kind == "SyntaxError":
        raise ToolsError(f"syntax error: {text}", place=place)
    got = f"{kind}: {text}" if text else kind
    known = {"Read-only file system": "PermissionError", "relative import": "relative import"}
    hint = _HINTS.get(next((name for part, name in known.items() if part in text), kind), "")
    raise ToolsError("the import failed", place=place, got=" ".join(got.split()), hint=hint)


def _tools(hello: Mapping[str, Json], path: Path) -> tuple[Tool, ...]:
    """Return the tools that a process described; raises ToolsError where there are none, or defects."""
    defects: list[str] = list(hello.get("defects", []))
    tools = [tool for tool in (_tool(fields, defects) for fields in hello.get("tools", [])) if tool]
    if defects:
        count = "1 function" if len(defects) == 1 else f"{len(defects)} functions"
        raise ToolsError(
            f"{count} can not be described: {'; '.join(defects)}",
            place=str(path),
            hint="give every parameter a type with a JSON form, or start the name of a helper with _",
        )
    if not tools:
        raise ToolsError(
            "no public function", place=str(path), expected="typed functions defined in this file"
        )
    return tuple(tools)


def _tool(fields: Mapping[str, Json], defects: list[str]) -> Tool | None:
    """Return the tool, or None after adding to `defects` why it is none."""
    name, parameters = fields["name"], fields["parameters"]
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", name):
        defects.append(f"{name} (a name has at most 64 letters a to z, digits and underscores)")
        return None
    broken = [issue.got for issue in schema.check(parameters, {}) if issue.code == "bad-schema"]
    if broken:
        defects.append(f"{name} (its schema is not valid: {broken[0]})")
        return None
    return Tool(
        name=name, description=fields["description"], parameters=parameters, returns=fields.get("returns")
    )
