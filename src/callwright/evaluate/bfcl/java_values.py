"""What a string of Java stands for, by its declared type, as BFCL's checker converts it.

Where a string does not look like a value of the type, it stays a string. Patterns of the official converter
that can take exponential time are written out as scans here; the results are the same.

    >>> java_value("5L", "long"), java_value("5", "long"), java_value("new int[]{1, 2}", "Array", "integer")
    (5, '5', [1, 2])
"""

from __future__ import annotations

import re
from typing import Any

JAVA_TYPES: dict[str, type] = {
    "byte": int, "short": int, "integer": int, "long": int, "float": float, "double": float, "boolean": bool,
    "char": str, "String": str, "any": str, "Array": list, "ArrayList": list, "Queue": list, "Stack": list,
    "HashMap": dict, "Hashtable": dict, "Set": set,
}  # fmt: skip
"""Declared types and what a right value is after conversion."""
LONGEST_COLLECTION = 2000
"""Characters of a collection that are still converted, ten times what an answer needs. A longer string stays
one: some patterns need quadratic time, and a scorer must not hang."""

_INTEGER = re.compile(r"^-?\d+$")
_LONG = re.compile(r"^-?\d+[lL]$")
_DOUBLE = re.compile(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$")
_FLOAT = re.compile(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]$")
_FLOAT_MARK = re.compile(r"[fF]$")
_LONG_MARK = re.compile(r"[lL]$")
_ARRAY = re.compile(r"new\s+\w+\[\]\s*\{(.*?)\}")
_AS_LIST = re.compile(r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)")
_FILLED_LIST = re.compile(r"new\s+ArrayList<\w*>\(\)\s*\{\{")
_ADD = re.compile(r"add\((.+?)\)")
_EMPTY_LIST = re.compile(r"new\s+ArrayList<\w*>\(\)")
_FILLED_MAP = re.compile(r"new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*", re.DOTALL)
_EMPTY_MAP = re.compile(r"new\s+HashMap<.*?>\s*\(\)")
_PUT = re.compile(r"put\(\"(.*?)\",\s*(.*?)\)")


def java_value(text: str, kind: str, item: str = "") -> Any:
    """Return the value of `text` as a `kind`, of `item` if it is a list.

    Raises ValueError for an integer of thousands of digits and for types that the official converter lacks.
    """
    match kind:
        case "byte" | "short" | "integer":
            return int(text) if _INTEGER.match(text) else text
        case "long":
            return int(_LONG_MARK.sub("", text)) if _LONG.match(text) else text
        case "float":
            return float(_FLOAT_MARK.sub("", text)) if _FLOAT.match(text) else text
        case "double":
            return float(text) if _DOUBLE.match(text) else text
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "char" | "String" | "any":
            return text
        case "Array" | "ArrayList" | "HashMap":
            return text if len(text) > LONGEST_COLLECTION else _collection(text, kind, item)
        case _:
            raise ValueError(f"no conversion to {kind}")


def _collection(text: str, kind: str, item: str) -> Any:
    if kind == "HashMap":
        return _map(text)
    if kind == "Array":
        found = _ARRAY.search(text)
        return text if found is None else [_element(e, item) for e in _parts(found[1]) if e]
    return _list(text, item)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _element(text: str, item: str) -> Any:
    return java_value(text, item) if item else _guessed(text)


def _list(text: str, item: str) -> Any:
    found = _AS_LIST.search(text)
    written = _parts(found[1]) if found else _added(text)
    if written is None:
        return [] if _EMPTY_LIST.search(text) else text
    # Strings and characters lose their first and last character, whatever it is.
    return [e[1:-1] if item in ("char", "String") else _element(e, item) for e in written]


def _added(text: str) -> list[str] | None:
    """Return what is added between the double braces, None where there are none.

    The braces hold at least one character; it may be the last of the spaces that would else be skipped.
    """
    found = _FILLED_LIST.search(text)
    while found:
        start = _after_spaces(text, found.end())
        end = text.find("}}", start + 1)
        if end < 0 and start > found.end() and text.startswith("}}", start):
            start, end = start - 1, start
        if end >= 0:
            body = text[start : max(start + 1, len(text[:end].rstrip()))]
            return [added.strip() for added in _ADD.findall(body)]
        found = _FILLED_LIST.search(text, found.start() + 1)
    return None


def _after_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _map(text: str) -> Any:
    """Return the entries between single or double braces."""
    found = _FILLED_MAP.search(text, 0, text.rfind("}") + 1)
    if found:
        body = text[found.end() : text.index("}", found.end())]
        # Without the last bracket nothing is put, and looking for it again and again would take long.
        puts = _PUT.findall(body[: body.rfind(")") + 1])
        return {key: _guessed(value.strip()) for key, value in puts}
    return {} if _EMPTY_MAP.search(text) else text


def _guessed(text: str) -> Any:
    """Return the value of `text` where no type is declared."""
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"') and text.endswith('"'):
        return text[1:-1]
    if _LONG.match(text):
        return int(text[:-1])
    if _FLOAT.match(text):
        return float(_FLOAT_MARK.sub("", text))
    return number_or_text(text)


def number_or_text(text: str) -> Any:
    """Return the number that Python reads in `text`, else `text`."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return text
