"""One exchange over a socket: to an address that was checked, within a time, up to a size.

The time holds for everything together (name, connection, TLS, request, answer), so a server that sends a byte
now and then gains nothing. Nothing is followed, unpacked, kept open or taken from a proxy.
"""

from __future__ import annotations

import http.client
import io
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from callwright.toolbox.http.addresses import Address
from callwright.toolbox.http.allowlist import Endpoint, as_address


class NoAnswer(Exception):
    """The server could not be reached, or did not answer in full: an outage, whatever the call was."""


class TooLong(Exception):
    """The answer is longer than allowed."""


class NotHttp(Exception):
    """What came back does not follow the protocol."""


class Unsendable(Exception):
    """The request can not be written by the rules of the protocol."""


@dataclass(frozen=True)
class Deadline:
    """When an exchange has to be over."""

    seconds: float
    end: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that lies `seconds` ahead."""
        return cls(seconds, time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left; raises NoAnswer if there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> NoAnswer:
        """Return what to raise when the time is over."""
        return NoAnswer(f"no answer within {self.seconds:g} s")


class Network(NamedTuple):
    """The two steps that reach out; tests put others in their place."""

    resolve: Callable[[str, int], Sequence[str]]
    """All addresses of a name."""
    connect: Callable[[tuple[str, int], float], socket.socket]


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


INTERNET = Network(_resolve, socket.create_connection)


class Answer(NamedTuple):
    """What a server sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool
    """The body is longer than allowed, and only its beginning is here."""


def addresses_of(endpoint: Endpoint, network: Network, deadline: Deadline) -> list[Address]:
    """Return all addresses of a host in the order in which to try them; raises NoAnswer."""
    if endpoint.address:
        return [endpoint.address]
    answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(network.resolve(endpoint.host, endpoint.port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # The system's resolver can not be interrupted, so it is left to itself when it takes too long.
    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise deadline.passed() from None
    addresses = [] if isinstance(found, Exception) else [as_address(text) for text in found]
    if not addresses or not all(addresses):
        raise NoAnswer(f"the name {endpoint.host} can not be resolved")
    return [address for address in addresses if address]


def exchange(
    endpoint: Endpoint, addresses: Sequence[Address], network: Network, deadline: Deadline,
    send: Callable[[http.client.HTTPConnection], None], limit: int,
) -> Answer:  # fmt: skip
    """Connect to one of `addresses`, let `send` write the request, and return the answer."""
    channel = _Channel(_connected(endpoint, addresses, network, deadline), deadline)
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    connection.sock = channel
    try:
        _sent(connection, send)
        return _answer(connection, limit)
    except TimeoutError:
        raise deadline.passed() from None
    except (http.client.RemoteDisconnected, http.client.IncompleteRead, OSError) as error:
        raise NoAnswer(f"the connection ended in the middle: {_reason(error)}") from None
    except (http.client.HTTPException, ValueError) as error:
        raise NotHttp(f"the answer is not HTTP ({type(error).__name__})") from None
    finally:
        channel.end()


def _sent(connection: http.client.HTTPConnection, send: Callable[[http.client.HTTPConnection], None]) -> None:
    try:
        send(connection)
    except (http.client.InvalidURL, ValueError):
        raise Unsendable(
            "the request can not be written: a name or a path has characters that it must not"
        ) from None


def _connected(
    endpoint: Endpoint, addresses: Sequence[Address], network: Network, deadline: Deadline
) -> socket.socket:
    failure = NoAnswer("no address")
    for tried, address in enumerate(addresses):
        # One address that swallows everything must not take the time of all the others.
        share = deadline.left() / (len(addresses) - tried)
        try:
            plain = network.connect((str(address), endpoint.port), share)
        except TimeoutError:
            failure = NoAnswer(f"no connection to {endpoint.shown} in time")
        except OSError as error:
            failure = NoAnswer(f"no connection to {endpoint.shown}: {_reason(error)}")
        else:
            return _secured(plain, endpoint, deadline) if endpoint.scheme == "https" else plain
    raise failure


def _secured(plain: socket.socket, endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    try:
        plain.settimeout(deadline.left())
        trust = (os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))
        return _context(trust).wrap_socket(plain, server_hostname=endpoint.host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        what = f"the certificate of {endpoint.shown} is not accepted: {error.verify_message}"
        raise NoAnswer(what) from None
    except TimeoutError:
        plain.close()
        raise deadline.passed() from None
    except OSError as error:
        plain.close()
        raise NoAnswer(f"no TLS with {endpoint.shown}: {_reason(error)}") from None
    except BaseException:
        plain.close()
        raise


@lru_cache(maxsize=4)
def _context(trust: tuple[str, str]) -> ssl.SSLContext:
    """Return what TLS is verified with; OpenSSL reads the variables in `trust`, which are the key here."""
    return ssl.create_default_context()


def _answer(connection: http.client.HTTPConnection, limit: int) -> Answer:
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    body = response.read(limit + 1)
    is_cut = len(body) > limit
    if not is_cut and response.length:
        raise NoAnswer("the connection ended in the middle of the answer")
    return Answer(response.status, headers, body[:limit], is_cut)


class _Channel:
    """A socket that keeps a deadline over all of its reads and writes, in the form that http.client wants."""

    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        self._socket = plain
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._deadline.left())
            view = view[self._socket.send(view) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._deadline))

    def close(self) -> None:
        """Do nothing: http.client closes its socket as soon as it reads, and goes on reading."""

    def end(self) -> None:
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        self._socket = plain
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(buffer)


def _reason(error: Exception) -> str:
    """Return the cause in a few words of our own: the error's text may hold what was sent."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "failed").replace("_", " ").lower()
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return "closed early"
