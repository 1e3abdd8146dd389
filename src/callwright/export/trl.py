"""TRL: ``{"messages", "tools"?}`` for SFT, ``{"prompt", "chosen", "rejected", "tools"?}`` for DPO.

Arguments are objects, as chat templates want them. A file holds rows of one kind only: the first row
decides, rows of the other kind are dropped.
"""

from __future__ import annotations

from typing import Literal

import msgspec

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
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "messages[].weight",
        "outcome",
        "preference.error_class",
    ),
    "Examples become part of the system text; TRL trains on every turn of the assistant.",
)


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row of SFT, or of DPO where there is a rejected answer."""
    messages = chat_messages(t)
    row: dict[str, Json] = {"messages": messages}
    if t.preference is not None:
        row = _pair(t, messages)
    if t.tools is not None:
        row["tools"] = definitions(t.tools)
    return row


def chat_messages(t: Trajectory) -> list[Json]:
    """Return the system text and all messages, arguments as objects."""
    t = linked(t)
    text = system_text(t.task)
    messages: list[Json] = [{"role": "system", "content": text}] if text else []
    messages += [message_object(m, f"messages[{i}]", as_text=False) for i, m in enumerate(t.messages)]
    return messages


def _pair(t: Trajectory, messages: list[Json]) -> dict[str, Json]:
    assert t.preference is not None
    last = len(t.messages) - 1
    if last < 0 or t.messages[last].role != "assistant":
        raise Unexpressible("no-answer", f"messages[{max(last, 0)}]", "the chosen answer comes last")
    if last == 0 or t.messages[last - 1].role not in ("user", "tool"):
        raise Unexpressible("roles", f"messages[{last}]", "an answer follows the user or a result")
    return {
        "prompt": messages[:-1],
        "chosen": messages[-1:],
        "rejected": [_rejected(t.preference.rejected, t)],
    }


def _rejected(message: Message, t: Trajectory) -> dict[str, Json]:
    """Return the rejected answer in its place; its calls have ids that the prompt has not."""
    instead = linked(msgspec.structs.replace(t, messages=(*t.messages[:-1], message)))
    return message_object(instead.messages[-1], "preference.rejected", as_text=False)
