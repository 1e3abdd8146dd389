"""The small steps that all parts of a specification are read with, whatever stands in a wrong place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from callwright.record import Json
from callwright.toolbox.openapi.references import Documents, Undescribable

JSON, FORM, TEXT = "json", "form", "text"
_BINARY = re.compile(
    r"(?:image|audio|video|font|multipart)/|application/(?:octet-stream|pdf|zip|gzip|x-tar|x-gzip|wasm)\b"
)


def mapping(value: Json) -> Mapping[str, Json]:
    """Return a mapping, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def text(value: Json) -> str:
    """Return a text in one line, or an empty one where something else stands."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def kind_of(content: str) -> str:
    """Return `JSON`, `FORM`, `TEXT` or "" (binary) for a content type.

    >>> kind_of("application/problem+json; charset=utf-8"), kind_of("image/png")
    ('json', '')
    """
    bare = content.partition(";")[0].strip().lower()
    if bare in ("application/json", "text/json", "*/*", "application/*", "") or bare.endswith("+json"):
        return JSON
    if bare == "application/x-www-form-urlencoded":
        return FORM
    return "" if _BINARY.match(bare) else TEXT


def examples_in(holder: Mapping[str, Json], documents: Documents, file: Path) -> list[Json]:
    """Return the values of `example` and `examples` of a parameter or a content type."""
    found = [holder["example"]] if "example" in holder else []
    for example in mapping(holder.get("examples")).values():
        try:
            example = documents.resolve(example, file).value
        except Undescribable:
            continue  # an example is a remark; the operation can be described without it
        if isinstance(example, dict) and "value" in example:
            found.append(example["value"])
    return found
