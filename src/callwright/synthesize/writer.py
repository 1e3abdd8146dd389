"""A chat model as a generator: APIGen's contract, every pair kept, and one round of repair.

What a prompt shows is sampled: related tools and how many, examples and how many, the manner of the template
(arXiv 2406.18518 §3). For requests without a right call the model writes one with a call, which is checked
like any other; then the tool, or the value, is taken away.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from callwright.models import Completion
from callwright.record import Dropped, Json, Message, Source, Task, ToolCall, Trajectory
from callwright.store import row_seed
from callwright.synthesize.account import Spent
from callwright.synthesize.asking import Ask, Question, question
from callwright.synthesize.contract import RULES, Pair, Unread, again_text, read_pairs, task_text
from callwright.synthesize.manners import MANNERS, STYLES_ASKED
from callwright.synthesize.propose import Workshop, rarer
from callwright.synthesize.seeds import Seeds, style_of
from callwright.synthesize.slots import Candidate, Failure, Slot
from callwright.synthesize.taken import taken_away
from callwright.synthesize.wording import Subject

MOST_PAIRS = 4
"""Pairs that one prompt asks for at most."""
_MORE = {
    "simple": (0, 0), "multiple": (1, 4), "parallel": (0, 3), "parallel_multiple": (1, 3),
    "irrelevant": (1, 4), "missing": (0, 3),
}  # fmt: skip
"""Tools beside the one that a slot is about, at least and at most."""


class _Draw(NamedTuple):
    """What a slot is about."""

    gold: Subject
    offered: tuple[Subject, ...]
    name: str
    """The argument that the request leaves out, in the style "missing"."""


class Writer:
    """Asks one model for pairs."""

    per_slot = (1 + MOST_PAIRS) / 2

    def __init__(
        self, name: str, ask: Ask, shop: Workshop, seeds: Seeds, spent: Spent, *, min_grounding: float = 1.0
    ) -> None:
        self.name = name
        self.min_grounding = min_grounding
        self._ask = ask
        self._shop = shop
        self._seeds = seeds
        self._spent = spent

    def propose(self, slots: Sequence[Slot]) -> list[list[Candidate]]:
        """Return all pairs that the model writes for each slot."""
        drawn = [self._draw(slot) for slot in slots]
        asked = [question for _, question in drawn]
        return [
            self._read(slot, draw, answer)
            for slot, (draw, _), answer in zip(slots, drawn, self._asked(asked), strict=True)
        ]

    def repair(self, failures: Sequence[Failure]) -> list[Candidate]:
        """Return what the model makes of its failures when it is told what was wrong."""
        asked = [self._again(failure) for failure in failures]
        found: list[Candidate] = []
        for failure, answer in zip(failures, self._asked(asked), strict=True):
            row_id = f"{failure.row.id}+r"
            pairs = read_pairs(answer.text).pairs if answer else ()
            if pairs:
                found.append(_with(failure.row, row_id, pairs[0]))
            else:
                found.append(
                    self._unread(row_id, Unread("no example in the answer", answer.text if answer else ""))
                )
        return found

    def finish(self, row: Trajectory) -> Candidate:
        """Take away what a request of its style must not have."""
        return taken_away(row, random.Random(row_seed(self._shop.seed, row.id)))

    def _asked(self, questions: Sequence[Question]) -> Sequence[Completion | None]:
        answers = self._ask(questions) if questions else ()
        for answer in answers:
            if answer is not None:
                self._spent.add(answer.prompt_tokens, answer.completion_tokens)
        return answers

    def _draw(self, slot: Slot) -> tuple[_Draw, Question]:
        """Draw what a slot is about, and how it is asked for."""
        name = f"{self.name}/{slot.style}/{slot.number}"
        rng = random.Random(row_seed(self._shop.seed, name))
        draw = self._about(slot.style, rng)
        style = STYLES_ASKED[slot.style].format(gold=draw.gold.name, name=draw.name)
        text = task_text(
            [s.tool for s in draw.offered],
            self._seeds.draw(slot.style, rng),
            style,
            rng.choice(MANNERS),
            rng.randint(1, MOST_PAIRS),
        )
        return draw, question(name, ("system", RULES), ("user", text), sample=slot.number)

    def _about(self, style: str, rng: random.Random) -> _Draw:
        if style == "missing":
            one = rng.choice(self._shop.shortened)
            gold, name = one.whole, one.name
        else:
            gold, name = rarer(self._shop, self._shop.subjects, rng), ""
        least, most = _MORE[style]
        shelf = self._shop.shelf
        others = shelf.unlike([gold]) if style == "irrelevant" else shelf.but([gold])
        offered = [gold, *self._shop.beside(gold, others, rng.randint(least, most), rng)]
        rng.shuffle(offered)
        return _Draw(gold, tuple(offered), name)

    def _read(self, slot: Slot, draw: _Draw, answer: Completion | None) -> list[Candidate]:
        stem = f"synth/{self._shop.mark}/{_safe(self.name)}/{slot.style}/{slot.number}"
        if answer is None:
            return [self._unread(stem, Unread("the prompt does not fit into the model's context", ""))]
        read = read_pairs(answer.text)
        rows = [self._row(f"{stem}-{k}", slot, draw, pair) for k, pair in enumerate(read.pairs)]
        return [*rows, *(self._unread(f"{stem}-unread-{k}", part) for k, part in enumerate(read.unread))]

    def _row(self, row_id: str, slot: Slot, draw: _Draw, pair: Pair) -> Trajectory:
        made: dict[str, Json] = {
            "style": slot.style,
            "family": self.name,
            "gold_tools": list(dict.fromkeys(call.name for call in pair.calls)),
            "seed": self._shop.seed,
        }
        if slot.style == "irrelevant":
            made["missing"] = draw.gold.name
        if draw.name:
            made["missing_argument"] = draw.name
        row = Trajectory(
            id=row_id,
            source=Source(
                dataset="synthesized",
                adapter=self.name,
                row=slot.number,
                split=self._shop.column,
                license=self._shop.licence,
            ),
            task=Task(kind="single", expects="call"),
            tools=tuple(s.tool for s in draw.offered),
            extra={"synthesize": made},
        )
        return _with(row, row_id, pair)

    def _again(self, failure: Failure) -> Question:
        row, refused = failure
        pair = Pair(row.messages[0].content, row.messages[-1].tool_calls)
        complaint = f"{refused.reason} at {refused.path}: {refused.detail}"
        style = row.extra["synthesize"]["style"]
        about = STYLES_ASKED[style].format(
            gold=_gold(row), name=row.extra["synthesize"].get("missing_argument", "")
        )
        functions = task_text(row.tools or (), (), about, "", 1)
        text = f"{functions}\n\n{again_text(pair, complaint)}"
        return question(f"{self.name}/again/{row.id}", ("system", RULES), ("user", text))

    def _unread(self, row_id: str, part: Unread) -> Dropped:
        told: dict[str, Json] = {
            "source": {"dataset": "synthesized", "adapter": self.name},
            "text": part.text,
        }
        return Dropped(id=row_id, stage="synthesize", reason="unreadable", detail=part.reason, row=told)


def _with(row: Trajectory, row_id: str, pair: Pair) -> Trajectory:
    """Return a row with another pair in it; in the style "missing" the forgotten value is told apart."""
    made = row.extra["synthesize"]
    calls = tuple(ToolCall(name=call.name, arguments=call.arguments) for call in pair.calls)
    name = made.get("missing_argument")
    values = [call.arguments[name] for call in calls if name and call.arguments and name in call.arguments]
    told = f"{name}: {values[0]}" if values else ""
    changed = msgspec.structs.replace(
        row,
        id=row_id,
        task=msgspec.structs.replace(row.task, instruction=told),
        messages=(Message(role="user", content=pair.query), Message(role="assistant", tool_calls=calls)),
    )
    style = made["style"] if made["style"] in ("irrelevant", "missing") else style_of(changed)
    about = {**made, "style": style, "gold_tools": list(dict.fromkeys(call.name for call in calls))}
    return msgspec.structs.replace(changed, extra={**row.extra, "synthesize": about})


def _gold(row: Trajectory) -> str:
    made = row.extra["synthesize"]
    return str(made.get("missing") or next(iter(made["gold_tools"]), ""))


def _safe(name: str) -> str:
    return re.sub(r"[^\w.#@:-]+", "_", name)
