"""Call tools inside Monty, an interpreter for a part of Python that has no file, no network and no clock.

A tool runs there only where its results are known to be CPython's; `monty_source` decides so from the source.
All else goes to the other executor as if Monty were not there, and so does each call that fails in Monty for
whatever reason: what Monty answers is always a result. Among what is left to the other one are tools that
read the clock or draw random numbers. Monty could freeze both, but then a tool whose results change would
look as if they did not, and a check that runs each call twice would be blind.

Sessions persist and take batches. A tool that keeps anything between calls never gets into one, so there is
nothing to leak from call to call; a fresh session for each call would cost some fifty times as much.

    with MontyExecutor(toolbox, Executor(toolbox)) as execute:
        execute(ToolCall(name="split_bill", arguments={"amount": 84.5, "people": 4})).isolation  # "monty"
"""

from __future__ import annotations

import importlib.util
import json
import re
import threading
import unicodedata
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import msgspec

from callwright.errors import ExtraMissing
from callwright.record import Episode, Isolation, Json, Observation, Played, ToolCall
from callwright.toolbox import episodes as stories
from callwright.toolbox import limits
from callwright.toolbox.child.results import MAX_DEPTH
from callwright.toolbox.execute import Executor
from callwright.toolbox.monty.session import BATCH, HINT, Answer, Limits, Sessions
from callwright.toolbox.monty.source import Source, Tool, read
from callwright.toolbox.monty.types import Unfit
from callwright.toolbox.python import Toolbox, unchanged_source

_DOUBTFUL_NUMBER = re.compile(r"(?<![0-9.])[0-9]{19}|[0-9]{15}\.[1-9]")
"""An integer that may be too long; a long float, as whose text Monty may have chosen another last digit."""
_NEWLY_CASED = "\u019b\u0264\u10fc\ua7f2\ua7f3\ua7f4\uab69\U0001171e"
"""Letters whose case, or part in that of their neighbours, is younger than Unicode 14, CPython 3.11's."""


def available() -> bool:
    """Tell whether Monty is installed."""
    return importlib.util.find_spec("pydantic_monty") is not None


