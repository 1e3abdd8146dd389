"""Finds the rows that give a benchmark away: by their words, or by the very calls that it expects.

By words: one message of the row holds at least a given share of the eight-word runs of one of the questions,
or the whole request has the words of a whole question (which is how short questions are found). By calls: the
row makes exactly the calls of an expected answer, and their values are too many or too long to be chance; or,
among other calls, all of its telling ones, because an agent looks things up before it does what is asked for.
By notes: the fields that the row has kept of its source hold a question. Such a row was made from the
benchmark's own task, even where a simulated user said it in other words.

    >>> held_out = Benchmarks([Question("mine", "7", ("what is the weather in Oslo",))])
    >>> from callwright.record import Message, Trajectory
    >>> said = Message(role="user", content="What is the weather in Oslo?")
    >>> found = held_out.evidence(Trajectory(id="a", messages=(said,)))
    >>> found.question, found.kind
    ('7', 'request')
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from xxhash import xxh3_64_intdigest

from callwright.blend.keys import calls, requests
from callwright.blend.questions import Expected, Question
from callwright.blend.words import grams, joined, normalised, words
from callwright.record import Json, ToolCall, Trajectory

GRAM = 8
"""Words of a run; eight as for PaLM (arXiv 2204.02311 §8)."""
FEWEST = 3
"""Words of a request that is long enough to be recognised as a whole."""
_SHORTEST = 2 * FEWEST - 1
"""Characters of so many words."""
FEWEST_RUNS = 2
"""Runs that must be shared, if the question has so many; one alone may be a turn of phrase."""
TELLING = 3
"""Values, or words of one value, that make a set of calls telling."""
AMONG = 6
"""Different values that make a part of the calls telling, where each call has `TELLING` or more."""

Kind = Literal["words", "request", "calls", "notes"]


class Evidence(NamedTuple):
    """Why a row is held to give a question away."""

    benchmark: str
    question: str
    kind: Kind
    path: str
    detail: str


class Benchmarks:
    """The questions of all benchmarks, indexed once."""

    def __init__(self, questions: Iterable[Question], overlap: float = 0.5) -> None:
        self.overlap = overlap
        self.counts: Counter[str] = Counter()
        """Questions per benchmark."""
        self._questions: list[Question] = []
        self._whole: dict[bytes, int] = {}
        self._turns: dict[bytes, int] = {}
        self._asked_in: list[list[int]] = []
        self._sizes: list[int] = []
        self._turns_of: list[list[int]] = []
        self._grams: dict[int, list[int]] = {}
        self._calls: dict[tuple[str, ...], list[int]] = {}
        self._among: dict[str, list[tuple[int, tuple[Expected, ...]]]] = {}
        for question in questions:
            self._add(question)

    def evidence(self, row: Trajectory) -> Evidence | None:
        """Return what gives a question away, if anything does."""
        return self._by_request(row) or self._by_words(row) or self._by_calls(row) or self._by_notes(row)

    def _add(self, question: Question) -> None:
        number = len(self._questions)
        self._questions.append(question)
        self.counts[question.benchmark] += 1
        for whole in ((text,) for text in question.texts) if question.fields else (question.texts,):
            self._whole.setdefault(joined(whole), number)
        self._turns_of.append([self._turn(text, number) for text in question.texts])
        if question.calls and _telling(question.calls):
            self._calls.setdefault(_names(question.calls), []).append(number)
        if telling := _telling_apart(question.calls):
            # Under one name is enough, and the call with the most values is hardly the one that looks up.
            name = _plain(max(telling, key=lambda call: len(_values([call]))).name)
            self._among.setdefault(name, []).append((number, telling))

    def _turn(self, text: str, number: int) -> int:
        """Return the number of a text of a question; questions in the same words share it."""
        said = words(text)
        turn = self._turns.setdefault(b" ".join(said), len(self._sizes))
        if turn < len(self._sizes):
            self._asked_in[turn].append(number)
            return turn
        runs = _runs(said)
        self._sizes.append(len(runs))
        self._asked_in.append([number])
        for run in runs:
            self._grams.setdefault(run, []).append(turn)
        return turn

    def _by_request(self, row: Trajectory) -> Evidence | None:
        said = joined(requests(row))
        number = self._whole.get(said)
        if number is None or len(said.split()) < FEWEST:
            return None
        return self._found(number, "request", "messages", "the request is word for word")

    def _by_words(self, row: Trajectory) -> Evidence | None:
        for k, message in enumerate(row.messages):
            if message.role != "user":
                continue
            shared = self._shared(_runs(words(message.content)))
            shares = [
                (count / self._sizes[turn], -turn)
                for turn, count in shared.items()
                if count >= min(FEWEST_RUNS, self._sizes[turn])
            ]
            share, turn = max(shares, default=(0.0, 0))
            if shares and share >= self.overlap:
                detail = f"{share:.0%} of its runs of {GRAM} words stand here, in"
                return self._found(self._asked_in[-turn][0], "words", f"messages[{k}].content", detail)
        return None

    def _by_calls(self, row: Trajectory) -> Evidence | None:
        made = calls(row)
        if not made or (not self._calls and not self._among):
            return None
        path = next(f"messages[{k}].tool_calls" for k, m in enumerate(row.messages) if m.tool_calls)
        for number in self._calls.get(_names(made), ()):
            if _makes_all(made, self._questions[number].calls):
                return self._found(number, "calls", path, "the calls are those that answer")
        for name in {_plain(call.name) for call in made}:
            for number, telling in self._among.get(name, ()):
                if _makes_all(made, telling):
                    return self._found(
                        number, "calls", path, "among the calls are the telling ones that answer"
                    )
        return None

    def _by_notes(self, row: Trajectory) -> Evidence | None:
        """Look for questions as a whole, with all their texts: one may be a phrase that many tasks share."""
        noted: list[tuple[str, set[int]]] = []
        for path, text in _notes(row):
            said = words(text)
            number = self._whole.get(b" ".join(said)) if len(said) >= FEWEST else None
            if number is not None and len(self._questions[number].texts) == 1:
                return self._found(number, "notes", path, "the note is word for word")
            if runs := _runs(said) & self._grams.keys():
                noted.append((path, runs))
        if not noted:
            return None
        shared = self._shared(set().union(*(runs for _, runs in noted)))
        asked = {number for turn in shared for number in self._asked_in[turn]}
        share, least = max(((self._share(shared, number), -number) for number in asked), default=(0.0, 0))
        if share < self.overlap:
            return None
        turns = set(self._turns_of[-least])
        path, _ = max(noted, key=lambda note: sum(not turns.isdisjoint(self._grams[r]) for r in note[1]))
        return self._found(
            -least, "notes", path, f"{share:.0%} of its runs of {GRAM} words stand in notes, in"
        )

    def _share(self, shared: Counter[int], number: int) -> float:
        """Return which share of the runs of a question is among the shared ones; 0 for too few of them."""
        turns = self._turns_of[number]
        count, size = sum(shared[turn] for turn in turns), sum(self._sizes[turn] for turn in turns)
        return count / size if count >= min(FEWEST_RUNS, size) else 0.0

    def _shared(self, runs: set[int]) -> Counter[int]:
        """Return how many of the runs each text of a question has; those that have any."""
        return Counter(turn for run in runs & self._grams.keys() for turn in self._grams[run])

    def _found(self, number: int, kind: Kind, path: str, detail: str) -> Evidence:
        question = self._questions[number]
        return Evidence(question.benchmark, question.id, kind, path, f"{detail} {question.id}")


def _runs(said: Sequence[bytes]) -> set[int]:
    return {xxh3_64_intdigest(gram) for gram in grams(said, GRAM)}


def _notes(row: Trajectory) -> Iterator[tuple[str, str]]:
    """Yield path and text of the texts in the fields that the row has kept of its source."""
    about = row.extra.get("unify")
    fields = about.get("fields") if isinstance(about, dict) else None
    if not fields:
        return
    left: list[tuple[str, Json]] = [("extra.unify.fields", fields)]
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            if len(value) >= _SHORTEST:
                yield path, value
        elif isinstance(value, dict):
            left += [(f"{path}.{key}", item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            left += [(f"{path}[{k}]", item) for k, item in reversed(list(enumerate(value)))]


@lru_cache(maxsize=1 << 14)
def _plain(name: str) -> str:
    """Return a name without what formats do to it (`math.add` is `math_add`)."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower())


