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
from callwright.formats.reply import Malformed, Reply, Unrenderable, require_encodable
from callwright.formats.signature import ToolStyle
from callwright.formats.table import format_named
from callwright.record import Message, Trajectory

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


def plain_messages(
    t: Trajectory, *, tools_as: ToolStyle = "signature", as_written: bool = False
) -> list[PlainMessage]:
    """Return the conversation as text: first the system text, then one message per turn.

    System messages that open the conversation become part of the system text, after the task's instruction;
    with either, the default instruction is left out. Assistant text is stripped. Raises `Unrenderable` where
    the task's output format can not express an assistant turn; with `as_written`, a turn that is text only is
    said as it is, since a model may have written calls that nobody can read.
    """
    said = written_text if as_written else assistant_text
    opening = list(takewhile(lambda message: message.role == "system", t.messages))
    parts = [part.strip() for part in (t.task.instruction, *(m.content for m in opening))]
    task = msgspec.structs.replace(t.task, instruction="\n\n".join(part for part in parts if part))
    layout = layout_named(task.layout)
    messages = [PlainMessage("system", system_text(task, t.tools, tools_as=tools_as), 0.0)]
    for message in t.messages[len(opening) :]:
        if message.role == "assistant":
            weight = 1.0 if message.weight is None else message.weight
            messages.append(PlainMessage("assistant", said(message, task.output_format), weight))
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
    thought = _thought(message)
    if not thought and text.startswith(THINK_OPEN):
        raise Unrenderable("the text would be read as reasoning")
    return thought + text


def _thought(message: Message) -> str:
    reasoning = (message.reasoning or "").strip()
    if THINK_CLOSE in reasoning:
        raise Unrenderable(f"the reasoning holds {THINK_CLOSE}")
    return f"{THINK_OPEN}\n{reasoning}\n{THINK_CLOSE}\n\n" if reasoning else ""


def written_text(message: Message, output_format: str = "") -> str:
    """Return what `message` was written as: text that holds calls which nobody can read is text."""
    try:
        return assistant_text(message, output_format)
    except Unrenderable:
        if message.tool_calls:
            raise
        require_encodable(message.content)
        return _thought(message) + message.content.strip()


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

    Without `calls` none are looked for: what is no reasoning is text, with its blanks.
    """
    thought, tail = split_thought(text)
    if tail is None:
        return Malformed("the reasoning is not closed", len(text))
    if not calls:
        return Message(role="assistant", content=tail, reasoning=thought)
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


def split_thought(text: str) -> tuple[str | None, str | None]:
    """Return what was thought, and what was said; None for the latter while a thought is not closed.

    A thought opens a text and ends at its first `</think>`: of a text that is still being written, what was
    said can be told at once. Later tags are text.

    >>> split_thought("<think>\\nIn Oslo.\\n</think>\\n\\nIt rains.")
    ('In Oslo.', 'It rains.')
    """
    head = text.lstrip()
    if not head.startswith(THINK_OPEN):
        return None, text
    thought, closed, said = head.removeprefix(THINK_OPEN).partition(THINK_CLOSE)
    return thought.strip() or None, said.lstrip() if closed else None


def settled(text: str, output_format: str = "") -> bool:
    """Tell whether a reply that begins so can only be malformed: the model wrote on behind its calls."""
    message = reply_message(text, output_format)
    return isinstance(message, Malformed) and message.settled
