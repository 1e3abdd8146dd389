"""Exactly N verified conversations over tools that share a state (APIGen-MT, arXiv 2504.03601).

A walk that worked becomes a blueprint, and the blueprint a conversation. It is kept only if all its calls,
made once more from the initial state, leave the state as the blueprint does and show what it shows, if the
agent told what was to be told, and if `verify` finds nothing wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from callwright.errors import ToolsError
from callwright.record import Dropped, Episode, Json, Message, Outcome, Task, Tool, Trajectory
from callwright.record import Source as Origin
from callwright.store import row_seed
from callwright.synthesize.arguments import draw
from callwright.synthesize.coverage import Coverage
from callwright.synthesize.dialogue.blueprint import Blueprint, Turn
from callwright.synthesize.dialogue.person import someone
from callwright.synthesize.dialogue.rollout import Rollout, calls_of, told
from callwright.synthesize.dialogue.saying import Talk, turn_of, wish_for, wishes, without_argument
from callwright.synthesize.dialogue.walk import Step, Walk, Walker
from callwright.synthesize.facts import Known, facts_of, noun_of
from callwright.synthesize.families import Families
from callwright.synthesize.kinds import name_words
from callwright.synthesize.pools import Half
from callwright.synthesize.scenes import Scene, Scenes, Source, State
from callwright.synthesize.slots import Candidate
from callwright.synthesize.values import Unsamplable
from callwright.synthesize.wording import Subject, subject_of
from callwright.verify import Execute, settle, verdicts

REHEARSALS = 40
"""Walks that are taken before the first conversation."""
STEPS = (3, 9)
"""Calls of a walk, at least and at most."""
MISTAKES = 0.1
"""Share of actions that the agent gets wrong first, and mends."""
MISSING_ARGUMENT = 0.15
"""Share of turns that lack an argument."""
_WAYS = 4
"""Times that words are looked for for one turn."""
MISSING_TOOL = 0.2
"""Share of conversations with a wish that no tool serves."""


class Place(Protocol):
    """What a conversation needs of the world where it happens."""

    @property
    def name(self) -> str:
        """Return the name that rows carry."""
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
    def policy(self) -> str:
        """Return the rules that an agent has to follow, empty if there are none."""
        ...


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


class Conversations:
    """Makes conversations in one world; what it learns about the world serves all of them."""

    def __init__(
        self, place: Place, play: Execute, *, seed: int, families: Families = "train", values: Half = "train"
    ) -> None:
        if not place.tools:
            raise ToolsError("no tools to talk about")
        self._name, self._policy, self._data = place.name, place.policy, place.data
        self._scenes = Scenes(place.states, place.data)
        self._play = play
        self._seed = seed
        self._families: Families = families
        self._values: Half = values
        self._subjects = {tool.name: subject_of(tool) for tool in place.tools}
        self.coverage = Coverage(place.tools)
        self._going = [subject for name, subject in self._subjects.items() if name not in place.ends]
        self._walker = Walker(play, self.coverage, values=values)
        self.talks = Talks()

    def __call__(self, accept: int, max_candidates: int) -> Iterator[Candidate]:
        """Yield `accept` conversations and all that were not kept; fewer only after `max_candidates`."""
        self._rehearse()
        while self.talks.accepted < accept and self.talks.candidates < max_candidates:
            row_id = f"talk/{self._name}/{self.talks.candidates}"
            self.talks.candidates += 1
            row = self._candidate(row_id)
            if isinstance(row, Dropped):
                self.talks.reasons[row.reason] += 1
            yield row

    def _rehearse(self) -> None:
        """Walk without saying a word, to learn what feeds what and which tools change something."""
        for number in range(REHEARSALS):
            rng = random.Random(row_seed(self._seed, f"rehearsal/{self._name}/{number}"))
            self._walk(rng)

    def _candidate(self, row_id: str) -> Candidate:
        rng = random.Random(row_seed(self._seed, row_id))
        blueprint, offered = self._blueprint(row_id, rng)
        if not blueprint.calls:
            return _dropped(row_id, "no-walk", "no call worked that could be put into words")
        messages = Rollout(self._subjects, self._play, blueprint).acted(MISTAKES)
        row = self._row(blueprint, offered, messages)
        flaw = self._flaw(blueprint, messages)
        if flaw:
            return _dropped(row_id, "unlike-blueprint", flaw, row)
        settled = settle(row, verdicts([row], self._play)[0])
        if isinstance(settled, Trajectory):
            self.talks.add(blueprint, messages)
            self.coverage.add_row("conversation", settled)
        return settled

    def _blueprint(self, row_id: str, rng: random.Random) -> tuple[Blueprint, tuple[Subject, ...]]:
        """Return what a conversation is to come to, and the tools that it offers."""
        walk, identified = self._walk(rng)
        self.talks.failed_calls += walk.failures
        talk = Talk(self._families)
        turns = self._turns(wishes(walk.steps, identified=identified), walk.steps, talk, rng)
        offered = [*self._subjects.values()]
        if turns and rng.random() < MISSING_TOOL:
            turns, offered = self._with_missing_tool(turns, offered, walk, rng)
        done = [turn for turn in turns if turn.actions]
        changes = done[-1].actions[-1].changes if done else ()
        blueprint = Blueprint(row_id, walk.state, tuple(turns), changes, self._policy, rng.getrandbits(32))
        return blueprint, tuple(offered)

    def _walk(self, rng: random.Random) -> tuple[Walk, bool]:
        """Return a walk, and whether it begins with finding out who the user is."""
        scene = self._scenes.draw(rng)
        person = someone(self._data(scene.state), rng) if self._policy else None
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
            s
            for name, s in self._subjects.items()
            if thing in noun_of(name) and name_words(name)[0] == "find"
        ]
        return found or [s for name, s in self._subjects.items() if noun_of(name) == (thing, "id")]

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

    def _row(
        self, blueprint: Blueprint, offered: Sequence[Subject], messages: Sequence[Message]
    ) -> Trajectory:
        made: dict[str, Json] = {
            "style": "conversation",
            "family": "dialogue",
            "gold_tools": list(dict.fromkeys(call.name for call in blueprint.calls)),
            "seed": self._seed,
            "turns": [turn.kind for turn in blueprint.turns],
            "blueprint": _told(blueprint),
        }
        extra: dict[str, Json] = {"synthesize": made}
        if blueprint.state is not None:
            extra["state"] = blueprint.state
        return Trajectory(
            id=blueprint.id,
            source=Origin(dataset="synthesized", adapter="dialogue", split=self._name),
            task=Task(instruction=blueprint.policy, kind="multi"),
            tools=tuple(subject.tool for subject in offered),
            messages=tuple(messages),
            outcome=Outcome(reward=1.0, success=True),
            extra=extra,
        )

    def _flaw(self, blueprint: Blueprint, messages: Sequence[Message]) -> str:
        """Return in what a conversation differs from its blueprint; empty if in nothing."""
        calls = calls_of(messages)
        played = self._play([Episode(calls, blueprint.state)])[0]
        if played.changes != blueprint.changes:
            return "the state is left otherwise"
        heard = [message.content for message in messages if message.role == "tool"]
        if [told(seen) for seen in played.observations] != heard:
            return "a call shows something else"
        texts = [m.content for m in messages if m.role == "assistant" and not m.tool_calls]
        missing = [
            out for turn in blueprint.turns for out in turn.outputs if not any(out in t for t in texts)
        ]
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


def _dropped(row_id: str, reason: str, detail: str, row: Trajectory | None = None) -> Dropped:
    return Dropped(id=row_id, stage="synthesize", reason=reason, detail=detail,
                   row=msgspec.to_builtins(row) if row is not None else None)  # fmt: skip
