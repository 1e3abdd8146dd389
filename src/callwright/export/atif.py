"""Agent Trajectory Interchange Format 1.8: steps of system, user and agent, each with its results inside.

Lossless: what ATIF has no place for stands in ``extra["callwright"]``, of the trajectory (the record without
conversation and tools) or of a step (the fields of its turn, calls and results that ATIF lacks). A call
whose arguments did not parse drops the row, because ATIF would have to make up an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from callwright.export.chat import arguments_object, definitions, system_text
from callwright.export.layout import Losses, Unexpressible
from callwright.record import Json, Message, ToolCall, Trajectory

CONTAINER: Literal["lines"] = "lines"
LOSES = Losses((), "Nothing; who does not know `extra.callwright` sees what ATIF itself has a place for.")
VERSION = "ATIF-v1.8"
_IN_TOOL = frozenset({"name", "description", "parameters"})
_IN_CALL = frozenset({"name", "arguments", "id"})
_IN_RESULT = frozenset({"role", "content", "tool_call_id"})
_IN_TURN = frozenset({"role", "content"})
_IN_ANSWER = frozenset({"role", "content", "reasoning", "tool_calls"})


def render(t: Trajectory) -> dict[str, Json]:
    """Return the trajectory."""
    agent: dict[str, Json] = {"name": t.source.dataset if t.source else "unknown", "version": "unknown"}
    ours = _rest(t, frozenset({"messages", "tools"}))
    if t.tools is not None:
        agent["tool_definitions"] = definitions(t.tools)
        ours |= _noted("tools", [_rest(tool, _IN_TOOL) for tool in t.tools])
    text = system_text(t.task)
    # For readers of ATIF alone; the mark says that the task holds the same.
    opening: dict[str, Json] = {"source": "system", "message": text, "extra": {"callwright": {"task": True}}}
    steps = [opening, *_steps(t)] if text else _steps(t)
    return {
        "schema_version": VERSION,
        "session_id": t.id,
        "agent": agent,
        "steps": [{"step_id": number, **step} for number, step in enumerate(steps, 1)],
        "extra": {"callwright": ours},
    }


def _steps(t: Trajectory) -> list[dict[str, Json]]:
    ids = _Ids(t)
    steps: list[dict[str, Json]] = []
    i = 0
    while i < len(t.messages):
        end = i + 1
        while end < len(t.messages) and t.messages[end].role == "tool":
            end += 1
        message, results = t.messages[i], t.messages[i + 1 : end]
        if message.role == "assistant":
            steps.append(_agent_step(message, results, ids, i))
        elif results or message.role == "tool":
            raise Unexpressible(
                "loose-result", f"messages[{i + 1 if results else i}]", "behind no agent step"
            )
        else:
            step: dict[str, Json] = {"source": message.role, "message": message.content}
            steps.append(step | _extra(_rest(message, _IN_TURN)))
        i = end
    return steps


def _agent_step(message: Message, results: Sequence[Message], ids: _Ids, index: int) -> dict[str, Json]:
    path = f"messages[{index}]"
    step: dict[str, Json] = {"source": "agent", "message": message.content}
    if message.reasoning is not None:
        step["reasoning_content"] = message.reasoning
    calls = [ids.of(call) for call in message.tool_calls]
    if calls:
        step["tool_calls"] = [
            {
                "tool_call_id": own,
                "function_name": call.name,
                "arguments": arguments_object(call, f"{path}.tool_calls[{j}]"),
            }
            for j, (call, own) in enumerate(zip(message.tool_calls, calls, strict=True))
        ]
    if results:
        step["observation"] = {
            "results": [_result(r, calls, f"messages[{index + 1 + j}]") for j, r in enumerate(results)]
        }
    ours = _rest(message, _IN_ANSWER)
    ours |= _noted("calls", [_rest_of_call(call) for call in message.tool_calls])
    ours |= _noted("results", [_rest(result, _IN_RESULT) for result in results])
    return step | _extra(ours)


def _result(result: Message, calls: Sequence[str], path: str) -> dict[str, Json]:
    if result.tool_call_id is None:
        return {"content": result.content}
    if result.tool_call_id not in calls:
        raise Unexpressible("loose-result", f"{path}.tool_call_id", "not a call of the same step")
    return {"source_call_id": result.tool_call_id, "content": result.content}


class _Ids:
    """Gives an id to the calls that have none, because ATIF demands one; each id occurs once."""

    def __init__(self, t: Trajectory) -> None:
        self._taken = {call.id for message in t.messages for call in message.tool_calls}
        self._used: set[str] = set()
        self._number = 0

    def of(self, call: ToolCall) -> str:
        own = call.id
        while own is None or (call.id is None and own in self._taken):
            own = f"call_{self._number}"
            self._number += 1
        if own in self._used:
            raise Unexpressible("duplicate-call-id", "messages", own)
        self._used.add(own)
        return own


def _rest_of_call(call: ToolCall) -> dict[str, Json]:
    return _rest(call, _IN_CALL) | ({"id": None} if call.id is None else {})


def _rest(part: Any, known: frozenset[str]) -> dict[str, Json]:
    """Return the fields of a part of the record that ATIF has no place for, defaults left out."""
    return {key: value for key, value in msgspec.to_builtins(part).items() if key not in known}


def _noted(key: str, items: list[dict[str, Json]]) -> dict[str, Json]:
    return {key: items} if any(items) else {}


def _extra(ours: dict[str, Json]) -> dict[str, Json]:
    return {"extra": {"callwright": ours}} if ours else {}
