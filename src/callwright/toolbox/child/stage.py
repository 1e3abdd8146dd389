"""Where an episode plays: fresh instances of the classes it uses, its calls in order, then what changed."""

from __future__ import annotations

import contextvars
import json
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callwright.toolbox.child import functions, snapshot
from callwright.toolbox.child.answers import REFUSED, answer, message
from callwright.toolbox.child.classes import StateRefused, ToolSet

END = b"z"
"""Status of the last frame of an episode; its text is the list of changes."""

Frame = tuple[bytes, bytes, float]
"""Status, text and seconds of an answer."""


class Stage:
    """The tool sets of a module, and what their episodes share without meaning to."""

    def __init__(
        self, module: types.ModuleType, sets: Sequence[ToolSet], ready: Mapping[str, functions.Function]
    ) -> None:
        self._sets = sets
        self._ready = ready
        self._text = json.JSONEncoder().encode
        classes = [cls for cls in vars(module).values() if isinstance(cls, type)] if sets else []
        own = [cls for cls in classes if cls.__module__ == module.__name__]
        self._names = [(names, _named(names)) for names in (vars(module), *map(vars, own))] if sets else []
        self._shared = {
            f"{i}.{name}": value
            for i, (names, _) in enumerate(self._names)
            for name, value in _named(names).items()
            if _can_change(value)
        }
        self._before = snapshot.snapshot(self._shared, private=True)

    def play(self, state: Mapping[str, Any] | None, calls: Sequence[Any], limit: int) -> Iterator[Frame]:
        """Yield the answer to each call ``[name, arguments]``, and at last the changes of the state."""
        names = {name for name, _ in calls}
        named = state or {}
        used = [s for s in self._sets if s.name in named or not names.isdisjoint(s.methods)]
        context, clock = contextvars.Context(), time.perf_counter
        refusal = context.run(_begin, used, named)
        before = _look(used)
        for name, arguments in calls:
            start = clock()
            status, text = (
                (REFUSED, refusal) if refusal else answer(self._ready[name].call, arguments, limit, context)
            )
            yield status, text, clock() - start
        changes = [] if refusal else snapshot.differences(before, _look(used))
        for found in used:
            found.instance = None
        yield END, self._text(changes).encode(), 0.0

    def leaked(self) -> bool:
        """Tell whether an episode changed what the next would see: the data of the module or of a class."""
        for names, before in self._names:
            now = _named(names)
            if len(now) != len(before) or any(now.get(k, self) is not v for k, v in before.items()):
                return True
        return bool(self._shared) and snapshot.snapshot(self._shared, private=True) != self._before


def _named(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that a person gave; the interpreter keeps notes of its own among them."""
    return {name: value for name, value in names.items() if name[:2] != "__"}


def _can_change(value: object) -> bool:
    if callable(value) or hasattr(value, "__get__"):
        return False
    return not isinstance(value, str | bytes | int | float | types.NoneType | types.ModuleType)


def _begin(used: Sequence[ToolSet], state: Mapping[str, Any]) -> bytes:
    """Make the instances of an episode, and return why that failed, if it did."""
    for found in used:
        try:
            found.begin(state.get(found.name))
        except StateRefused as refused:
            return str(refused).encode("utf-8", "replace")
        except BaseException as error:
            return f"{found.name} can not start: ".encode() + message(error)
    return b""


def _look(used: Sequence[ToolSet]) -> dict[str, Any]:
    try:
        return snapshot.snapshot({found.name: found.instance for found in used})
    except BaseException as error:  # a tool can make its objects as odd as it likes
        return {snapshot.NOT_COMPARED: message(error).decode()}
