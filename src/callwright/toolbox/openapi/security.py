"""How callers of an API prove who they are: which schemes there are, and which of them an operation needs.

Secrets are not part of a specification, so none is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from callwright.record import Json
from callwright.toolbox.openapi.operations import Scheme
from callwright.toolbox.openapi.reading import mapping, text
from callwright.toolbox.openapi.references import Documents, Undescribable

_HTTP: dict[str, Literal["bearer", "basic"]] = {"bearer": "bearer", "basic": "basic"}
_PLACES: dict[str, Literal["header", "query", "cookie"]] = {
    "header": "header", "query": "query", "cookie": "cookie",
}  # fmt: skip


def read_schemes(documents: Documents) -> dict[str, Scheme]:
    """Return the security schemes of a specification by name."""
    components = mapping(mapping(documents.root).get("components"))
    found: dict[str, Scheme] = {}
    for name, value in mapping(components.get("securitySchemes")).items():
        try:
            about = mapping(documents.resolve(value, documents.start).value)
        except Undescribable:
            about = {}
        found[name] = _scheme(name, about)
    return found


def _scheme(name: str, about: Mapping[str, Json]) -> Scheme:
    kind = text(about.get("type"))
    if kind == "apiKey":
        place, field = _PLACES.get(text(about.get("in"))), text(about.get("name"))
        if place and field:
            return Scheme(name, place, field)
    elif kind == "http":
        if way := _HTTP.get(text(about.get("scheme")).lower()):
            return Scheme(name, way)
    elif kind in ("oauth2", "openIdConnect"):
        return Scheme(name, "bearer")
    return Scheme(name, "unsupported", kind)


def required_schemes(security: Json, schemes: Mapping[str, Scheme]) -> tuple[tuple[Scheme, ...], ...]:
    """Return the alternatives of an operation's `security`."""
    alternatives = security if isinstance(security, list) else []
    return tuple(
        tuple(schemes.get(name, Scheme(name, "unsupported")) for name in alternative)
        for alternative in alternatives
        if isinstance(alternative, dict)
    )
