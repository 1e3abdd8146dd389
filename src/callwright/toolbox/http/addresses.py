"""Which network addresses a call may reach: those of the public internet.

A name in a specification may lead to a router, a database or the metadata service of a cloud, which answer
whoever is inside. So an address is judged, not a name, and in all the disguises that it may wear.

>>> import ipaddress
>>> why_not_public(ipaddress.ip_address("::ffff:10.0.0.1"))
'private'
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_METADATA = tuple(
    map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"))
)
"""Services of clouds that hand out credentials to whoever asks from inside."""
_CLOSED_4 = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "unspecified"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "shared by a carrier"),
        ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local"), ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"), ("192.0.2.0/24", "for documentation"), ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"), ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for documentation"), ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"), ("240.0.0.0/4", "reserved"),
    )
)  # fmt: skip
_CLOSED_6 = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "unspecified"), ("::1/128", "loopback"), ("::/96", "reserved"), ("fc00::/7", "private"),
        ("fe80::/10", "link-local"), ("fec0::/10", "private"), ("ff00::/8", "multicast"),
        ("64:ff9b:1::/48", "private"), ("100::/64", "reserved"), ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"), ("2002::/16", "of 6to4, which is retired"),
        ("3fff::/20", "for documentation"), ("5f00::/16", "reserved"),
    )
)  # fmt: skip
_GLOBAL_6 = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)


def why_not_public(address: Address) -> str:
    """Return what keeps an address from being public, in a word or two; empty for a public one."""
    if address in _METADATA:
        return "the metadata service of a cloud"
    if isinstance(address, IPv4Address):
        return next((why for network, why in _CLOSED_4 if address in network), "")
    if address.scope_id is not None:
        return "link-local"
    why = next((why for network, why in _CLOSED_6 if address in network), "")
    inner = _inner(address)
    if why or inner:
        return why or (why_not_public(inner) if inner else "")
    return "" if address in _GLOBAL_6 else "reserved"


def is_metadata(address: Address) -> bool:
    """Tell whether an address, in any form, is that of a cloud's metadata service."""
    if isinstance(address, IPv6Address):
        address = _inner(address) or address
    return address in _METADATA


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address inside an IPv6 address that is translated or carried to it."""
    number = int(address)
    if address in _MAPPED or address in _TRANSLATED or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(number & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address((number >> 80) & 0xFFFFFFFF)
    return None
