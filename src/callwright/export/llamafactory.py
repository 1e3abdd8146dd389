"""LLaMA-Factory's ShareGPT: ``{"conversations": [{"from", "value"}], "system"?, "tools"}``.

A pair has its last turn in `chosen` and the worse one in `rejected`; a file holds rows of one kind only.
LLaMA-Factory reads turns by position: human or observation, then gpt or function_call, and it skips a row
in any other order with no more than a warning; such rows are dropped here, with their reason. A call is
JSON text, a thought stands before it or before the text, between ``<think>`` and ``</think>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from callwright.export.chat import arguments_object, flat_definition, in_order, json_text, linked, system_text
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
        "messages[].tool_calls[].id",
        "messages[].name",
        "messages[].weight",
        "outcome",
        "preference.error_class",
    ),
    "Calls and results are linked by their order; examples become part of the system text.",
)


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row."""
    in_order(linked(t))
    _check_roles(t.messages)
    turns: list[Json] = [_turn(message, f"messages[{i}]") for i, message in enumerate(t.messages)]
    row: dict[str, Json] = {"conversations": turns}
    if t.preference is not None:
        worse = _turn(t.preference.rejected, "preference.rejected")
        row = {"conversations": turns[:-1], "chosen": turns[-1], "rejected": worse}
    text = system_text(t.task)
    if text:
        row["system"] = text
    row["tools"] = None if t.tools is None else json_text([flat_definition(tool) for tool in t.tools])
    return row


def _turn(message: Message, path: str) -> dict[str, Json]:
    if message.role == "user":
        return {"from": "human", "value": message.content}
    if message.role == "tool":
        return {"from": "observation", "value": message.content}
    thought = f"<think>\n{message.reasoning}\n</think>\n\n" if message.reasoning else ""
    if "<think>" in message.content or "</think>" in message.content:
        raise Unexpressible("ambiguous-text", f"{path}.content")
    if not message.tool_calls:
        return {"from": "gpt", "value": thought + message.content}
    if message.content:
        raise Unexpressible("text-beside-call", f"{path}.content")
    calls = [
        {"name": call.name, "arguments": arguments_object(call, f"{path}.tool_calls[{j}]")}
        for j, call in enumerate(message.tool_calls)
    ]
    return {"from": "function_call", "value": thought + json_text(calls if len(calls) > 1 else calls[0])}


def _check_roles(messages: Sequence[Message]) -> None:
    for i, message in enumerate(messages):
        asks = message.role in ("user", "tool")
        if i and message.role == messages[i - 1].role == "tool":
            raise Unexpressible("results-together", f"messages[{i}]")
        if message.role == "system" or asks != (i % 2 == 0):
            raise Unexpressible("roles", f"messages[{i}].role", message.role)
    if not messages or messages[-1].role != "assistant":
        raise Unexpressible("no-answer", f"messages[{max(len(messages) - 1, 0)}]")
