"""Ask for the same answer in another output format (xLAM §3.2, format following).

Only the wish changes (`Task.output_format`); the calls stay as they are and are rendered by `formats`. A
format is given only to a row whose every assistant turn it can express, and that has no few-shots, which show
another format.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from callwright.formats import DEFAULT_FORMAT, FORMATS, Reply, Unrenderable, format_named
from callwright.formats.table import SWAPPED
from callwright.record import Trajectory

OTHERS = tuple(name for name in FORMATS if name != DEFAULT_FORMAT)


def assign(t: Trajectory, rng: random.Random, names: Sequence[str] = OTHERS) -> Trajectory:
    """Return the row with one of these output formats; unchanged where none can express it."""
    if t.task.output_format or t.task.few_shots:
        return t
    left = list(names)
    while left:
        name = left.pop(int(rng.random() * len(left)))
        if can_express(name, t):
            return _with(t, name)
    return t


def swap_keys(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row with arguments before names in its calls; unchanged where calls are no JSON objects."""
    wanted = format_named(t.task.output_format)
    if wanted.render_swapped is None or t.task.format_instruction or t.task.few_shots:
        return t
    return _with(t, f"{wanted.name.removesuffix(SWAPPED)}{SWAPPED}")


def can_express(name: str, t: Trajectory) -> bool:
    """Tell whether every assistant turn of the row, a rejected one too, can be written in the format."""
    render = format_named(name).render
    rejected = (t.preference.rejected,) if t.preference is not None else ()
    try:
        for message in (*t.messages, *rejected):
            if message.role == "assistant":
                render(Reply(message.content, message.tool_calls))
    except Unrenderable:
        return False
    return True


def _with(t: Trajectory, output_format: str) -> Trajectory:
    task = msgspec.structs.replace(t.task, output_format=output_format, format_instruction="")
    return msgspec.structs.replace(t, task=task)
