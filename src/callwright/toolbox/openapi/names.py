"""Names that every model and server accepts, each given once.

>>> names = TakenNames(64)
>>> names.take("get.pet"), names.take("get pet")
('get_pet', 'get_pet_2')
"""

from __future__ import annotations

import re
from collections import Counter


class TakenNames:
    """Makes names of letters, digits and underscores, and never the same one twice."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._taken: set[str] = set()
        self._repeats: Counter[str] = Counter()

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def take(self, wanted: str, otherwise: str = "") -> str:
        """Return `wanted`, or the nearest name that is legal and free."""
        stem = legal(wanted) or legal(otherwise) or "unnamed"
        name = stem[: self._longest]
        while name in self._taken:
            self._repeats[stem] += 1
            number = str(self._repeats[stem] + 1)
            name = f"{stem[: self._longest - len(number) - 1]}_{number}"
        self._taken.add(name)
        return name


def legal(text: str) -> str:
    """Return `text` with what is neither letter nor digit as underscores, none of them at the ends."""
    if re.fullmatch(r"[A-Za-z0-9_]+", text):
        return text
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
