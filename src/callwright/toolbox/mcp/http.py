"""The way to a server over HTTP: the SDK's transport, with bounded answers and an eye on their status.

Redirects are followed within the named host only; the SDK sees to that.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

import httpx2
from mcp.client.streamable_http import streamable_http_client

from callwright.toolbox.mcp.address import Url, variables
from callwright.toolbox.mcp.gone import Gone

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

_OUTAGES = {401, 403, 407, 429, 502, 503, 504}
"""Statuses that tell of the way to the tools, never of a call."""
_NOT_FOUND = 404
_CONNECT_SECONDS = 30.0


class Http:
    """A transport as the SDK's client takes it."""

    def __init__(self, address: Url, place: str, body_bytes: int) -> None:
        self.gone: Gone | None = None
        """Why the connection can no longer be used."""
        self.outage = ""
        """The status that the server answered with in place of doing what was asked."""
        self.last_words = ""
        self._url = address.url
        self._headers = {"Accept-Encoding": "identity"}
        if address.bearer:
            token = variables([address.bearer], place)[address.bearer]
            self._headers["Authorization"] = f"Bearer {token}"
        self._body_bytes = body_bytes
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> TransportStreams:
        client = httpx2.AsyncClient(
            headers=self._headers,
            verify=_certificates(),
            timeout=httpx2.Timeout(_CONNECT_SECONDS, read=None),  # a call is timed where it is made
            event_hooks={"response": [self._look]},
            trust_env=not _is_local(self._url),  # no proxy stands between us and ourselves
        )
        await self._stack.enter_async_context(client)
        streams = streamable_http_client(
            self._url, http_client=client, max_sse_event_size=2 * self._body_bytes
        )
        return await self._stack.enter_async_context(streams)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    async def _look(self, response: httpx2.Response) -> None:
        if response.request.method != "POST":
            return
        if response.status_code in _OUTAGES:
            self.outage = f"{response.status_code} {response.reason_phrase}".strip()
        elif response.status_code == _NOT_FOUND and "mcp-session-id" in response.request.headers:
            self.gone = Gone("crashed", "ended the session", unheard=True)
        if response.headers.get("content-encoding", "identity") != "identity":
            self._give_up(Gone("crashed", "compressed its answer, which was not asked for"))
        too_long = Gone("oversize", f"answered with more than {self._body_bytes} bytes")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream, self._body_bytes, lambda: self._give_up(too_long))

    def _give_up(self, gone: Gone) -> NoReturn:
        self.gone = gone
        raise httpx2.StreamError(gone.text)


class _Bounded(httpx2.AsyncByteStream):
    """The body of an answer, up to a limit."""

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int, too_long: Callable[[], NoReturn]) -> None:
        self._inner = inner
        self._left = limit
        self._too_long = too_long

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                self._too_long()
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    # Reading them takes as long as ten calls, and each session would read them anew.
    return httpx2.create_ssl_context()


def _is_local(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
