"""Read the answers of the format-sensitivity category: four formats, bare or between tags, as officially.

>>> decode_variant('<TOOLCALL>[area(base=10)]</TOOLCALL>', Variant(tagged=True))
[{'area': {'base': 10}}]
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any
from xml.etree import ElementTree

from callwright.evaluate.bfcl.decode import Calls, Undecodable, bracketed, decode_expression
from callwright.evaluate.bfcl.official_prompts import Variant

_TAGS = re.compile(r"<TOOLCALL>(.*?)</TOOLCALL>", re.DOTALL)
_FUNCTIONS = re.compile(r"<functions>(.*?)</functions>", re.DOTALL)
_LIST = re.compile(r"\[.*\]", re.DOTALL)
_OPENED = re.compile(r"\[\s*\{")
_END = re.compile(r"\s*\]")
_NEXT = re.compile(r"\s*,\s*\{")
_LITERALS = ("array", "tuple", "object", "dict")


def decode_variant(text: str, variant: Variant) -> Calls | Undecodable:
    """Return the calls in an answer to a prompt of `variant`, or why there are none; never raises."""
    text = bracketed(text)
    if variant.tagged:
        found = _TAGS.search(text)
        if found is None:
            return Undecodable("malformed", "no tags")
        text = found[1].strip()
    if variant.answers == "python":
        return decode_expression(text.strip().strip("'"))
    try:
        if variant.answers == "json":
            return _from_json(text)
        functions = _FUNCTIONS.search(text)
        if functions is None:
            return Undecodable("malformed", "no <functions>")
        return _from_xml(functions[0], verbose=variant.answers == "verbose_xml")
    except (
        ElementTree.ParseError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
        SyntaxError, TypeError, ValueError,
    ) as error:  # fmt: skip
        return Undecodable("malformed", f"{type(error).__name__}: {error}")


def _from_json(text: str) -> Calls:
    """Return the calls of a list of objects; broken JSON is an empty list, as officially, not a failure."""
    outer = _LIST.search(text)
    source = outer[0] if outer else text
    try:
        given: Any = json.loads(_list_of_objects(source))
    except json.JSONDecodeError:
        return []
    return [{each["function"]: each["parameters"]} for each in given if isinstance(each, dict)]


def _list_of_objects(source: str) -> str:
    """Return the first part of `source` that looks like a list of objects, else all of it.

    An object ends at the first closing brace that another object or the end of the list follows.
    """
    opened = _OPENED.search(source)
    if opened is None:
        return source
    at = opened.end()
    while (close := source.find("}", at)) >= 0:
        if ended := _END.match(source, close + 1):
            return source[opened.start() : ended.end()]
        another = _NEXT.match(source, close + 1)
        at = another.end() if another else close + 1
    return source


def _from_xml(source: str, *, verbose: bool) -> Calls:
    calls: Calls = []
    for function in ElementTree.fromstring(source).findall("function"):
        name = function.attrib["name"]
        calls.append({name: _verbose(function) if verbose else _concise(function)})
    return calls


def _verbose(function: ElementTree.Element) -> dict[Any, Any]:
    inside = function.find("params")
    return {
        each.attrib.get("name"): _converted(each.attrib.get("value", ""), each.attrib.get("type", "string"))
        for each in (function if inside is None else inside).findall("param")
    }


def _concise(function: ElementTree.Element) -> dict[Any, Any]:
    return {
        each.attrib["name"]: _converted((each.text or "").strip(), each.attrib.get("type", "string"))
        for each in function.findall("param")
    }


def _converted(text: str, kind: str) -> Any:
    if kind == "integer":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "boolean":
        return text.lower() == "true"
    if kind == "null":
        return None
    return ast.literal_eval(text) if kind in _LITERALS else text
