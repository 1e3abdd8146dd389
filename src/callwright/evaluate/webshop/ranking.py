"""BM25 as Lucene scores it, over postings that may lie in memory or on disk.

k1 is 0.9 and b is 0.4 (Anserini's defaults, which WebShop uses). A document's length is rounded down to
Lucene's one-byte floats, a query word that occurs twice counts twice, and of equal scores the document whose
name comes first wins.

>>> index = build([["red", "shoe"], ["blue", "shoe"]])
>>> [hit.document for hit in search(index, ["blue"], 5, names=["A", "B"])]
[1]
"""

from __future__ import annotations

import heapq
import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

K1, B = 0.9, 0.4
MOST_TERMS = 1024
"""Different words of a query that are looked for; Lucene refuses a query of more."""
_EXACT_LENGTHS = 24
_DECIMALS = 6
"""To which scores are compared: what a 32-bit number, which Lucene adds up, can tell apart."""

_MARGIN = 1e-3
"""More than rounding can make up, so that nothing is left out that could be among the best."""
_SEARCH_COST = 8
"""How many postings can be passed in the time that it takes to look one up."""


class Hit(NamedTuple):
    """A document that was found, by its number, and its score."""

    document: int
    score: float


class Posting(NamedTuple):
    """Where a term occurs: document numbers in rising order, and what an occurrence is worth there."""

    documents: Sequence[int]
    weights: Sequence[float]
    """Between 0 and 1: frequency against length, before the term's own weight."""
    top: float
    """The largest of the weights."""


class Index(Protocol):
    """What a search asks of an index."""

    @property
    def documents(self) -> int:
        """Return how many documents there are."""
        ...

    def posting(self, term: str) -> Posting | None:
        """Return where `term` occurs, None if it does nowhere."""
        ...


def quantised(length: int) -> int:
    """Return a length as Lucene's norm byte remembers it: four significant bits above 24."""
    rest = length - _EXACT_LENGTHS
    if rest < 0:
        return length
    shift = max(0, rest.bit_length() - 4)
    return _EXACT_LENGTHS + (rest >> shift << shift)


def weight(frequency: int, length: int, mean_length: float) -> float:
    """Return what `frequency` occurrences are worth in a document of `length` terms."""
    return frequency / (frequency + K1 * (1 - B + B * quantised(length) / mean_length))


class MemoryIndex:
    """Postings in memory."""

    def __init__(self, documents: int, postings: dict[str, Posting]) -> None:
        self.documents = documents
        self._postings = postings

    def posting(self, term: str) -> Posting | None:
        """Return where `term` occurs, None if it does nowhere."""
        return self._postings.get(term)


def build(documents: Iterable[Sequence[str]]) -> MemoryIndex:
    """Return an index of documents, each given by its terms."""
    found: dict[str, tuple[array[int], list[int]]] = {}
    lengths: list[int] = []
    for number, document in enumerate(documents):
        lengths.append(len(document))
        for term, frequency in Counter(document).items():
            places, frequencies = found.setdefault(term, (array("I"), []))
            places.append(number)
            frequencies.append(frequency)
    mean = sum(lengths) / max(len(lengths), 1)
    postings = {}
    for term, (places, frequencies) in found.items():
        weights = array("f", (weight(f, lengths[d], mean) for d, f in zip(places, frequencies, strict=True)))
        postings[term] = Posting(places, weights, max(weights))
    return MemoryIndex(len(lengths), postings)


def search(index: Index, terms: Iterable[str], n: int, names: Sequence[str]) -> list[Hit]:
    """Return the `n` best documents, best first.

    Rare terms are looked at first. As soon as what is left could not lift a new document among the best, only
    documents that were found already, and can still get there, are followed up (MaxScore: Turtle and Flood
    1995). The result is the same as without.
    """
    wanted = [
        (times * _rarity(len(found.documents), index.documents), found)
        for term, times in islice(Counter(terms).items(), MOST_TERMS)
        if (found := index.posting(term))
    ]
    wanted.sort(key=lambda each: -each[0])
    left = sum(factor * posting.top for factor, posting in wanted)
    scores: dict[int, float] = {}
    for factor, posting in wanted:
        least = heapq.nlargest(n, scores.values())[-1] - _MARGIN if len(scores) >= n else 0.0
        if left < least:
            scores = {document: score for document, score in scores.items() if score + left >= least}
            _lift(scores, factor, posting)
        else:
            get = scores.get
            for document, each in zip(posting.documents, posting.weights, strict=True):
                scores[document] = get(document, 0.0) + factor * each
        left -= factor * posting.top
    return _best(scores, n, names)


def _rarity(found: int, documents: int) -> float:
    """Return the weight of a term: its inverse document frequency."""
    return math.log(1 + (documents - found + 0.5) / (found + 0.5))


def _best(scores: dict[int, float], n: int, names: Sequence[str]) -> list[Hit]:
    """Return the `n` best in order; names are looked at only for those that can be among them."""
    cut = min(heapq.nlargest(n, scores.values()), default=0.0) - 10**-_DECIMALS
    found = sorted((-round(s, _DECIMALS), names[d], d) for d, s in scores.items() if s >= cut)
    return [Hit(document, -score) for score, _, document in found[:n]]


def _lift(scores: dict[int, float], factor: float, posting: Posting) -> None:
    """Add a term to the documents that were found already."""
    documents, weights, _ = posting
    size = len(documents)
    if size < _SEARCH_COST * len(scores):
        for document, each in zip(documents, weights, strict=True):
            if document in scores:
                scores[document] += factor * each
        return
    for document in scores:
        place = bisect_left(documents, document)
        if place < size and documents[place] == document:
            scores[document] += factor * weights[place]
