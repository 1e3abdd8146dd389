"""Which side of the split a row is on: by its request and calls, or by the tools that are held out.

By request, a new group draws its side; a row that shares its request, its calls or its wording with a row of
one side follows it, and one that would tie both sides together is dropped.

By tool, each tool's name draws its side. A row belongs to the side of the tools that it calls, and is dropped
if they are of both. Of the other tools on offer those of the other side are taken away, so that no tool
stands on both. A row that calls nothing though it might, and is offered tools of both sides, is dropped: what
is on offer decides what is right.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from callwright.blend.keys import calls, group_keys
from callwright.blend.table import Table, eight
from callwright.record import Trajectory
from callwright.store import row_seed

Side = Literal["train", "valid"]
SplitBy = Literal["request", "tool"]
SIDES: tuple[Side, ...] = ("train", "valid")


class Straddles(Exception):
    """A row that would be on both sides; the text says how."""


class Sides:
    """Gives each row its side, and remembers it."""

    def __init__(self, by: SplitBy, holdout: float, seed: int) -> None:
        self.by = by
        self._holdout = holdout
        self._seed = seed
        self._side_of = Table()
        self._side_of_tool: dict[str, Side] = {}

    def place(self, row: Trajectory, kin: set[Side]) -> Side:
        """Return the side of a row; `kin` are the sides of rows in almost the same words.

        Raises Straddles, and remembers nothing then.
        """
        keys = group_keys(row)
        numbers = {self._side_of.get(eight(key)) for key in keys}
        known = {SIDES[number] for number in numbers if number is not None} | kin
        if len(known) > 1:
            raise Straddles("its request, its calls or its wording are on both sides of the split")
        side = self._by_tools(row) if self.by == "tool" else None
        if side is not None and known - {side}:
            raise Straddles(f"its tools are on the side {side!r}, its request or its calls are not")
        if side is None:
            side = known.pop() if known else self._draw(keys[-1].hex() if keys else row.id)
        for key in keys:
            self._side_of.put(eight(key), SIDES.index(side))
        return side

    def offering(self, row: Trajectory, side: Side) -> Trajectory:
        """Return the row without the tools of the other side."""
        if self.by != "tool" or not row.tools:
            return row
        tools = tuple(tool for tool in row.tools if self._of_tool(tool.name) == side)
        if len(tools) == len(row.tools):
            return row
        taken = [tool.name for tool in row.tools if self._of_tool(tool.name) != side]
        extra = {**row.extra, "blend": {"tools_taken_away": taken}}
        return replace(row, tools=tools, extra=extra, fingerprint=None)

    def _draw(self, key: str) -> Side:
        return "valid" if row_seed(self._seed, key) < self._holdout * 2**64 else "train"

    def _of_tool(self, name: str) -> Side:
        if name not in self._side_of_tool:
            self._side_of_tool[name] = self._draw(f"tool {name}")
        return self._side_of_tool[name]

    def _by_tools(self, row: Trajectory) -> Side | None:
        """Return the side of the tools that are called, or else offered; None if there are none."""
        called = {call.name for call in calls(row)}
        if row.preference is not None:
            called |= {call.name for call in row.preference.rejected.tool_calls if call.name}
        sides = {self._of_tool(name) for name in called}
        if len(sides) > 1:
            raise Straddles("it calls tools of both sides")
        if not sides:
            sides = {self._of_tool(tool.name) for tool in row.tools or ()}
            if len(sides) > 1 and row.task.expects != "no_call":
                raise Straddles("it calls nothing and is offered tools of both sides")
        # An offer of both sides to which no call is right stays so with some tools less.
        return "train" if "train" in sides else "valid" if sides else None
