"""What an assistant turn says, and what every output format has to offer.

A format is a pair of inverse functions: `render` writes a reply as text, `parse` reads it back. `parse` never
raises and never guesses: text that is not a reply of the format comes back as `Malformed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from callwright.record import Tool, ToolCall


class Reply(NamedTuple):
    """Free text, calls, or both. Formats carry a call's name and arguments only, not its id."""

    text: str
    calls: tuple[ToolCall, ...]


@dataclass(frozen=True)
class Malformed:
    """Why a text is no reply of the format, and the character at which that shows."""

    reason: str
    position: int
    settled: bool = field(default=False, compare=False)
    """Known to stay malformed whatever follows, so that nothing is lost by not writing on."""


@dataclass(frozen=True)
class Format:
    """An output format: how to ask for it, write it and read it."""

    name: str
    instruction: str
    """Tells a model how to answer, and what to do when no tool fits or a value is missing."""
    render: Callable[[Reply], str]
    """Write a reply; raises `Unrenderable` exactly when `parse` could not give it back."""
    parse: Callable[[str], Reply | Malformed]
    begun: Callable[[str], str]
    """Return the part of the free text that is certain while a reply is still being written."""
    grammar: Callable[[Sequence[Tool]], str] | None = None
    """Return the grammar of the replies that say something or call these tools as their schemas want it, for
    the library llguidance; None where nobody has written one."""
    render_swapped: Callable[[Reply], str] | None = None
    """Write a reply with the arguments of a call before its name; None where calls are no JSON objects."""


def nothing_certain(text: str) -> str:
    """Return no text: of a reply that is one object nothing is read before its end."""
    return ""


def before_marker(text: str, marker: str) -> str:
    """Return the text that no marker and no beginning of one follows."""
    found = text.find(marker)
    if found >= 0:
        return text[:found]
    held = next(size for size in range(len(marker) - 1, -1, -1) if text.endswith(marker[:size]))
    return text[: len(text) - held]


class Unrenderable(ValueError):
    """The format can not express this reply."""


def require_names(calls: tuple[ToolCall, ...]) -> None:
    """Raise `Unrenderable` for a call without a name or without an arguments object."""
    for call in calls:
        if not call.name:
            raise Unrenderable("a call has no name")
        if not isinstance(call.arguments, dict):
            raise Unrenderable(f"the arguments of {call.name} are no object")


SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character of UTF-16: no file and no tokenizer can carry one alone."""


def require_encodable(text: str) -> None:
    """Raise `Unrenderable` for free text with a lone surrogate: no file and no tokenizer can carry it."""
    if not text.isascii() and SURROGATE.search(text):
        raise Unrenderable("the text holds a lone surrogate")
