"""What a domain's tools are: functions from a database and arguments to what is shown and what changes.

The texts of what goes wrong are the official ones, because they are part of what an agent is shown. In the
official environment a mistaken call is whatever exception Python raises in the tool's `invoke`; the same
mistakes give the same texts here. What fails changes nothing, also where the original stops half-way: paying
one booking twice with one certificate loses the certificate there.

>>> def whois(db: Database, /, user_id: str) -> Answer:
...     return Answer(user_id.upper())
>>> call({"whois": whois}, Database({}), "whois", {}).text
"Error: Whois.invoke() missing 1 required positional argument: 'user_id'"
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from callwright.evaluate.taubench.database import Changes, Database, Record
from callwright.record import Json

NO_CHANGE: Changes = {}


class Answer(NamedTuple):
    """What a tool shows, and what it changes in the database."""

    text: str
    changes: Changes = NO_CHANGE


Function: TypeAlias = Callable[..., Answer]
"""Takes the database, positional only, and the arguments by name; changes neither."""


class Refused(Exception):
    """A tool does not do what is asked, and says why."""


def call(tools: Mapping[str, Function], db: Database, name: str, arguments: Mapping[str, Json]) -> Answer:
    """Return what a call shows and changes; one that fails shows why and changes nothing. Never raises."""
    tool = tools.get(name)
    if tool is None:
        return Answer(f"Unknown action {name}")
    try:
        _require_arguments(name, tool, arguments)
        return tool(db, **arguments)
    except Exception as error:
        # Whatever a model can make a tool raise is an answer to the model, as it is in the original.
        return Answer(f"Error: {error}")


def shown(record: Json) -> str:
    """Return a value as the tools write it."""
    return json.dumps(record)


def require(db: Database, table: str, key: str, complaint: str) -> Record:
    """Return a record of the database; refuses with `complaint` where there is none."""
    record = db.find(table, key)
    if record is None:
        raise Refused(complaint)
    return record


@cache
def _parameters(tool: Function) -> tuple[str, ...]:
    return tuple(inspect.signature(tool).parameters)[1:]


def _require_arguments(name: str, tool: Function, arguments: Mapping[str, Json]) -> None:
    """Raise the TypeError of a Python method that is called with these arguments by name."""
    wanted = _parameters(tool)
    shown_name = "".join(part.capitalize() for part in name.split("_")) + ".invoke()"
    for given in arguments:
        if given not in wanted:
            raise TypeError(f"{shown_name} got an unexpected keyword argument '{given}'")
    missing = [repr(each) for each in wanted if each not in arguments]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise TypeError(
            f"{shown_name} missing {len(missing)} required positional argument{plural}: {_listed(missing)}"
        )


def _listed(names: Sequence[str]) -> str:
    if len(names) < 3:
        return " and ".join(names)
    return ", ".join(names[:-1]) + f", and {names[-1]}"
