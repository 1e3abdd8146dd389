"""The addresses at which an operation can be called."""

from __future__ import annotations

import re
from collections.abc import Mapping

from callwright.record import Json
from callwright.toolbox.openapi.reading import mapping, text


def read_servers(*holders: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the URLs of the first holder that names any, variables replaced by their defaults.

    >>> read_servers({}, {"servers": [{"url": "https://{r}.example", "variables": {"r": {"default": "eu"}}}]})
    ('https://eu.example',)
    """
    for holder in holders:
        servers = holder.get("servers")
        if isinstance(servers, list) and servers:
            urls = [_url(mapping(server)) for server in servers]
            return tuple(dict.fromkeys(url for url in urls if url))
    return ()


def _url(server: Mapping[str, Json]) -> str:
    variables = mapping(server.get("variables"))

    def default(found: re.Match[str]) -> str:
        value = mapping(variables.get(found[1])).get("default")
        return str(value) if isinstance(value, str | int | float) else found[0]

    return re.sub(r"\{([^{}]*)\}", default, text(server.get("url")))
