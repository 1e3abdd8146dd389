"""The ranking that BFCL's memory back end searches its keys with: BM25+ as rank_bm25 0.2.2 computes it.

Scores are equal to the last bit, because they are part of what the model is shown.

    >>> [round(score, 3) for score in BM25Plus([["first", "name"], ["age"]]).get_scores(["name"])]
    [2.054, 1.099]
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

K1, B, DELTA = 1.5, 0.75, 1


class BM25Plus:
    """BM25+ (Lv and Zhai, CIKM 2011) over a corpus of tokenized texts."""

    def __init__(self, corpus: Sequence[Sequence[str]]) -> None:
        self._counts = [Counter(text) for text in corpus]
        self._lengths = [len(text) for text in corpus]
        # No corpus, no average: the original raises the same ZeroDivisionError, which the model is shown.
        self._average = sum(self._lengths) / len(self._lengths)
        found = Counter(word for counts in self._counts for word in counts)
        self._weights = {word: math.log((len(corpus) + 1) / texts) for word, texts in found.items()}

    def get_scores(self, query: Sequence[str]) -> list[float]:
        """Return the score of every text, in the corpus's order."""
        scores = [0.0] * len(self._counts)
        for word in query:
            weight = self._weights.get(word, 0)
            for i, (counts, length) in enumerate(zip(self._counts, self._lengths, strict=True)):
                often = counts[word]
                damped = K1 * (1 - B + B * length / self._average) + often
                scores[i] += weight * (DELTA + often * (K1 + 1) / damped)
        return scores
