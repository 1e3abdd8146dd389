"""Exactly N verified conversations over tools that share a state (APIGen-MT, arXiv 2504.03601).

A walk that worked becomes a blueprint, approved by a committee where there is one, and the blueprint a
conversation, acted by a script or played by models. It is kept only if all its calls, made once more from
the initial state, leave the state as the blueprint does and show what it shows, if the agent told what was
to be told, and if `verify` finds nothing wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from callwright.record import Dropped, Message, Trajectory
from callwright.synthesize.asking import Ask
from callwright.synthesize.dialogue.blueprint import Blueprint
from callwright.synthesize.dialogue.blueprints import Blueprints, Place
from callwright.synthesize.dialogue.played import Played, Who, together
from callwright.synthesize.dialogue.proof import flaw, row_of
from callwright.synthesize.dialogue.review import Approved, Review
from callwright.synthesize.dialogue.rollout import Rollout
from callwright.synthesize.dialogue.talks import Talks
from callwright.synthesize.families import Families
from callwright.synthesize.pools import Half
from callwright.synthesize.slots import Candidate, Judge, dropped
from callwright.verify import Execute, settle, verdicts

SCRIPT = "script"
"""Who acts the gold actions out, and says the requests as they stand."""
WAVE = 16
"""Conversations that models play at the same time."""
MISTAKES = 0.1
"""Share of actions that the script gets wrong first, and mends."""


@dataclass(frozen=True)
class Cast:
    """Who takes part besides the world; nobody but the script if nothing is given."""

    agent: Ask | None = None
    user: Ask | None = None
    """Speaks for the user while a model is the agent, and finds other words where judges reject requests."""
    judge: Judge | None = None
    names: tuple[str, str] = (SCRIPT, SCRIPT)
    """Of agent and user, as rows tell them."""

    def asks(self) -> dict[Who, Ask]:
        """Return the models that talk."""
        asks: dict[Who, Ask | None] = {"user": self.user, "agent": self.agent}
        return {who: ask for who, ask in asks.items() if ask is not None}


class Conversations:
    """Makes conversations in one world."""

    def __init__(
        self, place: Place, play: Execute, *, seed: int, families: Families = "train", values: Half = "train",
        cast: Cast | None = None,
    ) -> None:  # fmt: skip
        self._place = place
        self._play = play
        self._seed = seed
        self._cast = cast or Cast()
        self._blueprints = Blueprints(place, play, seed=seed, families=families, values=values)
        self._review = Review(self._cast.judge, self._shown, self._cast.user) if self._cast.judge else None
        self.coverage = self._blueprints.coverage
        self.talks = Talks()

    def __call__(self, accept: int, max_candidates: int) -> Iterator[Candidate]:
        """Yield `accept` conversations and all that were not kept; fewer only after `max_candidates`."""
        talks = self.talks
        self._blueprints.rehearse()
        # The script costs nothing that could be shared: one at a time, none is made that is not wanted.
        size = WAVE if self._cast.agent or self._review else 1
        while talks.accepted < accept and talks.candidates < max_candidates:
            first, end = talks.candidates, min(talks.candidates + size, max_candidates)
            talks.candidates = end
            for row in self._wave(range(first, end)):
                yield self._counted(row, accept)
        talks.failed_calls = self._blueprints.failed_calls

    def _wave(self, numbers: Iterable[int]) -> Iterator[tuple[Blueprint, Candidate]]:
        drawn = [self._blueprints.draw(number) for number in numbers]
        sayable = [blueprint for blueprint in drawn if blueprint.calls]
        found = self._review(sayable) if self._review else [Approved(one, None) for one in sayable]
        acted = self._acted([one.blueprint for one in found if isinstance(one, Approved)])
        became = {blueprint.id: one for blueprint, one in zip(sayable, found, strict=True)}
        for blueprint in drawn:
            one = became.get(blueprint.id)
            if one is None:
                why = "no call worked that could be put into words"
                yield blueprint, Dropped(id=blueprint.id, stage="synthesize", reason="no-walk", detail=why)
            elif isinstance(one, Dropped):
                yield blueprint, one
            else:
                yield one.blueprint, self._proven(one, *acted[blueprint.id])

    def _acted(self, blueprints: Sequence[Blueprint]) -> dict[str, tuple[str, list[Message]]]:
        """Return, for each blueprint, how its conversation ended and what was said."""
        cast = self._cast
        if cast.agent is None:
            return {b.id: ("done", self._script(b).acted(MISTAKES)) for b in blueprints}
        talks = {b.id: Played(b, self._play, user_is_model=cast.user is not None) for b in blueprints}
        together([*talks.values()], cast.asks())
        return {row_id: (talk.ending, talk.messages) for row_id, talk in talks.items()}

    def _script(self, blueprint: Blueprint) -> Rollout:
        return Rollout(self._blueprints.subjects, self._play, blueprint)

    def _shown(self, blueprint: Blueprint) -> Trajectory:
        """Return a blueprint as judges see it: acted out without a mistake."""
        return self._row(Approved(blueprint, None), self._script(blueprint).acted(0.0))

    def _row(self, one: Approved, messages: Sequence[Message]) -> Trajectory:
        place, column = self._place, self._blueprints.column
        return row_of(one, place, messages, cast=self._cast.names, seed=self._seed, split=column)

    def _proven(self, one: Approved, ending: str, messages: Sequence[Message]) -> Candidate:
        """Return the row if it comes to what its blueprint wants, and every check agrees."""
        row = self._row(one, messages)
        if ending != "done":
            return dropped(row, ending, "the conversation did not come to its end")
        why = flaw(one.blueprint, messages, self._play)
        if why:
            return dropped(row, "unlike-blueprint", why)
        return settle(row, verdicts([row], self._play)[0])

    def _counted(self, made: tuple[Blueprint, Candidate], accept: int) -> Candidate:
        """Return a row after it was counted; one more than wanted is dropped."""
        blueprint, row = made
        if isinstance(row, Trajectory) and self.talks.accepted >= accept:
            row = dropped(row, "surplus", f"{accept} conversations were accepted before")
        if isinstance(row, Dropped):
            self.talks.reasons[row.reason] += 1
        else:
            self.talks.add(blueprint, row.messages)
            self.coverage.add_row("conversation", row)
        return row
