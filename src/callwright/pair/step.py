"""The pair stage as a data step: rows in, rows with a rejected answer, or dropped with the reason, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec.structs import replace

from callwright.formats import Unrenderable, plain_messages
from callwright.pair.balance import Balance
from callwright.pair.candidate import Candidate, Offer, Ready, Source
from callwright.pair.classes import mistake_of
from callwright.record import Dropped, Preference, Trajectory
from callwright.verify import Execute, verdicts

Row = Trajectory | Dropped

STRETCH = 64
"""Rows looked at together: enough to keep a server busy, few enough to wait for."""


def pair(
    rows: Iterable[Row],
    sources: Sequence[Source],
    *,
    balance: Balance | None = None,
    play: Execute | None = None,
) -> Iterator[Row]:
    """Yield each row with a rejected answer; it ends at the chosen one, mostly its last turn with calls.

    A row without calls is used only if its source says that none are due. Rows that do not verify
    themselves, with `play` executed, or for which no source has a candidate, come back as `Dropped`.
    """
    balance = balance or Balance()
    waiting = iter(rows)
    while stretch := list(islice(waiting, STRETCH)):
        ready = _ready(stretch, play)
        fit = [one for one in ready if isinstance(one, Ready)]
        offers = zip(*(source(fit) for source in sources), strict=True)
        for one in ready:
            yield one if isinstance(one, Dropped) else _paired(one.row, next(offers), balance, play)


def _ready(rows: Sequence[Row], play: Execute | None) -> list[Ready | Dropped]:
    """Return each row cut at the answer to be preferred, or why there is none."""
    cut = [_cut(row) if isinstance(row, Trajectory) else row for row in rows]
    verified = iter(verdicts([one.t for one in cut if isinstance(one, Ready)], play))
    found: list[Ready | Dropped] = []
    for one in cut:
        if isinstance(one, Dropped):
            found.append(one)
            continue
        errors = [issue for issue in next(verified).issues if issue.severity == "error"]
        told = f"{errors[0].code} at {errors[0].path}" if errors else ""
        found.append(_drop(one.row, "chosen-not-verified", told) if errors else one)
    return found


def _cut(row: Trajectory) -> Ready | Dropped:
    if row.preference is not None:
        return _drop(row, "already-a-pair", row.preference.error_class)
    t = until_chosen(row)
    if t is None:
        return _drop(row, "nothing-to-prefer", "no turn with calls and no reply that should have none")
    try:
        plain_messages(t)
    except Unrenderable as error:
        return _drop(row, "not-renderable", str(error))
    return Ready(row, t)


def until_chosen(row: Trajectory) -> Trajectory | None:
    """Return the row up to the turn that is to be preferred; None where there is none."""
    for i in range(len(row.messages) - 1, -1, -1):
        message = row.messages[i]
        if message.tool_calls and message.role == "assistant" and message.weight != 0.0:
            return replace(row, messages=row.messages[: i + 1], fingerprint=None)
    silent = row.task.expects in ("no_call", "clarify") and row.messages
    return row if silent and row.messages[-1].role == "assistant" else None


def _paired(row: Trajectory, offers: Sequence[Offer], balance: Balance, play: Execute | None) -> Row:
    """Return the row with the candidate that is wanted most."""
    candidates = [each for offer in offers for each in offer.candidates]
    if not candidates:
        reasons = [offer.reason for offer in offers]
        return _drop(row, reasons[0], ", ".join(reasons[1:]))
    wanted = balance.ordered(candidates)
    for one in wanted:
        if play is None or one.origin == "model" or mistake_of(one.t, one.rejected, play):
            balance.add(one)
            return _with(row, one)
    if wanted:
        return _drop(row, "answer-is-right", ", ".join(one.error_class for one in wanted))
    return _drop(row, "class-is-full", ", ".join(dict.fromkeys(one.error_class for one in candidates)))


def _with(row: Trajectory, one: Candidate) -> Trajectory:
    return replace(
        one.t,
        id=f"{row.id}#p",
        preference=Preference(rejected=one.rejected, error_class=one.error_class),
        extra={**row.extra, "pair": {"origin": one.origin, **one.about}},
    )


def _drop(row: Trajectory, reason: str, detail: str) -> Dropped:
    return Dropped(id=row.id, stage="pair", reason=reason, detail=detail, row=msgspec.to_builtins(row))
