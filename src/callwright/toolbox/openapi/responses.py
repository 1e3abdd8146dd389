"""What an operation answers when it succeeds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from callwright.record import Json
from callwright.toolbox.openapi.definitions import cut
from callwright.toolbox.openapi.operations import Response
from callwright.toolbox.openapi.reading import JSON, TEXT, examples_in, kind_of, mapping
from callwright.toolbox.openapi.references import Documents, Undescribable
from callwright.toolbox.openapi.schemas import Schemas

MAX_WEIGHT = 2_000
"""Keywords and values of the largest schema of a result; what lies deeper may be anything."""


class Outputs(NamedTuple):
    """The successful responses of an operation, the one to expect first."""

    responses: tuple[Response, ...]
    notes: tuple[str, ...]


def read_responses(responses: Json, documents: Documents, schemas: Schemas, file: Path) -> Outputs:
    """Return the responses with a status of 2xx, or else the default one; raises Undescribable."""
    statuses = [s for s in mapping(responses) if re.fullmatch(r"2(?:\d\d|XX|xx)", s)]
    # A class such as 2XX stands for what no status of its own says.
    statuses.sort(key=lambda status: (not status.isdigit(), status))
    found: list[Response] = []
    notes: list[str] = []
    for status in statuses or [s for s in mapping(responses) if s == "default"]:
        response = documents.resolve(responses[status], file)
        content = mapping(mapping(response.value).get("content"))
        found.append(_read(status, content, documents, schemas, response.file, notes))
    return Outputs(tuple(found), tuple(notes))


def _read(
    status: str, content: Mapping[str, Json], documents: Documents, schemas: Schemas, file: Path,
    notes: list[str],
) -> Response:  # fmt: skip
    kind = _best(content)
    if not kind:
        return Response(status)
    media = mapping(content[kind])
    examples = tuple(examples_in(media, documents, file))
    if "schema" not in media:
        return Response(status, kind, None if kind_of(kind) == JSON else {"type": "string"}, examples)
    converted = schemas.convert(media["schema"], file)
    schema = cut(converted, schemas.definition, MAX_WEIGHT)
    notes += schema.notes
    return Response(status, kind, schema.schema, examples)


def _best(content: Mapping[str, Json]) -> str:
    for wanted in (JSON, TEXT):
        for kind in content:
            if kind_of(kind) == wanted:
                return kind
    if content:
        raise Undescribable(f"its result is {' or '.join(content)[:80]}, neither JSON nor text")
    return ""
