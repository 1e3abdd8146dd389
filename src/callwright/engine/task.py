"""What there is to do, by whichever process."""

from __future__ import annotations

from typing import Any, NamedTuple


class Task(NamedTuple):
    """Something to do."""

    place: str
    """What an error calls it."""
    value: Any
    """Picklable."""
