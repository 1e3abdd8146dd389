"""Which side of the split a row is on: by its request and calls, or by the tools that are held out.

By request, a new group draws its side; a row that shares its request, its calls or its wording with a row of
one side, or is its kin (see `kin`), follows it, and one that would tie both sides together is dropped.

By tool, each tool's name draws its side. A row belongs to the side of the tools that it calls, and is dropped
if they are of both. Of the other tools on offer those of the other side are taken away, so that no tool
stands on both. A row that calls nothing though it might, and is offered tools of both sides, is dropped: what
is on offer decides what is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from callwright.blend.keys import calls, group_keys, root_key
from callwright.blend.kin import Kin
from callwright.blend.table import Table, eight
from callwright.record import Json, Trajectory
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
        self._kin = Kin()
        self._side_of_tool: dict[str, Side] = {}

    def begin(self) -> None:
        """Say that the rows to come are those of another input."""
        self._kin.begin()

    def place(self, row: Trajectory, near: set[Side]) -> Side:
        """Return the side of a row; `near` are the sides of rows in almost the same words.

        Raises Straddles, and remembers nothing then.
        """
        root = root_key(row) if row.id else b""
        keys = group_keys(row)
        ties = self._ties(row, root, keys, near)
        _check(ties)
        side = self._by_tools(row) if self.by == "tool" else None
        if side is not None:
            _check([("tools", side), *ties])
        elif ties:
            side = ties[0][1]
        else:
            side = self._draw(next(reversed(keys.values()), root).hex())
        number = SIDES.index(side)
        for key in keys.values():
            self._side_of.put(eight(key), number)
        if root:
            self._kin.put(row, eight(root), number)
        return side

    def _ties(
        self, row: Trajectory, root: bytes, keys: dict[str, bytes], near: set[Side]
    ) -> list[tuple[str, Side]]:
        """Return what of a row is on a side already, and on which."""
        ties: list[tuple[str, Side]] = []
        for name, key in keys.items():
            if (number := self._side_of.get(eight(key))) is not None:
                ties.append((name, SIDES[number]))
        if root and (number := self._kin.side(row, eight(root))) is not None:
            ties.append(("kin", SIDES[number]))
        ties += [("wording", side) for side in near]
        return ties

    def offering(self, row: Trajectory, side: Side) -> Trajectory:
        """Return the row without the tools of the other side."""
        if self.by != "tool" or not row.tools:
            return row
        tools = tuple(tool for tool in row.tools if self._of_tool(tool.name) == side)
        if len(tools) == len(row.tools):
            return row
        taken = [tool.name for tool in row.tools if self._of_tool(tool.name) != side]
        return replace(noted(row, "tools_taken_away", taken), tools=tools, fingerprint=None)

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


def noted(row: Trajectory, name: str, value: Json) -> Trajectory:
    """Return the row with a note of what the blend did to it, beside those that it has."""
    notes = row.extra.get("blend")
    told = {**(notes if isinstance(notes, dict) else {}), name: value}
    return replace(row, extra={**row.extra, "blend": told})


def _check(ties: Sequence[tuple[str, Side]]) -> None:
    """Raise Straddles, which says what ties a row to which side, if that is both of them."""
    if len({side for _, side in ties}) < len(SIDES):
        return
    by_side = {side: [f"its {name}" for name, own in ties if own == side] for side in SIDES}
    told = (f"to {side!r} by {' and '.join(names)}" for side, names in by_side.items())
    raise Straddles(f"tied {', '.join(told)}")
