"""The same rows once more, every call held to a grammar of the tools: a score of its own, never the score.

What such a score shows is how much a model loses to broken syntax, unknown names and wrong types, which a
server can take away. Rows whose tools make no grammar have no such score, and say why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from callwright import formats
from callwright.errors import ConfigError
from callwright.evaluate.answers import Answer, Request
from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.results import Result
from callwright.record import Trajectory

SCORE = "constrained"
Ask = Callable[[Sequence[Request]], Mapping[str, Answer]]


def with_constrained(
    results: Sequence[Result],
    asked: Mapping[str, Trajectory],
    ask: Ask,
    right: Callable[[str, Answer], bool],
) -> list[Result]:
    """Return the rows with ``scores["constrained"]``, 1 or 0.

    `asked` holds what was asked by id; `right` tells whether an answer to a row is.
    """
    requests, reasons = {}, {}
    for row in results:
        grammar, reason = _grammar(asked[row.id])
        if reason:
            reasons[row.id] = reason
        else:
            requests[row.id] = Request(row.id, replace(prompt_for(asked[row.id]), grammar=grammar))
    answers = ask(list(requests.values()))
    return [
        _noted(row, reasons[row.id])
        if row.id in reasons
        else msgspec.structs.replace(row, scores={**row.scores, SCORE: float(right(row.id, answers[row.id]))})
        for row in results
    ]


def _grammar(trajectory: Trajectory) -> tuple[str, str]:
    """Return the grammar of the replies to a request, or why there is none."""
    named = formats.format_named(trajectory.task.output_format)
    if named.grammar is None:
        raise ConfigError("no grammar is written for this format", got=named.name, expected=_WITH_GRAMMAR)
    if not trajectory.tools:
        return "", "no tools"
    from callwright.models.constrained import flaw  # loads torch, which a local model needs anyway

    grammar = named.grammar(trajectory.tools)
    return grammar, flaw(grammar)


_WITH_GRAMMAR = " | ".join(name for name, each in formats.FORMATS.items() if each.grammar)


def _noted(row: Result, reason: str) -> Result:
    return msgspec.structs.replace(row, conditions={**row.conditions, SCORE: f"not asked: {reason}"})
