"""How the parts of a prompt are set apart, in which order, and how tools are written (xLAM §3.2).

A layout is written as ``style:parts:keys``, for example ``brackets:tools+task+format+examples`` or
``sections::description+name+parameters``. Parts that are left out stand at the end in the usual order. With
keys, tools are JSON that has them in that order; without, signatures. The empty layout is `USUAL`.

>>> layout_named("tags:tools+task").framed("tools", "now() - Tell the time.")
'<available_tools>\\nnow() - Tell the time.\\n</available_tools>'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from callwright.errors import ConfigError
from callwright.formats.signature import TOOL_KEYS, ToolKey

Part = Literal["task", "tools", "format", "examples"]
PARTS: tuple[Part, ...] = get_args(Part)
_NAMES: dict[str, str] = {
    "task": "task instruction",
    "tools": "available tools",
    "format": "format instruction",
    "examples": "few shot examples",
    "query": "query",
}
STYLES: dict[str, tuple[str, str]] = {
    "brackets": ("[START OF {upper}]\n", "\n[END OF {upper}]"),
    "begin": ("[BEGIN OF {upper}]\n", "\n[END OF {upper}]"),
    "tags": ("<{snake}>\n", "\n</{snake}>"),
    "headers": ("## {title}\n", ""),
    "plain": ("", ""),
    "sections": ("", ""),
}
"""What stands before and behind a part, by style; the first two as xLAM's paper and its client write them."""
_SECTIONS = {"tools": "# Tools\n", "examples": "# Examples\n"}


class Layout(NamedTuple):
    """A style, the parts of the system text in order, and the keys of tools that are written as JSON."""

    style: str
    order: tuple[Part, ...] = PARTS
    keys: tuple[ToolKey, ...] = ()

    def __str__(self) -> str:
        """Return the text that `layout_named` reads."""
        order = "" if self.order == PARTS else "+".join(self.order)
        return ":".join((self.style, order, "+".join(self.keys))).rstrip(":") if self != USUAL else ""

    def framed(self, part: str, text: str) -> str:
        """Return a part with what sets it apart."""
        before, after = _frame(self.style, part)
        return f"{before}{text}{after}"

    def fits(self, texts: Iterable[str]) -> bool:
        """Tell whether no text holds what sets parts apart, so that none can end its part."""
        marks = _marks(self.style)
        return marks is None or not any(marks.search(text) for text in texts)


USUAL = Layout("sections")


@lru_cache(maxsize=64)
def _frame(style: str, part: str) -> tuple[str, str]:
    if style == "sections":
        return _SECTIONS.get(part, ""), ""
    name = _NAMES[part]
    words = {"upper": name.upper(), "snake": name.replace(" ", "_"), "title": name.capitalize()}
    before, after = STYLES[style]
    return before.format(**words), after.format(**words)


@lru_cache(maxsize=16)
def _marks(style: str) -> re.Pattern[str] | None:
    if style == USUAL.style:
        return None
    frames = {mark.strip() for part in _NAMES for mark in _frame(style, part) if mark.strip()}
    return re.compile("|".join(map(re.escape, sorted(frames)))) if frames else None


@lru_cache(maxsize=1024)
def layout_named(text: str) -> Layout:
    """Return the layout that a text writes; raises `ConfigError` for any other text."""
    if not text:
        return USUAL
    style, _, rest = text.partition(":")
    parts, keys = (_listed(part) for part in (*rest.split(":", 1), "")[:2])
    known = len(set(parts)) == len(parts) and set(parts) <= set(PARTS)
    if style not in STYLES or not known or (keys and sorted(keys) != sorted(TOOL_KEYS)):
        wanted = f"{' | '.join(STYLES)}, then :{'+'.join(PARTS)} in any order, then :{'+'.join(TOOL_KEYS)}"
        raise ConfigError("unknown layout", expected=f"{wanted} in any order", got=text)
    return Layout(style, (*parts, *(part for part in PARTS if part not in parts)), keys)


def _listed(text: str) -> Any:
    return tuple(part for part in text.split("+") if part)
