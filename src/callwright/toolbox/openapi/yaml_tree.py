"""YAML 1.2 as plain JSON data, built from events: without recursion, whatever the nesting.

>>> from_yaml("no: 2026-05-04")
{'no': '2026-05-04'}
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from callwright.record import Json

MAX_NODES = 5_000_000
"""Values in one file, those behind aliases counted as often as they are named."""
MAX_DEPTH = 100
_MAX_DIGITS = 400

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+")
_WITH_BASE = re.compile(r"0o[0-7]{1,99}|0x[0-9a-fA-F]{1,99}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Broken(ValueError):
    """What is wrong with a document, and the line if it is known."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.line = line


def from_yaml(text: str) -> Json:
    """Build the value from events: without recursion, whatever the nesting."""
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise Broken(f"not valid YAML: {' '.join(str(error.problem).split())}", line) from None
    except yaml.YAMLError as error:
        raise Broken(f"not valid YAML: {' '.join(str(error).split())[:200]}") from None
    return builder.root


def to_float(text: str) -> float:
    """Return a number that JSON can hold; raises Broken."""
    value = float(text)
    if not math.isfinite(value):
        raise Broken(f"{text[:40]} is beyond the numbers of JSON")
    return value


def to_integer(text: str) -> int:
    """Return an integer of a sensible length; raises Broken."""
    if len(text) > _MAX_DIGITS:
        raise Broken(f"a number of {len(text):,} digits")
    return int(text)


@dataclass
class _Open:
    """A list or mapping of YAML that is not complete yet."""

    value: Any
    anchor: str | None
    line: int
    weight: int = 1
    depth: int = 1
    key: str | None = None
    merges: bool = False
    """The key is ``<<``: what follows is merged into the mapping."""
    merged: list[Any] = field(default_factory=list)


@dataclass
class _Named:
    """A value that aliases may stand for."""

    value: Json
    weight: int
    depth: int


class _Builder:
    """Turns the events of one YAML document into a value."""

    def __init__(self) -> None:
        self.root: Json = None
        self._documents = 0
        self._open: list[_Open] = []
        self._named: dict[str, _Named] = {}

    def take(self, event: Any) -> None:
        """Take in the next event; raises Broken."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            _check_tag(event.tag, line, ("map",) if is_mapping else ("seq",))
            if len(self._open) >= MAX_DEPTH:
                raise Broken(f"nested more than {MAX_DEPTH} levels deep", line)
            if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
                raise Broken("a key that is no text", line)
            self._open.append(_Open({} if is_mapping else [], event.anchor, line))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Broken("more than one document", line)

    def _scalar(self, event: Any, line: int) -> None:
        frame = self._open[-1] if self._open else None
        if frame and isinstance(frame.value, dict) and frame.key is None:
            if event.value in frame.value:
                raise Broken(f"the key {event.value[:80]!r} stands twice in one object", line)
            frame.key = event.value
            frame.merges = event.value == "<<" and not event.style
            return
        value = _plain(event, line)
        if event.anchor:
            self._named[event.anchor] = _Named(value, 1, 0)
        self._put(value, 1, 0, line)

    def _alias(self, name: str, line: int) -> None:
        if any(frame.anchor == name for frame in self._open):
            raise Broken(f"the alias *{name} stands for something that contains it", line)
        if name not in self._named:
            raise Broken(f"the alias *{name} stands for nothing", line)
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise Broken("an alias in place of a key", line)
        named = self._named[name]
        self._put(named.value, named.weight, named.depth, line)

    def _close(self) -> None:
        frame = self._open.pop()
        for other in frame.merged:
            for key, value in other.items():
                frame.value.setdefault(key, value)
        if frame.anchor:
            self._named[frame.anchor] = _Named(frame.value, frame.weight, frame.depth)
        self._put(frame.value, frame.weight, frame.depth, frame.line)

    def _put(self, value: Json, weight: int, depth: int, line: int) -> None:
        if not self._open:
            self.root = value
            return
        frame = self._open[-1]
        frame.weight += weight
        frame.depth = max(frame.depth, depth + 1)
        if frame.weight > MAX_NODES:
            raise Broken(f"aliases and values come to more than {MAX_NODES:,}", line)
        if len(self._open) + depth > MAX_DEPTH:
            raise Broken(f"nested more than {MAX_DEPTH} levels deep", line)
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if frame.merges:
            frame.merges = False
            others = value if isinstance(value, list) else [value]
            if not all(isinstance(other, dict) for other in others):
                raise Broken("<< merges mappings only", line)
            frame.merged += others
        elif key is not None:
            frame.value[key] = value


def _check_tag(tag: str | None, line: int, allowed: tuple[str, ...]) -> None:
    if tag and tag != "!" and tag not in {_TAG + name for name in allowed}:
        raise Broken(f"the tag {tag[:80]} is not read", line)


def _plain(event: Any, line: int) -> Json:
    """Return the value of a scalar by the core schema of YAML 1.2."""
    text: str = event.value
    _check_tag(event.tag, line, ("str", "int", "float", "bool", "null"))
    is_text = event.tag in ("!", _TAG + "str") or (event.tag is None and not event.implicit[0])
    if is_text or (event.style and event.tag is None):
        return text
    try:
        return _resolved(text)
    except Broken as broken:
        raise Broken(str(broken), line) from None


def _resolved(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return to_integer(text)
    if _WITH_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return to_float(text)
    if _NOT_FINITE.fullmatch(text):
        raise Broken(f"{text} is no number of JSON")
    return text
