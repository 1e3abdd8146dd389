"""Which tools can stand beside others in an offer, found without looking at all tools of a large pool.

A request for one tool must not be one that another offered tool could be meant for: tools whose names and
descriptions share most of their words are never offered together. A pool may hold thousands of tools, and
every row asks, so alike ones are found by their rarest words, and what is left is counted, not listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import overload

from callwright.synthesize.wording import Subject

TOO_NEAR = 0.6
"""Two tools whose names and descriptions share this much of their words never stand against each other."""


def near(one: Subject, two: Subject) -> bool:
    """Tell whether two tools are so alike that a request for one may be served by the other."""
    union = one.content | two.content
    return not union or len(one.content & two.content) / len(union) >= TOO_NEAR


class AllBut(Sequence[Subject]):
    """All tools of a pool without those at some places, in their order."""

    def __init__(self, subjects: Sequence[Subject], out: Iterable[int]) -> None:
        self._subjects = subjects
        self._out = sorted(set(out))

    def __len__(self) -> int:
        return len(self._subjects) - len(self._out)

    @overload
    def __getitem__(self, number: int) -> Subject: ...
    @overload
    def __getitem__(self, number: slice) -> list[Subject]: ...
    def __getitem__(self, number: int | slice) -> Subject | list[Subject]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        place = number % len(self)
        for out in self._out:
            if out > place:
                break
            place += 1
        return self._subjects[place]

    def leave_out(self, places: Iterable[int]) -> AllBut:
        """Return these without some more."""
        return AllBut(self._subjects, chain(self._out, places))

    def has(self, place: int) -> bool:
        """Tell whether the tool at a place of the pool is among these."""
        return place not in self._out


class Shelf:
    """The tools of a pool, by their names, words and places; all names differ."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._subjects = subjects
        self._alike: dict[str, frozenset[int]] = {}

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where the tool of a name stands."""
        return {subject.name: place for place, subject in enumerate(self._subjects)}

    @cached_property
    def _by_word(self) -> Mapping[str, list[int]]:
        """The places of tools that say a word; those that say none stand under the empty one."""
        found: dict[str, list[int]] = {}
        for place, subject in enumerate(self._subjects):
            for word in subject.content or ("",):
                found.setdefault(word, []).append(place)
        return found

    def but(self, subjects: Iterable[Subject]) -> AllBut:
        """Return all tools but some."""
        return AllBut(self._subjects, (self.places[s.name] for s in subjects if s.name in self.places))

    def unlike(self, subjects: Sequence[Subject]) -> AllBut:
        """Return the tools that no request for any of `subjects` could be meant for."""
        return AllBut(self._subjects, chain.from_iterable(map(self._alike_to, subjects)))

    def _alike_to(self, subject: Subject) -> frozenset[int]:
        if subject.name not in self._alike:
            found = frozenset(p for p in self._candidates(subject) if near(self._subjects[p], subject))
            self._alike[subject.name] = found
        return self._alike[subject.name]

    def _candidates(self, subject: Subject) -> Iterable[int]:
        """Return the places of all that might be near.

        Of the words of a near one, a share of `TOO_NEAR` is common to both. So of all but that many words at
        least one is common, and the rarest will do.
        """
        if not subject.content:
            return self._by_word.get("", ())
        common = math.ceil(TOO_NEAR * len(subject.content))
        rarest = sorted(subject.content, key=lambda word: (len(self._by_word.get(word, ())), word))
        looked_at = rarest[: len(rarest) - common + 1]
        return set(chain.from_iterable(self._by_word.get(word, ()) for word in looked_at))
