"""Lines of cells as aligned plain text for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Container, Sequence


def aligned(lines: Sequence[Sequence[str]], left: Container[int] = (0,), widest: int = sys.maxsize) -> str:
    """Return the lines, columns in `left` flush left, the others flush right, none padded beyond `widest`."""
    widths = [min(max(map(len, column)), widest) for column in zip(*lines, strict=True)]
    pads = [str.ljust if k in left else str.rjust for k in range(len(widths))]
    return "".join(
        "  ".join(pad(cell, width) for pad, cell, width in zip(pads, line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many digits, a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"
