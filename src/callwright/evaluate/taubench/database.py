"""A database as a value: records that all sessions share, and what one of them changed on top.

>>> before = Database({"users": {"ann": {"balance": 5}}})
>>> after = before.changed({("users", "ann"): {"balance": 3}})
>>> before.find("users", "ann"), after.find("users", "ann")
({'balance': 5}, {'balance': 3})
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from callwright.record import Json

Record: TypeAlias = dict[str, Json]
"""A record is never changed in place: a tool that changes one makes a new one."""
Changes: TypeAlias = Mapping[tuple[str, str], Record]
"""(table, key) → the record that stands there from now on."""
Tables: TypeAlias = Mapping[str, Mapping[str, Record]]


class Database:
    """Tables of records by key; a change makes a new database and leaves the old one as it is."""

    __slots__ = ("_changes", "_tables")

    def __init__(self, tables: Tables, changes: Changes | None = None) -> None:
        self._tables = tables
        self._changes: Changes = changes or {}

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables."""
        return tuple(self._tables)

    def find(self, table: str, key: str) -> Record | None:
        """Return a record, None where there is none; raises TypeError for a key that is a list or object."""
        own = self._changes.get((table, key))
        return self._tables[table].get(key) if own is None else own

    def items(self, table: str) -> Iterator[tuple[str, Record]]:
        """Yield the records of a table with their keys, new ones last."""
        own = {key: record for (name, key), record in self._changes.items() if name == table}
        for key, record in self._tables[table].items():
            yield key, own.pop(key, record)
        yield from own.items()

    def changed(self, changes: Changes) -> Database:
        """Return the database after the changes."""
        return Database(self._tables, {**self._changes, **changes}) if changes else self

    def differing(self) -> dict[tuple[str, str], str]:
        """Return what stands in every record that differs from the shared one, as `canonical` writes it.

        Two databases over the same shared records are equal exactly where this is equal: a record that was
        changed back is not listed, and what is not listed is shared.
        """
        written = {place: canonical(record) for place, record in self._changes.items()}
        return {place: text for place, text in written.items() if text != self._original(place)}

    def _original(self, place: tuple[str, str]) -> str | None:
        record = self._tables[place[0]].get(place[1])
        return None if record is None else canonical(record)

    def sha256(self) -> str:
        """Return the official hash of the whole database; takes most of a second for the airline's."""
        whole = {name: dict(self.items(name)) for name in self._tables}
        return hashlib.sha256(canonical(whole).encode()).hexdigest()


def canonical(value: Json) -> str:
    """Return the text that is hashed: objects sorted by key, 1, 1.0 and true told apart."""
    return str(_ordered(value))


def _ordered(value: Json) -> Json:
    if isinstance(value, dict):
        return tuple((key, _ordered(item)) for key, item in sorted(value.items()))
    if isinstance(value, list):
        return tuple(map(_ordered, value))
    return value
