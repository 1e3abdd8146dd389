"""One session with an MCP server: opened, asked for its tools, called, closed; all in one event loop."""

from __future__ import annotations

import asyncio
import logging

import httpx2
import mcp_types as types
from mcp import Client, MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from callwright.errors import ToolsError
from callwright.record import Isolation, Json
from callwright.toolbox.mcp.address import Command, Url
from callwright.toolbox.mcp.gone import Gone
from callwright.toolbox.mcp.http import Http
from callwright.toolbox.mcp.stdio import Stdio

MAX_PAGES = 100
"""Pages of tools that are read; a server's list need not have an end."""
_CLOSE_SECONDS = 5.0
_CANCEL_SECONDS = 1.0
_MESSAGE_BYTES = 4 << 20
"""Room in a message for pictures, of which only a description is kept."""
_CONFINED = "it runs without network and without writes; isolation none runs it as it is"

for _name in ("mcp", "client"):  # the SDK's loggers: without a handler they write to standard error
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Failed(Exception):
    """The server answered a call with an error; the message is its text."""


class Session:
    """A connection to one server, for one task at a time."""

    def __init__(
        self,
        address: Command | Url,
        *,
        folder: str,
        isolation: Isolation,
        place: str,
        output_bytes: int,
        mode: str = "auto",
    ) -> None:
        self.answered = 0
        """Calls that were answered."""
        self.untouched = True
        """No call was made that may have changed something."""
        limit = _MESSAGE_BYTES + 8 * output_bytes  # a result comes twice, as text and as structure
        self._transport: Stdio | Http = (
            Stdio(address, folder, isolation, place, limit)
            if isinstance(address, Command)
            else Http(address, place, limit)
        )
        self._place = place
        self._hint = _CONFINED if isolation == "bwrap" else ""
        self._client = Client(self._transport, mode=mode, cache=None)
        self._ready, self._leave = asyncio.Event(), asyncio.Event()
        self._holding: asyncio.Task[None] | None = None
        self._calling: asyncio.Task[types.CallToolResult] | None = None

    async def open(self, timeout: float) -> str:
        """Connect and return the protocol's version; raises ToolsError for a server that does not answer."""
        self._holding = asyncio.create_task(self._hold())
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait([self._holding, ready], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if not self._ready.is_set():
            if not self._holding.done():
                self._transport.gone = Gone("timeout", f"did not answer within {timeout:g} s")
            error = await self._ended()
            raise self._outage(error)
        return self._client.protocol_version

    async def _hold(self) -> None:
        # What the SDK enters has to be left in the task that entered it.
        async with self._client:
            self._ready.set()
            await self._leave.wait()

    async def tools(self, timeout: float) -> list[dict[str, Json]]:
        """Return the definitions of the server's tools, page after page."""
        try:
            async with asyncio.timeout(timeout):
                return await self._pages()
        except TimeoutError:
            raise ToolsError(f"did not list its tools within {timeout:g} s", place=self._place) from None
        except (MCPError, ValidationError, ValueError, RuntimeError) as error:
            lost = isinstance(error, MCPError) and _is_of_the_way(error)
            if not (lost or self._transport.gone or self._transport.outage):
                raise ToolsError("did not list its tools", place=self._place, got=_line(error)) from None
        raise self._outage(await self._ended())

    async def _pages(self) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor) if cursor else None
            page = await self._client.session.list_tools(params=params)
            found += [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in page.tools]
            cursor = page.next_cursor
            if not cursor:
                return found
        raise ToolsError(f"lists its tools on more than {MAX_PAGES} pages", place=self._place)

    async def call(self, name: str, arguments: dict[str, Json], timeout: float) -> types.CallToolResult:
        """Call a tool by the server's name for it; raises Failed, Gone, or ToolsError for an outage.

        The result is not checked against the tool's output schema: the SDK's validator would run the
        server's regular expressions here, without any limit.
        """
        assert self._holding
        self._transport.outage = ""
        params = types.CallToolRequestParams(name=name, arguments=arguments)
        request = types.CallToolRequest(params=params)
        session = self._client.session
        calling = self._calling = asyncio.create_task(session.send_request(request, types.CallToolResult))
        await asyncio.wait([calling, self._holding], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if calling.done() and calling.exception() is None:
            self.answered += 1
            return calling.result()
        if not calling.done() and not self._holding.done():
            self._transport.gone = Gone("timeout", f"no answer within {timeout:g} s")
            raise self._transport.gone
        error = calling.exception() if calling.done() else None
        if self._transport.outage:
            raise self._outage(error)
        if self._transport.gone:
            raise self._with_last_words(self._transport.gone)
        if isinstance(error, MCPError) and not _is_of_the_way(error):
            self.answered += 1
            raise Failed(error.message)
        if isinstance(error, ValidationError | ValueError):
            self.answered += 1
            raise Failed(f"the answer is no result: {_line(error)}")
        raise self._broken(await self._ended())

    def _with_last_words(self, gone: Gone) -> Gone:
        last = self._transport.last_words if gone.kind == "crashed" else ""
        return Gone(gone.kind, f"{gone.text}: {last}" if last else gone.text, unheard=gone.unheard)

    def _broken(self, error: BaseException | None) -> Gone:
        unheard = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
        return Gone("crashed", f"broke the connection: {_line(error)}", unheard=unheard)

    def _outage(self, error: BaseException | None) -> ToolsError:
        """Return why the server can not be used, as the caller is told."""
        if isinstance(error, ToolsError):
            return error
        transport = self._transport
        if transport.outage:
            return ToolsError(f"answered {transport.outage}", place=self._place)
        if transport.gone:
            return ToolsError(
                f"the server {transport.gone.text}",
                place=self._place, got=transport.last_words, hint=self._hint,
            )  # fmt: skip
        return ToolsError("can not be reached", place=self._place, got=_line(error))

    async def close(self) -> None:
        """End the session, and the server where it is a program of ours."""
        if self._calling and not self._calling.done() and isinstance(self._transport, Http):
            self._calling.cancel()  # the SDK tells the server so
            await asyncio.wait([self._calling], timeout=_CANCEL_SECONDS)
        await self._ended()

    async def _ended(self) -> BaseException | None:
        """Leave what was entered, and return what went wrong in it."""
        if self._holding is None:
            return None
        if self._ready.is_set():
            self._leave.set()
            await asyncio.wait([self._holding], timeout=_CLOSE_SECONDS)
        self._holding.cancel()
        rest = [task for task in (self._holding, self._calling) if task]
        if self._calling:
            self._calling.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return None if self._holding.cancelled() else _leaf(self._holding.exception())


def mode_of(protocol: str) -> str:
    """Return how the SDK connects to a server that speaks this version; "" for one not yet known."""
    if not protocol:
        return "auto"
    return protocol if protocol in MODERN_PROTOCOL_VERSIONS else "legacy"


def _is_of_the_way(error: MCPError) -> bool:
    """Tell what the SDK says of the connection from what the server says: both use this code."""
    return error.code == types.CONNECTION_CLOSED and error.message.startswith(
        ("SSE stream", "Connection closed")
    )


def _leaf(error: BaseException | None) -> BaseException | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _line(error: BaseException | None) -> str:
    """Return an error in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:300]
    text = " ".join(str(error).split())[:300] if error else ""
    return text or type(error).__name__
