"""The sessions of an executor, in its event loop: which call goes where, and who is to blame."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mcp_types import CallToolResult

from callwright.errors import ToolsError
from callwright.record import Isolation, Json, Observation, ToolCall
from callwright.toolbox.child import results
from callwright.toolbox.mcp import answer
from callwright.toolbox.mcp.address import Url, parse
from callwright.toolbox.mcp.gone import Gone
from callwright.toolbox.mcp.server import McpServer, connect, digest
from callwright.toolbox.mcp.session import Failed, Session

START_SECONDS = 20.0


class Setup(NamedTuple):
    """What the sessions have to know."""

    server: McpServer
    level: Isolation
    timeout: float
    output_bytes: int
    workers: int
    fresh: bool


@dataclass
class _Slot:
    """A place for one session at a time."""

    session: Session | None = None

    async def stop(self) -> None:
        session, self.session = self.session, None
        if session:
            await session.close()


class Pool:
    """The places for sessions; those not in use wait in a queue."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._own = {tool.name: tool.original_name or tool.name for tool in setup.server.tools}
        self._is_remote = isinstance(parse(setup.server.server), Url)
        self._via: Literal["run", "live"] = "live" if self._is_remote else "run"
        self._slots = [_Slot() for _ in range(setup.workers)]
        self._idle: asyncio.Queue[_Slot] = asyncio.Queue()
        for slot in self._slots:
            self._idle.put_nowait(slot)

    async def close(self) -> None:
        """End all sessions."""
        await asyncio.gather(*(slot.stop() for slot in self._slots))

    async def run(self, groups: Sequence[Sequence[ToolCall]], *, episodes: bool) -> list[list[Observation]]:
        """Make the calls of each group one after another, groups side by side over all sessions.

        A group that is an episode starts on a server that no call has changed, as far as the server tells.
        """
        observed: list[list[Observation] | None] = [None] * len(groups)
        waiting = iter(enumerate(groups))

        async def work() -> None:
            slot = await self._idle.get()
            try:
                for i, calls in waiting:
                    if episodes and slot.session and not slot.session.untouched and not self._is_remote:
                        await slot.stop()
                    observed[i] = [await self._observe(slot, call, episodes) for call in calls]
            except BaseException:
                await slot.stop()
                raise
            finally:
                self._idle.put_nowait(slot)

        workers = {asyncio.create_task(work()) for _ in range(min(len(self._slots), len(groups)))}
        try:
            while None in observed:  # some may wait for places that other threads' calls take
                ended, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
                workers -= ended
                for worker in ended:
                    worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [observations for observations in observed if observations is not None]

    async def _observe(self, slot: _Slot, call: ToolCall, in_episode: bool) -> Observation:
        arguments = self._arguments(call)
        if isinstance(arguments, Observation):
            return arguments
        while True:
            session = await self._running(slot)
            # Repeated on a fresh server, a call would miss what the episode's earlier calls changed.
            alone = session.answered == 0 or (in_episode and not session.untouched)
            session.untouched = session.untouched and not self._may_change(call.name)
            start = time.perf_counter()
            try:
                result = await session.call(self._own[call.name], arguments, self._setup.timeout)
                return self._observation(result, time.perf_counter() - start)
            except Failed as failed:
                return self._failure("raised", answer.cut(str(failed)), time.perf_counter() - start)
            except Gone as gone:
                await slot.stop()
                if self._is_remote:
                    await self._running(slot)  # where it can not be reached at all, no call is to blame
                if not alone and (gone.unheard if self._is_remote else gone.kind != "oversize"):
                    continue
                seconds = self._setup.timeout if gone.kind == "timeout" else time.perf_counter() - start
                text = gone.text if gone.kind == "timeout" else f"the server {gone.text}"
                return self._failure(gone.kind, text, seconds)

    async def _running(self, slot: _Slot) -> Session:
        if slot.session is None:
            server = self._setup.server
            session = slot.session = connect(
                server.server, server.folder, self._setup.level,
                output_bytes=self._setup.output_bytes, protocol=server.protocol,
            )  # fmt: skip
            try:
                await session.open(START_SECONDS)
                if digest(await session.tools(START_SECONDS), server.server) != server.sha256:
                    raise ToolsError(
                        "its tools are others than were imported", place=server.server, hint="import it again"
                    )
            except BaseException:
                await slot.stop()
                raise
        return slot.session

    def _may_change(self, name: str) -> bool:
        """Tell whether a call may change the server; where the server does not say, `fresh` decides."""
        read_only = self._setup.server.hints.get(name, {}).get("readOnlyHint")
        return read_only is False or (self._setup.fresh and read_only is not True)

    def _arguments(self, call: ToolCall) -> dict[str, Json] | Observation:
        """Return a copy of the arguments as they go over the wire, or why the call is refused."""
        if call.name not in self._own:
            return Observation(ok=False, kind="refused", error=f"no tool is named {call.name!r}")
        if not isinstance(call.arguments, dict):
            return Observation(ok=False, kind="refused", error="the arguments are not an object")
        try:
            text = json.dumps(call.arguments, allow_nan=False, ensure_ascii=False)
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            return Observation(ok=False, kind="refused", error=f"the arguments are not JSON: {error}")
        copy: dict[str, Json] = json.loads(text)
        return copy

    def _observation(self, result: CallToolResult, seconds: float) -> Observation:
        if result.is_error:
            return self._failure("raised", answer.error(result), seconds)
        value = answer.value(result)
        try:
            results.encode(value, self._setup.output_bytes)
        except results.Oversize:
            text = f"the result is longer than {self._setup.output_bytes} bytes"
            return self._failure("oversize", text, seconds)
        except results.NotJson as error:
            return self._failure("raised", str(error), seconds)
        return Observation(ok=True, value=value, isolation=self._setup.level, via=self._via, seconds=seconds)

    def _failure(
        self, kind: Literal["raised", "timeout", "crashed", "oversize"], text: str, seconds: float
    ) -> Observation:
        level = self._setup.level
        return Observation(ok=False, kind=kind, error=text, isolation=level, via=self._via, seconds=seconds)
