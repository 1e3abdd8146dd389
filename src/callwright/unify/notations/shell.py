"""Agents that work in a shell: the one tool of those whose calls are a command written as text."""

from __future__ import annotations

from functools import lru_cache

from callwright.unify.notations.calls import Call
from callwright.unify.tools import Toolset, assemble, make_tool

NAME = "bash"


@lru_cache(maxsize=1)
def tools() -> Toolset:
    """Return the shell as a tool of kind "env"."""
    schema = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
    about = "Run a command in the shell, or one of the special commands that the instruction lists."
    return assemble([make_tool(NAME, about, schema, kind="env")])


def command(text: str) -> Call:
    """Return the call that runs a command."""
    return Call(NAME, {"command": text})
