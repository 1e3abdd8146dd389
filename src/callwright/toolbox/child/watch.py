"""Notice when a call leaves the process changed, so that no later call pays for it.

Looked at are the names that modules hold (a patched `json.dumps`), the code of functions, environment,
working directory, signal handlers and timers, threads, the recursion limit, tracing and the garbage
collector. The first look costs about a microsecond: CPython counts the changes of each dictionary, so equal
counters mean equal names. Only where one moved, or something was used that leaves no trace in a dictionary,
everything is compared.
"""

from __future__ import annotations

import _locale
import _signal  # type: ignore[import-not-found]
import _thread
import ctypes
import functools
import gc
import os
import signal
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_WATCHED = (
    "builtins", "sys", "os", "json", "json.encoder", "json.decoder", "re", "math", "time",
    "datetime", "random", "signal", "_signal",
)  # fmt: skip
_USED = {"os.chdir", "object.__setattr__"}
"""Audit events after which everything is compared; the second is a function that gets other code."""
_FOR_GOOD = {"sys.addaudithook", "sys.monitoring.register_callback"}
"""Audit events of what can not be looked up, or not be taken back."""
_ABSENT = object()
_VERSION_AT = 24
"""Where a dictionary of CPython 3.11 to 3.13 counts its changes: behind two words of header and its size."""

Namespace = Mapping[str, Any]


class Reports(list[str]):
    """What was used since the last look. Made before the tools are imported, which may keep a function."""

    def __init__(self) -> None:
        super().__init__()
        self._report(_signal, "signal", "alarm", "setitimer")
        signal.alarm, signal.setitimer = _signal.alarm, _signal.setitimer
        self._report(_locale, "setlocale")
        note, events = self.append, _USED | _FOR_GOOD

        def hook(event: str, _: tuple[object, ...]) -> None:
            if event in events:
                note(event)

        sys.addaudithook(hook)

    def _report(self, module: types.ModuleType, *names: str) -> None:
        for name in names:
            setattr(module, name, self._reporting(getattr(module, name)))

    def _reporting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def reporting(*arguments: Any) -> Any:
            self.append(function.__name__)
            return function(*arguments)

        return functools.update_wrapper(reporting, function)


def watch(reports: Reports, tools: types.ModuleType, ours: Iterable[Namespace]) -> Callable[[], bool]:
    """Return the test whether anything is not as it is now, in the names of `tools` and in `ours`."""
    whole: list[Namespace] = [vars(module) for name in _WATCHED if (module := sys.modules.get(name))]
    whole += ours
    whole.append(os.environ.__dict__["_data"])
    # Tools may keep data in the names of their module, and import more; but what was defined stays.
    parts: list[Namespace] = [vars(tools), vars(os.path), sys.modules]
    kept = [(names, dict(names), True) for names in whole]
    kept += [(names, dict(_definitions(names)), False) for names in parts]
    functions = [_body(f) for names in (*whole, vars(tools)) for f in names.values() if _has_body(f)]
    settings = _settings()
    counters = _counters([*whole, *parts])
    seen = [bytes(counter) for counter in counters]
    quick, threads = _quick(), _thread._count
    was, running = quick(), threads()

    def changed() -> bool:
        nonlocal seen
        if counters == seen and counters and not reports and threads() == running and quick() == was:
            return False
        if threads() != running or quick() != was or _names_differ(kept):
            return True
        if reports:
            if not _FOR_GOOD.isdisjoint(reports) or _settings() != settings:
                return True
            if any(body != _body(body[0]) for body in functions):
                return True
            reports.clear()
        seen = [bytes(counter) for counter in counters]
        return False

    return changed


def _definitions(names: Namespace) -> Iterator[tuple[str, Any]]:
    for name, value in names.items():
        if isinstance(value, types.FunctionType | type | types.ModuleType):
            yield name, value


def _has_body(value: object) -> bool:
    return type(value) is types.FunctionType


def _body(function: Any) -> tuple[Any, ...]:
    return function, function.__code__, function.__defaults__, function.__kwdefaults__


def _quick() -> Callable[[], tuple[Any, ...]]:
    """Return what reads the settings that cost nothing to read."""
    depth, tracing, profiling = sys.getrecursionlimit, sys.gettrace, sys.getprofile
    collecting, callbacks, size = gc.isenabled, gc.callbacks, len

    def quick() -> tuple[Any, ...]:
        return depth(), tracing(), profiling(), collecting(), size(callbacks)

    return quick


def _settings() -> tuple[Any, ...]:
    """Return the settings that cost more to read."""
    timers = [_signal.getitimer(which)[0] > 0 for which in (0, 1, 2)]
    handlers = [_signal.getsignal(number) for number in range(1, _signal.NSIG)]
    return os.getcwd(), timers, handlers, _locale.setlocale.__wrapped__(_locale.LC_ALL)  # type: ignore[attr-defined]


def _names_differ(kept: Iterable[tuple[Namespace, Namespace, bool]]) -> bool:
    # By identity: an object that claims to equal what it replaced does not.
    for names, before, whole in kept:
        if whole and len(names) != len(before):
            return True
        if any(names.get(name, _ABSENT) is not value for name, value in before.items()):
            return True
    return False


def _counters(dictionaries: Iterable[Namespace]) -> list[memoryview]:
    """Return a view of each dictionary's counter of changes; none where this interpreter has no such."""
    if not _counts():
        return []
    return [_counter(dictionary) for dictionary in dictionaries]


def _counter(dictionary: Namespace) -> memoryview:
    return memoryview(ctypes.c_uint64.from_address(id(dictionary) + _VERSION_AT)).cast("B")


def _counts() -> bool:
    """Try whether a dictionary counts its changes where it is expected to, and nothing else."""
    if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return False
    if ctypes.sizeof(ctypes.c_void_p) != 8 or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    trial: dict[str, Any] = {"name": object()}
    counter = _counter(trial)
    states = [bytes(counter)]
    trial.get("name")
    still = bytes(counter) == states[0]
    for name, value in (("name", object()), ("name", None), ("other", 1)):
        trial[name] = value
        states.append(bytes(counter))
    del trial["other"]
    return still and len({*states, bytes(counter)}) == 5
