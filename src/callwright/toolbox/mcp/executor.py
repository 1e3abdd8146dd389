"""Call the tools of an MCP server and say what came back.

The servers persist. A program that hangs or dies is started again, and blame is exact, as for tools in
Python: only the call that a fresh program dies of is at fault; any other is repeated as the first of a fresh
one. What a server elsewhere was asked is never asked twice, because it may have been done.

    with McpExecutor(import_mcp("mcp:python server.py")) as execute:
        execute(ToolCall(name="add", arguments={"a": 1, "b": 2})).value
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from callwright.record import Episode, Isolation, Observation, Played, ToolCall
from callwright.toolbox import limits
from callwright.toolbox.mcp.server import McpServer, Wanted, import_sdk, level_of

if TYPE_CHECKING:
    from callwright.toolbox.mcp.pool import Pool
    from callwright.toolbox.mcp.thread import LoopThread

_STATE = "a server's state can not be set from outside"


class _Running:
    """The thread and the sessions of an executor, once there are any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pair: tuple[LoopThread, Pool] | None = None

    def stop(self) -> None:
        with self.lock:
            pair, self.pair = self.pair, None
        if pair:
            thread, pool = pair
            thread.stop(pool.close())


class McpExecutor:
    """Calls the tools of an MCP server. Sessions start on the first call; `close` or `with` ends them.

    It pickles as its settings, and may be shared by threads. A server keeps what calls leave in it: an
    episode starts on a new one after calls of tools that the server declares to write (readOnlyHint is
    false), or, with `fresh`, of all that it does not declare to be read-only. That costs a start each time.
    """

    def __init__(
        self,
        server: McpServer,
        *,
        timeout: float = 2.0,
        output_bytes: int = 65536,
        isolation: Wanted = "auto",
        workers: int = 1,
        fresh: bool = False,
    ) -> None:
        limits.check(timeout=timeout, output_bytes=output_bytes, workers=workers)
        self._server = server
        self._settings: dict[str, Any] = {
            "timeout": timeout, "output_bytes": output_bytes, "isolation": isolation, "workers": workers,
            "fresh": fresh,
        }  # fmt: skip
        self._level = level_of(server.server, isolation)
        self._running = _Running()
        self._stop = weakref.finalize(self, self._running.stop)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self._server, self._settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all sessions and the servers that were started. A later call would start new ones."""
        self._running.stop()

    @property
    def isolation(self) -> Isolation:
        """The level that calls run at on this machine; none for a server elsewhere."""
        return self._level

    def __call__(self, call: ToolCall) -> Observation:
        """Call one tool. Whatever the tool does becomes the observation; see `many` for what is raised."""
        return self.many([call])[0]

    def many(self, calls: Sequence[ToolCall]) -> list[Observation]:
        """Call tools over all workers, in order with one, and return one observation each.

        Raises ToolsError only if the server can not be started or reached, or offers other tools than
        those that were imported.
        """
        return [observation for (observation,) in self._run([[call] for call in calls], episodes=False)]

    def play(self, episodes: Sequence[Episode]) -> list[Played]:
        """Run episodes, over all workers, and return what came of each; see `many` for what is raised.

        An episode that starts from a state of its own is refused: a server's state can not be set.
        """
        groups = [episode.calls if episode.state is None else () for episode in episodes]
        observed = self._run(groups, episodes=True)
        for i, episode in enumerate(episodes):
            if episode.state is not None:
                observed[i] = [Observation(ok=False, kind="refused", error=_STATE)] * len(episode.calls)
        return [Played(tuple(observations)) for observations in observed]

    def _run(self, groups: Sequence[Sequence[ToolCall]], *, episodes: bool) -> list[list[Observation]]:
        if not groups:
            return []
        thread, pool = self._started()
        return thread.run(pool.run(groups, episodes=episodes))

    def _started(self) -> tuple[LoopThread, Pool]:
        import_sdk()
        from callwright.toolbox.mcp.pool import Pool, Setup
        from callwright.toolbox.mcp.thread import LoopThread

        with self._running.lock:
            if self._running.pair is None:
                of = self._settings
                setup = Setup(
                    self._server, self._level, of["timeout"], of["output_bytes"], of["workers"], of["fresh"]
                )
                self._running.pair = (LoopThread(), Pool(setup))
            return self._running.pair


def _rebuild(server: McpServer, settings: dict[str, Any]) -> McpExecutor:
    return McpExecutor(server, **settings)