def _names(made: Iterable[ToolCall | Expected]) -> tuple[str, ...]:
    return tuple(sorted(_plain(call.name) for call in made))


def _telling(expected: Iterable[Expected]) -> bool:
    """Tell whether equal calls can hardly be chance: several values, or a long one."""
    meant = _meant(expected)
    return len(meant) >= TELLING or any(isinstance(v, str) and len(words(v)) >= TELLING for v in meant)


def _telling_apart(expected: Iterable[Expected]) -> tuple[Expected, ...]:
    """Return the calls that give an answer away in whatever company; none if their values are too few.

    A call with one or two values (an order by its number) is also made for another task of the same user,
    and a long text is worded anew in each run.
    """
    calls = tuple(call for call in expected if len(_values([call])) >= TELLING)
    return calls if len(_values(calls)) >= AMONG else ()


def _meant(expected: Iterable[Expected]) -> list[Json]:
    """Return the arguments, in the first of the allowed forms, without those that say little or nothing."""
    values = [value for call in expected for allowed in call.arguments.values() for value in allowed[:1]]
    return [value for value in values if value not in ("", None) and not isinstance(value, bool)]


def _values(expected: Iterable[Expected]) -> set[str]:
    """Return the different texts and numbers in the arguments, however deep."""
    found, left = set(), _meant(expected)
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif value not in ("", None) and not isinstance(value, bool):
            found.add(normalised(str(value)))
    return found


def _makes_all(made: Iterable[ToolCall], expected: Iterable[Expected]) -> bool:
    """Tell whether each expected call is made, by a call of its own."""
    left = list(made)
    for one in expected:
        place = next((k for k, call in enumerate(left) if _is(call, one)), None)
        if place is None:
            return False
        del left[place]
    return True


def _is(call: ToolCall, expected: Expected) -> bool:
    if _plain(call.name) != _plain(expected.name) or call.arguments is None:
        return False
    return _object(call.arguments, expected.arguments)


def _object(value: dict[str, Json], allowed: dict[str, Json]) -> bool:
    """Compare an object with its allowed values; what is absent must be optional."""
    if not value.keys() <= allowed.keys():
        return False
    if any("" not in _options(allowed[key]) for key in allowed.keys() - value.keys()):
        return False
    return all(any(_same(value[key], option) for option in _options(allowed[key])) for key in value)


def _options(allowed: Json) -> list[Json]:
    return allowed if isinstance(allowed, list) else [allowed]


def _same(value: Json, option: Json) -> bool:
    if isinstance(value, str) and isinstance(option, str):
        return normalised(value) == normalised(option)
    if isinstance(value, list) and isinstance(option, list):
        return len(value) == len(option) and all(map(_same, value, option))
    if isinstance(value, dict) and isinstance(option, dict):
        plain = value.keys() == option.keys() and all(_same(value[key], option[key]) for key in value)
        return plain or _object(value, option)
    return isinstance(value, bool) == isinstance(option, bool) and bool(value == option)
