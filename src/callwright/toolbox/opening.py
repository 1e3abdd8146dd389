"""From what a user names, a file or a server, to its tools and to what calls them.

>>> kind_of("mcp:python server.py"), kind_of("api.yaml")
('mcp', 'document')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from callwright.errors import ConfigError, ToolsError
from callwright.record import Episode, Isolation, Observation, Played, Tool, ToolCall
from callwright.toolbox.python import Toolbox, import_python

IsolationName = Literal["auto", "monty", "bwrap", "landlock", "process", "none"]


class Tools(Protocol):
    """Tools that were read from somewhere."""

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Return the tools in their order."""
        ...

    @property
    def sha256(self) -> str:
        """Return the hash of what they were read from."""
        ...


class Caller(Protocol):
    """Calls tools; a context manager that ends whatever it started."""

    @property
    def isolation(self) -> Isolation:
        """Return the level that calls run at on this machine."""
        ...

    def __call__(self, call: ToolCall) -> Observation: ...
    def many(self, calls: Sequence[ToolCall]) -> list[Observation]: ...
    def play(self, episodes: Sequence[Episode]) -> list[Played]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True)
class Limits:
    """What calls may take, and how they are kept in."""

    isolation: IsolationName = "auto"
    timeout: float = 2.0
    """Seconds for one call."""
    http: str = "mock"
    """Where HTTP tools get answers from: mock, replay:FILE, record:FILE or live."""
    allow: tuple[str, ...] = ()
    """Hosts that live HTTP tools may call, each with a method in front or for GET only."""
    workers: int = 1


def kind_of(name: str) -> Literal["mcp", "python", "document"]:
    """Tell what a user's name for tools stands for."""
    if name.startswith("mcp:"):
        return "mcp"
    return "document" if Path(name).suffix in (".json", ".jsonl", ".yaml", ".yml") else "python"


def import_tools(name: str, *, isolation: IsolationName = "auto") -> Tools:
    """Return the tools of a Python file, an OpenAPI document, declarations in JSON, or an MCP server.

    Raises `ToolsError` for what holds none and `ExtraMissing` where MCP is not installed.
    """
    kind = kind_of(name)
    if kind == "python":
        return import_python(Path(name))
    if kind == "mcp":
        from callwright.toolbox.mcp import import_mcp

        return import_mcp(name, isolation=_of_programs(isolation))
    if _is_openapi(Path(name)):
        from callwright.toolbox.openapi import import_openapi

        return import_openapi(Path(name))
    from callwright.toolbox.declared import import_declared

    return import_declared(Path(name))


def caller(box: Tools, limits: Limits) -> Caller:
    """Return what calls the tools within limits; raises `ToolsError` where there is nothing to call."""
    if isinstance(box, Toolbox):
        return _python(box, limits)
    # Only one of these is needed, and each brings packages along.
    from callwright.toolbox.declared import Declared
    from callwright.toolbox.openapi import Api

    if isinstance(box, Declared):
        raise ToolsError(
            "only declares tools", place=str(box.path), expected="something that can be called",
            hint="a Python file, an OpenAPI document or mcp:COMMAND",
        )  # fmt: skip
    if isinstance(box, Api):
        from callwright.toolbox.http import HttpExecutor

        return HttpExecutor(box, mode=limits.http, allow=limits.allow, timeout=limits.timeout)
    from callwright.toolbox.mcp import McpExecutor, McpServer

    assert isinstance(box, McpServer)
    level = _of_programs(limits.isolation)
    return McpExecutor(box, timeout=limits.timeout, isolation=level, workers=limits.workers)


def _python(box: Toolbox, limits: Limits) -> Caller:
    from callwright.toolbox import monty
    from callwright.toolbox.execute import Executor

    level = "auto" if limits.isolation == "monty" else limits.isolation
    executor = Executor(box, timeout=limits.timeout, workers=limits.workers, isolation=level)
    if limits.isolation == "monty" or (limits.isolation == "auto" and monty.available()):
        return monty.MontyExecutor(box, executor, timeout=limits.timeout, workers=limits.workers)
    return executor


def _of_programs(isolation: IsolationName) -> Literal["auto", "bwrap", "none"]:
    """Return the level for a program that is not Python's: the interpreter's own levels can not hold it."""
    if isolation in ("auto", "bwrap", "none"):
        return isolation
    raise ConfigError(
        "an MCP server can not be kept at this level",
        place="isolation", expected="auto, bwrap or none", got=isolation,
    )  # fmt: skip


_OPENAPI = re.compile(rb"""(?:^|[{,])\s*["']?(?:openapi|swagger)["']?\s*:\s*["']?[1-9]""", re.MULTILINE)


def _is_openapi(path: Path) -> bool:
    """Tell whether a document says that it is an OpenAPI (or Swagger) one; a missing file says nothing."""
    try:
        return _OPENAPI.search(path.read_bytes()) is not None
    except OSError:
        return False
