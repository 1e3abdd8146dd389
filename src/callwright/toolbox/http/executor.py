"""Call the operations of an API and say what came back: made up, replayed, recorded or live.

with HttpExecutor(import_openapi(Path("openapi.yaml"))) as execute:            # mocked: nothing goes out
    execute(ToolCall(name="getParcel", arguments={"trackingCode": "PW-482913-NO"})).value
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypeVar

from callwright.errors import ConfigError
from callwright.record import Episode, Isolation, Json, Observation, Played, ToolCall
from callwright.toolbox import limits
from callwright.toolbox.http.allowlist import Allowed, read_allowed, read_endpoint
from callwright.toolbox.http.cassette import Cassette, key_of
from callwright.toolbox.http.credentials import Veil
from callwright.toolbox.http.live import Live
from callwright.toolbox.http.mock import Mock
from callwright.toolbox.http.request import Refused, Request, compose
from callwright.toolbox.openapi import Api, Operation, Scheme

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Mode = Literal["mock", "replay", "record", "live"]
_MODES: dict[str, _Mode] = {"mock": "mock", "live": "live", "replay:": "replay", "record:": "record"}
MODES = "mock, replay:FILE, record:FILE or live"
"""How an executor may answer."""


class _Sent(NamedTuple):
    """A call that can be sent."""

    operation: Operation
    arguments: dict[str, Json]
    request: Request


class HttpExecutor:
    """Calls the operations of an API. It pickles as its settings, and may be shared by threads.

    `allow` lists the hosts that `live` and ``record:FILE`` may call, see `toolbox.http.allowlist`; `timeout`
    in seconds is for a whole call, `output_bytes` for its answer. How a failure is told apart from an outage
    is said in `toolbox.http.answers`.
    """

    def __init__(
        self,
        api: Api,
        *,
        mode: str = "mock",
        allow: Sequence[str] = (),
        timeout: float = 2.0,
        output_bytes: int = 65536,
        seed: int = 0,
        workers: int = 4,
    ) -> None:
        limits.check(timeout=timeout, output_bytes=output_bytes, workers=workers)
        kind, path = _read_mode(mode)
        hosts = (allow,) if isinstance(allow, str) else tuple(allow)
        allowed = read_allowed(hosts)
        if kind in ("live", "record") and not allowed:
            raise ConfigError(
                "live calls need a list of hosts", place="allow", expected="at least one host",
                hint=f"for example {_first_host(api)}",
            )  # fmt: skip
        self._settings: dict[str, Any] = {
            "mode": f"{kind}:{path}" if path else kind, "allow": hosts, "timeout": timeout,
            "output_bytes": output_bytes, "seed": seed, "workers": workers,
        }  # fmt: skip
        self._api = api
        self._via: Literal["mock", "replay", "live"] = "live" if kind == "record" else kind
        self._workers = workers if kind in ("live", "record") else 1
        self._schemes = _schemes(api)
        self._cassette = Cassette(path, writes=kind == "record") if path else None
        self._answer = self._answering(kind, allowed)
        if self._cassette:
            weakref.finalize(self, self._cassette.close)

    def _answering(self, kind: str, allowed: Allowed) -> Callable[[_Sent], Observation]:
        if kind == "mock":
            mock = Mock(self._settings["seed"], self._settings["output_bytes"])
            return lambda sent: mock(sent.operation, sent.arguments)
        if kind == "replay":
            return self._replayed
        live = Live(allowed, self._schemes, self._settings["timeout"], self._settings["output_bytes"])
        if kind == "live":
            return lambda sent: live(sent.operation, sent.request)
        return lambda sent: self._recorded(sent, live)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self._api, self._settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the cassette. A later call would take it up again."""
        if self._cassette:
            self._cassette.close()

    @property
    def isolation(self) -> Isolation:
        """The level that calls run at: none, because no code of the tools runs here."""
        return "none"

    def __call__(self, call: ToolCall) -> Observation:
        """Answer one call. Whatever a server does becomes the observation; nothing is raised for it."""
        operation = self._api.operations.get(call.name)
        if operation is None:
            return self._refused(f"no tool is named {call.name!r}")
        if not isinstance(call.arguments, dict):
            return self._refused("the arguments are not an object")
        try:
            json.dumps(call.arguments, allow_nan=False, ensure_ascii=False).encode()
            request = compose(operation, call.arguments, self._schemes)
        except Refused as refused:
            return self._refused(str(refused))
        except (TypeError, ValueError, RecursionError) as error:
            return self._refused(f"the arguments are not JSON: {error}")
        return self._answer(_Sent(operation, call.arguments, request))

    def _refused(self, error: str) -> Observation:
        return Observation(ok=False, kind="refused", error=error, via=self._via)

    def many(self, calls: Sequence[ToolCall]) -> list[Observation]:
        """Answer calls, live ones over all workers, and return one observation each in their order."""
        return self._over_workers(self, calls)

    def play(self, episodes: Sequence[Episode]) -> list[Played]:
        """Play episodes, the calls of each one after another; an API is not set back between them."""
        return self._over_workers(lambda e: Played(tuple(map(self, e.calls))), episodes)

    def _over_workers(self, work: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        workers = min(self._workers, len(items))
        if workers < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(workers, thread_name_prefix="call") as pool:
            return list(pool.map(work, items))

    def _replayed(self, sent: _Sent) -> Observation:
        assert self._cassette is not None
        found = self._cassette.answer(key_of(sent.operation.name, sent.arguments))
        if found:
            return found
        broken = self._cassette.unreadable
        lines = f", which has {broken} lines that can not be read" if broken else ""
        path = self._cassette.path
        error = f"no answer is recorded in {path}{lines} (record it with record:{path})"
        return Observation(ok=False, kind="unanswered", error=error, via=self._via)

    def _recorded(self, sent: _Sent, live: Live) -> Observation:
        assert self._cassette is not None
        # What is written must hold no secret, and what is written decides what is found again.
        arguments = Veil(self._schemes, os.environ).value(sent.arguments)
        name = sent.operation.name
        key = key_of(name, arguments)
        with self._cassette.asking(key):
            found = self._cassette.answer(key)
            if found:
                return found
            seen = live(sent.operation, sent.request)
            self._cassette.record(key, name, arguments, seen)
            return seen


def _read_mode(mode: str) -> tuple[_Mode, Path | None]:
    name, colon, file = mode.partition(":")
    kind = _MODES.get(name + colon)
    if kind is None or bool(file) != bool(colon):
        raise ConfigError("not a mode", place="mode", expected=MODES, got=mode[:80])
    return kind, Path(file).absolute() if file else None


def _schemes(api: Api) -> tuple[Scheme, ...]:
    found = (s for operation in api.operations.values() for way in operation.security for s in way)
    return tuple(dict.fromkeys(found))


def _first_host(api: Api) -> str:
    for operation in api.operations.values():
        for url in operation.servers:
            if endpoint := read_endpoint(url):
                return endpoint.shown
    return "api.example.com"


def _rebuild(api: Api, settings: dict[str, Any]) -> HttpExecutor:
    return HttpExecutor(api, **settings)
