"""Equal effect: two calls that differ in their words may do the same, and what they do can be looked at.

The expected and the predicted calls of a row are executed, each from the tools' initial state. They have the
same effect if their results are the same, in any order, and so is what they changed. It is told beside exact
match (`scores["effect"]`), never in its place: a right result can be a coincidence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from callwright.evaluate.results import Result
from callwright.record import Episode, Json, Played, ToolCall

Play = Callable[[Sequence[Episode]], Sequence[Played]]
_canonical = msgspec.json.Encoder(order="sorted").encode


def with_effects(results: Sequence[Result], runnable: Collection[str], play: Play) -> list[Result]:
    """Return the rows with ``scores["effect"]``, 1 or 0, where the expected calls can be executed.

    `runnable` names the tools that have code. Rows without an expected call, or whose expected call fails,
    have no such score; a row that is right has 1 without being run.
    """
    pairs = [(_calls(row.gold), _calls(row.predicted)) for row in results]
    wanted = [k for k, (gold, _) in enumerate(pairs) if gold and all(call.name in runnable for call in gold)]
    open_rows = [k for k in wanted if not results[k].correct and pairs[k][1]]
    played = play([Episode(calls=tuple(calls)) for k in open_rows for calls in pairs[k]]) if open_rows else ()
    effects = dict.fromkeys(wanted, 0.0) | {k: 1.0 for k in wanted if results[k].correct}
    for place, k in enumerate(open_rows):
        expected, found = played[2 * place], played[2 * place + 1]
        if all(observation.ok for observation in expected.observations):
            effects[k] = float(_effect(expected) == _effect(found))
        else:
            del effects[k]
    return [
        msgspec.structs.replace(row, scores={**row.scores, "effect": effects[k]}) if k in effects else row
        for k, row in enumerate(results)
    ]


def _effect(played: Played) -> tuple[list[bytes], bytes]:
    """Return what came back, without order, and what was changed."""
    results = sorted(_canonical((each.ok, each.value)) for each in played.observations)
    return results, _canonical(played.changes)


def _calls(value: Json) -> list[ToolCall]:
    """Return the calls of a result row; none if one of them is not a call."""
    calls = value if isinstance(value, list) else []
    if not all(isinstance(call, dict) and isinstance(call.get("arguments"), dict) for call in calls):
        return []
    return [ToolCall(name=str(call.get("name")), arguments=call["arguments"]) for call in calls]
