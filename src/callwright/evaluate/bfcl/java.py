"""Decode a Java call, ``name(argument=value, …)``, into a name and arguments as strings.

Arguments stay strings here: the checker converts them by declared type (see `java_values`). The quirks are
kept: of several calls only the first is read; a string loses its quotes, but not inside an array or a
constructor; a constructor loses its body, so that a HashMap filled in double braces becomes an empty one.

    >>> decode_java('[Cache.put(key="a", seconds=5L)]')      # doctest: +SKIP
    [{'Cache.put': {'key': 'a', 'seconds': '5L'}}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.evaluate.bfcl.decode import Calls, Undecodable, bracketed
from callwright.evaluate.bfcl.syntax_tree import parse

if TYPE_CHECKING:
    from tree_sitter import Node

_QUOTED = ("string_literal", "character_literal")
_VERBATIM = ("identifier", "class_literal", "type_identifier", "method_invocation")
_POSITIONAL = ("identifier", "class_literal")


def decode_java(text: str, *, verbatim: bool = False) -> Calls | Undecodable:
    """Return the first call in `text`, or why there is none. Raises only ExtraMissing.

    With `verbatim`, unlike the official code, values keep their text whole, bodies of constructors included.
    """
    source = bracketed(text)[1:-1]
    try:
        root = parse(source.encode(), "java")
        if root is None:
            return Undecodable("not-java")
        invocation = _first_invocation(root)
        return Undecodable("no-call") if invocation is None else [_call(invocation, source, verbatim)]
    except UnicodeEncodeError as error:  # a lone surrogate
        return Undecodable("not-java", str(error))
    except RecursionError:
        return Undecodable("too-deep")
    except _Unreadable as error:
        return Undecodable("not-a-literal", str(error))


class _Unreadable(Exception):
    pass


def _first_invocation(root: Node) -> Node | None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == "method_invocation":
            return node
        waiting += reversed(node.children)
    return None


def _text(node: Node, source: str) -> str:
    # Byte offsets into a string of characters: after a letter beyond ASCII all is shifted, there as here.
    return source[node.start_byte : node.end_byte]


def _field(node: Node, name: str) -> Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise _Unreadable(f"{node.type} without {name}")
    return found


def _call(node: Node, source: str, verbatim: bool) -> dict[str, dict[str | None, str]]:
    name = _text(_field(node, "name"), source)
    of = node.child_by_field_name("object")
    full = name if of is None else f"{_text(of, source)}.{name}"
    return {full: _arguments(_field(node, "arguments"), source, verbatim)}


def _arguments(node: Node, source: str, verbatim: bool) -> dict[str | None, str]:
    arguments: dict[str | None, str] = {}
    for child in node.children:
        if child.type == "assignment_expression":
            name: str | None = _text(child.children[0], source)
            given = child.children[2]
            kept = verbatim and given.type not in _QUOTED
            value = _text(given, source) if kept else _value(given, source)
        elif child.type in _POSITIONAL:
            name, value = None, _value(child, source)
        else:
            continue
        if name in arguments:
            raise _Unreadable(f"{name} is given twice")
        arguments[name] = value
    return arguments


def _value(node: Node, source: str, nested: bool = False) -> str:
    """Return a value as the official decoder writes it: put together from parts, most space left out."""
    kind = node.type
    if kind in _QUOTED:
        text = _text(node, source)
        return text if nested else text[1:-1]
    if kind in _VERBATIM:
        return _text(node, source)
    if kind == "array_creation_expression":
        item, values = _field(node, "type"), _field(node, "value")
        return f"new {_value(item, source, True)}[]{_value(values, source, True)}"
    if kind == "object_creation_expression":
        return f"new {_value(_field(node, 'type'), source, True)}({_constructed_with(node, source)})"
    if node.child_count > 0:
        return "".join(_value(child, source, True) for child in node.children)
    return _text(node, source)


def _constructed_with(node: Node, source: str) -> str:
    arguments = node.child_by_field_name("arguments")
    given = arguments.children if arguments is not None else []
    return ", ".join(_value(child, source, True) for child in given if child.type not in (",", "(", ")"))
