"""What an answer does, whatever its wording: two answers that do the same are no pair.

>>> tool = Tool(name="f", parameters={"properties": {"n": {"default": 3}}})
>>> one, other = (Message(role="assistant", tool_calls=(ToolCall(name="f", arguments=a),))
...               for a in ({}, {"n": 3.0}))
>>> effect(one, [tool]) == effect(other, [tool])
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callwright.record import Episode, Json, Message, Observation, Played, Tool, ToolCall, Trajectory
from callwright.toolbox.masks import mask_of
from callwright.verify import Execute
from callwright.verify.duplicates import canonical

Schemas = Mapping[str, Mapping[str, Json]]


def effect(message: Message, tools: Iterable[Tool] | None) -> tuple[bytes, ...]:
    """Return what a turn does: its calls in any order, defaults filled in, 3.0 as 3.

    A null for what may be left out counts as left out.
    """
    schemas = schemas_of(tools)
    return tuple(sorted(canonical([call.name, settled(call, schemas)]) for call in message.tool_calls))


def schemas_of(tools: Iterable[Tool] | None) -> Schemas:
    """Return the parameters of tools by name."""
    return {tool.name: tool.parameters for tool in tools or ()}


def settled(call: ToolCall, schemas: Schemas) -> Json:
    """Return the arguments of a call as they take effect."""
    try:
        return _settled(call.arguments, schemas.get(call.name))
    except RecursionError:
        return call.arguments


def _settled(value: Json, schema: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    known: Mapping[str, Json] = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, list):
        return [_settled(item, known.get("items")) for item in value]
    if not isinstance(value, dict):
        return value
    properties, required = known.get("properties"), known.get("required")
    properties = properties if isinstance(properties, dict) else {}
    required = required if isinstance(required, list) else []
    defaults = {k: v.get("default") for k, v in properties.items() if isinstance(v, dict)}
    filled = defaults | {k: v for k, v in value.items() if v is not None or k in required}
    return {
        name: _settled(item, properties.get(name))
        for name, item in filled.items()
        if item is not None or (name in value and name in required)
    }


def same_effect(t: Trajectory, answer: Message) -> bool:
    """Tell whether an answer does what the row's last message does, or what that allows in its place."""
    chosen = t.messages[-1]
    if effect(answer, t.tools) == effect(chosen, t.tools):
        return True
    if not any(call.alternatives for call in chosen.tool_calls):
        return False
    schemas, left = schemas_of(t.tools), list(answer.tool_calls)
    for call in chosen.tool_calls:
        place = next((k for k, other in enumerate(left) if _allowed(call, other, schemas)), None)
        if place is None:
            return False
        del left[place]
    return not left


def _allowed(call: ToolCall, other: ToolCall, schemas: Schemas) -> bool:
    """Tell whether a call has the values that another one allows; an empty string allows to leave one out."""
    if call.name != other.name:
        return False
    wanted, given = settled(call, schemas), settled(other, schemas)
    if not isinstance(wanted, dict) or not isinstance(given, dict):
        return bool(wanted == given)
    values = {name: [value] for name, value in wanted.items()} | (call.alternatives or {})
    if any(name not in given and "" not in allowed for name, allowed in values.items()):
        return False
    return all(
        canonical(value) in {canonical(_settled(each, None)) for each in values.get(name, ())}
        for name, value in given.items()
    )


def same_when_executed(t: Trajectory, answer: Message, play: Execute) -> bool:
    """Tell whether an answer returns and changes what the row's last message does, after all calls before.

    Nothing is told by a call that fails, or by a stand-in that answers every call alike.
    """
    mask, state = mask_of(t), t.extra.get("state")
    before = [call for message in t.messages[:-1] for call in message.tool_calls]
    episodes = [
        Episode(
            tuple(call if mask is None else mask.real(call) for call in (*before, *message.tool_calls)),
            state if isinstance(state, dict) else None,
        )
        for message in (t.messages[-1], answer)
    ]
    expected, found = play(episodes)
    shown = expected.observations[len(before) :]
    return all(map(_is_evidence, shown)) and _outcome(expected, len(before)) == _outcome(found, len(before))


def _is_evidence(seen: Observation) -> bool:
    return seen.ok and seen.via in ("run", "replay")


def _outcome(played: Played, skipped: int) -> tuple[list[bytes], bytes]:
    """Return what came back, in any order, and what was changed."""
    results = sorted(canonical([seen.ok, seen.value]) for seen in played.observations[skipped:])
    return results, canonical([[c.path, c.before, c.after] for c in played.changes])
