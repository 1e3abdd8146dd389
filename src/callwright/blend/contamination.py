"""Finds the rows that give a benchmark away: by their words, or by the very calls that it expects.

By words: one message of the row holds at least a given share of the eight-word runs of one of the questions,
or the whole request has the words of a whole question (which is how short questions are found). By calls: the
row makes exactly the calls of an expected answer, and their values are too many or too long to be chance.

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
from collections.abc import Iterable
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
FEWEST_RUNS = 2
"""Runs that must be shared, if the question has so many; one alone may be a turn of phrase."""
TELLING = 3
"""Values, or words of one value, that make a set of calls telling."""

Kind = Literal["words", "request", "calls"]


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
        self._asked_in: list[int] = []
        self._sizes: list[int] = []
        self._grams: dict[int, list[int]] = {}
        self._calls: dict[tuple[str, ...], list[int]] = {}
        for question in questions:
            self._add(question)

    def evidence(self, row: Trajectory) -> Evidence | None:
        """Return what gives a question away, if anything does."""
        return self._by_request(row) or self._by_words(row) or self._by_calls(row)

    def _add(self, question: Question) -> None:
        number = len(self._questions)
        self._questions.append(question)
        self.counts[question.benchmark] += 1
        self._whole.setdefault(joined(question.texts), number)
        for text in question.texts:
            said = words(text)
            runs = {xxh3_64_intdigest(gram) for gram in grams(said, GRAM)}
            turn = self._turns.setdefault(b" ".join(said), len(self._sizes))
            if turn < len(self._sizes):
                continue  # another question's words: one of the two is enough
            self._sizes.append(len(runs))
            self._asked_in.append(number)
            for run in runs:
                self._grams.setdefault(run, []).append(turn)
        if question.calls and _telling(question.calls):
            self._calls.setdefault(_names(question.calls), []).append(number)

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
            runs = {xxh3_64_intdigest(gram) for gram in grams(words(message.content), GRAM)}
            shared = Counter(turn for run in runs & self._grams.keys() for turn in self._grams[run])
            shares = [
                (count / self._sizes[turn], -turn)
                for turn, count in shared.items()
                if count >= min(FEWEST_RUNS, self._sizes[turn])
            ]
            share, turn = max(shares, default=(0.0, 0))
            if shares and share >= self.overlap:
                detail = f"{share:.0%} of its runs of {GRAM} words stand here, in"
                return self._found(self._asked_in[-turn], "words", f"messages[{k}].content", detail)
        return None

    def _by_calls(self, row: Trajectory) -> Evidence | None:
        made = calls(row)
        if not made or not self._calls:
            return None
        for number in self._calls.get(_names(made), ()):
            if _answers(made, self._questions[number].calls):
                path = next(f"messages[{k}].tool_calls" for k, m in enumerate(row.messages) if m.tool_calls)
                return self._found(number, "calls", path, "the calls are those that answer")
        return None

    def _found(self, number: int, kind: Kind, path: str, detail: str) -> Evidence:
        question = self._questions[number]
        return Evidence(question.benchmark, question.id, kind, path, f"{detail} {question.id}")


def _names(made: Iterable[ToolCall | Expected]) -> tuple[str, ...]:
    """Return the names, sorted, without what formats do to them (`math.add` is `math_add`)."""
    return tuple(sorted(re.sub(r"[^0-9a-z]+", "_", call.name.lower()) for call in made))


def _telling(expected: Iterable[Expected]) -> bool:
    """Tell whether equal calls can hardly be chance: several values, or a long one."""
    values = [value for call in expected for allowed in call.arguments.values() for value in allowed[:1]]
    meant = [value for value in values if value not in ("", None) and not isinstance(value, bool)]
    return len(meant) >= TELLING or any(isinstance(v, str) and len(words(v)) >= TELLING for v in meant)


def _answers(made: list[ToolCall], expected: tuple[Expected, ...]) -> bool:
    left = list(expected)  # as many as are made: their names are equal
    for call in made:
        match = next((one for one in left if _is(call, one)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _is(call: ToolCall, expected: Expected) -> bool:
    if _names([call]) != _names([expected]) or call.arguments is None:
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
