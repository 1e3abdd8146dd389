"""The statements of a tools file: what they bind and import, and their text as Monty gets it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from callwright.toolbox.monty.syntax import IMPORTS, MODULES
from callwright.toolbox.monty.types import Unfit

GUARD = "__callwright_{}"
"""Names of the functions that stand for ``+=`` and its like; they refuse to change a list."""
SUBSTITUTES = {"zlib": "binascii"}
"""Monty lacks these modules, and has the functions used here in others."""
_BACK_DOORS = {
    "__import__", "builtins", "compile", "ctypes", "delattr", "eval", "exec", "gc", "globals", "importlib",
    "inspect", "locals", "setattr", "sys", "vars",
}  # fmt: skip
"""By these code can get at a name of the module without naming it."""
_OPEN_DOORS = {"__init__", "__post_init__", "__name__", "__doc__", "__str__", "__repr__"}
"""By these it can not."""


class Stripped(ast.NodeTransformer):
    """Takes out annotations and docstrings, which have no part in what a function returns."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None or not isinstance(node.target, ast.Name):
            return node  # a bare declaration has an effect: it makes the name local
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.copy_location(ast.Pass(), node) if isinstance(node.value, ast.Constant) else node


class Guarded(ast.NodeTransformer):
    """Writes ``x = __callwright_add(x, y)`` for ``x += y`` where x might be a list that others see."""

    def __init__(self, unsafe: list[ast.AugAssign]) -> None:
        self._unsafe = {(node.lineno, node.col_offset) for node in unsafe}

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if (node.lineno, node.col_offset) not in self._unsafe or not isinstance(node.target, ast.Name):
            return node
        guard = ast.Name(GUARD.format(type(node.op).__name__.lower()), ast.Load())
        value = ast.Call(guard, [ast.Name(node.target.id, ast.Load()), node.value], [])
        return ast.copy_location(ast.Assign([node.target], value), node)


def unparsed(statement: ast.stmt) -> str:
    """Return the source of a statement; raises Unfit if that would not read as the same."""
    try:
        text = ast.unparse(statement)
    except ValueError as error:  # an f-string that this Python can not write
        raise Unfit(str(error)) from None
    if ast.dump(ast.parse(text).body[0]) != ast.dump(statement):
        raise Unfit("source that can not be written again")
    return text


def is_main(statement: ast.stmt) -> bool:
    """Tell whether a statement is ``if __name__ == "__main__":``, which an import leaves out."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    return ast.unparse(statement.test) == "__name__ == '__main__'"


def binds(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of the module binds; those that it rebinds later are yielded twice."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Global):
            yield from (*node.names, *node.names)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    parts: list[ast.AST] = [statement]
    if isinstance(statement, ast.Assign) and not any(
        isinstance(n, ast.NamedExpr) for n in ast.walk(statement)
    ):
        parts = list(statement.targets)  # what a comprehension in the value binds is its own
    for node in (node for part in parts for node in ast.walk(part)):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def imports(statement: ast.stmt) -> dict[str, str]:
    """Return what an import binds: name → dotted name of what it stands for."""
    if isinstance(statement, ast.Import):
        parts = [(a.asname, a.name, a.name.partition(".")[0]) for a in statement.names]
        return {asname or first: whole if asname else first for asname, whole, first in parts}
    if isinstance(statement, ast.ImportFrom) and not statement.level:
        return {a.asname or a.name: f"{statement.module}.{a.name}" for a in statement.names}
    return {}


def import_text(statement: ast.Import | ast.ImportFrom) -> str:
    """Return the part of an import that Monty can do."""
    lines = []
    for name, dotted in imports(statement).items():
        module, _, attribute = dotted.partition(".")
        module = SUBSTITUTES.get(module, module)
        if dotted in MODULES:
            lines.append(f"import {module} as {name}")
        elif dotted in IMPORTS:
            lines.append(f"from {module} import {attribute} as {name}")
    return "\n".join(lines)


def own_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that are bound inside of a function or an expression, on whatever level."""
    own = {n.arg for n in nodes if isinstance(n, ast.arg)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return own | {n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}


def function_level(statement: ast.stmt) -> set[str]:
    """Return the names that are local to the whole of a function."""
    if not isinstance(statement, ast.FunctionDef):
        return set()
    arguments = statement.args
    found = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    found |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
    todo: list[ast.AST] = list(statement.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        if not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            todo += ast.iter_child_nodes(node)
    return found


def is_lasting(value: ast.expr) -> bool:
    """Tell whether a value can not be changed, nor anything in it."""
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.Lambda():
            return True
        case ast.Tuple(elts=items):
            return all(map(is_lasting, items))
        case ast.UnaryOp(operand=operand):
            return is_lasting(operand)
        case ast.BinOp(left=left, right=right):
            return is_lasting(left) and is_lasting(right)
    return False


def is_back_door(node: ast.AST) -> bool:
    """Tell whether a node may lead to a name of the module without naming it."""
    if isinstance(node, ast.Name):
        return node.id in _BACK_DOORS
    if isinstance(node, ast.alias):
        return node.name.partition(".")[0] in _BACK_DOORS
    return isinstance(node, ast.Attribute) and node.attr.startswith("__") and node.attr not in _OPEN_DOORS
