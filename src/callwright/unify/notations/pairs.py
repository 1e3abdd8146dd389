"""Preference pairs: where two sides part, and the one message of each that a record keeps.

A record keeps one rejected message. Where the chosen side goes on for several messages, the pair is made of
the first ones, in which the sides part, and the others stay in ``extra["unify"]["continued"]``. A rejected
side of several texts becomes one; one that calls and goes on drops the row, because nothing says which of
its turns is the worse one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from callwright.record import Json
from callwright.unify.conversation import Conversation
from callwright.unify.notations.blocks import joined
from callwright.unify.notations.tagged import Said
from callwright.unify.rows import BadRow

Expects = Literal["call", "no_call", "any"]
_CLASSES = ("error_type", "error_class", "rejected_reason")


class Placed(NamedTuple):
    """A message and where it stands in the row."""

    item: Json
    path: str


Reader = Callable[[Placed], Said]
"""Takes a message of the assistant apart; raises `BadRow` with "unknown-role" for anybody else's."""


def placed(listed: Sequence[Json], path: str) -> list[Placed]:
    """Return the messages of a list with their paths."""
    return [Placed(item, f"{path}[{i}]") for i, item in enumerate(listed)]


def shared(chosen: Sequence[Placed], rejected: Sequence[Placed]) -> int:
    """Return how many messages both sides begin with; each side keeps its last one."""
    n = 0
    while n + 1 < min(len(chosen), len(rejected)) and chosen[n].item == rejected[n].item:
        n += 1
    return n


def add(
    talk: Conversation,
    sides: tuple[Sequence[Placed], Sequence[Placed]],
    read: Reader,
    known: frozenset[str],
    row: Mapping[str, Json],
) -> None:
    """Add the message in which the chosen side parts from the rejected one, and that one beside it."""
    chosen, rejected = sides
    if not chosen:
        raise BadRow("missing-field", "chosen", "no chosen answer")
    first = chosen[0]
    said = _folded(chosen, read)
    if said is None:
        said = read(first)
        talk.notes["continued"] = [message.item for message in chosen[1:]]
    name = first.item.get("name")
    talk.assistant(said.text, said.calls, reasoning=said.reasoning, name=name, path=first.path)
    talk.keep(first.path, first.item, known)
    if not rejected:
        return
    worse = _worse(rejected, read)
    if worse is None:
        detail = f"expected one message, got {len(rejected)} with calls among them"
        raise BadRow("wrong-type", rejected[0].path, detail)
    kind = _told_class(row) or difference(said, worse)
    path = rejected[0].path
    talk.reject(worse.text, worse.calls, error_class=kind, reasoning=worse.reasoning, path=path)
    talk.keep(path, rejected[0].item, known)


def _folded(side: Sequence[Placed], read: Reader) -> Said | None:
    """Return the message of a side, or its several texts as one; None where anything else is among them."""
    if len(side) == 1:
        return read(side[0])
    try:
        said = [read(message) for message in side]
    except BadRow as bad:
        if bad.reason == "unknown-role":
            return None
        raise
    if any(one.calls for one in said):
        return None
    return Said("\n".join(one.text for one in said), [], joined([one.reasoning or "" for one in said]))


def _worse(side: Sequence[Placed], read: Reader) -> Said | None:
    """Return the rejected side as one message; calls that can not be read are just what was rejected."""
    try:
        return _folded(side, read)
    except BadRow as bad:
        item = side[0].item
        text = item.get("content", item.get("value")) if isinstance(item, dict) else None
        if bad.reason != "bad-calls" or not isinstance(text, str) or len(side) > 1:
            raise
        return Said(text, [])


def _told_class(row: Mapping[str, Json]) -> str:
    """Return what the row calls the error, or an empty string."""
    meta = row.get("meta")
    places = (meta, row) if isinstance(meta, dict) else (row,)
    return next((p[key] for p in places for key in _CLASSES if isinstance(p.get(key), str) and p[key]), "")


def difference(chosen: Said, rejected: Said) -> str:
    """Return the class of error that the calls of two answers show."""
    if bool(chosen.calls) != bool(rejected.calls):
        return "needless-call" if rejected.calls else "missing-call"
    return "wrong-answer" if chosen.calls else "unspecified"


def expected(talk: Conversation) -> Expects:
    """Return what a pair's task expects, from the chosen conversation alone."""
    if any(message.tool_calls for message in talk.messages):
        return "call"
    return "no_call" if talk.tools is not None and talk.tools.tools else "any"
