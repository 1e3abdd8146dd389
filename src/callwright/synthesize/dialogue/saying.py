"""From the steps of a walk to turns: what the user says for each, and what the agent has to tell.

A turn is one wish with the calls that only find out what it needs. The user says what the agent could not
know: values of their own, and which of several things that a result showed is meant. What was talked about
just before may go unsaid.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from callwright.record import Json
from callwright.synthesize.dialogue.blueprint import Action, Origin, Turn
from callwright.synthesize.dialogue.walk import Bound, Step, facts_in, shown_by
from callwright.synthesize.facts import Fact, noun_of
from callwright.synthesize.families import FAMILIES, SMALL_LETTERS, WEIGHTS, Families
from callwright.synthesize.missing import askable
from callwright.synthesize.request import Request
from callwright.synthesize.values import Said
from callwright.synthesize.wording import Subject, Wording, clause_of

UNSAID = 0.6
"""How often a value that was used just before is left unsaid."""
MOST_TOLD = 3
"""Values of a result that the agent has to tell."""
_LONGEST_TOLD = 60
_ANSWERS = ("{v}", "It's {v}.", "{v}, please.", "Oh, right: {v}.", "That would be {v}.")
_SINGLE = frozenset({"form", "bullets"})
"""Families that list fields, in which a value that goes unsaid would be missed."""


@dataclass
class Talk:
    """What was said and seen so far."""

    families: Families
    said: set[str] = field(default_factory=set)
    """Values that the user told, as JSON."""
    last: dict[str, str] = field(default_factory=dict)
    """What was used last for each name of an argument, as JSON."""


def wishes(steps: Sequence[Step], *, identified: bool = False) -> list[list[int]]:
    """Cut a walk into turns: each wish with the steps before it that only serve later ones.

    A step is a wish if it changes something, or if nothing that comes later uses what it showed. The first
    step of a walk that was `identified` by it is none.
    """
    used = {b.step for step in steps for b in step.bound.values() if b.step is not None}
    if identified and len(steps) > 1:
        used.add(0)
    turns: list[list[int]] = []
    helping: list[int] = []
    for place, step in enumerate(steps):
        if not step.writes and place in used:
            helping.append(place)
        else:
            turns.append([*helping, place])
            helping = []
    if helping:
        turns.append(helping)
    return turns


def turn_of(places: Sequence[int], steps: Sequence[Step], talk: Talk, rng: random.Random) -> Turn | None:
    """Return the turn of some steps; None where the grammar can not say it."""
    chosen = [steps[place] for place in places]
    told = _to_tell(chosen, steps, talk, rng)
    text = _text(chosen, told, talk.families, rng)
    if text is None:
        return None
    return _turn(text, chosen, told, talk, rng)


def without_argument(
    places: Sequence[int], steps: Sequence[Step], talk: Talk, rng: random.Random
) -> Turn | None:
    """Return a turn whose request lacks a value that it needs; None where none can be left out."""
    chosen = [steps[place] for place in places]
    wish = chosen[-1]
    told = _to_tell(chosen, steps, talk, rng)
    askables = [name for name in askable(wish.subject.tool) if name in told[-1]]
    others = {_key(said.value) for one in told[:-1] for said in one.values()}
    askables = [name for name in askables if _key(told[-1][name].value) not in others | talk.said]
    if not askables:
        return None
    name = rng.choice(askables)
    lacking = [*told[:-1], {key: said for key, said in told[-1].items() if key != name}]
    text = _text(chosen, lacking, talk.families, rng)
    if text is None or str(told[-1][name].text).lower() in text.lower():
        return None
    answer = rng.choice(_ANSWERS).format(v=told[-1][name].text)
    turn = _turn(text, chosen, told, talk, rng)
    return replace(turn, kind="missing-argument", withheld=(name, answer))


def _turn(
    text: str, chosen: Sequence[Step], told: Sequence[Mapping[str, Said]], talk: Talk, rng: random.Random
) -> Turn:
    """Return the turn that a request makes of some steps; the talk remembers what was said in it."""
    for step in chosen:
        for name, bound in step.bound.items():
            talk.last[name] = _key(bound.said.value)
    talk.said |= {_key(said.value) for one in told for said in one.values()}
    actions = tuple(_action(step, one) for step, one in zip(chosen, told, strict=True))
    wish = chosen[-1]
    return Turn(text, actions, () if wish.writes else outputs_of(wish, rng))


def wish_for(
    subject: Subject, said: Mapping[str, Said], families: Families, rng: random.Random
) -> str | None:
    """Return a request for a tool alone."""
    return _worded([(subject, said)], families, rng)


def _to_tell(
    chosen: Sequence[Step], steps: Sequence[Step], talk: Talk, rng: random.Random
) -> list[dict[str, Said]]:
    """Return, for each step, the arguments that the user has to tell."""
    told: list[dict[str, Said]] = []
    now: set[str] = set()
    for step in chosen:
        mine: dict[str, Said] = {}
        for name, bound in step.bound.items():
            key = _key(bound.said.value)
            if key in now or not _must_tell(name, bound, steps, talk, rng):
                continue
            mine[name] = _as_said(bound, steps)
            now.add(key)
        told.append(mine)
    return told


def _must_tell(name: str, bound: Bound, steps: Sequence[Step], talk: Talk, rng: random.Random) -> bool:
    if bound.chosen:
        return True
    key, last = _key(bound.said.value), talk.last.get(name)
    if bound.step is not None and not _alternatives(bound, steps):
        return last not in (None, key)  # found out, and still what the talk is about
    if key in talk.said and last == key:
        return rng.random() >= UNSAID
    return True


def _alternatives(bound: Bound, steps: Sequence[Step]) -> list[Fact]:
    """Return the other facts of the same kind that the same result showed."""
    if bound.step is None or bound.fact is None:
        return []
    shower = steps[shown_by(bound.fact)]
    shown = facts_in(shower.subject.name, shower.observation.value)
    return [f for f in shown if f.pattern == bound.fact.place and f.value != bound.fact.value]


def _as_said(bound: Bound, steps: Sequence[Step]) -> Said:
    """Return how a person says a value: a thing by its name, where no other has it."""
    fact = bound.fact
    if fact is None or bound.step is None or not fact.called:
        return bound.said
    others = {other.called for other in _alternatives(bound, steps)}
    return bound.said if fact.called in others else Said(bound.said.value, fact.called, fact.called)


def _text(
    chosen: Sequence[Step], told: Sequence[Mapping[str, Said]], families: Families, rng: random.Random
) -> str | None:
    """Return the request for the last step, with what the steps before it need told beside it."""
    text = _worded([(chosen[-1].subject, told[-1])], families, rng)
    if text is None:
        return None
    beside = [
        pair
        for step, one in zip(chosen[:-1], told[:-1], strict=True)
        for pair in _labelled(step.subject, one)
    ]
    labels = [label for label, _ in (*beside, *_labelled(chosen[-1].subject, told[-1]))]
    if len(set(labels)) < len(labels):  # two order numbers in one breath: nobody could tell which is for what
        return None
    more = [
        rng.choice(("The {n} is {v}.", "My {n} is {v}.", "{N}: {v}.")).format(
            n=label, N=label[:1].upper() + label[1:], v=said.text
        )
        for label, said in beside
    ]
    return " ".join([text, *more])


def _labelled(subject: Subject, told: Mapping[str, Said]) -> list[tuple[str, Said]]:
    labels = {param.name: param.label for param in subject.params}
    return [(labels[name], said) for name, said in told.items()]


def _worded(
    clauses: Sequence[tuple[Subject, Mapping[str, Said]]], families: Families, rng: random.Random
) -> str | None:
    wording = Wording()
    made = tuple(clause_of(subject, told, wording, rng) for subject, told in clauses)
    choices = FAMILIES[families]
    names = [name for name in choices if name not in _SINGLE]
    name = rng.choices(names, [WEIGHTS.get(n, 1.0) for n in names])[0]
    text, complete = wording.resolve(choices[name](Request(made, rng)), lower=name in SMALL_LETTERS)
    return text if complete else None


def _action(step: Step, told: Mapping[str, Said]) -> Action:
    origins: dict[str, Origin] = {name: "told" if name in told else "seen" for name in step.bound}
    return Action(step.call, step.observation, step.writes, origins, step.changes)


def outputs_of(step: Step, rng: random.Random) -> tuple[str, ...]:
    """Return what the agent has to tell of a result: some of its short values, as they stand there."""
    value = step.observation.value
    if not isinstance(value, dict | list) and not (isinstance(value, str) and value[:1] in "{["):
        return (shown(value),) if len(shown(value)) <= _LONGEST_TOLD else ()
    given = {_key(b.said.value) for b in step.bound.values()}
    facts = [f for f in facts_in(step.subject.name, value) if _key(f.value) not in given]
    short = [
        shown(f.value)
        for f in facts
        if not isinstance(f.value, bool) and len(shown(f.value)) <= _LONGEST_TOLD
    ]
    unique = list(dict.fromkeys(short))
    return tuple(rng.sample(unique, min(len(unique), rng.randint(1, MOST_TOLD))))


def shown(value: Json) -> str:
    """Return a scalar as a reply tells it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def report(step: Action, outputs: Sequence[str], rng: random.Random) -> str:
    """Return what the agent says after the calls of a turn."""
    noun = " ".join(noun_of(step.call.name))
    if step.writes:
        return rng.choice(
            ("Done.", "That is done.", "All set.", "Done, anything else?", "I have taken care of it.")
        )
    if not outputs:
        return rng.choice((f"Here is the {noun}.", "I have looked it up.", f"I have the {noun} now."))
    names = {shown(f.value): " ".join(f.words) for f in facts_in(step.call.name, step.observation.value)}
    told = ", ".join(f"{names[out]} {out}" if names.get(out) else out for out in outputs)
    return rng.choice(
        (f"The {noun}: {told}.", f"I found this: {told}.", f"Here is what I found: {told}.", f"{told}.")
    )


def _key(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
