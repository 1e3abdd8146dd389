"""What a conversation is to come to before a word of it is said (APIGen-MT, arXiv 2504.03601 §3).

A blueprint holds the gold actions turn by turn, what the user says for them, what the agent has to tell, and
how the state is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callwright.record import Change, Json, Observation, Tool, ToolCall

Origin = Literal["told", "seen"]
"""Where an argument comes from: the user tells it, or an earlier result shows it."""


@dataclass(frozen=True)
class Action:
    """A gold call, what came back, and where its arguments come from."""

    call: ToolCall
    observation: Observation
    writes: bool
    origins: dict[str, Origin]
    changes: tuple[Change, ...] = ()
    """How the state differs from the beginning after it."""


@dataclass(frozen=True)
class Turn:
    """One wish of the user and what serves it."""

    request: str
    actions: tuple[Action, ...]
    """The last one is the wish; those before it only find out what it needs."""
    outputs: tuple[str, ...] = ()
    """What the agent has to tell."""
    kind: Literal["plain", "missing-argument", "missing-tool"] = "plain"
    withheld: tuple[str, str] = ("", "")
    """In a turn that lacks an argument: its name, and what the user says when asked for it."""


@dataclass(frozen=True)
class Blueprint:
    """A task: where it starts, what is wanted, and what must come of it."""

    id: str
    state: dict[str, Json] | None
    turns: tuple[Turn, ...]
    changes: tuple[Change, ...]
    tools: tuple[Tool, ...] = ()
    """What the agent is offered."""
    policy: str = ""
    seed: int = 0

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Return the gold calls in order."""
        return tuple(action.call for turn in self.turns for action in turn.actions)
