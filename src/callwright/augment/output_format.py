"""Ask for the same answer in another output format (xLAM §3.2, format following).

Only the wish changes (`Task.output_format`); the calls stay as they are and are rendered by `formats`. A
format is given only to a row whose every assistant turn it can express.
"""

from __future__ import annotations

import random

import msgspec

from callwright.formats import DEFAULT_FORMAT, FORMATS, Reply, Unrenderable
from callwright.record import Trajectory


def assign(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row with another output format than the default; unchanged where none can express it."""
    if t.task.output_format:
        return t
    names = [name for name in FORMATS if name != DEFAULT_FORMAT]
    rng.shuffle(names)
    for name in names:
        if can_express(name, t):
            return msgspec.structs.replace(t, task=msgspec.structs.replace(t.task, output_format=name))
    return t


def can_express(name: str, t: Trajectory) -> bool:
    """Tell whether every assistant turn of the row, a rejected one too, can be written in the format."""
    render = FORMATS[name].render
    rejected = (t.preference.rejected,) if t.preference is not None else ()
    try:
        for message in (*t.messages, *rejected):
            if message.role == "assistant":
                render(Reply(message.content, message.tool_calls))
    except Unrenderable:
        return False
    return True
