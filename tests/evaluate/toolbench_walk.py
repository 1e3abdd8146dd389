"""What the tests of ToolBench share: an API, scripted replies, and the walk of DFSDT told a second time.

`Walk` knows nothing of messages and back ends. It follows the published algorithm on kinds of replies only,
so that the search can be compared with it on any number of random scripts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from callwright import formats
from callwright.evaluate.toolbench.apis import Api, Parameter
from callwright.record import ToolCall

API = Api("Numbers", "tool", "act", "Acts.", (Parameter("x", "NUMBER", "a number", 1, True),))
FUNCTION = "act_for_tool"


@dataclass(frozen=True)
class Said:
    """One scripted reply: a thought, a call, both, or text that nobody can read."""

    thought: str = ""
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    broken: bool = False

    @property
    def text(self) -> str:
        if self.broken:
            return '<tool_call>\n{"name": '
        calls = (ToolCall(name=self.name, arguments=self.arguments),) if self.name else ()
        return formats.format_named("").render(formats.Reply(self.thought, calls))


def act(x: int = 1, thought: str = "") -> Said:
    return Said(thought, FUNCTION, {"x": x})


def answer(text: str = "42", thought: str = "") -> Said:
    return Said(thought, "Finish", {"return_type": "give_answer", "final_answer": text})


def give_up(thought: str = "") -> Said:
    return Said(thought, "Finish", {"return_type": "give_up_and_restart"})


def random_script(seed: int, length: int = 400) -> list[Said]:
    """Return replies whose mixture differs from seed to seed; answers are rare, so that trees grow."""
    rng = Random(seed)
    weights = [rng.random() for _ in range(6)]
    said = []
    for number in range(length):
        kind = rng.choices(range(6), weights)[0]
        thought = rng.choice(["", "hm"])
        options = [
            act(number, thought),
            Said("only a thought"),
            Said(thought, "no_such_function", {"x": number}),
            give_up(thought),
            Said(broken=True),
            answer(f"a{number}", thought) if rng.random() < 0.15 else Said(thought, "Finish", {}),
        ]
        said.append(options[kind])
    return said


@dataclass
class Spot:
    """A place in the tree."""

    depth: int
    text: str
    is_input: bool = False
    over: bool = False
    dead: bool = False
    gave_up: bool = False
    below: list[Spot] = field(default_factory=list)

    def add(self, text: str, *, is_input: bool = False) -> Spot:
        child = Spot(self.depth + 1, text, is_input)
        self.below.append(child)
        return child

    def size(self) -> int:
        return 1 + sum(child.size() for child in self.below)


class Walk:
    """Width first child by first child, depth limit, and how far to go back."""

    def __init__(self, script: list[Said], *, width: int, max_depth: int, max_calls: int) -> None:
        self.script, self.width, self.max_depth, self.max_calls = script, width, max_depth, max_calls
        self.asked = 0
        self.told_others: list[bool] = []
        self.answers: list[str] = []
        self.given_up: list[str] = []
        self.root = Spot(0, "")
        self.visit(self.root)

    def visit(self, spot: Spot) -> int:
        if spot.over:
            self.answers.append(spot.text)
            return 2
        if spot.dead or spot.depth >= self.max_depth:
            if spot.gave_up:
                self.given_up.append(spot.text)
                return 2
            return 1
        for _ in range(self.width):
            self.told_others.append(any(map(has_action, spot.below)))
            said = self.script[self.asked]
            self.asked += 1
            if self.asked >= self.max_calls:
                return 10**6
            back = self.visit(grow(spot, said))
            if self.answers:
                return 10**6
            if back > 1:
                return back - 1
        return 1


def has_action(spot: Spot) -> bool:
    while not spot.is_input and spot.below:
        spot = spot.below[0]
    return spot.is_input


def grow(spot: Spot, said: Said) -> Spot:
    if said.broken:
        spot = spot.add(said.text)
        spot.dead = True
        return spot
    if said.thought or not said.name:
        spot = spot.add(said.thought)
    if said.name:
        spot = spot.add(said.name).add(json.dumps(said.arguments), is_input=True)
        kind = said.arguments.get("return_type") if said.name == "Finish" else None
        spot.over = kind == "give_answer"
        spot.gave_up = spot.dead = kind == "give_up_and_restart"
    return spot
