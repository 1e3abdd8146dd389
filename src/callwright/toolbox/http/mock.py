"""Answers that nobody gave: the specification's own example, or a value made up from the result's schema.

The same call always gets the same answer. Arguments come back where the result has a field of the same name
(`petId` also as the `id` of what the path leads to), so that an answer fits its question.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator, Mapping

from callwright.record import Json, Observation
from callwright.store import row_seed
from callwright.toolbox.http.validity import is_valid
from callwright.toolbox.http.values import Maker, NoValue
from callwright.toolbox.openapi import Operation, Response
from callwright.toolbox.openapi.intersection import encode
from callwright.toolbox.openapi.reading import JSON, kind_of

_WRAPPERS = frozenset({"data", "result", "results", "items", "response"})
_COUNTS = frozenset({"limit", "pagesize", "perpage", "maxresults", "count", "top", "size"})
REMEMBERED = 4096
"""Answers that are kept, because calls are often repeated to see whether their results change."""
TRIES = 3
"""So often an answer is tried to be made up before the schema counts as one that allows none."""
_WITHOUT_SCHEMA: Json = {"ok": True}


class _Known:
    """What can be answered for one response."""

    def __init__(self, response: Response, limit: int) -> None:
        self.maker = Maker(response.schema) if response.schema is not None else None
        stated = [*response.examples, *((response.schema or {}).get("examples", ()))]
        if kind_of(response.content) != JSON:
            stated = [example for example in stated if isinstance(example, str)]
        self.examples = [e for e in stated if len(encode(e)) <= limit and self.fits(e)]
        self._usual: Json = _WITHOUT_SCHEMA
        self._can_be_made_up = self.maker is None or self._find_usual(self.maker)

    def _find_usual(self, maker: Maker) -> bool:
        """Make up one answer that the calls have no part in, and tell whether that is possible."""
        for seed in range(TRIES if not self.examples else 0):
            try:
                self._usual = maker.make(random.Random(seed))
                return True
            except NoValue:
                continue
        return False

    def made_up(self, rng: random.Random) -> Json:
        """Return an answer by chance, or the usual one where that fails; raises NoValue."""
        if not self._can_be_made_up:
            raise NoValue("no answer can be made up")
        try:
            return self.maker.make(rng) if self.maker else self._usual
        except NoValue:
            return self._usual

    def fits(self, value: Json) -> bool:
        """Tell whether a value is valid for the response."""
        return self.maker is None or is_valid(self.maker.schema, value)


class Mock:
    """Answers calls from the specification alone. Thread-safe."""

    def __init__(self, seed: int, limit: int) -> None:
        self._seed = seed
        self._limit = limit
        self._known: dict[str, _Known] = {}
        self._answered: dict[bytes, Observation] = {}
        self._lock = threading.Lock()

    def __call__(self, operation: Operation, arguments: Mapping[str, Json]) -> Observation:
        """Return the answer to a call; refused if its schema is one that no value can be made up for."""
        response = operation.responses[0] if operation.responses else Response("204")
        if not response.content:
            return Observation(ok=True, via="mock")
        call = encode((operation.name, arguments))
        with self._lock:
            if call not in self._answered:
                if len(self._answered) >= REMEMBERED:
                    self._answered.clear()
                self._answered[call] = self._made_up(operation, response, arguments, call)
            return self._answered[call]

    def _made_up(
        self, operation: Operation, response: Response, arguments: Mapping[str, Json], call: bytes
    ) -> Observation:
        rng = random.Random(row_seed(self._seed, call.decode()))
        try:
            value = self._answer(operation, response, arguments, rng)
        except NoValue:
            hint = f"give {operation.method} {operation.path} an example of its response {response.status}"
            return Observation(
                ok=False, kind="refused", error=f"no answer can be made up ({hint})", via="mock"
            )
        if len(encode(value)) > self._limit:
            error = f"the answer is longer than {self._limit:,} bytes"
            return Observation(ok=False, kind="oversize", error=error, via="mock")
        return Observation(ok=True, value=value, via="mock")

    def _answer(
        self, operation: Operation, response: Response, arguments: Mapping[str, Json], rng: random.Random
    ) -> Json:
        if operation.name not in self._known:
            self._known[operation.name] = _Known(response, self._limit)
        known = self._known[operation.name]
        value = rng.choice(known.examples) if known.examples else known.made_up(rng)
        for changes in (_cuts, _echoes):
            for path, new in list(changes(operation, arguments, value)):
                trial = _replaced(value, path, new)
                if known.fits(trial):
                    value = trial
        return value


_Change = tuple[tuple[str | int, ...], Json]
"""A place in an answer, and what should stand there."""


def _cuts(operation: Operation, arguments: Mapping[str, Json], value: Json) -> Iterator[_Change]:
    """Yield the lists that are longer than the arguments ask for, cut."""
    counts = [n for name, n in arguments.items() if _plain(name) in _COUNTS and type(n) is int and n > 0]
    for path, part in _parts(value):
        if counts and isinstance(part, list) and len(part) > min(counts):
            yield path, part[: min(counts)]


def _echoes(operation: Operation, arguments: Mapping[str, Json], value: Json) -> Iterator[_Change]:
    """Yield the fields that are named like an argument."""
    last = re.findall(r"\{([^{}]*)\}(?=[^{}]*$)", operation.path)
    wires = {argument.name: argument.wire for argument in operation.arguments if argument.place == "path"}
    for name, given in arguments.items():
        plain = _plain(name)
        names_it = wires.get(name) in last and plain.endswith("id")
        for path, part in _parts(value):
            is_item = bool(path) and isinstance(path[-1], int)
            for key in part if isinstance(part, dict) else ():
                if is_item and isinstance(value, dict) and key in value:
                    continue  # the whole has it, so the item is another one
                if _plain(key) == plain or (names_it and key == "id" and not is_item):
                    for choice in given if isinstance(given, list) else [given]:
                        yield (*path, key), choice


def _parts(value: Json) -> Iterator[_Change]:
    """Yield the parts of an answer that arguments may speak of: the whole, what it wraps, lists and items."""
    lists: list[_Change] = [((), value)] if isinstance(value, list) else []
    if isinstance(value, dict):
        yield (), value
        for key, part in value.items():
            if isinstance(part, list):
                lists.append(((key,), part))
            elif isinstance(part, dict) and _plain(key) in _WRAPPERS:
                yield (key,), part
    for path, part in lists:
        yield from (((*path, i), item) for i, item in enumerate(part))
    yield from lists


def _replaced(value: Json, path: tuple[str | int, ...], new: Json) -> Json:
    """Return a copy of a value in which `new` stands at `path`; the value itself if it has no such place."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, dict) and head in value:
        return {**value, str(head): _replaced(value[str(head)], rest, new)}
    if isinstance(value, list) and isinstance(head, int) and head < len(value):
        return [*value[:head], _replaced(value[head], rest, new), *value[head + 1 :]]
    return value


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
