"""The domains of tau-bench as worlds: their tools over their database, which every episode starts from.

There is one state, the shared database, as in APIGen-MT (arXiv 2504.03601): who makes rows from it holds them
against the benchmark's tasks before training (`blend --against`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from callwright.errors import ToolsError
from callwright.evaluate.taubench.database import Database, Record
from callwright.evaluate.taubench.domain import ENDS, Domain, DomainName, load
from callwright.evaluate.taubench.home import library
from callwright.evaluate.taubench.tools import call
from callwright.record import Change, Json
from callwright.toolbox import Caller, Limits
from callwright.toolbox.child.snapshot import differences
from callwright.worlds.in_process import Failed, InProcess
from callwright.worlds.world import State, World, require_no_isolation

HOME = "home"
_DOMAINS: dict[str, DomainName] = {"retail": "retail", "airline": "airline"}
_FAILURES = ("Error: ", "Unknown action ")


@dataclass(frozen=True)
class TauStage:
    """Where episodes of a domain begin."""

    domain: str
    folder: str = ""

    @property
    def names(self) -> Set[str]:
        """Return the names of the tools."""
        return _domain(self).functions.keys()

    @property
    def classes(self) -> Set[str]:
        """Return nothing: the database is the only state."""
        return frozenset()

    def begin(self, state: State, names: Set[str]) -> TauScene:
        """Return a scene on which nothing has changed."""
        return TauScene(_domain(self))


class TauScene:
    """The database of one episode."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._db: Database = domain.database

    def call(self, name: str, arguments: dict[str, Json]) -> object:
        """Return what a tool shows: records as JSON values, everything else as text."""
        answer = call(self._domain.functions, self._db, name, arguments)
        if answer.text.startswith(_FAILURES):
            raise Failed(answer.text)
        self._db = self._db.changed(answer.changes)
        return json.loads(answer.text) if answer.text[:1] in ("{", "[") else answer.text

    def changes(self) -> Sequence[Change]:
        """Return the parts of records that differ, by table, key and path."""
        places = self._db.differing()
        before, after = (_at(db, places) for db in (self._domain.database, self._db))
        return [Change(path=path, before=old, after=new) for path, old, new in differences(before, after)]


def _at(db: Database, places: Iterable[tuple[str, str]]) -> dict[str, Json]:
    found: dict[str, dict[str, Record]] = {}
    for table, key in places:
        record = db.find(table, key)
        if record is not None:
            found.setdefault(table, {})[key] = record
    return found


def open_tau(name: str) -> World:
    """Return the world of ``home`` or of ``DOMAIN@FOLDER``; raises ToolsError for another name."""
    domain, _, folder = name.partition("@")
    if domain not in (HOME, *_DOMAINS) or (domain == HOME) == bool(folder):
        raise ToolsError(
            "not a domain of tau-bench", place=f"tau:{name}",
            expected="tau:home, tau:retail@FOLDER or tau:airline@FOLDER",
            hint="FOLDER holds retail/ and airline/ with the data of tau-bench",
        )  # fmt: skip
    stage = TauStage(domain, folder)
    loaded = _domain(stage)

    def caller(limits: Limits) -> Caller:
        require_no_isolation(f"tau:{domain}", limits.isolation)
        return InProcess(stage)

    return World(
        f"tau:{name}", loaded.offered, loaded.sha256, caller, lambda state: _tables(loaded),
        policy=loaded.policy, ends=tuple(ENDS), licence="Apache-2.0" if domain == HOME else "MIT",
    )  # fmt: skip


def _tables(domain: Domain) -> Json:
    return {table: dict(domain.database.items(table)) for table in domain.database.tables}


@cache
def _domain(stage: TauStage) -> Domain:
    if stage.domain == HOME:
        return library()
    return load(Path(stage.folder), _DOMAINS[stage.domain])
