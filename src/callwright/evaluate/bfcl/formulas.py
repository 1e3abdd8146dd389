"""BFCL's published figures from the scores of its categories: versions 1, 2, 3 (twice) and 4.

A category that was not run has no score. The official table counts it as 0 all the same; here a figure says
both, what it is (None where a part is missing) and what the official formula would print.

    >>> v4({"irrelevance": Tally(240, 240), "live_irrelevance": Tally(884, 884)})["overall"]
    Figure(value=None, missing_as_zero=0.1)

The formulas are those of the official code as of each version. The tests recompute published rows of all but
the later version 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Tally(NamedTuple):
    """How many rows of a category were right, of how many."""

    correct: float
    n: int


class Figure(NamedTuple):
    """A figure between 0 and 1."""

    value: float | None
    """None: not run, in whole or in part."""
    missing_as_zero: float
    """The same with 0 for every category that was not run, as the official table counts."""


Scores = Mapping[str, Tally]
Figures = dict[str, Figure]

LIVE = {"live_simple": 258, "live_multiple": 1053, "live_parallel": 16, "live_parallel_multiple": 24}
"""Rows by category, which are the weights where a category was not run."""
_V3_LIVE = {**LIVE, "live_irrelevance": 882, "live_relevance": 18}
_V1 = {
    "simple_python": 400, "simple_java": 100, "simple_javascript": 50, "multiple": 200, "parallel": 200,
    "parallel_multiple": 200, "exec_simple": 100, "rest": 70, "exec_multiple": 50, "exec_parallel": 50,
    "exec_parallel_multiple": 40, "irrelevance": 240,
}  # fmt: skip
MULTI_TURN = ("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context")
_KINDS = ("simple", "multiple", "parallel", "parallel_multiple")


def _score(scores: Scores, category: str) -> Figure:
    tally = scores.get(category)
    if tally is None or tally.n == 0:
        return Figure(None, 0.0)
    return Figure(tally.correct / tally.n, tally.correct / tally.n)


def _weighted(parts: Sequence[tuple[Figure, float]]) -> Figure:
    total = sum(weight for _, weight in parts)
    as_zero = sum(figure.missing_as_zero * weight for figure, weight in parts) / total
    complete = all(figure.value is not None for figure, _ in parts)
    return Figure(as_zero if complete else None, as_zero)


def _mean(*parts: Figure) -> Figure:
    return _weighted([(part, 1.0) for part in parts])


def _by_rows(scores: Scores, sizes: Mapping[str, int]) -> Figure:
    """Weight categories by their rows: those that were run, or, if none were, those that there are."""
    return _weighted([
        (_score(scores, category), scores[category].n if category in scores else size)
        for category, size in sizes.items()
    ])  # fmt: skip


def _non_live(scores: Scores) -> Figures:
    """Return the figures that versions 2 to 4 share: simple is the mean of its three languages."""
    simple = _mean(*(_score(scores, f"simple_{name}") for name in ("python", "java", "javascript")))
    others = {kind: _score(scores, kind) for kind in _KINDS[1:]}
    return {"simple": simple, **others, "ast_non_live": _mean(simple, *others.values())}


def _executed(scores: Scores) -> list[Figure]:
    """Return the retired executable groups."""
    simple = _mean(_score(scores, "exec_simple"), _score(scores, "rest"))
    return [simple, *(_score(scores, f"exec_{kind}") for kind in _KINDS[1:])]


def v4(scores: Scores) -> Figures:
    """Return the figures since 2025-08-25.

    The total is 10 % each of non-live, live and irrelevance, 30 % of several turns and 40 % of agents.
    Relevance and format sensitivity do not count. A perfect single turn alone comes to 30 % of the total, a
    model that never calls anything to 10 %.
    """
    figures = _non_live(scores)
    figures["ast_live"] = _by_rows(scores, LIVE)
    figures["irrelevance"] = _mean(_score(scores, "irrelevance"), _score(scores, "live_irrelevance"))
    figures["relevance"] = _score(scores, "live_relevance")
    figures["multi_turn"] = _mean(*(_score(scores, name) for name in MULTI_TURN))
    figures["web_search"] = _mean(_score(scores, "web_search_base"), _score(scores, "web_search_no_snippet"))
    memory = (_score(scores, f"memory_{store}") for store in ("kv", "vector", "rec_sum"))
    figures["memory"] = _mean(*memory)
    figures["agentic"] = _mean(figures["web_search"], figures["memory"])
    weights = {"ast_non_live": 10, "ast_live": 10, "irrelevance": 10, "multi_turn": 30, "agentic": 40}
    figures["overall"] = _weighted([(figures[name], weight) for name, weight in weights.items()])
    return figures


def _v3(scores: Scores, executed: list[Figure]) -> Figures:
    figures = _non_live(scores)
    shares = [figures[kind] for kind in _KINDS]
    figures["non_live"] = _mean(*shares, _score(scores, "irrelevance"), *executed)
    figures["live"] = _by_rows(scores, _V3_LIVE)
    figures["multi_turn"] = _mean(*(_score(scores, name) for name in MULTI_TURN))
    figures["overall"] = _mean(figures["live"], figures["non_live"], figures["multi_turn"])
    return figures


def v3(scores: Scores) -> Figures:
    """Return the figures from 2025-04-09 on, when the executable categories had been retired."""
    return _v3(scores, [])


def v3_executable(scores: Scores) -> Figures:
    """Return the figures from 2024-09-20 on, with the executable categories."""
    return _v3(scores, _executed(scores))


def v2(scores: Scores) -> Figures:
    """Return the figures from 2024-08-19 on: the mean of ten, four of them means of non-live and live."""
    figures = _non_live(scores)
    for kind in _KINDS:
        figures[f"total_{kind}"] = _mean(figures[kind], _score(scores, f"live_{kind}"))
    figures["irrelevance"] = _mean(_score(scores, "irrelevance"), _score(scores, "live_irrelevance"))
    figures["relevance"] = _score(scores, "live_relevance")
    totals = [figures[f"total_{kind}"] for kind in _KINDS]
    detection = [figures["irrelevance"], figures["relevance"]]
    figures["overall"] = _mean(*totals, *_executed(scores), *detection)
    return figures


def v1(scores: Scores) -> Figures:
    """Return the first version's figure: all rows alike, the irrelevance rows then being called relevance."""
    return {"overall": _by_rows(scores, _V1)}


VERSIONS: dict[str, Callable[[Scores], Figures]] = {
    "v1": v1, "v2": v2, "v3-executable": v3_executable, "v3": v3, "v4": v4,
}  # fmt: skip


def published(scores: Scores) -> dict[str, Figures]:
    """Return, by version, the figures that something was run for; versions without any are left out."""
    found = {
        version: {name: f for name, f in formula(scores).items() if f.value is not None or f.missing_as_zero}
        for version, formula in VERSIONS.items()
    }
    return {version: figures for version, figures in found.items() if figures}


def shown(figure: Figure) -> str:
    """Return a figure as the official table prints it, with what it would be where a part was not run."""
    if figure.value is None:
        return f"not run (with 0 for what is missing: {figure.missing_as_zero * 100:.2f}%)"
    return f"{figure.value * 100:.2f}%"
