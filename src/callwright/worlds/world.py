"""What a world is: tools, what calls them, and what they act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from callwright.errors import ConfigError
from callwright.record import Json, Tool
from callwright.toolbox import Caller, IsolationName, Limits, Tools

State: TypeAlias = dict[str, Json] | None
"""As `record.Episode.state`: an initial state by class name, None for the one that the tools start with."""


@dataclass(frozen=True)
class World:
    """Tools and the world that they act in. Nothing that it hands out may be changed in place."""

    name: str
    tools: tuple[Tool, ...]
    sha256: str
    """Of what the tools were read from."""
    caller: Callable[[Limits], Caller]
    """Opens what calls the tools; raises ToolsError where nothing can be called."""
    data: Callable[[State], Json]
    """Returns what a person could know and mention in a state: records and values, by table."""
    states: tuple[State, ...] = (None,)
    """Initial states that an episode may start from."""
    policy: str = ""
    """Rules that an agent has to follow."""
    ends: tuple[str, ...] = ()
    """Tools whose call ends a conversation, like handing over to a human."""
    licence: str = ""
    """Of the tools and their data; empty where nobody tells."""
    executable: bool = True
    """Whether there is something to call; without it rows can only be checked as they stand."""
    box: Tools | None = None
    """What `toolbox` read, where the tools are out of a file or from a server."""


def require_no_isolation(place: str, isolation: IsolationName) -> None:
    """Raise ConfigError where calls are to be kept in, of tools that are known and run in this process."""
    if isolation not in ("auto", "none"):
        raise ConfigError(
            f"{place} runs in this process and can not be kept in",
            place="isolation", expected="auto or none", got=isolation,
        )  # fmt: skip
