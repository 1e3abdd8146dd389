"""BFCL's back ends as a world: official code from the pinned wheel, in initial states of our own making.

The benchmark's scenarios are not used, because rows made from them would teach its very questions. The code
is known and run in this process (`evaluate.bfcl.backends`); an episode gets fresh instances of the classes
that it needs, which no other sees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import msgspec

from callwright import assets, schema
from callwright.errors import ToolsError
from callwright.evaluate.bfcl.backends import FILES, copied, function_docs
from callwright.evaluate.bfcl.multi_turn.check import different
from callwright.evaluate.bfcl.multi_turn.stage import Stage, started
from callwright.evaluate.bfcl.prompt import tool_of
from callwright.record import Change, Json, Tool
from callwright.synthesize.pools import Half
from callwright.toolbox import Caller, Limits
from callwright.toolbox.child.snapshot import differences, snapshot
from callwright.worlds.in_process import InProcess
from callwright.worlds.knowledge import known
from callwright.worlds.scenarios import SCENARIOS, initial_states
from callwright.worlds.world import State, World, require_no_isolation

CLASSES = tuple(name for name in FILES if name in SCENARIOS or name == "MathAPI")
"""Back ends of the multi-turn categories."""
STATES = 256
"""Initial states of a world."""
_OF_SETS = re.compile(r"(?<=Must be one of \{)[^}]*|(?<=Invalid fields for update: ).*")
"""Where an official error lists a set, whose order is another one in each process."""


def open_bfcl(names: str, *, seed: int = 0, values: Half = "train") -> World:
    """Return the world of classes, separated by commas, all for none; raises ToolsError for unknown ones."""
    classes = tuple(dict.fromkeys(name.strip() for name in names.split(","))) if names else CLASSES
    for name in classes:
        if name not in CLASSES:
            near = get_close_matches(name, CLASSES, 1, 0.3)
            raise ToolsError(
                "not a back end of BFCL's multi-turn categories", place="bfcl", got=repr(name),
                hint=f"did you mean {near[0]}?" if near else f"known: {', '.join(CLASSES)}",
            )  # fmt: skip
    stage = BfclStage(classes)

    def caller(limits: Limits) -> Caller:
        require_no_isolation("bfcl", limits.isolation)
        return InProcess(stage)

    return World(
        f"bfcl:{names}" if names else "bfcl", stage.tools, assets.BFCL.sha256, caller, stage.data,
        states=initial_states(classes, STATES, seed=seed, values=values), licence=assets.BFCL.licence,
    )  # fmt: skip


@dataclass(frozen=True)
class BfclStage:
    """Where episodes of some classes begin."""

    order: tuple[str, ...]

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """Return the official functions as tools."""
        return tuple(_tool(doc) for name in self.order for doc in function_docs(name))

    @cached_property
    def owners(self) -> dict[str, str]:
        """Return the class of each tool."""
        return {doc["name"]: name for name in self.order for doc in function_docs(name)}

    @property
    def names(self) -> Set[str]:
        """Return the names of the tools."""
        return self.owners.keys()

    @cached_property
    def classes(self) -> Set[str]:
        """Return the names by which an initial state may be given."""
        return frozenset(self.order)

    def begin(self, state: State, names: Set[str]) -> BfclScene:
        """Return fresh instances of the classes that a state or a tool names."""
        given = state or {}
        used = {self.owners[name] for name in names} | given.keys()
        return BfclScene({name: given.get(name, {}) for name in self.order if name in used})

    def data(self, state: State) -> Json:
        """Return what can be known of each class in a state."""
        given = state or {}
        instances = started({name: copied(given.get(name, {})) for name in self.order})
        return {name: known(name, instance) for name, instance in instances.items()}


class BfclScene:
    """The instances of one episode."""

    def __init__(self, states: dict[str, dict[str, Json]]) -> None:
        self._states = states
        self._stage = Stage(started(copied(states)))

    def call(self, name: str, arguments: dict[str, Json]) -> object:
        """Return what a function returns, an official error among it."""
        value = self._stage.call(name, arguments)
        if type(value) is not dict:
            return value
        if isinstance(value.get("error"), str):
            return {**value, "error": _OF_SETS.sub(_sorted, value["error"])}
        return {key: _shown(v) if type(v).__name__ == "mpf" else v for key, v in value.items()}

    def changes(self) -> Sequence[Change]:
        """Return which public attributes differ, if the benchmark's checker finds that any does."""
        before, after = started(self._states), self._stage.instances
        if not different(after, before):
            return ()
        found = differences(snapshot(before), snapshot(after))
        return [Change(path=path, before=old, after=new) for path, old, new in found]


def _tool(doc: dict[str, Json]) -> Tool:
    return msgspec.structs.replace(tool_of(doc), returns=schema.declared_result(doc))


def _shown(number: object) -> float:
    """Return a number of mpmath's with the digits that the benchmark shows: ``mpf('1.3027')``."""
    return float(repr(number)[len("mpf('") : -len("')")])


def _sorted(found: re.Match[str]) -> str:
    return ", ".join(sorted(found[0].split(", ")))