class MontyExecutor:
    """Calls the tools of a toolbox in Monty where it can, and through `fallback` where not.

    It owns the fallback: `close` or `with` ends both. It pickles as its settings; threads may share it.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        fallback: Executor,
        *,
        timeout: float = 2.0,
        memory_mb: int = 1024,
        output_bytes: int = 65536,
        workers: int = 1,
    ) -> None:
        """Raises ExtraMissing without Monty. Limits are `Executor`'s; the fallback has its own."""
        if not available():
            raise ExtraMissing("Monty is not installed", hint=HINT)
        limits.check(timeout=timeout, output_bytes=output_bytes, workers=workers, memory_mb=memory_mb)
        self._settings: dict[str, Any] = {
            "timeout": timeout, "memory_mb": memory_mb, "output_bytes": output_bytes, "workers": workers
        }  # fmt: skip
        self._toolbox, self._fallback, self._workers = toolbox, fallback, workers
        self._source: Source | None = None
        self._lock = threading.Lock()
        self._sessions = Sessions(Limits(timeout, memory_mb, output_bytes), workers)
        self._stop = weakref.finalize(self, self._sessions.stop)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self._toolbox, self._fallback, self._settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, the fallback's too. A later call would start new ones."""
        self._sessions.stop()
        self._fallback.close()

    @property
    def isolation(self) -> Isolation:
        """The level that every call can count on, which is the fallback's: any may end there."""
        return self._fallback.isolation

    @property
    def left_out(self) -> Mapping[str, str]:
        """Why tools do not run in Monty, by name; loads the file if that was not done yet."""
        return self._loaded().refused

    def __call__(self, call: ToolCall) -> Observation:
        """Call one tool. Whatever the tool does becomes the observation; see `many` for what is raised."""
        return self.many([call])[0]

    def many(self, calls: Sequence[ToolCall]) -> list[Observation]:
        """Call tools and return one observation each, in order; see `Executor.many` for what is raised."""
        observations = self._attempt(calls)
        rest = [call for call, seen in zip(calls, observations, strict=True) if seen is None]
        others = iter(self._fallback.many(rest) if rest else ())
        return [seen or next(others) for seen in observations]

    def play(self, episodes: Sequence[Episode]) -> list[Played]:
        """Run episodes and return what came of each; see `many` for what is raised.

        An episode with a state, or with a call of a tool that has one, is the fallback's as a whole.
        """
        methods = {name for names in self._toolbox.classes.values() for name in names}
        return stories.played_apart(episodes, methods, self.many, self._fallback.play)

    def _attempt(self, calls: Sequence[ToolCall]) -> list[Observation | None]:
        """Return the results of those calls that Monty answers."""
        source = self._loaded()
        texts = {
            i: text for i, call in enumerate(calls) if (text := _text(call, source.tools.get(call.name)))
        }
        observations: list[Observation | None] = [None] * len(calls)
        todo = list(texts)
        workers = min(self._workers, len(todo))
        size = max(1, min(4 * BATCH, -(-len(todo) // max(1, workers))))
        shares = [todo[i : i + size] for i in range(0, len(todo), size)]

        def work(share: list[int]) -> list[Answer]:
            return self._sessions.answer([texts[i] for i in share])

        if workers < 2:
            results = [work(share) for share in shares]
        else:
            with ThreadPoolExecutor(workers) as pool:
                results = list(pool.map(work, shares))
        for share, answers in zip(shares, results, strict=True):
            for i, answer in zip(share, answers, strict=True):
                observations[i] = _observation(answer)
        return observations

    def _loaded(self) -> Source:
        with self._lock:
            if self._source is None:
                text = unchanged_source(self._toolbox)
                self._source = self._loadable(read(text, {tool.name for tool in self._toolbox.tools}))
            return self._source

    def _loadable(self, source: Source) -> Source:
        """Return the source without the tools that Monty does not load."""
        tools, refused = dict(source.tools), dict(source.refused)
        if tools and not self._sessions.load(source.code(tools), tools):
            for name in source.tools:
                if not self._sessions.load(source.code([name]), [name]):
                    del tools[name]
                    refused[name] = "Monty does not load it"
            if tools and not self._sessions.load(source.code(tools), tools):
                refused |= dict.fromkeys(tools, "Monty does not load it beside the others")
                tools = {}
        return Source(tools, refused, source.texts)


def _rebuild(toolbox: Toolbox, fallback: Executor, settings: dict[str, Any]) -> MontyExecutor:
    return MontyExecutor(toolbox, fallback, **settings)


def _text(call: ToolCall, tool: Tool | None) -> str | None:
    """Return the call as Monty takes it, or None if it is not one for Monty."""
    if (
        tool is None
        or not isinstance(call.arguments, dict)
        or not call.arguments.keys() <= tool.readers.keys()
    ):
        return None
    try:
        arguments = {name: tool.readers[name](value) for name, value in call.arguments.items()}
        text = msgspec.json.encode([call.name, arguments]).decode()
        if "null" in text:  # which also stands for numbers that are not finite
            json.dumps(arguments, allow_nan=False)
    except (Unfit, TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return None
    return text if text.isascii() or all(map(_is_settled, set(text))) else None


def _is_settled(character: str) -> bool:
    """Tell whether what a character is has not changed since the Unicode that CPython knows."""
    return unicodedata.category(character) not in ("Cn", "Cs") and character not in _NEWLY_CASED


def _observation(answer: Answer) -> Observation | None:
    """Return the observation, or None where the other executor has to say what comes of the call."""
    if answer.text is None or _DOUBTFUL_NUMBER.search(answer.text):
        return None
    try:
        value = msgspec.json.decode(answer.text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if answer.text.count("[") + answer.text.count("{") > MAX_DEPTH and _is_deep(value):
        return None
    return Observation(ok=True, value=value, isolation="monty", seconds=answer.seconds)


def _is_deep(value: Json) -> bool:
    """Tell whether a value is nested more deeply than results may be."""
    layer, depth = [value], 0
    while layer := [item for item in layer if isinstance(item, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        layer = [item for outer in layer for item in (outer.values() if isinstance(outer, dict) else outer)]
    return False
