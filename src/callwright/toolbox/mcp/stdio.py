"""The way to a server that is a program: JSON-RPC messages, one a line, over its pipes.

In place of the SDK's transport, because this one is bounded: lines have a limited length, of the errors only
the end is kept, notifications are left out, and the program never outlives us.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from types import TracebackType

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest, jsonrpc_message_adapter

from callwright.record import Isolation
from callwright.toolbox.mcp.address import Command
from callwright.toolbox.mcp.gone import Gone
from callwright.toolbox.mcp.program import Program

_GRACE = 1.0
"""Seconds that a program has to end by itself once its input is closed."""
_LAST_WORDS = 0.5
"""Seconds between the end of a program's output and its own, and the other way round."""
_ERRORS = 4096
"""Bytes kept of what it writes to its standard error."""
_CHUNK = 1 << 16
_QUESTIONS = 100
"""Requests that a program may make between two answers; each costs us a task."""

_Incoming = SessionMessage | Exception
Streams = tuple[MemoryObjectReceiveStream[_Incoming], MemoryObjectSendStream[SessionMessage]]


class Stdio:
    """A transport as the SDK's client takes it: entering it starts the program, leaving it ends it."""

    def __init__(
        self, command: Command, folder: str, isolation: Isolation, place: str, line_bytes: int
    ) -> None:
        self.gone: Gone | None = None
        """Why the connection can no longer be used."""
        self.outage = ""
        self._start = (command, folder, isolation, place)
        self._may_save = isolation == "none"
        self._line_bytes = line_bytes
        self._errors = b""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Streams:
        program = self._program = Program(*self._start)
        to_session, from_server = anyio.create_memory_object_stream[_Incoming](0)
        to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
        listening = asyncio.create_task(self._listen(program))
        serving = asyncio.create_task(self._serve(program, to_session, listening))
        writing = asyncio.create_task(_write(program, from_session))
        self._tasks = [serving, writing, listening]
        return from_server, to_server

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        serving, writing, _ = self._tasks
        try:
            if self._may_save and self.gone is None:
                await _end([writing])
                self._program.close_input()
                await asyncio.wait([serving], timeout=_GRACE)
        finally:
            await _end(self._tasks)
            self._program.stop()

    @property
    def last_words(self) -> str:
        """The last line of what the program wrote to its standard error."""
        lines = self._errors.decode("utf-8", "replace").split("\n")
        return next((" ".join(line.split())[:300] for line in reversed(lines) if line.strip()), "")

    async def _serve(
        self,
        program: Program,
        session: MemoryObjectSendStream[_Incoming],
        listening: asyncio.Task[None],
    ) -> None:
        """Pass the program's messages on until it ends; then the session's stream ends as well."""
        async with session:
            reading = asyncio.create_task(self._read(program.output, session))
            ending = asyncio.create_task(_readable(program.life))
            try:
                await asyncio.wait([reading, ending], return_when=asyncio.FIRST_COMPLETED)
                if self.gone is None:
                    await asyncio.wait([reading, ending, listening], timeout=_LAST_WORDS)
                    how = program.how_it_ended() or "closed its output"
                    self.gone = self.gone or Gone("crashed", how)
            finally:
                await _end([reading, ending])

    async def _read(self, output: int, session: MemoryObjectSendStream[_Incoming]) -> None:
        questions = 0
        async for line in self._lines(output):
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                if b'"jsonrpc"' in line:
                    self.gone = Gone("crashed", "wrote a message that is no JSON-RPC")
                    return
                continue  # some print what belongs into a log
            if isinstance(message, JSONRPCNotification):
                continue
            questions = questions + 1 if isinstance(message, JSONRPCRequest) else 0
            if questions > _QUESTIONS:
                self.gone = Gone("crashed", f"made more than {_QUESTIONS} requests in place of an answer")
                return
            await session.send(SessionMessage(message))

    async def _lines(self, output: int) -> AsyncIterator[bytes]:
        rest = bytearray()
        async for chunk in _chunks(output):
            start, end = len(rest), 0
            rest += chunk
            while (found := rest.find(b"\n", max(start, end))) >= 0:
                yield bytes(rest[end:found])
                end = found + 1
            del rest[:end]
            if len(rest) > self._line_bytes:
                self.gone = Gone("oversize", f"wrote a message of more than {self._line_bytes} bytes")
                return

    async def _listen(self, program: Program) -> None:
        async for chunk in _chunks(program.errors):
            self._errors = (self._errors + chunk)[-_ERRORS:]


async def _write(program: Program, session: MemoryObjectReceiveStream[SessionMessage]) -> None:
    """Pass the session's messages on; when the program takes no more, its end will say so."""
    async with session:
        async for item in session:
            line = item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
            while line:
                try:
                    line = line[os.write(program.input, line) :]
                except BlockingIOError:
                    await anyio.wait_writable(program.input)
                except OSError:
                    break


async def _chunks(file: int) -> AsyncIterator[bytes]:
    while True:
        try:
            chunk = os.read(file, _CHUNK)
        except BlockingIOError:
            await anyio.wait_readable(file)
            continue
        except OSError:
            return
        if not chunk:
            return
        yield chunk
        await asyncio.sleep(0)


async def _readable(file: int) -> None:
    await anyio.wait_readable(file)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
