"""One question and the calls that answer it: what most data sets consist of, on a short way.

The trajectory is the one that `Conversation` makes, at a third of the cost; whatever has more to it than
parsed calls of offered tools goes the long way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callwright.record import Json, Message, ToolCall, Trajectory
from callwright.unify.conversation import (
    IDS,
    Conversation,
    Expects,
    language,
    source_of,
    task_of,
)
from callwright.unify.fingerprints import fingerprint
from callwright.unify.notations.calls import Call
from callwright.unify.rows import Row
from callwright.unify.tools import Toolset


def answered(
    row: Row,
    tools: Toolset | None,
    question: str,
    calls: Sequence[Call],
    *,
    expects: Expects,
    fields: Mapping[str, Json],
    path: str,
) -> Trajectory:
    """Return the trajectory of a question that is answered by calls, or by none.

    `fields` is what the row carries beyond what the record has a place for, `path` where the calls stand.
    """
    made = _made(tools, calls) if tools is not None and tools.rest is None else None
    if tools is None or made is None:
        talk = Conversation(row, tools)
        talk.user(question)
        talk.assistant("", calls, path=path)
        return talk.finish(fields=fields, expects=expects)
    messages = (Message(role="user", content=question), Message(role="assistant", tool_calls=made))
    return Trajectory(
        id=row.id,
        source=source_of(row),
        task=task_of("", (), "single", expects, language(question)),
        tools=tools.tools,
        messages=messages,
        fingerprint=fingerprint(tools.digest, "", messages),
        extra={"unify": {"fields": fields}} if fields else {},
    )


def _made(tools: Toolset, calls: Sequence[Call]) -> tuple[ToolCall, ...] | None:
    """Return the calls of the record; None if one of them needs a closer look."""
    if len(calls) > len(IDS):
        return None
    own, legal = tools.own, tools.legal
    made = []
    for number, call in enumerate(calls):
        name = call.name
        if name not in own or call.id or call.parse_error or call.depends_on or call.alternatives is not None:
            return None
        if call.rest is not None:
            return None
        if own is not legal:
            name = tools.names[name]
        made.append(ToolCall(name=name, arguments=call.arguments, id=IDS[number]))
    return tuple(made)
