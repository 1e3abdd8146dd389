"""How an MCP server is named: `mcp:COMMAND ARGS...` for a program, `mcp:https://host/mcp` for an address.

Words in front say which variables of the environment it needs: ``mcp:env:DB_URL my-server --quiet`` passes a
variable on to the program, ``mcp:bearer:TOKEN https://host/mcp`` sends one as the bearer token. The name
holds the variables' names only, so that it can be printed and stored.

    >>> parse("mcp:python server.py")
    Command(words=('python', 'server.py'), variables=())
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from callwright.errors import ToolsError

PREFIX = "mcp:"
_FORMS = "mcp:COMMAND ARGS... or mcp:https://host/mcp"


class Command(NamedTuple):
    """A program that speaks MCP over its standard input and output."""

    words: tuple[str, ...]
    variables: tuple[str, ...] = ()
    """Names of the variables it gets beside the few that every program gets."""


class Url(NamedTuple):
    """A server that speaks MCP over HTTP."""

    url: str
    bearer: str = ""
    """Name of the variable that holds the token."""


def parse(server: str) -> Command | Url:
    """Return what a server's name stands for; raises ToolsError for one that stands for nothing."""
    text = server.removeprefix(PREFIX)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ToolsError(f"not a command: {error}", place=server, expected=_FORMS) from None
    variables = _leading(words, "env:")
    bearers = _leading(words, "bearer:")
    if not words or "\0" in text:
        raise ToolsError("names no MCP server", place=server or PREFIX, expected=_FORMS)
    if not words[0].startswith(("http://", "https://")):
        if bearers:
            raise ToolsError("a program takes no bearer token", place=server, hint="pass it by env:NAME")
        return Command(tuple(words), tuple(variables))
    if variables or len(words) > 1 or len(bearers) > 1:
        raise ToolsError("not an address alone", place=server, expected="mcp:[bearer:NAME] https://host/mcp")
    _check_url(words[0])
    return Url(words[0], *bearers)


def _leading(words: list[str], prefix: str) -> list[str]:
    """Take the leading words with a prefix away, and return what follows the prefix in them."""
    found = []
    while words and words[0].startswith(prefix):
        found.append(words.pop(0).removeprefix(prefix))
    return found


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ToolsError("not an address", place=url, expected="https://host/path")
    if parts.username or parts.password:
        raise ToolsError(
            "holds a password", place=f"{parts.scheme}://…@{parts.hostname}",
            hint="put it into a variable and name that: mcp:bearer:NAME https://host/mcp",
        )  # fmt: skip


def variables(names: Sequence[str], server: str) -> dict[str, str]:
    """Return the values of variables of the environment; raises ToolsError for one that is not set."""
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise ToolsError(f"the variable {missing[0] or '(empty)'} is not set", place=server)
    return {name: os.environ[name] for name in names}
