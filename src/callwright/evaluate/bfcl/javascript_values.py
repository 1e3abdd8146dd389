"""What a string of JavaScript stands for, by its declared type, as BFCL's checker converts it.

Where a string does not look like a value of the type, it stays a string. The official pattern for lists of
lists can take exponential time; it is a single scan here, with the same results.

    >>> javascript_value("[1, 'two', true]", "array", "any"), javascript_value("{a: 1}", "dict")
    (['1', "'two'", 'true'], {'a': 1})
"""

from __future__ import annotations

import re
from typing import Any

from callwright.evaluate.bfcl.java_values import LONGEST_COLLECTION, number_or_text
from callwright.evaluate.bfcl.javascript import unquoted

JAVASCRIPT_TYPES: dict[str, type] = {
    "String": str, "any": str, "integer": int, "Bigint": int, "float": float, "Boolean": bool, "dict": dict,
    "array": list,
}  # fmt: skip
"""Declared types and what a right value is after conversion."""

_INTEGER = re.compile(r"^-?\d+$")
_FLOAT = re.compile(r"^-?\d+(\.\d+)?$")
_BIGINT = re.compile(r"^-?\d+n$")
_ARRAY = re.compile(r"\[(.*?)\]|\bnew\s+Array\((.*?)\)")
_OPENED = re.compile(r"(?:(\[)|new\s+Array\()\s*\[")
_NEXT = re.compile(r",\s*\[")
_INNER = re.compile(r"\[(.*?)\]")
_OBJECT = re.compile(r"\{(.*?)\}")
_PAIR = re.compile(r"([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)")


def javascript_value(text: str, kind: str, item: str = "") -> Any:
    """Return the value of `text` as a `kind`, of `item` if it is a list.

    Raises ValueError for an integer of thousands of digits and for an unknown type.
    """
    match kind:
        case "String":
            return unquoted(text)
        case "integer":
            return int(text) if _INTEGER.match(text) else text
        case "float":
            return float(text) if _FLOAT.match(text) else text
        case "Bigint":
            return int(text[:-1]) if _BIGINT.match(text) else text
        case "Boolean":
            return {"true": True, "false": False}.get(text, text)
        case "any":
            return text
        case "array" | "dict":
            code = text.strip()
            if len(code) > LONGEST_COLLECTION:
                return code
            return _object(code) if kind == "dict" else _array(code, item)
        case _:
            raise ValueError(f"no conversion to {kind}")


def _array(code: str, item: str) -> Any:
    try:
        end = _end_of_lists(code)
        if end:
            return _lists(code[:end])
        found = _ARRAY.match(code)
        if found is None:
            return code
        inside = (found[2] if found[1] is None else found[1]).strip()
        elements = [e.strip() for e in inside.split(",")] if inside else []
        return [javascript_value(e, item) if item else _guessed(e) for e in elements]
    except (ValueError, RecursionError):
        return code


def _end_of_lists(code: str) -> int:
    """Return where a list of lists ends that `code` begins with, 0 if it does not.

    An inner list ends at the first closing bracket that another one, or the end of the outer list, follows.
    """
    opened = _OPENED.match(code)
    if opened is None:
        return 0
    closing, at = "]" if opened[1] else ")", opened.end()
    while (close := code.find("]", at)) >= 0 and "\n" not in code[at:close]:
        after = len(code) - len(code[close + 1 :].lstrip())
        if code.startswith(closing, after):
            return after + 1
        another = _NEXT.match(code, after)
        at = another.end() if another else close + 1
    return 0


def _lists(code: str) -> list[list[Any]]:
    inner = [text.strip() for text in _INNER.findall(code)]
    # The first match begins with the outer bracket.
    inner[:1] = [text.removeprefix("[") for text in inner[:1]]
    return [[_guessed(element) for element in text.split(",")] for text in inner]


def _object(code: str) -> Any:
    found = _OBJECT.match(code)
    if code == "{}" or found is None:
        return {} if found else code
    try:
        pairs = _PAIR.findall(found[1]) if ":" in found[1] else []
        return {key.strip().strip("'\""): _member(value.strip()) for key, value in pairs}
    except RecursionError:
        return code


def _member(text: str) -> Any:
    if text.startswith("[") and text.endswith("]"):
        return javascript_value(text, "array")
    if text.startswith("{") and text.endswith("}"):
        return javascript_value(text, "dict")
    return _guessed(text.strip("'\""))


def _guessed(text: str) -> Any:
    """Return the value of `text` where no type is declared."""
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    bare = unquoted(text)
    return bare if bare != text else number_or_text(text)
