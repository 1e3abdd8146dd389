"""A file of rows as the viewer needs it: where each line lies, what it is called, what it says, to search.

Rows stay in the file; kept of each are a few words and its searchable text, so that 100,000 of them fit.
"""

from __future__ import annotations

import json
import mmap
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.store import open_bytes

Kind = Literal["rows", "dropped", "results"]
COMPRESSED = (".zst", ".gz")
RIGHT, KEPT, WRONG = "right", "kept", "wrong"
GIVEN_UP = 5
"""Unreadable lines at the beginning after which a file is taken for something else."""
_SNIPPET = 160
"""Characters of a request that a list shows."""


class Entry(NamedTuple):
    """What a list shows of a row."""

    id: str
    group: str
    """Where it comes from, which stage dropped it, or of which column it is."""
    verdict: str
    """kept, the codes of its issues, the reason for which it was dropped, right, or the error."""
    request: str
    calls: str
    """Names of the tools that are called, or that were due."""


class _Source(msgspec.Struct):
    dataset: str = ""


class _Call(msgspec.Struct):
    name: str = ""
    arguments: Any = None


class _Message(msgspec.Struct):
    role: str = ""
    content: str = ""
    tool_calls: list[_Call] = []


class _Issue(msgspec.Struct):
    code: str = ""


class _Row(msgspec.Struct):
    """What is looked at of a line of any kind."""

    id: str
    source: _Source | None = None
    messages: list[_Message] | None = None
    issues: list[_Issue] = []
    stage: str | None = None
    reason: str | None = None
    row: Any = None
    correct: bool | None = None
    column: str = ""
    error: str = ""
    request: str = ""
    gold: Any = None
    text: str = ""


_decoder = msgspec.json.Decoder(_Row)


class Rows:
    """One file. Raises `DataError` where its first lines are no rows, dropped rows or results."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.entries: list[Entry] = []
        self.broken = 0
        """Lines that could not be read."""
        self._data = _bytes_of(path)
        self._starts, self._ends = array("Q"), array("Q")
        self._text, self._text_starts = bytearray(), array("Q")
        kind = self._read()
        if kind is None:
            raise DataError("neither rows nor dropped rows nor results", place=str(path))
        self.kind: Kind = kind
        self.numbers = {entry.id: number for number, entry in enumerate(self.entries)}
        self.find = lru_cache(maxsize=16)(self._find)

    def _read(self) -> Kind | None:
        """Read all lines; return what they are, None if they are nothing that can be shown."""
        found: Kind | None = None
        for start, end in _lines(self._data):
            try:
                row = _decoder.decode(self._data[start:end])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.broken += 1
                if found is None and self.broken >= GIVEN_UP:
                    return None
                continue
            kind = _kind(row)
            if kind is None or found not in (None, kind):
                self.broken += 1
                continue
            found = kind
            entry, text = _seen(row, kind)
            self._starts.append(start)
            self._ends.append(end)
            self.entries.append(entry)
            self._text_starts.append(len(self._text))
            self._text += text.lower().encode("utf-8", "replace") + b"\n"
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows have each verdict, and are of each group; the most frequent first."""
        verdicts = Counter(entry.verdict for entry in self.entries)
        groups = Counter(entry.group for entry in self.entries)
        return {"verdict": dict(verdicts.most_common()), "group": dict(groups.most_common())}

    def row(self, number: int) -> Any:
        """Return a whole row."""
        return json.loads(self._data[self._starts[number] : self._ends[number]])

    def _find(self, words: tuple[str, ...], verdict: str, group: str) -> array[int]:
        """Return the numbers of the rows that hold all words and are of this verdict and group, if any."""
        found: Iterable[int] = range(len(self.entries))
        if words:
            sets = [set(self._holding(word)) for word in words]
            found = sorted(set.intersection(*sets))
        entries = self.entries
        if verdict:
            found = [number for number in found if entries[number].verdict == verdict]
        if group:
            found = [number for number in found if entries[number].group == group]
        return array("Q", found)

    def _holding(self, word: str) -> Iterator[int]:
        """Yield the rows whose text holds a word, each once."""
        needle, text, starts = word.lower().encode("utf-8", "replace"), self._text, self._text_starts
        place = text.find(needle)
        while place >= 0:
            number = bisect_right(starts, place) - 1
            yield number
            if number + 1 >= len(starts):
                return
            place = text.find(needle, starts[number + 1])


def _bytes_of(path: Path) -> mmap.mmap | bytes:
    if path.suffix in COMPRESSED:
        with open_bytes(path) as stream:
            return stream.read()
    with path.open("rb") as stream:
        try:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            return b""  # an empty file can not be mapped


def _lines(data: mmap.mmap | bytes) -> Iterator[tuple[int, int]]:
    """Yield where lines that hold something begin and end."""
    start, size = 0, len(data)
    while start < size:
        end = data.find(b"\n", start)
        end = size if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1


def _kind(row: _Row) -> Kind | None:
    if row.reason is not None and row.stage is not None:
        return "dropped"
    if row.correct is not None:
        return "results"
    return "rows" if row.messages is not None else None


def _seen(row: _Row, kind: Kind) -> tuple[Entry, str]:
    """Return what a list shows of a row, and the text that is searched."""
    if kind == "results":
        called = _names(row.gold) or "no call"
        entry = Entry(row.id, row.column, RIGHT if row.correct else row.error or WRONG, row.request, called)
        return _short(entry), f"{row.id} {row.request} {row.text} {called}"
    group, verdict = row.source.dataset if row.source else "", ""
    if kind == "dropped":
        group, verdict = row.stage or "", row.reason or ""
        row = _inside(row)
    messages = row.messages or []
    request = next((m.content for m in messages if m.role == "user"), "")
    calls = [call for message in messages for call in message.tool_calls]
    called = ", ".join(call.name for call in calls)
    verdict = verdict or ", ".join(dict.fromkeys(issue.code for issue in row.issues)) or KEPT
    said = " ".join(message.content for message in messages if message.role != "system")
    written = " ".join(f"{call.name} {json.dumps(call.arguments, ensure_ascii=False)}" for call in calls)
    return _short(Entry(row.id, group, verdict, request, called)), f"{row.id} {said} {written}"


def _inside(row: _Row) -> _Row:
    """Return the row that was dropped, as far as it is one, by the name under which it was dropped."""
    try:
        inside = msgspec.convert(row.row, _Row) if isinstance(row.row, dict) else row
    except msgspec.ValidationError:
        return row
    inside.id = row.id
    return inside


def _short(entry: Entry) -> Entry:
    return entry._replace(request=" ".join(entry.request.split())[:_SNIPPET], calls=entry.calls[:_SNIPPET])


def _names(gold: Any) -> str:
    """Return the tools that reference calls name, in a suite's or in BFCL's layout."""
    calls = gold if isinstance(gold, list) else [gold]
    names = [call.get("name") or next(iter(call), "") for call in calls if isinstance(call, dict)]
    return ", ".join(str(name) for name in names)
