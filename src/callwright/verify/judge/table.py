"""Lines of cells as aligned plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return the lines, the first column flush left and the others flush right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) + "\n" for line in lines
    )


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many digits, a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"
