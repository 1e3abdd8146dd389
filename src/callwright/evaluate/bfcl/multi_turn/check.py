"""The verdict on a conversation, with the official checker's error types.

After each turn with reference calls: the model must have called something in it, every public attribute of
every back end must equal the reference's, and every result of the turn's reference calls must be among the
results that the model got so far. Turns without reference calls are replayed but not judged, and the order
of calls is free: so it is in the official checker.

    >>> check(row, [[list(calls)] if calls else [] for calls in row.reference]).valid   # doctest: +SKIP
    True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from callwright.evaluate.bfcl.backends import Lent
from callwright.evaluate.bfcl.multi_turn.calls import Read, Step, from_official
from callwright.evaluate.bfcl.multi_turn.rows import Row
from callwright.evaluate.bfcl.multi_turn.stage import stage_of
from callwright.record import Json


class Verdict(NamedTuple):
    """Whether the conversation is right, else the official error type, and how far it was right."""

    valid: bool
    error_type: str = ""
    turn: int | None = None
    """The first turn that is wrong."""
    detail: str = ""
    """The class whose state differs, or the first result that is missing."""


RIGHT = Verdict(True)
FORCE_TERMINATED = "multi_turn:force_terminated"


def check_result(row: Row, result: Json, read: Read = from_official) -> Verdict:
    """Return the verdict on the `result` of an official result file: steps per turn, or an error's text."""
    if not isinstance(result, list):
        return Verdict(False, "multi_turn:inference_error")
    turns = [turn if isinstance(turn, list) else [] for turn in result]
    return check(row, [[read(step) for step in turn] for turn in turns])


def check(row: Row, turns: Sequence[Sequence[Step]]) -> Verdict:
    """Return the verdict on a model's calls, given per turn and step; steps without calls do not count."""
    if len(turns) != len(row.reference):
        return Verdict(False, FORCE_TERMINATED, detail=f"{len(turns)} turns for {len(row.reference)}")
    lent = Lent()  # shared by the two, as officially; by nobody else
    model, reference = stage_of(row, lent), stage_of(row, lent)
    results: Counter[str] = Counter()
    for number, (steps, calls) in enumerate(zip(turns, row.reference, strict=True)):
        said = [call for step in steps for call in step]
        results.update(model.run(said))
        wanted = reference.run(calls)
        if not calls:
            continue
        if not said:
            return Verdict(False, "multi_turn:empty_turn_model_response", number)
        other = different(model.instances, reference.instances)
        if other:
            return Verdict(False, "multi_turn:instance_state_mismatch", number, other)
        missing = Counter(wanted) - results
        if missing:
            return Verdict(False, "multi_turn:execution_response_mismatch", number, next(iter(missing)))
    return RIGHT


def different(instances: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """Return the first class whose public attributes differ, empty if none does."""
    for name, expected in reference.items():
        found = vars(instances[name])
        try:
            for attribute, value in vars(expected).items():
                if attribute[0] != "_" and found[attribute] != value:
                    return name
        except RecursionError:  # a directory copied into itself
            return name
    return ""
