"""The examples in the docstrings of a tools file: calls with plain values, and what they are said to return.

Nothing is evaluated: of ``>>> split_bill(84.5, people=4)`` the name and the literals are read, and what is no
such call is no example. Calls of methods go on from those above them in their docstring.
"""

from __future__ import annotations

import ast
import doctest
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from callwright.record import Json, ToolCall
from callwright.toolbox.python import Toolbox, unchanged_source

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Example(NamedTuple):
    """A call that a tool is documented with."""

    arguments: dict[str, Json]
    told: bool = False
    """Whether its result is told."""
    result: Json = None
    place: str = "schema"
    """Where it stands: ``line 12``."""
    before: tuple[ToolCall, ...] = ()
    """Calls that come first, because they change the state that this one finds."""


def doctests(box: Toolbox) -> dict[str, tuple[Example, ...]]:
    """Return the examples of a tools file by tool; raises ToolsError if the file changed since its import."""
    body = ast.parse(unchanged_source(box)).body
    functions = {node.name: node for node in body if isinstance(node, Function)}
    methods = {
        node.name: node
        for owner in body if isinstance(owner, ast.ClassDef) and owner.name in box.classes
        for node in owner.body if isinstance(node, Function)
    }  # fmt: skip
    names = {tool.name for tool in box.tools}
    found = {name: tuple(_examples(node, functions, False)) for name, node in functions.items()}
    found |= {name: tuple(_examples(node, methods, True)) for name, node in methods.items()}
    return {name: examples for name, examples in found.items() if examples and name in names}


def _examples(node: Function, known: Mapping[str, Function], stateful: bool) -> Iterator[Example]:
    text = ast.get_docstring(node, clean=False)
    if not text or ">>>" not in text:
        return
    try:
        parts = doctest.DocTestParser().get_examples(text)
    except ValueError:  # prompts without a blank, and the like
        return
    before: tuple[ToolCall, ...] = ()
    for part in parts:
        statement = _statement(part.source)
        call = _call(statement, known)
        if call is not None and call.name == node.name:
            told, result = _literal(part.want.strip()) if part.want and not part.exc_msg else (False, None)
            yield Example(
                call.arguments or {}, told, result, f"line {node.body[0].lineno + part.lineno}", before
            )
        if not stateful:
            continue
        if call is not None:
            before = (*before, call)
        elif not isinstance(statement, ast.Assign):  # something happens that can not be repeated
            return


def _statement(source: str) -> ast.stmt | None:
    try:
        body = ast.parse(source.strip()).body
    except SyntaxError:
        return None
    return body[0] if len(body) == 1 else None


def _call(statement: ast.stmt | None, known: Mapping[str, Function]) -> ToolCall | None:
    """Return the call that a statement is, if it is one of a known function with plain values."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or (node := known.get(_called(call.func))) is None:
        return None
    names = [a.arg for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")]
    if len(call.args) > len(names):
        return None
    pairs = [*zip(names, call.args, strict=False), *((k.arg or "", k.value) for k in call.keywords)]
    arguments: dict[str, Json] = {}
    for name, value in pairs:
        is_plain, arguments[name] = _literal(ast.unparse(value))
        if not is_plain or not name:
            return None
    return ToolCall(name=node.name, arguments=arguments)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literal(text: str) -> tuple[bool, Json]:
    """Return whether a text is a literal that JSON can hold, and its value as JSON has it."""
    try:
        return True, json.loads(json.dumps(ast.literal_eval(text), allow_nan=False))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False, None
