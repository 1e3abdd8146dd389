"""Read a judge's answer: JSON, nearly JSON, lines of ``key: value``, or AgentRater's score and explanation.

The rules, in this order:

- A thought that opens the answer is skipped; one that never ends makes the answer unreadable.
- Of several complete objects the last one counts; those that carry the row's mark come before all others,
  because a judge that quotes the row may quote an answer that stands in it.
- An object that began and was never completed leaves only marked ones to be believed.
- What is out of range, or said twice and differently, is unreadable. It is never rounded into a verdict.

    >>> read('Fine. {"passes": "yes", "rating": "4/5"}', steps=1, mark="m")
    Opinion(passes=True, rating=4.0, steps=(), why='')
    >>> read("It is all good, trust me.", steps=1, mark="m")
    Unreadable(complaint='it holds neither a rating nor a verdict')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from callwright.record import Json
from callwright.verify.judge.lenient_json import Fields, objects, sound
from callwright.verify.judge.opinion import Opinion, Unreadable
from callwright.verify.judge.scale import Unclear, key_of, score_of, yes_or_no
from callwright.verify.judge.steps import STEP_KEYS, STEPS, UNSUPPORTED, read_steps

_T = TypeVar("_T", bool, float)

LIMIT = 100_000
"""Characters of an answer that are looked at, from its end."""
WHY = 500

PASSES = frozenset({"pass", "passes", "passed", "verdict", "decision", "judgment", "judgement"})
RATING = frozenset(
    {"rating", "score", "overall", "overallscore", "overallrating", "finalscore", "finalrating"}
    | {"trajectoryscore", "trajectoryrating", "totalscore"}
)
WHYS = frozenset({"why", "reason", "reasoning", "explanation", "rationale", "comment", "thought", "thoughts"})
MARK = frozenset({"row", "mark", "rowmark"})
_WRAPPERS = frozenset({"verdict", "evaluation", "overall", "result", "answer", "output", "response"})
_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>")
_CLOSED = re.compile(r"</(?:think|thinking|thought|reasoning)>")


def read(answer: str, *, steps: int, mark: str) -> Opinion | Unreadable:
    """Return what the answer says about a row of so many steps; never raises.

    `mark` is what the judge was asked to repeat, so that its own object is known from a quoted one.
    """
    try:
        return _opinion(_without_thought(answer[-LIMIT:]), steps, mark)
    except Unclear as unclear:
        return Unreadable(str(unclear))


def _without_thought(text: str) -> str:
    while opened := _THOUGHT.match(text):
        closed = text.find(f"</{opened[1]}>", opened.end())
        if closed < 0:
            raise Unclear("its thought never ends")
        text = text[closed + len(opened[1]) + 3 :]
    return text


def _opinion(text: str, steps: int, mark: str) -> Opinion:
    if not text.strip():
        raise Unclear("it is empty")
    every = objects(text)
    # The opening tag is often part of the prompt; a closing one inside a complete object is a quotation.
    spans = [(one.start, one.end) for one in every.found]
    ends = [m.end() for m in _CLOSED.finditer(text) if not any(a <= m.start() < b for a, b in spans)]
    begin = ends[-1] if ends else 0
    read_pairs = [(one.start, _flat(one.fields)) for one in every.found]
    opinions = [(start, pairs) for start, pairs in read_pairs if _is_opinion(pairs)]
    marked = [one for one in opinions if any(k in MARK and v == mark for k, v in one[1])]
    said = [one for one in opinions if one[0] >= begin]
    if marked or (said and not every.broken):
        start, pairs = (marked or said)[-1]
        first = _score_line(text[begin:start])
        return _from_pairs(pairs if first is None else [*pairs, ("rating", first)], steps)
    if every.broken:
        raise Unclear("its JSON object is not complete")
    return _from_lines(text[begin:], steps)


def _flat(fields: Fields, depth: int = 0) -> list[tuple[str, Json]]:
    """Return the pairs with their keys folded; what a wrapper holds counts as said by the whole."""
    pairs: list[tuple[str, Json]] = []
    for key, value in fields.pairs:
        folded = key_of(key)
        if isinstance(value, Fields) and folded in _WRAPPERS and depth < 3:
            pairs += _flat(value, depth + 1)
        else:
            pairs.append((folded, value))
    return pairs


def _is_opinion(pairs: list[tuple[str, Json]]) -> bool:
    keys = {key for key, _ in pairs}
    return bool(keys & (PASSES | RATING)) and not keys & STEP_KEYS


def _from_pairs(pairs: list[tuple[str, Json]], steps: int) -> Opinion:
    passes = _one("verdicts", PASSES, pairs, yes_or_no)
    rating = _one("ratings", RATING, pairs, score_of)
    if passes is None and rating is None:
        raise Unclear("it holds neither a rating nor a verdict")
    by_step = [value for key, value in pairs if key in STEPS and value is not None]
    if len(by_step) > 1 and any(value != by_step[0] for value in by_step):
        raise Unclear("it lists its steps twice")
    loose = [value for key, value in pairs if key in UNSUPPORTED]
    why = next((value for key, value in pairs if key in WHYS and isinstance(value, str)), "")
    return Opinion(passes, rating, read_steps(by_step[0] if by_step else None, loose, steps), _short(why))


def _one(
    what: str, keys: frozenset[str], pairs: list[tuple[str, Json]], reading: Callable[[Json], _T | None]
) -> _T | None:
    """Return what all values under these keys say, None where there is none."""
    values = {reading(value) for key, value in pairs if key in keys} - {None}
    if len(values) > 1:
        raise Unclear(f"it holds {what} that contradict each other")
    return next(iter(values), None)


def _from_lines(text: str, steps: int) -> Opinion:
    lines = [line for line in text.split("\n") if line.strip(" \t\r`")]
    pairs = list(_keyed(lines))
    first = _score_line(text)
    if first is not None:
        pairs.append(("rating", first))
    if not any(key in PASSES | RATING for key, _ in pairs):
        raise Unclear("it holds neither a rating nor a verdict")
    rest = [line for line in lines if not _keyed_line(line)][first is not None :]
    return _from_pairs([*pairs, ("why", "\n".join(rest).strip("` \n"))], steps)


def _keyed(lines: list[str]) -> Iterator[tuple[str, Json]]:
    for line in lines:
        found = _keyed_line(line)
        if found:
            yield found


def _keyed_line(line: str) -> tuple[str, str] | None:
    key, *value = re.split("[:=]", line, maxsplit=1)
    folded = key_of(key)
    wanted = folded in PASSES | RATING | WHYS and len(key) <= 40
    return (folded, value[0].strip(" *_`\t\r,")) if value and wanted else None


def _score_line(text: str) -> Json | None:
    """Return the score that is all of the first line, AgentRater's form; None where that line is another."""
    first = next((line for line in text.split("\n") if line.strip(" \t\r`")), "")
    bare = first.strip(" \t\r`*_#.")
    return bare if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?(?:\s*(?:/|out of)\s*\d+)?", bare) else None


def _short(why: str) -> str:
    return sound(" ".join(why.split())[:WHY])
