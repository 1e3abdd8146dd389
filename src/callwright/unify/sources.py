"""Which layouts are known, and which of them a file has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from callwright.errors import ConfigError, DataError
from callwright.record import Json
from callwright.unify import api_bank, files, llamafactory, openai_chat, seal_tools, toolalpaca, xlam_60k
from callwright.unify.rows import Element, Source

SOURCES: dict[str, Source] = {
    "toolalpaca": toolalpaca,
    "seal_tools": seal_tools,
    "api_bank": api_bank,
    "llamafactory": llamafactory,
    "xlam_60k": xlam_60k,
    "openai_chat": openai_chat,
}
"""Source name to the module that reads it; a new source is one module and one line here."""


class Detection(NamedTuple):
    """Which source a file belongs to, and why."""

    name: str
    why: str


def source_named(name: str) -> Source:
    """Return a source by name; raises `ConfigError` that lists the names."""
    if name not in SOURCES:
        raise ConfigError("unknown source", expected=f"auto, {', '.join(SOURCES)}", got=name)
    return SOURCES[name]


def detect(path: Path) -> Detection:
    """Recognise a file by its first rows; raises `DataError` that names the nearest sources."""
    first = files.peek(path)
    if not first:
        raise DataError("is empty", place=str(path), expected="rows of a known source")
    found = recognise(first)
    if found is None:
        raise unrecognised(path, first)
    return found


def recognise(first: Sequence[Element]) -> Detection | None:
    """Return the source that most of these rows fit, or None."""
    values = [e.value for e in first if e.error is None and isinstance(e.value, dict)]
    best, votes = None, len(values) / 2
    for name, source in SOURCES.items():
        reasons = [why for why in map(source.detect, values) if why]
        if len(reasons) > votes:
            best, votes = Detection(name, reasons[0]), len(reasons)
    return best


def unrecognised(path: Path, first: Sequence[Element]) -> DataError:
    """Return the error for a file that no source recognises: what was seen, and what comes near."""
    values = [e.value for e in first if e.error is None]
    if not values:
        detail = f"{first[0].error}" if first and first[0].error else "no rows"
        return DataError("holds no readable row", place=str(path), expected="JSON or JSON lines", got=detail)
    fields = _fields(values)
    shared = {n: [f for f in s.FIELDS if f in fields] for n, s in SOURCES.items()}
    near = sorted((n for n in shared if shared[n]), key=lambda n: -len(shared[n]) / len(SOURCES[n].FIELDS))[
        :3
    ]
    if near:
        hint = "nearest: " + "; ".join(f"{n} (also has {', '.join(shared[n])})" for n in near)
    else:
        hint = f"known sources: {', '.join(SOURCES)}"
    got = f"fields {', '.join(fields)}" if fields else f"rows of type {type(values[0]).__name__}"
    return DataError(
        "no source recognises it", place=str(path), expected="rows of a known source", got=got, hint=hint
    )


def _fields(values: Sequence[Json]) -> list[str]:
    names = dict.fromkeys(str(k)[:40] for v in values if isinstance(v, dict) for k in v)
    return list(names)[:20]
