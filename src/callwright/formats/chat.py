"""From a trajectory to messages of text only, and from a model's text back to a message.

Training, evaluation and serving write what is said with `plain_messages`, and frame it as a model wants it
with `frames.segments`.
"""

from __future__ import annotations

from itertools import takewhile

import msgspec

from callwright.formats.frames import PlainMessage
from callwright.formats.layout import layout_named
from callwright.formats.prompt import system_text
from callwright.formats.reply import Malformed, Reply, require_encodable
from callwright.formats.signature import ToolStyle
from callwright.formats.table import format_named
from callwright.record import Message, Trajectory

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


def plain_messages(t: Trajectory, *, tools_as: ToolStyle = "signature") -> list[PlainMessage]:
    """Return the conversation as text: first the system text, then one message per turn.

    System messages that open the conversation become part of the system text, after the task's instruction;
    with either, the default instruction is left out. Assistant text is stripped. Raises `Unrenderable` where
    the task's output format can not express an assistant turn.
    """
    opening = list(takewhile(lambda message: message.role == "system", t.messages))
    parts = [part.strip() for part in (t.task.instruction, *(m.content for m in opening))]
    task = msgspec.structs.replace(t.task, instruction="\n\n".join(part for part in parts if part))
    layout = layout_named(task.layout)
    messages = [PlainMessage("system", system_text(task, t.tools, tools_as=tools_as), 0.0)]
    for message in t.messages[len(opening) :]:
        if message.role == "assistant":
            weight = 1.0 if message.weight is None else message.weight
            messages.append(PlainMessage("assistant", assistant_text(message, task.output_format), weight))
        elif message.role == "tool":
            response = f"<tool_response>\n{message.content}\n</tool_response>"
            messages.append(PlainMessage("tool", response, 0.0))
        else:
            asked = message.role == "user"
            content = layout.framed("query", message.content) if asked else message.content
            messages.append(PlainMessage(message.role, content, 0.0))
    return messages


def assistant_text(message: Message, output_format: str = "") -> str:
    """Return what a model has to write to say `message`: reasoning, then text and calls in the format."""
    text = format_named(output_format).render(Reply(message.content.strip(), message.tool_calls))
    reasoning = (message.reasoning or "").strip()
    return f"{THINK_OPEN}\n{reasoning}\n{THINK_CLOSE}\n\n{text}" if reasoning else text


def rejected_text(message: Message, output_format: str = "") -> str:
    """Return what was written to say `message`, be it a reply of the format or not.

    An answer that could not be read is one call without a name, whose `raw` is the whole text.
    """
    calls = message.tool_calls
    if len(calls) == 1 and not calls[0].name and calls[0].raw is not None:
        require_encodable(calls[0].raw)
        return calls[0].raw.strip()
    return assistant_text(message, output_format)


def reply_message(text: str, output_format: str = "", *, calls: bool = True) -> Message | Malformed:
    """Return the assistant message that a model's text means; calls get the ids call_0, call_1, …

    What stands before the last `</think>` is reasoning; a `<think>` that is never closed is malformed.
    Without `calls` none are looked for: what is no reasoning is text, with its blanks.
    """
    head, closed, tail = text.rpartition(THINK_CLOSE)
    if not closed and text.lstrip().startswith(THINK_OPEN):
        return Malformed("the reasoning is not closed", len(text))
    thought = head.strip().removeprefix(THINK_OPEN).strip() or None
    if not calls:
        return Message(role="assistant", content=tail.lstrip() if closed else text, reasoning=thought)
    start = len(text) - len(tail.lstrip())
    reply = format_named(output_format).parse(tail.strip())
    if isinstance(reply, Malformed):
        return Malformed(reply.reason, start + reply.position, reply.settled)
    return Message(
        role="assistant",
        content=reply.text.strip(),
        reasoning=thought,
        tool_calls=tuple(
            msgspec.structs.replace(call, id=f"call_{number}") for number, call in enumerate(reply.calls)
        ),
    )


def settled(text: str, output_format: str = "") -> bool:
    """Tell whether a reply that begins like this can only be malformed: the model wrote on behind its calls.

    A `</think>` that nothing has opened is not waited for.
    """
    message = reply_message(text, output_format)
    return isinstance(message, Malformed) and message.settled
