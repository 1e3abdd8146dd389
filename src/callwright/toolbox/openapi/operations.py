"""What an operation of a specification is, apart from the tool that a model gets to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from callwright.record import Json, Tool

Place = Literal["path", "query", "header", "cookie", "body"]


@dataclass(frozen=True)
class Argument:
    """Where one argument of a call goes."""

    name: str
    """As the tool calls it."""
    wire: str
    """As the server calls it; empty for an argument that is the whole body."""
    place: Place
    style: str = ""
    """How a list or an object is written, for example form or deepObject."""
    explode: bool = False
    reserved: bool = False
    """Whether ``:/?@!$'()*,;`` stay as they are in a query."""
    content: str = ""
    """Content type, where the value is written as a document of its own."""


@dataclass(frozen=True)
class Scheme:
    """One way to prove who asks. Its secret is not here, it is in the environment."""

    name: str
    kind: Literal["header", "query", "cookie", "bearer", "basic", "unsupported"]
    field: str = ""
    """Name of the header, query parameter or cookie."""


@dataclass(frozen=True)
class Response:
    """What one status may bring."""

    status: str
    """Three digits, a class such as ``2XX``, or ``default``."""
    content: str = ""
    """Content type; empty for a response without content."""
    schema: dict[str, Json] | None = None
    examples: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Operation:
    """How to call one operation."""

    name: str
    method: str
    """In capitals."""
    path: str
    """The template, for example ``/pets/{petId}``."""
    arguments: tuple[Argument, ...] = ()
    content: str = ""
    """Content type of the request body; empty for none."""
    open_body: bool = False
    """Whether arguments that `arguments` does not name are fields of the body."""
    servers: tuple[str, ...] = ()
    security: tuple[tuple[Scheme, ...], ...] = ()
    """Alternatives, each of schemes that go together; an empty one means that none is needed."""
    responses: tuple[Response, ...] = ()


@dataclass(frozen=True)
class Api:
    """The tools of one specification, how to call them, and which bytes they were read from."""

    tools: tuple[Tool, ...]
    path: Path
    sha256: str
    operations: Mapping[str, Operation] = field(repr=False)
    """By the name of the tool."""
    skipped: tuple[str, ...] = ()
    """What could not be described, one line an operation."""
