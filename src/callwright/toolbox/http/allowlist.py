"""Which hosts may be called, and how: what the user wrote, and nothing beside it.

An entry is ``host`` (HTTPS on port 443), ``host:port``, or either with a method in front, as in
``POST api.example.com``. Reading (GET and HEAD) is allowed by every entry, another method only by name. A
private address has to be written out, as in ``127.0.0.1:8000``: that is consent. No name ever stands for one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from callwright.errors import ConfigError
from callwright.toolbox.http.addresses import Address, is_metadata

_READING = frozenset({"GET", "HEAD"})
_METHODS = _READING | {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_PORTS = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_FORM = "host, host:port, or a method in front, such as POST api.example.com"


class Endpoint(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    """A name in lower case, or an address in its shortest form."""
    port: int
    path: str
    """What the path of every operation begins with, encoded, without a slash at the end."""

    @property
    def address(self) -> Address | None:
        """The address, where the host is one."""
        return as_address(self.host)

    @property
    def shown(self) -> str:
        """Host and port as an entry of the list would say them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https"] and self.scheme == "https" else f"{host}:{self.port}"


@dataclass
class Allowed:
    """The hosts that may be called."""

    _methods: dict[tuple[str, int], set[str]] = field(default_factory=dict)

    def add(self, entry: str) -> None:
        """Take in one entry; raises ConfigError."""
        words = entry.split()
        method = words[0].upper() if len(words) == 2 else ""
        if len(words) not in (1, 2) or (method and method not in _METHODS):
            raise _wrong(entry)
        host, port = _split(words[-1], entry)
        address = as_address(host)
        if address and (address.is_unspecified or address.is_multicast or is_metadata(address)):
            raise _wrong(entry, "an address that no API has")
        self._methods.setdefault((host, port), set(_READING)).update({method} - {""})

    def knows(self, endpoint: Endpoint) -> bool:
        """Tell whether the host may be called at all."""
        return (endpoint.host, endpoint.port) in self._methods

    def permits(self, endpoint: Endpoint, method: str) -> bool:
        """Tell whether the host may be called with this method."""
        return method in self._methods.get((endpoint.host, endpoint.port), ())

    def __bool__(self) -> bool:
        return bool(self._methods)


def read_allowed(entries: Sequence[str]) -> Allowed:
    """Return the list that entries make; raises ConfigError for one that is no host."""
    allowed = Allowed()
    for entry in entries:
        allowed.add(entry)
    return allowed


def read_endpoint(url: str) -> Endpoint | None:
    """Return where the URL of a server leads, or None if it names no host to call."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
        host = normal_host(parts.hostname or "")
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or parts.username is not None or port == 0:
        return None
    path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
    return Endpoint(parts.scheme, host, port or _PORTS[parts.scheme], path)


def _split(text: str, entry: str) -> tuple[str, int]:
    if "*" in text:
        raise _wrong(entry, "an entry for any host")
    if "/" in text or "@" in text:
        raise _wrong(entry, "a URL")
    found = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(\d{1,5}))?", text)
    host = normal_host(found[1].strip("[]")) if found else ""
    port = int(found[2]) if found and found[2] else _PORTS["https"]
    if not host or not 0 < port < 65536:
        raise _wrong(entry)
    return host, port


def normal_host(host: str) -> str:
    """Return a host as it is compared, or an empty text for what is none."""
    address = as_address(host)
    if address:
        return str(address)
    name = host.rstrip(".").lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return name if len(name) <= 253 and _NAME.fullmatch(name) else ""


def as_address(host: str) -> Address | None:
    """Return the address that a host is, in its usual form only: 127.1 and 0x7f000001 are names."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _wrong(entry: str, got: str = "") -> ConfigError:
    return ConfigError(
        f"{entry[:80]!r} is no entry of the list of hosts", place="allow", expected=_FORM, got=got
    )
