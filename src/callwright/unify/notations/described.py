"""Tools that ToolAlpaca describes to its models as text.

``<description>\\nParameters: {"p": "Required. string. One of: [a, b]. …"}\\nOutput: …``

    >>> read_parameter("Required. integer. How many.")
    ({'type': 'integer', 'description': 'How many.'}, True)
"""

from __future__ import annotations

import re

from callwright.record import Json
from callwright.schema import parse_type
from callwright.unify.rows import BadRow, decode, shape
from callwright.unify.tools import Known, make_tool

_TEXT = re.compile(
    r"(?P<about>.*?)\n?Parameters: (?P<parameters>\{.*?\})\s*(?:\nOutput: (?P<output>.*))?\Z", re.S
)
_ENUM = re.compile(r"One of: \[(.*?)\]")
_CLOSING = {"[": "]", "{": "}"}


def tool(name: str, text: str) -> Known:
    """Return the tool of a description; raises `BadRow` where it has no parameters that can be read."""
    parts = _TEXT.match(text)
    if not parts:
        raise BadRow("bad-tools", f"functions.{name}", "expected a text with Parameters: {…}")
    try:
        described = shape(decode(parts["parameters"]), dict[str, str], f"functions.{name}.Parameters")
    except ValueError as error:
        raise BadRow("bad-tools", f"functions.{name}.Parameters", str(error)) from None
    properties, required = {}, []
    for parameter, sentence in described.items():
        properties[parameter], needed = read_parameter(sentence)
        if needed:
            required.append(parameter)
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    output = (parts["output"] or "").strip()
    returns = {"description": output} if output else None
    return make_tool(name, parts["about"].strip(), schema, returns, ("parameters read from a text",))


def read_parameter(sentence: str) -> tuple[dict[str, Json], bool]:
    """Return schema and whether required of a text such as ``Required. string. One of: [a, b]. A letter.``"""
    rest = sentence.strip()
    needed = rest.startswith("Required.")
    rest = rest.removeprefix("Required.").strip()
    type_text, rest = _split_type(rest)
    schema: dict[str, Json] = _schema_of(type_text)
    if not schema and type_text:
        rest = sentence.strip().removeprefix("Required.").strip()  # no type: all of it is description
    enum = _ENUM.search(rest)
    if enum and schema.get("type") == "string":
        schema["enum"] = [item.strip() for item in enum[1].split(",")]
    if rest:
        schema["description"] = rest
    return schema, needed


def _split_type(text: str) -> tuple[str, str]:
    """Split ``Array[Object{…}]. Rest`` behind the type, whose brackets may hold full stops."""
    expected: list[str] = []
    for i, char in enumerate(text):
        if char in _CLOSING:
            expected.append(_CLOSING[char])
        elif expected and char == expected[-1]:
            expected.pop()
        elif char == "." and not expected:
            return text[:i], text[i + 1 :].strip()
    return "", text


def _schema_of(text: str) -> dict[str, Json]:
    if text.startswith("Object"):
        return {"type": "object"}
    if text.startswith("Array"):
        items = _schema_of(text[6:-1].strip()) if text[5:6] == "[" else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    return parse_type(text)


GET_DETAILS = tool(
    "getDetails",
    "Ask the user for details that the request lacks.\n"
    'Parameters: {"Question": "Required. string. What to ask the user."}\nOutput: The answer of the user.',
)
"""What ToolAlpaca's agent could call beside the functions of an API."""
