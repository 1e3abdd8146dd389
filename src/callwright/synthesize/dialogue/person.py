"""Whose conversation it is: one of the people in a world's data, who knows what is theirs and no more.

People are the records of a table that have an e-mail address. The user is one of them; the others, and what
belongs to others, are left out of what the user knows. So is the user's own key: whoever has a policy to
follow looks it up.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple

from callwright.record import Json
from callwright.synthesize.facts import is_table
from callwright.synthesize.terms import singular

_MARKS = ("email", "e_mail", "email_address")


class Person(NamedTuple):
    """Who the user is, and what they know."""

    known: Json
    table: str
    """The table that they are a record of."""
    others: frozenset[str]
    """The keys of everybody else."""

    @property
    def thing(self) -> str:
        """Return what such a record is: "user", "member"."""
        return singular(self.table)


def someone(data: Json, rng: random.Random) -> Person | None:
    """Return one of the people in some data; None where it holds none, or only one.

    Data may be tables by name, or such tables by the class that holds them.
    """
    table = people(data)
    if not table:
        return _within(data, rng)
    keys = list(data[table])
    mine = rng.choice(keys)
    others = set(keys) - {mine}
    known = {
        name: [data[table][mine]] if name == table else _without(records, mine, others)
        for name, records in data.items()
    }
    return Person(known, table, frozenset(others))


def _within(data: Json, rng: random.Random) -> Person | None:
    for name, inner in data.items() if isinstance(data, dict) else ():
        if people(inner):
            found = someone(inner, rng)
            return None if found is None else found._replace(known={**data, name: found.known})
    return None


def people(data: Json) -> str:
    """Return the name of the table of people, empty if there is none."""
    if not isinstance(data, dict):
        return ""
    for name, records in data.items():
        if isinstance(records, dict) and len(records) > 1 and is_table(records):
            first = next(iter(records.values()))
            if any(mark in first for mark in _MARKS):
                return str(name)
    return ""


def _without(records: Json, mine: str, others: set[str]) -> Json:
    """Return the records of a table without those that name somebody else as theirs."""
    if not isinstance(records, dict) or not is_table(records):
        return records
    return {key: record for key, record in records.items() if not _is_of(record, mine, others)}


def _is_of(record: Mapping[str, Json], mine: str, others: set[str]) -> bool:
    named = {value for value in record.values() if isinstance(value, str)}
    return bool(named & others) and mine not in named
