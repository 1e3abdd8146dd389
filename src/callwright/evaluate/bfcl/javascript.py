"""Decode a JavaScript call, ``name(argument=value, …)``, into a name and arguments as strings.

Like the official decoder: the first statement that is a call is read, arguments keep their text but for the
quotes around a string, and the checker converts them by declared type (see `javascript_values`).

    >>> decode_javascript("[resize(width=300, unit='px')]")      # doctest: +SKIP
    [{'resize': {'width': '300', 'unit': 'px'}}]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from callwright.evaluate.bfcl.decode import Calls, Undecodable, bracketed
from callwright.evaluate.bfcl.syntax_tree import parse

if TYPE_CHECKING:
    from tree_sitter import Node

_POSITIONAL = ("identifier", "true")


def decode_javascript(text: str) -> Calls | Undecodable:
    """Return the first call in `text`, or why there is none. Raises only ExtraMissing."""
    try:
        root = parse(bracketed(text)[1:-1].encode(), "javascript")
    except UnicodeEncodeError as error:  # a lone surrogate
        return Undecodable("not-javascript", str(error))
    if root is None:
        return Undecodable("not-javascript")
    call = next(_calls(root), None)
    if call is None:
        return Undecodable("no-call")
    arguments: dict[str | None, str] = {}
    for name, value in _arguments(call.children[1]):
        if name in arguments:
            return Undecodable("not-a-literal", f"{name} is given twice")
        arguments[name] = value
    return [{_text(call.children[0]): arguments}]


def _calls(root: Node) -> Iterator[Node]:
    for statement in root.children:
        if statement.type == "expression_statement":
            yield from (part for part in statement.children if part.type == "call_expression")


def _arguments(node: Node) -> Iterator[tuple[str | None, str]]:
    for child in node.children:
        if child.type == "assignment_expression":
            yield _text(child.children[0]), unquoted(_text(child.children[2]))
        elif child.type in _POSITIONAL:
            yield None, _text(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def unquoted(text: str) -> str:
    """Return `text` without the quotes around it, if both ends have the same."""
    quoted = (text.startswith('"') and text.endswith('"')) or (text.startswith("'") and text.endswith("'"))
    return text[1:-1] if quoted else text
