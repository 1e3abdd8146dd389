"""A conversation as a row, and whether it came to what its blueprint wants."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from callwright.record import Episode, Json, Message, Outcome, Source, Task, Trajectory
from callwright.synthesize.dialogue.blueprint import Blueprint
from callwright.synthesize.dialogue.blueprints import Place
from callwright.synthesize.dialogue.review import Approved
from callwright.synthesize.dialogue.rollout import calls_of, told
from callwright.verify import Execute


def row_of(
    approved: Approved, place: Place, messages: Sequence[Message], *, cast: tuple[str, str], seed: int,
    split: str,
) -> Trajectory:  # fmt: skip
    """Return a conversation as a row that tells what it was made from, and by whom: agent and user."""
    blueprint = approved.blueprint
    made: dict[str, Json] = {
        "style": "conversation",
        "family": "dialogue",
        "gold_tools": list(dict.fromkeys(call.name for call in blueprint.calls)),
        "seed": seed,
        "agent": cast[0],
        "user": cast[1],
        "turns": [turn.kind for turn in blueprint.turns],
        "blueprint": _told(blueprint),
    }
    if approved.record is not None:
        made["review"] = approved.record
    extra: dict[str, Json] = {"synthesize": made}
    if blueprint.state is not None:
        extra["state"] = blueprint.state
    return Trajectory(
        id=blueprint.id,
        source=Source(dataset="synthesized", adapter="dialogue", split=split, license=place.licence),
        task=Task(instruction=blueprint.policy, kind="multi"),
        tools=blueprint.tools,
        messages=tuple(messages),
        outcome=Outcome(reward=1.0, success=True),
        extra=extra,
    )


def flaw(blueprint: Blueprint, messages: Sequence[Message], play: Execute) -> str:
    """Return in what a conversation differs from its blueprint; empty if in nothing."""
    calls = calls_of(messages)
    played = play([Episode(calls, blueprint.state)])[0]
    if played.changes != blueprint.changes:
        return "the state is left otherwise"
    heard = [message.content for message in messages if message.role == "tool"]
    if [told(seen) for seen in played.observations] != heard:
        return "a call shows something else"
    texts = [m.content for m in messages if m.role == "assistant" and not m.tool_calls]
    missing = [out for turn in blueprint.turns for out in turn.outputs if not any(out in t for t in texts)]
    return f"not told: {missing[0]}" if missing else ""


def _told(blueprint: Blueprint) -> Json:
    """Return what a row keeps of its blueprint: gold calls by turn, outputs, the change of state."""
    turns = [
        {
            "request": turn.request,
            "actions": [
                {"name": a.call.name, "arguments": a.call.arguments, "writes": a.writes} for a in turn.actions
            ],
            "outputs": list(turn.outputs),
            "kind": turn.kind,
        }
        for turn in blueprint.turns
    ]
    return {"turns": turns, "changes": msgspec.to_builtins(list(blueprint.changes))}
