"""The syntax tree of a piece of Java or JavaScript, by tree-sitter.

The official decoder pins the 0.21 releases of tree-sitter and of both grammars; later ones give the same.
Nothing is imported before the first parse, so that scoring Python categories needs no extra.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Literal

from callwright.errors import ExtraMissing

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

Grammar = Literal["java", "javascript"]


def parse(source: bytes, grammar: Grammar) -> Node | None:
    """Return the root of the tree, None where a part of `source` is no code at all.

    Raises ExtraMissing without tree-sitter. A token that is merely absent is no error here, nor is it there.
    """
    root = _parser(grammar).parse(source).root_node
    return None if root.has_error and _holds_error(root) else root


@cache
def _parser(grammar: Grammar) -> Parser:
    try:
        from tree_sitter import Language, Parser

        language = importlib.import_module(f"tree_sitter_{grammar}").language()
    except ImportError as error:
        raise ExtraMissing(
            "BFCL's Java and JavaScript texts need tree-sitter",
            got=str(error),
            hint="pip install 'callwright[bfcl]', or leave simple_java and simple_javascript out",
        ) from None
    return Parser(Language(language))


def _holds_error(root: Node) -> bool:
    """Tell whether an error node is in the tree; without recursion, which a deep text would exhaust."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error:
            return True
        waiting += [child for child in node.children if child.has_error]
    return False
