"""How much two tools have in common: what is too like a called tool must not be offered in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable

from callwright.record import Tool

TOO_LIKE = 0.15
"""Share of common words (Jaccard) from which two tools may serve the same request."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+")
_SHORT = 3
_COMMON = frozenset({
    "all", "and", "any", "are", "based", "can", "for", "from", "function", "get", "given", "has", "into",
    "its", "list", "not", "one", "provided", "retrieve", "retrieves", "return", "returns", "set", "specific",
    "specified", "that", "the", "their", "this", "tool", "use", "used", "user", "using", "value", "when",
    "which", "will", "with", "you", "your",
})  # fmt: skip


class _Words(dict[int, tuple[Tool, frozenset[str]]]):
    """Address of a tool → its words; rows share their tools, so most are asked for again."""

    MANY = 1 << 14

    def of(self, tool: Tool) -> frozenset[str]:
        """Return the words in name and description that tell something about what a tool is for."""
        known = self.get(id(tool))
        if known is not None and known[0] is tool:
            return known[1]
        if len(self) >= self.MANY:
            self.clear()
        words = (word.lower() for word in _WORD.findall(f"{tool.name} {tool.description}"))
        found = frozenset(word for word in words if len(word) >= _SHORT and word not in _COMMON)
        self[id(tool)] = tool, found
        return found


_words = _Words()


def likeness(one: Tool, other: Tool) -> float:
    """Return the share of the words in name and description that two tools have in common."""
    mine, theirs = _words.of(one), _words.of(other)
    common = len(mine & theirs)
    return common / (len(mine) + len(theirs) - common) if common else 0.0


def unlike(candidates: Iterable[Tool], called: Iterable[Tool]) -> list[Tool]:
    """Return the candidates that have little in common with every called tool."""
    own = list(called)
    return [tool for tool in candidates if all(likeness(tool, each) < TOO_LIKE for each in own)]
