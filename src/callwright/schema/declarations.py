"""Parameters and results as declarations of tools write them, made into schemas.

>>> with_required({"city": {"type": "string"}}, ["city"])[0]["required"]
['city']
"""

from __future__ import annotations

from collections.abc import Mapping

from callwright.record import Json
from callwright.schema.normaliser import normalise

RESULT_KEYS = ("returns", "response", "responses", "output_schema", "outputSchema", "output_parameters")
"""Under which names declarations tell what a tool returns."""
_RESULTS = frozenset(RESULT_KEYS)
_OBJECT_WORDS = frozenset(
    {"properties", "title", "description", "$schema", "$defs", "additionalProperties", "definitions"}
)
_COMBINED = frozenset({"$ref", "anyOf", "oneOf", "allOf"})


def with_required(parameters: dict[str, Json], required: Json) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return parameters with a `required` list that stood beside them moved in, and what was done."""
    if not isinstance(required, list) or "required" in parameters:
        return parameters, ()
    if _is_object_schema(parameters):
        return {**parameters, "required": required}, ("required moved into the parameters",)
    wrapped = {"type": "object", "properties": parameters, "required": required}
    return wrapped, ("flat parameters wrapped into an object", "required moved into the parameters")


def _is_object_schema(parameters: Mapping[str, Json]) -> bool:
    """Tell a schema from flat parameters, one of which may be called type or properties."""
    if isinstance(parameters.get("type"), str):
        return True
    return isinstance(parameters.get("properties"), dict) and parameters.keys() <= _OBJECT_WORDS


def declared_result(body: Mapping[str, Json]) -> dict[str, Json] | None:
    """Return the schema of what a tool returns, or None where its declaration does not tell."""
    if _RESULTS.isdisjoint(body):
        return None  # nearly every declaration
    found = next((body[key] for key in RESULT_KEYS if isinstance(body.get(key), dict) and body[key]), None)
    if found is None:
        return None
    inner = found.get("schema")
    result = inner if isinstance(inner, dict) else found
    if not isinstance(result.get("type"), str | list) and not _COMBINED & result.keys():
        return normalise(result).schema  # an object, or its properties alone
    # Results need not be objects, as parameters are; inside one, a schema stays what it is.
    wrapped = normalise({"type": "object", "properties": {"result": result}})
    normal: dict[str, Json] = wrapped.schema["properties"]["result"]
    return normal
