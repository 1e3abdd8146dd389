"""Content that is a list of parts: its text, its thoughts, and what the parts carry besides.

A record is text only. A part that is an image, sound or a file drops the row, because the words that
follow would speak of something that is no longer there.

    >>> read([{"type": "text", "text": "Hi"}, {"type": "reasoning", "reasoning": "greet"}], "content").text
    'Hi'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from callwright.record import Json, Outcome
from callwright.unify.conversation import Conversation
from callwright.unify.rows import BadRow

_TEXT = ("text", "refusal")
_THOUGHT = {"reasoning": ("reasoning", "text", "content"), "thinking": ("thinking", "text", "content")}
_SAYS_NOTHING: tuple[Json, ...] = (None, [], {})


class Blocks(NamedTuple):
    """A content taken apart."""

    text: str
    thought: str | None
    kept: dict[str, dict[str, Json]]
    """Path of a part to what it carries beyond its text."""

    def keep(self, talk: Conversation) -> None:
        """Keep what the parts carry beyond their text."""
        for path, rest in self.kept.items():
            talk.keep(path, rest, frozenset())


def read(content: Json, path: str) -> Blocks:
    """Return a content that is text, a list of parts, or nothing; raises `BadRow` for any other part."""
    if isinstance(content, str):
        return Blocks(content, None, {})
    if content is None:
        return Blocks("", None, {})
    if not isinstance(content, list):
        raise BadRow("wrong-type", path, f"expected a text or parts, got {type(content).__name__}")
    texts: list[str] = []
    thoughts: list[str] = []
    kept: dict[str, dict[str, Json]] = {}
    for i, part in enumerate(content):
        place = f"{path}[{i}]"
        key, text, is_thought = _part(part, place)
        (thoughts if is_thought else texts).append(text)
        rest = _rest(part, key) if isinstance(part, dict) else {}
        if rest:
            kept[place] = rest
    return Blocks("\n".join(texts), joined(thoughts), kept)


def _part(part: Json, path: str) -> tuple[str, str, bool]:
    """Return the field that holds the part's text, the text, and whether it is a thought."""
    if isinstance(part, str):
        return "", part, False
    if not isinstance(part, dict):
        raise BadRow("wrong-type", path, f"expected a part, got {type(part).__name__}")
    kind = part.get("type")
    fields = _THOUGHT.get(kind) if isinstance(kind, str) else None
    if fields and part.get("redacted"):  # the thought itself is encrypted
        summary = part.get("summary")
        return "summary", summary if isinstance(summary, str) else "", True
    for key in fields or _TEXT:
        text = part.get(key)
        if isinstance(text, str):
            return key, text, fields is not None
    raise BadRow("wrong-type", path, f"expected a part that is text, got {str(kind)[:40]!r}")


def _rest(part: Mapping[str, Json], key: str) -> dict[str, Json]:
    known = ("type", key) if key != "refusal" else ("type",)
    return {k: v for k, v in part.items() if k not in known and v not in _SAYS_NOTHING}


def joined(texts: list[str]) -> str | None:
    """Return thoughts as one text, or None where there is none."""
    said = [text for text in texts if text]
    return "\n\n".join(said) if said else None


def written(value: Json) -> str:
    """Return a result as text: as it is, or as its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def number(value: Json) -> float | None:
    """Return a number, such as a reward; None for anything else, also for one that no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def outcome(
    reward: Json = None, success: Json = None, metrics: Mapping[str, Json] | None = None
) -> Outcome | None:
    """Return what a source says about success, or None where it says nothing that can be read."""
    found = number(reward)
    flag = success if isinstance(success, bool) else None
    if found is None and flag is None and not metrics:
        return None
    return Outcome(reward=found, success=flag, metrics=dict(metrics or {}))
