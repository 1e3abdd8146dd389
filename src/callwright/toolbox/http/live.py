"""Calls that really go out: only to hosts of the list, and only to addresses that may be reached.

A name is resolved once, every address that it has is judged, and the connection goes to one of those: a
second answer of the name server can not lead it elsewhere. A server that is busy (429, 503) and says for how
long is asked again, if that still fits into the time of the call.
"""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from callwright.record import Observation
from callwright.toolbox.http.addresses import Address, why_not_public
from callwright.toolbox.http.allowlist import Allowed, Endpoint, read_endpoint
from callwright.toolbox.http.answers import Verdict, judge
from callwright.toolbox.http.credentials import Credentials, Veil, credentials_for
from callwright.toolbox.http.request import Refused, Request
from callwright.toolbox.http.wire import (
    INTERNET,
    Answer,
    Deadline,
    Network,
    NoAnswer,
    NotHttp,
    Unsendable,
    addresses_of,
    exchange,
)
from callwright.toolbox.openapi import Operation, Scheme

MAX_TRIES = 3
SHORTEST_WAIT = 0.1
"""Seconds before a busy server is asked again, whatever it says."""
_BUSY = (429, 503)
_HEADERS = (
    ("Accept", "application/json, text/*;q=0.5, */*;q=0.1"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
    ("User-Agent", "callwright"),
)


@dataclass(frozen=True)
class Live:
    """Sends requests. Thread-safe; every call has a connection of its own."""

    allowed: Allowed
    schemes: tuple[Scheme, ...]
    """All of the specification: their secrets are kept out of every answer."""
    timeout: float
    limit: int
    network: Network = INTERNET

    def __call__(self, operation: Operation, request: Request) -> Observation:
        """Send a request and return what came of it; nothing that a server does is raised."""
        environment = dict(os.environ)
        veil = Veil(self.schemes, environment)
        start = time.monotonic()
        try:
            verdict = self._ask(operation, request, environment)
        except (Refused, Unsendable) as refused:
            return Observation(ok=False, kind="refused", error=veil.text(str(refused)), via="live")
        except NoAnswer as outage:
            verdict = Verdict("timeout", error=str(outage))
        except NotHttp as broken:
            verdict = Verdict("raised", error=str(broken))
        return Observation(
            ok=verdict.kind == "result",
            kind=verdict.kind,
            value=veil.value(verdict.value),
            error=veil.text(verdict.error),
            via="live",
            seconds=time.monotonic() - start,
        )

    def _ask(self, operation: Operation, request: Request, environment: Mapping[str, str]) -> Verdict:
        endpoint = self._endpoint(operation)
        credentials = credentials_for(operation, environment)
        deadline = Deadline.after(self.timeout)
        addresses = self._addresses(endpoint, deadline)
        is_inside = endpoint.address is not None and why_not_public(endpoint.address)
        if credentials and endpoint.scheme == "http" and not is_inside:
            raise Refused(f"a credential is not sent to {endpoint.shown} without TLS")
        for tried in range(MAX_TRIES):
            answer = exchange(
                endpoint, addresses, self.network, deadline,
                lambda connection: _send(connection, endpoint, request, credentials), self.limit,
            )  # fmt: skip
            wait = _wait(answer) if answer.status in _BUSY and tried + 1 < MAX_TRIES else None
            if wait is None or wait >= deadline.left():
                break
            time.sleep(wait)
        return judge(answer, self.limit)

    def _endpoint(self, operation: Operation) -> Endpoint:
        """Return the first server of an operation that may be called with its method."""
        found = [(url, read_endpoint(url)) for url in operation.servers]
        endpoints = [endpoint for _, endpoint in found if endpoint]
        for endpoint in endpoints:
            if self.allowed.permits(endpoint, operation.method):
                return endpoint
        if not endpoints:
            named = f"{found[0][0][:80]!r} is none" if found else "it names none"
            raise Refused(f"the specification has to name a server with a host ({named})")
        first = endpoints[0]
        known = next((endpoint for endpoint in endpoints if self.allowed.knows(endpoint)), None)
        if known:
            entry = f"{operation.method} {known.shown}"
            raise Refused(f"{operation.method} is not allowed for {known.shown} (allow {entry!r})")
        raise Refused(f"the host {first.shown} is not allowed (allow {first.shown!r})")

    def _addresses(self, endpoint: Endpoint, deadline: Deadline) -> Sequence[Address]:
        addresses = addresses_of(endpoint, self.network, deadline)
        if endpoint.address:
            return addresses  # whoever writes an address into the list means it
        for address in addresses:
            if why := why_not_public(address):
                raise Refused(
                    f"the name {endpoint.host} leads to {address}, which is not public but {why} "
                    f"(name the address itself in specification and list, if that is meant)"
                )
        return addresses


def _send(
    connection: http.client.HTTPConnection, endpoint: Endpoint, request: Request, credentials: Credentials
) -> None:
    target = endpoint.path + request.path
    fields = "&".join((*request.fields, *credentials.fields))
    if fields:
        target += ("&" if "?" in target else "?") + fields
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    usual = {"https": 443, "http": 80}[endpoint.scheme]
    connection.putheader("Host", host if endpoint.port == usual else f"{host}:{endpoint.port}")
    for name, value in (*_HEADERS, *request.headers, *credentials.headers):
        connection.putheader(name, value)
    if cookies := (*request.cookies, *credentials.cookies):
        connection.putheader("Cookie", "; ".join(cookies))
    if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(request.body or b"")))
    connection.endheaders(request.body)


def _wait(answer: Answer) -> float | None:
    """Return for how many seconds a busy server wants to be left alone, or None if it does not say."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return max(SHORTEST_WAIT, float(text[:9]))
    try:
        return max(SHORTEST_WAIT, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
