"""xlam-function-calling-60k: ``{"id", "query", "answers", "tools"}``, the latter two as JSON text.

One request, its calls, and tools with flat parameters: each is required unless it has a default or says
``"required": false``. A schema that is not the same again when it is read back drops the row.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from callwright.export.chat import arguments_object, json_text, system_text
from callwright.export.layout import (
    ABOUT_THE_CALLS,
    ABOUT_THE_TASK,
    ABOUT_THE_TOOLS,
    Losses,
    Unexpressible,
)
from callwright.record import Json, Message, Tool, Trajectory
from callwright.schema import normalise

CONTAINER: Literal["lines"] = "lines"
LOSES = Losses(
    (
        "source",
        "issues",
        "fingerprint",
        "extra",
        *ABOUT_THE_TASK,
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "messages[].tool_calls[].id",
        "messages[].name",
        "messages[].weight",
        "outcome",
        "preference",
    ),
    "The order of the required parameters becomes that of the parameters; of a preference pair the chosen "
    "answer is written.",
)


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row."""
    query, answer = _one_turn(t)
    if t.tools is None:
        raise Unexpressible("tools-unknown", "tools")
    calls = [
        {"name": call.name, "arguments": arguments_object(call, f"messages[1].tool_calls[{i}]")}
        for i, call in enumerate(answer.tool_calls)
    ]
    tools = [
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": _flat(tool, f"tools[{i}].parameters"),
        }
        for i, tool in enumerate(t.tools)
    ]
    return {"id": t.id, "query": query.content, "answers": json_text(calls), "tools": json_text(tools)}


def _one_turn(t: Trajectory) -> tuple[Message, Message]:
    if system_text(t.task):
        raise Unexpressible("system-text", "task.instruction" if t.task.instruction else "task.few_shots")
    roles = tuple(message.role for message in t.messages)
    if roles == ("user",):
        raise Unexpressible("no-answer", "messages[0]")
    if roles != ("user", "assistant"):
        raise Unexpressible("several-turns", "messages", ", ".join(roles[:8]))
    query, answer = t.messages
    if answer.reasoning:
        raise Unexpressible("reasoning", "messages[1].reasoning")
    if answer.content:
        raise Unexpressible("text-answer", "messages[1].content")
    return query, answer


def _flat(tool: Tool, path: str) -> dict[str, Json]:
    """Return the parameters without the object around them."""
    properties, required = tool.parameters.get("properties"), tool.parameters.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        raise Unexpressible("not-flat", path, "no object with properties")
    flat: dict[str, Json] = {}
    for name, spec in properties.items():
        if not isinstance(spec, dict):
            raise Unexpressible("not-flat", f"{path}.properties.{name}", "no object")
        says = (name in required) == ("default" in spec) and "required" not in spec
        flat[name] = {**spec, "required": name in required} if says else spec
    if _comparable(normalise(flat).schema) != _comparable(tool.parameters):
        raise Unexpressible("not-flat", path, "read back, the schema would be another one")
    return flat


def _comparable(schema: dict[str, Json]) -> bytes:
    """Return bytes that tell 1 from 1.0 and from true, and do not depend on the order of keys or names."""
    names = sorted(map(str, schema.get("required", [])))
    return msgspec.json.encode({**schema, "required": names}, order="deterministic")
