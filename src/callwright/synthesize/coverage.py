"""What has been asked for so far: tool × parameter × class of value × style, counted and steered by.

A class of value is a coarse kind of it: each choice of an enumeration, true and false, the low, middle and
high third between two bounds, the number of items or words. A parameter that may be left out has the class
"left out" as well. What is rare is preferred: of two draws the one with the rarer classes is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from callwright.record import Json, Tool, Trajectory
from callwright.synthesize.params import Param, parameters
from callwright.verify.table import aligned

LEFT_OUT = "left out"
MOST_CHOICES = 12
"""Choices of an enumeration that are told apart."""
_NEVER_SHOWN = 6
"""Classes that were never asked for, named in the table at most."""

Cell = tuple[str, str, str]
"""Tool, parameter, class of value."""
Call = tuple[str, str, Mapping[str, Json]]
"""Style, tool, arguments."""


class Coverage:
    """Counts over the rows of a run."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._params = {tool.name: parameters(tool.parameters) for tool in tools}
        self._classes = {
            (tool, param.name, one)
            for tool, params in self._params.items()
            for param in params
            for one in closed_classes(param)
        }
        self.calls: Counter[tuple[str, str]] = Counter()
        """Calls by tool and style."""
        self.cells: Counter[tuple[str, str, str, str]] = Counter()
        """Arguments by tool, parameter, class of value and style."""
        self._by_tool: Counter[str] = Counter()
        self._by_cell: Counter[Cell] = Counter()
        self.tell: Callable[[Call], None] | None = None
        """Is told of each call that is counted."""

    def add(self, style: str, tool: str, arguments: Mapping[str, Json]) -> None:
        """Count one call."""
        self.calls[tool, style] += 1
        self._by_tool[tool] += 1
        for cell in self._cells(tool, arguments):
            self.cells[*cell, style] += 1
            self._by_cell[cell] += 1
        if self.tell is not None:
            self.tell((style, tool, arguments))

    def add_row(self, style: str, row: Trajectory) -> None:
        """Count every call of a row."""
        for message in row.messages:
            for call in message.tool_calls:
                self.add(style, call.name, call.arguments or {})

    def asked(self, tool: str) -> int:
        """Return how often a tool was called."""
        return self._by_tool[tool]

    def rarity(self, tool: str, arguments: Mapping[str, Json]) -> float:
        """Return how rare the classes of a call are: 1 where each is new, near 0 for usual ones."""
        cells = self._cells(tool, arguments)
        return sum(1 / (1 + self._by_cell[cell]) for cell in cells) / len(cells) if cells else 0.0

    def _cells(self, tool: str, arguments: Mapping[str, Json]) -> list[Cell]:
        return [
            (
                tool,
                param.name,
                class_of(param, arguments[param.name]) if param.name in arguments else LEFT_OUT,
            )
            for param in self._params.get(tool, ())
        ]

    def to_json(self) -> dict[str, Json]:
        """Return all counts, nested by tool, parameter and class; styles innermost."""
        found: dict[str, Json] = {
            tool: {"calls": {}, "arguments": {}, "never": self._never(tool)} for tool in self._params
        }
        for (tool, style), count in sorted(self.calls.items()):
            found[tool]["calls"][style] = count
        for (tool, param, one, style), count in sorted(self.cells.items()):
            found[tool]["arguments"].setdefault(param, {}).setdefault(one, {})[style] = count
        return found

    def text(self) -> str:
        """Return a table: calls of each tool by style, classes asked for, and those that never were."""
        styles = sorted({style for _, style in self.calls})
        head = ("tool", *styles, "classes", "never asked for")
        lines = [head, *(self._line(tool, styles) for tool in self._params)]
        return aligned(lines, left=(0, len(head) - 1)).removesuffix("\n")

    def _line(self, tool: str, styles: Sequence[str]) -> tuple[str, ...]:
        seen = {cell for cell in self._by_cell if cell[0] == tool}
        never = self._never(tool)
        told = ", ".join(never[:_NEVER_SHOWN]) + (
            f", {len(never) - _NEVER_SHOWN} more" if len(never) > _NEVER_SHOWN else ""
        )
        counts = (f"{self.calls[tool, style]:,}" for style in styles)
        return (tool, *counts, f"{len(seen)} of {len(seen) + len(never)}", told)

    def _never(self, tool: str) -> list[str]:
        return [
            f"{p}={one}" for t, p, one in sorted(self._classes) if t == tool and not self._by_cell[t, p, one]
        ]


def closed_classes(param: Param) -> tuple[str, ...]:
    """Return the classes of a parameter that are known beforehand; open kinds of values have none."""
    left_out = () if param.required else (LEFT_OUT,)
    if param.type == "boolean":
        return ("true", "false", *left_out)
    if param.type == "enum" and len(param.choices) <= MOST_CHOICES:
        return (*(str(choice) for choice in param.choices), *left_out)
    if param.type in ("integer", "number") and _bounds(param) is not None:
        return ("low", "middle", "high", *left_out)
    return left_out


def class_of(param: Param, value: Json) -> str:
    """Return the class of a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if param.type == "enum":
        return str(value) if len(param.choices) <= MOST_CHOICES else "a choice"
    if isinstance(value, int | float):
        return _size(param, value)
    if isinstance(value, str):
        return _length(value)
    if isinstance(value, list):
        return ("no item", "one item", "several items")[min(len(value), 2)]
    return "object" if isinstance(value, dict) else "null"


def _bounds(param: Param) -> tuple[float, float] | None:
    low, high = param.schema.get("minimum"), param.schema.get("maximum")
    if not isinstance(low, int | float) or not isinstance(high, int | float) or high - low < 2:
        return None
    return low, high


def _size(param: Param, value: float) -> str:
    bounds = _bounds(param)
    if bounds is not None:
        low, high = bounds
        return ("low", "middle", "high")[min(max(int(3 * (value - low) / (high - low)), 0), 2)]
    size = abs(value)
    sign = "negative, " if value < 0 else ""
    return sign + ("below 10" if size < 10 else "10 to 999" if size < 1000 else "from 1000")


def _length(text: str) -> str:
    words = len(text.split())
    return (
        "empty"
        if not words
        else "one word"
        if words == 1
        else "two to seven words"
        if words < 8
        else "a long text"
    )
