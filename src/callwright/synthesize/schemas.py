"""What a schema inside a tool stands for: references followed, unions by their first real branch, its type.

>>> resolved({"$ref": "#/$defs/day"}, "", {"$defs": {"day": {"enum": ["Monday"]}}})[0]
{'enum': ['Monday']}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callwright.record import Json

_UNIONS = ("anyOf", "oneOf", "allOf")
_FOLLOWED = 8


def type_of(schema: Mapping[str, Json]) -> str:
    """Return the JSON type of a schema, null aside; "" where none is said and none follows."""
    kind: Any = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if isinstance(kind, str):
        return kind
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if values:
        return _JSON_TYPES.get(type(values[0]), "")
    return "object" if "properties" in schema else "array" if _LIST_WORDS & schema.keys() else ""


_LIST_WORDS = frozenset({"items", "prefixItems"})
_JSON_TYPES: dict[type, str] = {
    str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip


def resolved(spec: Json, path: str, root: Mapping[str, Json]) -> tuple[dict[str, Json], str, int]:
    """Return a schema with references followed and the first real branch taken, its path, and its branches.

    What stands beside a reference or union holds as well.
    """
    schema = dict(spec) if isinstance(spec, dict) else {}
    count = 1
    for _ in range(_FOLLOWED):
        ref = schema.get("$ref")
        if isinstance(ref, str):
            word, _, name = ref.removeprefix("#/").rpartition("/")
            target, where = mapping(root.get(word)).get(name), f"{word}.{name}"
            outer = {k: v for k, v in schema.items() if k != "$ref"}
        else:
            found = [(w, i, b) for w in _UNIONS for i, b in enumerate(_list(schema.get(w))) if _is_real(b)]
            if not found:
                break
            word, i, target = found[0]
            count *= len(found) if word != "allOf" else 1
            where = path if word == "allOf" else f"{path}.{word}[{i}]"
            outer = {k: v for k, v in schema.items() if k not in _UNIONS}
        if not isinstance(target, dict):
            break
        schema, path = {**target, **outer}, where
    return schema, path, count


def _is_real(branch: Json) -> bool:
    return isinstance(branch, dict) and branch.get("type") != "null"


def mapping(value: Json) -> Mapping[str, Json]:
    """Return an object as it is, and for anything else an empty one."""
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
