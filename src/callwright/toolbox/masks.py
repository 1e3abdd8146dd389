"""Tools under other names: what a masked row calls, by the names that can be executed.

A mask is kept on its row, in ``extra["augment"]["mask"]``, as new name → old name: of the tools, and of the
arguments of each tool.
"""

from __future__ import annotations

import msgspec

from callwright.record import Json, ToolCall, Trajectory


class Mask(msgspec.Struct, frozen=True):
    """New names to old ones."""

    tools: dict[str, str]
    arguments: dict[str, dict[str, str]]
    """By the new name of the tool."""

    def real(self, call: ToolCall) -> ToolCall:
        """Return a call by the names that the tools really have; unknown names stay as they are."""
        names = self.arguments.get(call.name, {})
        arguments = call.arguments and {names.get(key, key): value for key, value in call.arguments.items()}
        name = self.tools.get(call.name, call.name)
        return msgspec.structs.replace(call, name=name, arguments=arguments)

    def to_json(self) -> Json:
        """Return what is kept on a row."""
        plain: Json = msgspec.to_builtins(self)
        return plain


def mask_of(t: Trajectory) -> Mask | None:
    """Return the mask of a row, None for a row whose tools have their own names."""
    note = t.extra.get("augment") if t.extra else None
    told = note.get("mask") if isinstance(note, dict) else None
    try:
        return None if told is None else msgspec.convert(told, Mask)
    except msgspec.ValidationError:
        return None  # somebody else's key of that name
