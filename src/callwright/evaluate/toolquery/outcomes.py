"""What comes of a call: a value, a refusal, an exception, or nothing because it was never recorded.

A tool answers by raising, too: an argument that is missing or of the wrong type is shown to the model as
`ERROR | KeyError('movie_id')`, which is how AgentBoard shows every exception of a tool.

>>> raised(KeyError("movie_id")).text
"ERROR | KeyError('movie_id')"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal, NamedTuple

from callwright.evaluate.toolquery.tasks import DomainName, Step, Task
from callwright.record import Json, Tool

ERROR = "ERROR | "
"""How the observation of a call begins that AgentBoard counts as not grounded."""


class Outcome(NamedTuple):
    """What a call gives, and what the model reads of it."""

    kind: Literal["value", "failed", "raised", "missed"]
    text: str
    value: Json = None
    """The result, where there is one; never changed."""


def value(result: Json) -> Outcome:
    """Return the outcome of a call that worked."""
    return Outcome("value", str(result), result)


def failed(text: str) -> Outcome:
    """Return the outcome of a call that its tool refused."""
    return Outcome("failed", text)


def raised(error: Exception) -> Outcome:
    """Return the outcome of a call that ended in an exception."""
    return Outcome("raised", f"{ERROR}{type(error).__name__}({error})")


def missed(name: str) -> Outcome:
    """Return the outcome of a call that would have needed the live service."""
    return Outcome("missed", f"{ERROR}CacheMiss({name} was never recorded with these arguments)")


Answer = Callable[[str, Json], Outcome]
"""Answers a call of a domain's own tools, by name and arguments as a model gave them; may raise anything."""


@dataclass(frozen=True)
class Domain:
    """A set of tools and what answers them; shared by all sessions and never changed."""

    name: DomainName
    tools: tuple[Tool, ...]
    begin: Callable[[Task], Answer]
    """Returns what answers one session's calls; what changes in between is its own."""
    some_call: Callable[[Random], Step]
    """Returns a call that has an answer, drawn at random."""
    hint: str = ""
    """One sentence of the prompt about these tools."""

    @cached_property
    def parameters(self) -> Mapping[str, tuple[str, ...]]:
        """Return the names of every tool's parameters."""
        return parameter_names(self.tools)


def parameter_names(tools: tuple[Tool, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the names of every tool's parameters, in the order of its schema."""
    return {tool.name: tuple(tool.parameters.get("properties", {})) for tool in tools}
