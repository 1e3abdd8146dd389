"""A domain: policy, tools, database and tasks, read once and shared by all sessions.

The official data is a folder per domain, `retail` and `airline`, each with `wiki.md`, `tools.json`,
`tasks_<split>.json` and one JSON file per table, as tau-bench has them (tasks and tools written as JSON).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from callwright.errors import ConfigError, DataError
from callwright.evaluate.taubench import airline, retail
from callwright.evaluate.taubench.database import Database, Record
from callwright.evaluate.taubench.tools import Function
from callwright.record import Json, Tool

DomainName = Literal["retail", "airline"]
TABLES: dict[DomainName, tuple[str, ...]] = {
    "retail": ("orders", "products", "users"),
    "airline": ("flights", "reservations", "users"),
}
_FUNCTIONS: dict[DomainName, Mapping[str, Function]] = {"retail": retail.TOOLS, "airline": airline.TOOLS}
ENDS = frozenset({"transfer_to_human_agents"})
"""Tools that end the conversation."""

T = TypeVar("T")


class Action(msgspec.Struct, frozen=True):
    """A call of the reference solution."""

    name: str
    kwargs: dict[str, Json] = {}


class TauTask(msgspec.Struct, frozen=True):
    """What a user wants, and what has to come of it."""

    instruction: str
    """What the user knows and wants, addressed to whoever plays the user."""
    actions: tuple[Action, ...]
    outputs: tuple[str, ...] = ()
    """What the agent has to tell the user."""
    user_id: str = ""
    id: str = ""


@dataclass(frozen=True)
class Domain:
    """All that the tasks of a domain share."""

    name: str
    variant: str
    policy: str
    offered: tuple[Tool, ...]
    functions: Mapping[str, Function]
    database: Database
    tasks: tuple[TauTask, ...]
    sha256: str
    """Of all files that were read."""


class _Function(msgspec.Struct, frozen=True):
    function: Tool


def load(data: Path, name: DomainName, *, split: str = "test") -> Domain:
    """Return an official domain, read from the folder ``data/name``.

    `split` is test; the retail domain has dev and train as well. Raises DataError for a file that is missing
    or broken.
    """
    if name not in TABLES:
        raise ConfigError("unknown tau-bench domain", expected=" or ".join(TABLES), got=repr(name))
    files = _Files(data / name)
    tools = files.json("tools.json", tuple[_Function, ...])
    tasks = files.json(f"tasks_{split}.json", tuple[TauTask, ...])
    policy = files.text("wiki.md")
    tables = {table: files.json(f"{table}.json", dict[str, Record]) for table in TABLES[name]}
    return Domain(
        name=name,
        variant=f"tau-bench-v1/{name}/{split}",
        policy=policy,
        offered=tuple(tool.function for tool in tools),
        functions=_FUNCTIONS[name],
        database=Database(tables),
        tasks=tuple(msgspec.structs.replace(t, id=f"{name}-{split}-{i}") for i, t in enumerate(tasks)),
        sha256=files.digest.hexdigest(),
    )


class _Files:
    """Reads the files of a folder and hashes all that it read, in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.digest = hashlib.sha256()

    def text(self, name: str) -> str:
        """Return a file as text."""
        try:
            return self._bytes(name).decode()
        except UnicodeDecodeError as error:
            raise DataError("not UTF-8", place=str(self._folder / name), got=str(error)) from None

    def json(self, name: str, kind: type[T]) -> T:
        """Return what a JSON file holds."""
        try:
            return msgspec.json.decode(self._bytes(name), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            place = str(self._folder / name)
            raise DataError("not a file of tau-bench", place=place, got=str(error)) from None

    def _bytes(self, name: str) -> bytes:
        path = self._folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            hint = "give the folder that holds retail/ and airline/ with the data of tau-bench"
            raise DataError("can not be read", place=str(path), got=str(error.strerror), hint=hint) from None
        self.digest.update(name.encode() + b"\0" + content)
        return content
