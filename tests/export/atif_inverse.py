"""The inverse of the ATIF layout: what shows that `extra["callwright"]` holds all that ATIF does not."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from callwright.record import Json, Trajectory


def restored(row: Mapping[str, Json]) -> Trajectory:
    """Return the trajectory of a row that `export` wrote."""
    plain: dict[str, Json] = dict(row["extra"]["callwright"])
    definitions = row["agent"].get("tool_definitions")
    if definitions is not None:
        rest = plain.get("tools", [{}] * len(definitions))
        plain["tools"] = [d["function"] | r for d, r in zip(definitions, rest, strict=True)]
    messages = [message for step in row["steps"] for message in _messages(step)]
    return msgspec.convert({**plain, **({"messages": messages} if messages else {})}, Trajectory)


def _messages(step: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    ours = dict(step.get("extra", {}).get("callwright", {}))
    if ours.pop("task", None):
        return
    calls, results = step.get("tool_calls", []), step.get("observation", {}).get("results", [])
    of_calls, of_results = ours.pop("calls", [{}] * len(calls)), ours.pop("results", [{}] * len(results))
    role = {"agent": "assistant"}.get(step["source"], step["source"])
    message = {"role": role, "content": step["message"], **ours}
    if "reasoning_content" in step:
        message["reasoning"] = step["reasoning_content"]
    message["tool_calls"] = [
        {"name": c["function_name"], "arguments": c["arguments"], "id": c["tool_call_id"], **rest}
        for c, rest in zip(calls, of_calls, strict=True)
    ]
    yield message
    for result, rest in zip(results, of_results, strict=True):
        yield {
            "role": "tool",
            "content": result["content"],
            "tool_call_id": result.get("source_call_id"),
            **rest,
        }
