"""OpenAI chat, as its fine-tuning files have it: ``{"messages", "tools", "parallel_tool_calls"?}``.

Arguments are JSON text. A thought goes to `reasoning_content`, which OpenAI itself refuses and the servers
and templates that follow its layout read. OpenAI refuses an empty list of tools, so that it is left out.
"""

from __future__ import annotations

from typing import Literal

from callwright.export.chat import definitions, linked, message_object, system_text
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
        "tools=[]",
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "messages[].tool_calls[].parse_error",
        "outcome",
        "preference",
    ),
    "Examples become part of the system text; of a preference pair the chosen answer is written.",
)


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row."""
    t = linked(t)
    text = system_text(t.task)
    messages: list[Json] = [{"role": "system", "content": text}] if text else []
    messages += [_message(message, f"messages[{i}]") for i, message in enumerate(t.messages)]
    row: dict[str, Json] = {"messages": messages}
    if t.tools:
        row["tools"] = definitions(t.tools)
    parallel = _field(t, "parallel_tool_calls")
    if t.tools and isinstance(parallel, bool):
        row["parallel_tool_calls"] = parallel
    return row


def _message(message: Message, path: str) -> dict[str, Json]:
    row = message_object(message, path, as_text=True)
    if message.tool_calls and not message.content:
        row["content"] = None
    if message.role == "tool":
        row.pop("name", None)
    if message.weight is not None:
        if message.weight not in (0, 1):
            raise Unexpressible("weight", f"{path}.weight", str(message.weight))
        row["weight"] = int(message.weight)
    return row


def _field(t: Trajectory, name: str) -> Json:
    """Return what the raw row said in a field for which the record has no place."""
    notes = t.extra.get("unify")
    fields = notes.get("fields") if isinstance(notes, dict) else None
    return fields.get(name) if isinstance(fields, dict) else None
