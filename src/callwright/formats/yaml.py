"""Calls as a YAML list, each with name and arguments, closed by the end mark `...`.

    >>> parse('- name: add\\n  arguments:\\n    a: 1\\n...').calls[0].arguments
    {'a': 1}

What a plain scalar means is decided as in JSON: `true`, `false`, `null` and numbers are values, everything
else is a string; `no` and `12:30` are strings, too. Anchors, tags and several documents are malformed.
Without the end mark a text that was cut would be whole.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from callwright.formats.reply import Format, Malformed
from callwright.formats.scan import Scanner
from callwright.formats.strict_json import MAX_DEPTH, as_calls, flaw, quote
from callwright.formats.text_or_calls import EitherOr
from callwright.record import Json, ToolCall

END = "..."
_END = re.compile(r"^\.\.\.[ \t]*\r?$", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z_](?:[\w .,/+@()-]*[\w)])?", re.ASCII)
_VALUES: dict[str, Json] = {"null": None, "~": None, "true": True, "false": False}
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING, _SEQUENCE, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n".join([*(_call(call) for call in calls), END])


def _call(call: ToolCall) -> str:
    return f"- name: {_scalar(call.name)}\n  arguments:{_nested(call.arguments, 4)}"


def _nested(value: Json, indent: int) -> str:
    """Return a value behind a colon or a dash, with the blank or the line break before it."""
    if isinstance(value, dict) and value:
        lines = (
            f"{' ' * indent}{_key(key, indent)}:{_nested(item, indent + 2)}" for key, item in value.items()
        )
    elif isinstance(value, list) and value:
        lines = (f"{' ' * indent}-{_nested(item, indent + 2)}" for item in value)
    else:
        return f" {_scalar(value)}"
    return "\n" + "\n".join(lines)


def _key(key: str, indent: int) -> str:
    """Return a key; PyYAML reads no long one without a question mark."""
    written = _text(key)
    return written if len(written) < _LONG else f"? {written}\n{' ' * indent}"


_LONG = 1000


def _scalar(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    # YAML has all escapes of JSON.
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quote(value))


class _Loader(yaml.BaseLoader):  # type: ignore[misc]  # PyYAML is untyped
    """Composes a tree; what a scalar means is decided here, not by YAML 1.1."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse what makes a graph of the tree."""
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError("anchors are not read")
        return super().compose_node(parent, index)


def _read(scanner: Scanner) -> tuple[ToolCall, ...]:
    end = _END.search(scanner.text, scanner.position)
    if end is None:
        scanner.fail("the end mark ... is missing", len(scanner.text))
    start = scanner.text.rfind("\n", 0, scanner.position) + 1
    try:
        value = _value(_composed(scanner.text[start : end.start()]), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        scanner.fail(f"no YAML: {error.problem}", start + (mark.index if mark else 0))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        scanner.fail(str(error) if isinstance(error, ValueError) else "no YAML that is read", start)
    calls = as_calls(value, start)
    if isinstance(calls, Malformed):
        scanner.fail(calls.reason, calls.position)
    scanner.position = end.end()
    return calls


def _composed(text: str) -> yaml.Node:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _value(node: yaml.Node | None, depth: int) -> Json:
    if depth > MAX_DEPTH + 1:  # list and call are not counted
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
        return [_value(item, depth + 1) for item in node.value]
    if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
        return _mapping(node, depth)
    if not isinstance(node, yaml.ScalarNode) or node.tag != _STRING:
        raise ValueError("tags are not read")
    text: str = node.value
    if node.style is not None:
        return text
    if text in _VALUES:
        return _VALUES[text]
    if _INTEGER.fullmatch(text):
        return _number(int(text)) if len(text) < _DIGITS else _too_long()
    return _number(float(text)) if _FLOAT.fullmatch(text) else text


_DIGITS = 4000


def _too_long() -> NoReturn:
    raise ValueError("a number has too many digits")


def _number(value: int | float) -> int | float:
    if reason := flaw(value):
        raise ValueError(reason)
    return value


def _mapping(node: yaml.MappingNode, depth: int) -> dict[str, Json]:
    items: dict[str, Json] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != _STRING:
            raise ValueError("a key is no text")
        if key.value in items:
            raise ValueError("an object names a key twice")
        items[key.value] = _value(value, depth + 1)
    return items


_YAML = EitherOr("- name:", r"(?=[ \t])", _written, _read)
render, parse = _YAML.render, _YAML.parse

YAML = Format(
    name="yaml",
    instruction=(
        "Call tools as a YAML list of items with name and arguments, closed by a line with three dots. "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_YAML.begun,
)
