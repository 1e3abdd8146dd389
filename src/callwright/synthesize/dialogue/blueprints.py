"""Blueprints of one world: walks that worked, cut into turns that can be said.

What is learned about the world, which facts feed which argument and which tools change something, serves all
of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from callwright.errors import ToolsError
from callwright.record import Json, Tool
from callwright.store import row_seed, sha256_text
from callwright.synthesize.arguments import draw
from callwright.synthesize.coverage import Coverage
from callwright.synthesize.dialogue.blueprint import Blueprint, Turn
from callwright.synthesize.dialogue.person import someone
from callwright.synthesize.dialogue.saying import Talk, turn_of, wish_for, wishes, without_argument
from callwright.synthesize.dialogue.walk import Step, Walk, Walker
from callwright.synthesize.facts import Known, facts_of, noun_of
from callwright.synthesize.families import Families
from callwright.synthesize.kinds import name_words
from callwright.synthesize.pools import Half
from callwright.synthesize.scenes import Scene, Scenes, Source, State
from callwright.synthesize.values import Unsamplable
from callwright.synthesize.wording import Subject, subject_of
from callwright.verify import Execute

REHEARSALS = 40
"""Walks that are taken before the first conversation."""
STEPS = (3, 9)
"""Calls of a walk, at least and at most."""
MISSING_ARGUMENT = 0.15
"""Share of turns that lack an argument."""
_WAYS = 4
"""Times that words are looked for for one turn."""
MISSING_TOOL = 0.2
"""Share of conversations with a wish that no tool serves."""


class Place(Protocol):
    """What a conversation needs of the world where it happens."""

    @property
    def sha256(self) -> str:
        """Return the hash of what the tools were read from."""
        ...

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Return the tools in their order."""
        ...

    @property
    def states(self) -> tuple[State, ...]:
        """Return the initial states."""
        ...

    @property
    def data(self) -> Callable[[State], Json]:
        """Return what tells what can be known in a state."""
        ...

    @property
    def ends(self) -> tuple[str, ...]:
        """Return the tools that end a conversation; no walk uses them."""
        ...

    @property
    def licence(self) -> str:
        """Return the licence of the tools and their data, empty if nobody tells."""
        ...

    @property
    def policy(self) -> str:
        """Return the rules that an agent has to follow, empty if there are none."""
        ...


class Blueprints:
    """Draws blueprints in one world."""

    def __init__(
        self, place: Place, play: Execute, *, seed: int, families: Families = "train", values: Half = "train"
    ) -> None:
        if not place.tools:
            raise ToolsError("no tools to talk about")
        self._policy = place.policy
        told = [str(seed), place.sha256, *(tool.name for tool in place.tools)]
        self._mark = sha256_text("\n".join(told))[:8]  # sets rows of other tools or another seed apart
        self._scenes = Scenes(place.states, place.data)
        self._seed = seed
        self._families: Families = families
        self._values: Half = values
        self.subjects = {tool.name: subject_of(tool) for tool in place.tools}
        self.coverage = Coverage(place.tools)
        self.failed_calls = 0
        """Calls that walks tried in vain."""
        self._going = [subject for name, subject in self.subjects.items() if name not in place.ends]
        self._walker = Walker(play, self.coverage, values=values)

    def rehearse(self) -> None:
        """Walk without saying a word, to learn what feeds what and which tools change something."""
        for number in range(REHEARSALS):
            rng = random.Random(row_seed(self._seed, f"rehearsal/{number}"))
            self._walk(rng)

    @property
    def column(self) -> str:
        """The part of a row's id that names its split: "train-train"."""
        return f"{self._families}-{self._values}"

    def draw(self, number: int) -> Blueprint:
        """Return what a conversation is to come to.

        It has no calls where no walk was found, or none that could be put into words.
        """
        rng = random.Random(row_seed(self._seed, f"talk/{self.column}/{number}"))
        walk, identified = self._walk(rng)
        self.failed_calls += walk.failures
        talk = Talk(self._families)
        turns = self._turns(wishes(walk.steps, identified=identified), walk.steps, talk, rng)
        offered = [*self.subjects.values()]
        if turns and rng.random() < MISSING_TOOL:
            turns, offered = self._with_missing_tool(turns, offered, walk, rng)
        done = [turn for turn in turns if turn.actions]
        changes = done[-1].actions[-1].changes if done else ()
        tools = tuple(subject.tool for subject in offered)
        row_id = f"talk/{self._mark}/{self.column}/{number}"
        return Blueprint(row_id, walk.state, tuple(turns), changes, tools, self._policy, rng.getrandbits(32))

    def _walk(self, rng: random.Random) -> tuple[Walk, bool]:
        """Return a walk, and whether it begins with finding out who the user is."""
        scene = self._scenes.draw(rng)
        person = someone(scene.data, rng) if self._policy else None
        walk = Walk(scene.state, scene.known if person is None else Known(facts_of(person.known)))
        opening = [] if person is None else self._finders(person.thing)
        walk.unspoken = frozenset() if person is None else person.others
        wanted = rng.randint(*STEPS)
        rest = [subject for subject in self._going if subject not in opening]
        while len(walk.steps) < wanted:
            if not self._walker.step(walk, rng, opening if opening and not walk.steps else rest):
                break
        return walk, bool(opening)

    def _finders(self, thing: str) -> list[Subject]:
        """Return the tools that find out who somebody is: "find_user_id_by_email" for a user."""
        found = [
            s for name, s in self.subjects.items() if thing in noun_of(name) and name_words(name)[0] == "find"
        ]
        return found or [s for name, s in self.subjects.items() if noun_of(name) == (thing, "id")]

    def _turns(
        self, cut: Sequence[Sequence[int]], steps: Sequence[Step], talk: Talk, rng: random.Random
    ) -> list[Turn]:
        """Return the turns of a walk, up to the first that can not be said."""
        turns: list[Turn] = []
        for places in cut:
            turn = None
            if rng.random() < MISSING_ARGUMENT:
                turn = without_argument(places, steps, talk, rng)
            for _ in range(_WAYS):
                turn = turn_of(places, steps, talk, rng) if turn is None else turn
            if turn is None:
                break
            turns.append(turn)
        return turns

    def _with_missing_tool(
        self, turns: list[Turn], offered: list[Subject], walk: Walk, rng: random.Random
    ) -> tuple[list[Turn], list[Subject]]:
        """Return the turns with a wish for a tool that is not offered among them, if one can be spared."""
        called = {action.call.name for turn in turns for action in turn.actions}
        spare = [subject for subject in offered if subject.name not in called]
        if not spare:
            return turns, offered
        gone = rng.choice(spare)
        try:
            source = Source(self._values, Scene(walk.state, walk.known), self._walker.bindings)
            text = wish_for(gone, draw(gone, source, rng), self._families, rng)
        except Unsamplable:
            text = None
        if text is None:
            return turns, offered
        place = rng.randint(1, len(turns))
        wish = Turn(text, (), (), "missing-tool", (gone.name, ""))
        return [*turns[:place], wish, *turns[place:]], [s for s in offered if s is not gone]
