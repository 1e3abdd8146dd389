"""What became of the conversations of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from callwright.record import Json, Message
from callwright.synthesize.dialogue.blueprint import Blueprint
from callwright.synthesize.dialogue.rollout import calls_of


@dataclass
class Talks:
    """What became of the conversations of a run."""

    candidates: int = 0
    accepted: int = 0
    turns: int = 0
    calls: int = 0
    writes: int = 0
    mended: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """Turns by kind."""
    reasons: Counter[str] = field(default_factory=Counter)
    failed_calls: int = 0
    """Calls that walks tried in vain."""

    def add(self, blueprint: Blueprint, messages: Sequence[Message]) -> None:
        """Count a conversation that was kept."""
        self.accepted += 1
        self.turns += len(blueprint.turns)
        self.calls += len(calls_of(messages))
        self.writes += sum(action.writes for turn in blueprint.turns for action in turn.actions)
        self.mended += sum(message.weight == 0.0 for message in messages)
        self.kinds.update(turn.kind for turn in blueprint.turns)

    def text(self) -> str:
        """Return a few lines for people."""
        n = max(self.accepted, 1)
        kinds = ", ".join(f"{name} {count:,}" for name, count in self.kinds.most_common())
        return (
            f"{self.accepted:,} conversations of {self.candidates:,} candidates: "
            f"{self.turns / n:.1f} user turns, {self.calls / n:.1f} calls, {self.writes / n:.1f} of which "
            f"change the state; {self.mended:,} mistakes mended\nturns: {kinds}\n"
            f"calls that failed on the way to a blueprint: {self.failed_calls:,}"
        )

    def to_json(self) -> dict[str, Json]:
        """Return the counts as plain data."""
        return {
            "candidates": self.candidates, "accepted": self.accepted, "user_turns": self.turns,
            "calls": self.calls, "writes": self.writes, "mended": self.mended, "turn_kinds": dict(self.kinds),
            "reasons": dict(self.reasons), "failed_calls": self.failed_calls,
        }  # fmt: skip
