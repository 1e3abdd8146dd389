"""Trajectories that callwright exported as ATIF, restored whole.

The export writes what ATIF has no place for under ``extra["callwright"]``, of the row and of each step; put
back beside what ATIF does express, it gives the very trajectory, with its own id and source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from callwright.record import Json, Trajectory

_ROLES = {"agent": "assistant"}


def restored(row: Mapping[str, Json]) -> Trajectory | None:
    """Return the trajectory of a row that `export` wrote; None for a row of anybody else's."""
    extra = row.get("extra")
    if not isinstance(extra, dict) or not isinstance(extra.get("callwright"), dict):
        return None
    try:
        return msgspec.convert(_plain(row, extra["callwright"]), Trajectory)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # a key of the same name, or a row that was edited since: read like any other


def _plain(row: Mapping[str, Any], ours: Mapping[str, Json]) -> dict[str, Json]:
    plain = dict(ours)
    definitions = row["agent"].get("tool_definitions")
    if definitions is not None:
        rest = plain.get("tools", [{}] * len(definitions))
        plain["tools"] = [{**d["function"], **r} for d, r in zip(definitions, rest, strict=True)]
    messages = [message for step in row["steps"] for message in _messages(step)]
    if messages:
        plain["messages"] = messages
    return plain


def _messages(step: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    """Yield the message of a step, and the results that ATIF keeps in the step of their calls."""
    ours = dict(step.get("extra", {}).get("callwright", {}))
    if ours.pop("task", None):
        return
    calls, results = step.get("tool_calls", []), step.get("observation", {}).get("results", [])
    of_calls, of_results = ours.pop("calls", [{}] * len(calls)), ours.pop("results", [{}] * len(results))
    message = {"role": _ROLES.get(step["source"], step["source"]), "content": step["message"], **ours}
    if "reasoning_content" in step:
        message["reasoning"] = step["reasoning_content"]
    message["tool_calls"] = [
        {"name": c["function_name"], "arguments": c["arguments"], "id": c["tool_call_id"], **rest}
        for c, rest in zip(calls, of_calls, strict=True)
    ]
    yield message
    for result, rest in zip(results, of_results, strict=True):
        linked = result.get("source_call_id")
        yield {"role": "tool", "content": result["content"], "tool_call_id": linked, **rest}
