"""ActionStudio's Unified Format 2.0: sections of the prompt beside the conversation, arguments as objects.

The text of a turn with calls is its thought there, by definition; a turn that says something beside its
calls drops the row, as does a thought before words.
"""

from __future__ import annotations

from typing import Literal

from callwright.export.chat import definitions, linked, message_object
from callwright.export.layout import (
    ABOUT_THE_CALLS,
    ABOUT_THE_TOOLS,
    Losses,
    Unexpressible,
)
from callwright.record import Json, Message, Trajectory

CONTAINER: Literal["lines"] = "lines"
LOSES = Losses(
    (
        "source",
        "issues",
        "fingerprint",
        "extra",
        "task.kind",
        "task.expects",
        "task.lang",
        "task.output_format",
        "task.layout",
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "messages[].weight",
        "outcome",
        "preference",
    ),
    "Of a preference pair the chosen answer is written.",
)


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row."""
    t = linked(t)
    names = {call.id: call.name for message in t.messages for call in message.tool_calls}
    row: dict[str, Json] = {
        "unique_trajectory_id": t.id,
        "task_instruction": t.task.instruction,
        "format_instruction": t.task.format_instruction or None,
        "few_shot_examples": list(t.task.few_shots) or None,
    }
    if t.tools is not None:
        row["tools"] = definitions(t.tools)
    row["conversation"] = [_turn(m, f"messages[{i}]", names) for i, m in enumerate(t.messages)]
    return row


def _turn(message: Message, path: str, names: dict[str | None, str]) -> dict[str, Json]:
    row = message_object(message, path, as_text=False)
    thought = row.pop("reasoning_content", None)
    if message.tool_calls:
        if message.content:
            raise Unexpressible("text-beside-call", f"{path}.content", "it would be read as a thought")
        row["content"] = thought or ""
    elif thought:
        raise Unexpressible("reasoning", f"{path}.reasoning", "only a turn of calls has a place for it")
    if message.role == "tool":
        row["name"] = names[message.tool_call_id]
    return row
