"""From a trajectory to the prompt that a model gets, in the very bytes that training used.

>>> from callwright.record import decode
>>> trajectory = decode(b'{"id":"a","messages":[{"role":"user","content":"hi"}]}')
>>> prompt_for(trajectory).messages[-1]
('user', 'hi')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from callwright import formats
from callwright.errors import DataError
from callwright.models import Prompt
from callwright.record import Trajectory


def prompt_for(trajectory: Trajectory) -> Prompt:
    """Return the prompt that asks for the next assistant turn after all messages of `trajectory`."""
    try:
        messages = formats.plain_messages(trajectory, as_written=True)
    except formats.Unrenderable as error:
        raise DataError("can not be written as a prompt", place=trajectory.id, got=str(error)) from None
    settled = partial(formats.settled, output_format=trajectory.task.output_format)
    return replace(prompt_of(messages), settled=settled)


def prompt_of(messages: Sequence[formats.PlainMessage]) -> Prompt:
    """Return the prompt that asks for the next turn of a conversation."""
    return Prompt(
        messages=tuple((message.role, message.content) for message in messages),
        segments=tuple((s.text, s.control) for s in formats.segments(messages, generation_prompt=True)),
    )


def last_request(trajectory: Trajectory) -> str:
    """Return what the user said last."""
    return next((m.content for m in reversed(trajectory.messages) if m.role == "user"), "")
