"""The card of an exported folder: licences, origins, columns, and how it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from callwright.errors import DataError
from callwright.export.hf import COLUMNS
from callwright.export.layout import Losses
from callwright.record import Json
from callwright.store import Report
from callwright.store.files import write_atomic

NAME = "README.md"
_OURS = "<!-- written by callwright export -->"
_MEANINGS = {
    "id": "id of the row",
    "messages": "OpenAI chat; the arguments of a call are an object",
    "tools": "the tools on offer as OpenAI has them; null is unknown, `[]` is none",
    "reward": "what the source says about success, in its own scale",
    "success": "what the source says about success",
    "dataset": "where the row comes from",
    "license": "licence that the row came with; empty if unknown",
}


def write(folder: Path, report: Report, losses: Losses) -> None:
    """Write the card of `folder`."""
    write_atomic(folder / NAME, "\n".join(_lines(folder.name, report, losses)).encode() + b"\n")


def is_ours(folder: Path) -> bool:
    """Tell whether the card of `folder` was written here."""
    try:
        return _OURS in (folder / NAME).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError("can not be read", place=str(folder / NAME), got=str(error)) from None


def _lines(name: str, report: Report, losses: Losses) -> Iterator[str]:
    licenses, datasets = _counts(report, "licenses"), _counts(report, "datasets")
    noncommercial = report.extra.get("noncommercial")
    yield from ("---", "license:", *(f"- {_identifier(text)}" for text in _identifiers(licenses)))
    yield from ("configs:", "- config_name: default", "  data_files:")
    yield from ("  - split: train", "    path: data/*.parquet", "---", _OURS, "")
    yield from (f"# {_cell(name)}", "", f"{report.kept:,} conversations with tools and calls.", "")
    yield from ("## Licences", "", *_table("licence", licenses), "")
    if noncommercial:
        yield from (f"The licence of {noncommercial:,} rows forbids commercial use.", "")
    if "unknown" in licenses:
        yield from (f"The licence of {licenses['unknown']:,} rows is not known.", "")
    yield from ("## Sources", "", *_table("data set", datasets), "")
    yield from ("## Features", "", "| column | type | |", "| --- | --- | --- |")
    yield from (f"| `{column}` | {kind} | {_MEANINGS[column]} |" for column, kind in COLUMNS.items())
    yield from ("", "Columns of Json need `datasets` 5 or later.", "", "## How it was made", "")
    yield f"`callwright export --to hf` kept {report.kept:,} of {report.rows_in:,} trajectories."
    if report.reasons:
        yield from ("", *_table("dropped because of", report.reasons))
    yield from ("", f"Not carried over: {losses.sentence}")


def _counts(report: Report, key: str) -> dict[str, int]:
    counts = report.extra.get(key)
    return counts if isinstance(counts, dict) else {}


def _identifiers(licenses: Mapping[str, int]) -> list[str]:
    return list(dict.fromkeys(map(_identifier, licenses))) or ["unknown"]


def _identifier(license: str) -> str:
    """Return a licence as the hub writes it; what is no identifier is `other`."""
    lower = license.lower()
    return lower if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", lower) else "other"


def _table(head: str, counts: Mapping[str, Json]) -> Iterator[str]:
    yield from (f"| {head} | rows |", "| --- | ---: |")
    yield from (f"| {_cell(name)} | {count:,} |" for name, count in counts.items())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
