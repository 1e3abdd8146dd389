"""From a blueprint to a conversation: the scripted user and agent speak, and their calls are made.

The agent acts the gold actions out; on the way it may make a mistake, see the error and mend it. A turn that
must not be learned from has weight 0, what mends it has weight 1.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence

import msgspec

from callwright.record import Episode, Json, Message, Observation, ToolCall
from callwright.synthesize.dialogue.blueprint import Action, Blueprint, Turn
from callwright.synthesize.dialogue.saying import report
from callwright.synthesize.irrelevant import refusal
from callwright.synthesize.missing import question
from callwright.synthesize.wording import Subject
from callwright.verify import Execute, is_error_shaped

YES = ("Yes, please.", "Yes.", "Yes, go ahead.", "That's right, please do.")
_SLIPS = 6
"""Mistakes that are tried before an action is done without one."""


class Rollout:
    """A conversation as it grows."""

    def __init__(self, subjects: Mapping[str, Subject], play: Execute, blueprint: Blueprint) -> None:
        self._subjects = subjects
        self._play = play
        self._blueprint = blueprint
        self._rng = random.Random(blueprint.seed)
        self._calls: list[ToolCall] = []
        self.messages: list[Message] = []

    def acted(self, mistakes: float) -> list[Message]:
        """Return the whole conversation; `mistakes` is the share of actions that go wrong first."""
        for turn in self._blueprint.turns:
            self._say("user", turn.request)
            if turn.kind == "missing-tool":
                self._say("assistant", refusal(self._subjects[turn.withheld[0]].capability, self._rng))
                continue
            if turn.kind == "missing-argument":
                wish = self._subjects[turn.actions[-1].call.name]
                self._say("assistant", question(wish, turn.withheld[0], self._rng))
                self._say("user", turn.withheld[1])
            self._act(turn, mistakes)
            self._say("assistant", report(turn.actions[-1], turn.outputs, self._rng))
        return self.messages

    def _act(self, turn: Turn, mistakes: float) -> None:
        for action in turn.actions:
            if self._rng.random() < mistakes:
                self._slip(action)
            if action.writes and self._blueprint.policy:
                self._say("assistant", self._announced(action))
                self._say("user", self._rng.choice(YES))
            self._make(action.call, action.observation)

    def _say(self, role: str, text: str) -> None:
        self.messages.append(msgspec.convert({"role": role, "content": text}, Message))

    def _make(self, call: ToolCall, seen: Observation, *, weight: float | None = None) -> None:
        numbered = msgspec.structs.replace(call, id=f"call_{len(self._calls) + 1}")
        self._calls.append(numbered)
        self.messages += [
            Message(role="assistant", tool_calls=(numbered,), weight=weight),
            Message(role="tool", content=told(seen), tool_call_id=numbered.id, name=call.name),
        ]

    def _slip(self, action: Action) -> None:
        """Make the call wrongly, if there is a wrong way that the world refuses and that changes nothing."""
        before = (
            self._play([Episode(tuple(self._calls), self._blueprint.state)])[0].changes if self._calls else ()
        )
        for _ in range(_SLIPS):
            wrong = slip(action.call, self._rng)
            if wrong is None:
                return
            played = self._play([Episode((*self._calls, wrong), self._blueprint.state)])[0]
            seen = played.observations[-1]
            if (not seen.ok or is_error_shaped(seen.value)) and played.changes == before:
                self._make(wrong, seen, weight=0.0)
                return

    def _announced(self, action: Action) -> str:
        label = {param.name: param.label for param in self._subjects[action.call.name].params}
        told_values = ", ".join(
            f"{label[name]} {_plain(v)}" for name, v in (action.call.arguments or {}).items()
        )
        doing = self._subjects[action.call.name].capability
        return f"I am going to {doing}: {told_values}. Shall I go ahead?"


def slip(call: ToolCall, rng: random.Random) -> ToolCall | None:
    """Return a call with one argument mistyped or out of range; None where there is none to get wrong."""
    arguments = dict(call.arguments or {})
    if not arguments:
        return None
    name = rng.choice(list(arguments))
    value = arguments[name]
    ways: list[Callable[[], Json]] = []
    if isinstance(value, str) and value:
        ways += [lambda: value[:-1], lambda: f"{value}{rng.randint(1, 9)}", lambda: _swapped(value, rng)]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        ways += [lambda: -abs(value) - 1, lambda: value * 1000 + 7]
    elif isinstance(value, list) and value and isinstance(value[0], str):
        ways += [lambda: [f"{value[0]}{rng.randint(1, 9)}", *value[1:]]]
    if not ways:
        return None
    wrong = rng.choice(ways)()
    return None if wrong == value else ToolCall(name=call.name, arguments={**arguments, name: wrong})


def _swapped(text: str, rng: random.Random) -> str:
    place = rng.randrange(max(len(text) - 1, 1))
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def told(seen: Observation) -> str:
    """Return what a tool message says of an observation."""
    if not seen.ok:
        return f"Error: {seen.error}"
    return seen.value if isinstance(seen.value, str) else json.dumps(seen.value, ensure_ascii=False)


def _plain(value: Json) -> str:
    if isinstance(value, list):
        return " and ".join(map(_plain, value))
    return value if isinstance(value, str) else json.dumps(value)


def calls_of(messages: Sequence[Message]) -> tuple[ToolCall, ...]:
    """Return all calls of a conversation in order, those that went wrong as well."""
    return tuple(call for message in messages for call in message.tool_calls)
