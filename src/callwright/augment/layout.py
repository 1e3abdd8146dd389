"""Set the parts of the prompt apart in another style and order, or write tools as JSON (xLAM §3.2)."""

from __future__ import annotations

import random

import msgspec

from callwright.augment.order import shuffled
from callwright.formats import tools_text
from callwright.formats.layout import PARTS, STYLES, USUAL, Layout, layout_named
from callwright.formats.signature import TOOL_KEYS
from callwright.record import Trajectory

_STYLES = [style for style in STYLES if style != USUAL.style]


def lay_out(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row with a layout; unchanged where it has one or its texts hold the marks of every style."""
    layout = layout_named(t.task.layout)
    if layout.style != USUAL.style:
        return t
    order = tuple(shuffled(list(PARTS), rng))
    texts, left = _texts(t), list(_STYLES)
    while left:
        style = left.pop(int(rng.random() * len(left)))
        changed = layout._replace(style=style, order=order)
        if changed.fits(texts):
            return _with(t, changed)
    return t


def _texts(t: Trajectory) -> list[str]:
    """Return what the parts of a prompt are made of; of tools their JSON, which leaves marks as they are."""
    texts = [message.content for message in t.messages if message.role in ("system", "user")]
    texts += [t.task.instruction, t.task.format_instruction, *t.task.few_shots]
    try:
        texts.append(msgspec.json.encode(t.tools).decode())
    except (TypeError, ValueError):  # no JSON: what is shown of it decides
        texts.append(tools_text(t.tools or ()))
    return texts


def as_schemas(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row with its tools written as JSON, their keys in some order; unchanged if they are."""
    layout = layout_named(t.task.layout)
    if not t.tools or layout.keys:
        return t
    return _with(t, layout._replace(keys=tuple(shuffled(list(TOOL_KEYS), rng))))


def _with(t: Trajectory, layout: Layout) -> Trajectory:
    return msgspec.structs.replace(t, task=msgspec.structs.replace(t.task, layout=str(layout)))
