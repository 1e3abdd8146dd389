"""OpenAI Responses API: ``{"instructions"?, "input": [items], "tools"?}`` with flat tools.

A turn of the assistant becomes a run of items: its thought, its text, its calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from callwright.export.chat import arguments_text, flat_definition, linked, no_thought_in, system_text
from callwright.export.layout import (
    ABOUT_THE_CALLS,
    ABOUT_THE_ROW,
    ABOUT_THE_TASK,
    ABOUT_THE_TOOLS,
    Losses,
    Unexpressible,
)
from callwright.record import Json, Message, Trajectory

CONTAINER: Literal["lines"] = "lines"
LOSES = Losses(
    (
        *ABOUT_THE_ROW,
        *ABOUT_THE_TASK,
        "task.few_shots",
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "messages[].tool_calls[].parse_error",
        "messages[].name",
        "messages[].weight",
        "outcome.metrics",
        "preference",
    ),
    "Examples become part of the instructions; of a preference pair the chosen answer is written; "
    "an empty thought is none.",
)


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row."""
    t = linked(t)
    _check_borders(t.messages)
    row: dict[str, Json] = {}
    text = system_text(t.task)
    if text:
        row["instructions"] = text
    row["input"] = [item for i, m in enumerate(t.messages) for item in _items(m, f"messages[{i}]")]
    if t.tools is not None:
        row["tools"] = [{"type": "function", **flat_definition(tool), "strict": False} for tool in t.tools]
    if t.outcome is not None:
        said = {"reward": t.outcome.reward, "success": t.outcome.success}
        row |= {key: value for key, value in said.items() if value is not None}
    return row


def _items(message: Message, path: str) -> list[Json]:
    if message.role == "tool":
        call_id = message.tool_call_id
        return [{"type": "function_call_output", "call_id": call_id, "output": message.content}]
    if message.role != "assistant":
        return [{"type": "message", "role": message.role, "content": message.content}]
    no_thought_in(message.content, path)
    items: list[Json] = []
    if message.reasoning:
        thought = {"type": "reasoning_text", "text": message.reasoning}
        items.append({"type": "reasoning", "summary": [], "content": [thought]})
    if message.content or not (items or message.tool_calls):
        text = {"type": "output_text", "text": message.content, "annotations": []}
        items.append({"type": "message", "role": "assistant", "content": [text]})
    for j, call in enumerate(message.tool_calls):
        arguments = arguments_text(call, f"{path}.tool_calls[{j}]")
        items.append({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments})
    return items


def _check_borders(messages: Sequence[Message]) -> None:
    """Raise where the items of two turns would be read as those of one."""
    for i, (before, after) in enumerate(pairwise(messages), 1):
        if before.role != "assistant" or after.role != "assistant":
            continue
        opens = bool(after.reasoning or after.content or not after.tool_calls)
        follows = messages[i + 1].role if i + 1 < len(messages) else ""
        if not opens or not (before.content or before.tool_calls) or follows == "tool":
            raise Unexpressible("adjacent-turns", f"messages[{i}]")
