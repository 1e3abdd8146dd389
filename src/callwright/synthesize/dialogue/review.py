"""Blueprints before a committee (APIGen-MT, arXiv 2504.03601 §3.1): approved, said anew, or dropped.

The judges see the conversation as the script acts it out, and tell whether its requests ask for the gold
calls. Where a model can say requests in other words, it is told what they found fault with, and the
blueprint gets another chance; that the values still stand in the requests is for `verify` to see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from callwright.record import Dropped, Json, Trajectory
from callwright.synthesize.asking import Ask, question
from callwright.synthesize.dialogue.blueprint import Blueprint, Turn
from callwright.synthesize.slots import Judge
from callwright.verify.judge.lenient_json import objects, sound

REFLECTIONS = 2
"""Times that the requests of a rejected blueprint are said anew."""
_ASKED = """\
A customer says these requests to an assistant, one after the other, and for each the assistant has to make \
the calls that stand behind it:
{turns}

A reviewer found fault with it: {why}

Write the requests anew, so that each asks for exactly its calls, as a customer would say it: no function \
names, no argument names. Keep every name, number, date and id exactly as it is. Answer with one JSON object \
that maps the number of each request to its new words: {{"1": "…", "2": "…"}}"""


class Approved(NamedTuple):
    """A blueprint that the committee let pass."""

    blueprint: Blueprint
    record: Json
    """The votes, and how often it was said anew."""


class Review:
    """Puts blueprints before the judges; `row` tells how one is shown to them."""

    def __init__(self, judge: Judge, row: Callable[[Blueprint], Trajectory], reflect: Ask | None) -> None:
        self._judge = judge
        self._row = row
        self._reflect = reflect

    def __call__(self, blueprints: Sequence[Blueprint]) -> list[Approved | Dropped]:
        """Return what became of each blueprint, in their order."""
        settled: dict[str, Approved | Dropped] = {}
        waiting = list(blueprints)
        for number in range(REFLECTIONS + 1):
            rejected: list[tuple[Blueprint, Dropped]] = []
            judged = self._judge([self._row(one) for one in waiting])
            for blueprint, row in zip(waiting, judged, strict=True):
                if isinstance(row, Dropped):
                    rejected.append((blueprint, row))
                    settled[blueprint.id] = row
                else:
                    votes = row.extra.get("judge")
                    settled[blueprint.id] = Approved(blueprint, {"said_anew": number, "votes": votes})
            waiting = self._said_anew(rejected, number) if number < REFLECTIONS else []
        return [settled[blueprint.id] for blueprint in blueprints]

    def _said_anew(self, rejected: Sequence[tuple[Blueprint, Dropped]], number: int) -> list[Blueprint]:
        """Return the blueprints for which a model found other words."""
        if self._reflect is None or not rejected:
            return []
        asked = [
            question(
                f"{blueprint.id}/again/{number}",
                ("user", _ASKED.format(turns=_shown(blueprint), why=row.detail)),
            )
            for blueprint, row in rejected
        ]
        answers = self._reflect(asked)
        anew = [
            reworded(blueprint, answer.text)
            for (blueprint, _), answer in zip(rejected, answers, strict=True)
            if answer is not None
        ]
        return [blueprint for blueprint in anew if blueprint is not None]


def _shown(blueprint: Blueprint) -> str:
    lines = []
    for number, turn in enumerate(blueprint.turns, start=1):
        calls = [{"name": a.call.name, "arguments": a.call.arguments} for a in turn.actions]
        lines.append(f"{number}. {turn.request}\n   calls: {json.dumps(calls, ensure_ascii=False)}")
        if turn.kind == "missing-argument":
            lines.append(f"   {turn.withheld[0]} is told only when the assistant asks for it")
        if turn.kind == "missing-tool":
            lines.append("   no tool serves this wish: the assistant says so")
    return "\n".join(lines)


def reworded(blueprint: Blueprint, text: str) -> Blueprint | None:
    """Return a blueprint with the requests that a model wrote; None where it wrote none that can be read."""
    for found in objects(text).found:
        words = {name: sound(said).strip() for name, said in found.fields.pairs if isinstance(said, str)}
        turns = tuple(_with(turn, words.get(str(k), "")) for k, turn in enumerate(blueprint.turns, start=1))
        if turns != blueprint.turns:
            return replace(blueprint, turns=turns)
    return None


def _with(turn: Turn, request: str) -> Turn:
    return replace(turn, request=request) if request else turn
