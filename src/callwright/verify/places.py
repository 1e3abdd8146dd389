"""Where an issue is, against the place that somebody asks about.

>>> is_at("arguments.guests[0]", "arguments.guests"), is_at("arguments.guests_per_room", "arguments.guests")
(True, False)
"""

from __future__ import annotations


def is_at(path: str, place: str) -> bool:
    """Tell whether a path names a place, or something inside it."""
    return path.startswith(place) and path[len(place) : len(place) + 1] in ("", ".", "[")
