"""Whether a result is valid: by the rules of JSON Schema alone, which let pass what a schema does not name.

>>> is_valid({"properties": {"id": {"type": "integer"}}}, {"id": 7, "more": True})
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

import jsonschema_rs

from callwright.record import Json
from callwright.toolbox.openapi.intersection import encode


@lru_cache(maxsize=1024)
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True)


def is_valid(schema: Mapping[str, Json], value: Json) -> bool:
    """Tell whether a value is valid against a schema that holds all that it refers to."""
    try:
        return _validator(encode(schema)).is_valid(value)
    except ValueError:
        return False
