"""Function documents as text for a prompt: JSON, XML or docstrings, as the official builders write them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Literal

from callwright.record import Json

DocFormat = Literal["json", "xml", "python"]
DOC_FORMATS: tuple[DocFormat, ...] = ("python", "xml", "json")
_PYTHON_TYPES = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"}


def written(docs: list[dict[str, Json]], form: DocFormat) -> str:
    """Return the documents in one of the three forms."""
    if form == "xml":
        return "\n".join(_xml_function(doc) for doc in docs)
    if form == "python":
        return "\n\n".join(text for doc in docs for text in (_docstring(doc), "\n"))
    return json.dumps(docs, indent=4)


def _described(declared: dict[str, Any]) -> str:
    choices = f" Enum values: {declared['enum']}." if "enum" in declared else ""
    return f"{declared.get('description', '')}{choices}"


def _xml_function(doc: dict[str, Any]) -> str:
    parameters = doc["parameters"]
    required = parameters.get("required")
    lines = [f'<function name="{doc["name"]}">', f"  <desc>{doc.get('description', '')}</desc>", "  <params>"]
    for name, declared in parameters.get("properties", {}).items():
        lines += _xml_parameter(name, declared, required, 2)
    return "\n".join([*lines, "  </params>", "</function>", ""])


def _xml_parameter(
    name: str, declared: dict[str, Any], required: Collection[str] | None, level: int
) -> Iterator[str]:
    indent = "  " * level
    # Without a list of required parameters all are.
    needed = "true" if required is None or name in required else "false"
    head = f'name="{name}", type="{_xml_type(declared)}", required="{needed}"'
    if "default" in declared:
        head += f' default="{declared["default"]!r}"'
    # The official code takes the commas out of all of it, names, types and defaults included.
    yield f"{indent}<param {head.replace(',', '')}>"
    yield f"{indent}  <desc>{_described(declared)}</desc>"
    if "properties" in declared:
        yield f"{indent}  <params>"
        for child, below in declared["properties"].items():
            yield from _xml_parameter(child, below, declared.get("required"), level + 2)
        yield f"{indent}  </params>"
    yield f"{indent}</param>"


def _xml_type(declared: dict[str, Any]) -> str:
    kind = str(declared.get("type", "string"))
    if "items" in declared and "type" in declared["items"]:
        return f"{kind}[{declared['items']['type']}]"
    if "additionalProperties" in declared:
        return f"{kind}[{declared['additionalProperties'].get('type', 'string')}]"
    return kind


def _docstring(doc: dict[str, Any]) -> str:
    lines = [f"# Function: {doc['name']}", '    """', f"    {doc.get('description', '')}", ""]
    declared = doc.get("parameters", {}).get("properties", {})
    if declared:
        lines.append("    Args:")
        for name, below in declared.items():
            lines += _docstring_parameter(name, below, 0)
    return "\n".join([*lines, '    """', ""])


def _docstring_parameter(name: str, declared: dict[str, Any], depth: int) -> Iterator[str]:
    default = f", default={declared['default']!r}" if "default" in declared else ""
    indent = " " * (8 + 4 * depth)
    yield f"{indent}{name} ({_python_type(declared)}{default}): {_described(declared)}"
    for child, below in declared.get("properties", {}).items():
        yield from _docstring_parameter(child, below, depth + 1)


def _python_type(declared: dict[str, Any]) -> str:
    kind = declared.get("type", "string")
    if kind in _PYTHON_TYPES:
        return _PYTHON_TYPES[kind]
    if kind in ("array", "list", "tuple") and "items" in declared:
        return f"list[{_python_type(declared['items'])}]"
    if kind in ("object", "dict"):
        if "additionalProperties" in declared:
            return f"dict[str, {_python_type(declared['additionalProperties'])}]"
        return "dict"
    return str(kind)
