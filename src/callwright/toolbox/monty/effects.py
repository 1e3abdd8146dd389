"""Functions that change nothing but what they made themselves.

Such a function leaves no trace: not in its arguments, not in a table of the module. Nor does it matter then
when the items of an iterator are made, which Monty does at once and CPython one by one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from callwright.toolbox.monty.syntax import CHANGING, SETS, Syntax
from callwright.toolbox.monty.types import Unfit
from callwright.toolbox.monty.values import New, bindings, own_nodes, stored_names

_FIRST_STORED = {"append": 0, "extend": 0, "update": 0, "add": 0, "insert": 1, "setdefault": 1}
"""Methods that store arguments, from this one on."""
_IN_PLACE = ast.Add | ast.Mult | ast.BitOr | ast.BitAnd | ast.BitXor
_NESTED = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class _Effect(NamedTuple):
    """A change in place: of which name's object, how many steps inside of it, and what gets stored.

    For ``x += y`` the node is an AugAssign; it is a change only if x is a list.
    """

    node: ast.AST
    name: str
    depth: int
    stored: tuple[ast.expr, ...] = ()
    """Where the depth is 1: values that become parts of the object."""


def check(
    function: ast.FunctionDef, syntax: Syntax, parents: Mapping[ast.AST, ast.AST], own: set[str]
) -> list[ast.AugAssign]:
    """Raise Unfit if the function may change what is not its own, or what an iterator reads.

    Returns the statements like ``total += price`` that would do so if their name stood for a list.
    """
    sums = check_changes(function, syntax, parents, own)
    _check_loops(function, syntax, parents, own)
    _check_sets(function, syntax, parents, own)
    return sums


def check_changes(
    function: ast.FunctionDef, syntax: Syntax, parents: Mapping[ast.AST, ast.AST], own: set[str]
) -> list[ast.AugAssign]:
    """Raise Unfit if the function may change what is not its own; returns what `check` does."""
    names = bindings(function)
    new = New(syntax, own, names)
    effects = list(_effects(function, parents))
    sums: list[ast.AugAssign] = []
    for effect in effects:
        values = names.values.get(effect.name, [])
        is_own = effect.name not in names.other and all(map(new.is_new, values))
        if isinstance(effect.node, ast.AugAssign):
            if _is_in_place(effect.node) and not is_own:
                sums.append(effect.node)
            continue
        if not values or not is_own:
            raise Unfit(f"changes {effect.name} in place (line {_line(effect.node)})")
        if effect.depth > 1:
            inside = [e for other in effects if other.name == effect.name for e in other.stored]
            if effect.depth > 2 or not all(map(new.is_new_throughout, [*values, *inside])):
                raise Unfit(f"changes what is inside of {effect.name} (line {_line(effect.node)})")
    return sums


def is_set_use(node: ast.AST, syntax: Syntax, parents: Mapping[ast.AST, ast.AST], own: set[str]) -> bool:
    """Tell whether a name that holds a set stands where the order of the set can not show."""
    parent = parents[node]
    if isinstance(parent, ast.Attribute):
        return parent.attr in ("add", "discard", "remove")
    if isinstance(parent, ast.If | ast.While | ast.IfExp):
        return parent.test is node
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    return not isinstance(parent, ast.Assign) and syntax.is_unordered_use(node, own)


def _effects(function: ast.FunctionDef, parents: Mapping[ast.AST, ast.AST]) -> Iterator[_Effect]:
    for node in own_nodes(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            if _is_nested(node, parents):
                raise Unfit(f".{node.func.attr}() inside of an expression (line {node.lineno})")
            first = _FIRST_STORED.get(node.func.attr, len(node.args))
            yield _effect(node, node.func.value, (*node.args[first:], *(k.value for k in node.keywords)))
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            parent = parents[node]
            effect = _effect(node, node.value, (parent.value if isinstance(parent, ast.Assign) else node,))
            if isinstance(parent, ast.AugAssign):
                effect = effect._replace(depth=effect.depth + _is_in_place(parent), stored=())
            yield effect
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield _Effect(node, node.target.id, 1, (node.value,))


def _effect(node: ast.AST, changed: ast.expr, stored: tuple[ast.expr, ...]) -> _Effect:
    depth = 1
    while not isinstance(changed, ast.Name):
        if isinstance(changed, ast.Subscript):
            changed = changed.value
        elif isinstance(changed, ast.Call) and isinstance(changed.func, ast.Attribute):
            if changed.func.attr not in ("get", "setdefault"):
                raise Unfit(f"changes the result of .{changed.func.attr}() (line {_line(node)})")
            changed = changed.func.value
        else:
            raise Unfit(f"changes what has no name (line {_line(node)})")
        depth += 1
    return _Effect(node, changed.id, depth, stored if depth == 1 else ())


def sources(
    start: set[str],
    function: ast.FunctionDef,
    syntax: Syntax,
    parents: Mapping[ast.AST, ast.AST],
    own: set[str],
    *,
    with_sums: bool = True,
) -> set[str]:
    """Return the names whose objects these names of a function may stand for.

    A container that something was put into stands for that, too, because it may be taken out again. What
    ``+=`` put into it counts only `with_sums`.
    """
    names = bindings(function)
    new = New(syntax, own, names)
    into: dict[str, list[ast.AST]] = {}
    for effect in _effects(function, parents):
        if with_sums or not isinstance(effect.node, ast.AugAssign):
            into.setdefault(effect.name, []).append(effect.node)
    for node in own_nodes(function):
        if isinstance(node, ast.For):
            pairs = [(node.target, node.iter)]
        elif isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets if not new.is_new_throughout(node.value)]
        else:
            continue
        for target, value in pairs:
            for name in _mentioned(target):
                into.setdefault(name, []).append(value)
    found, todo = set[str](), list(start)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [n for value in into.get(name, ()) for n in _mentioned(value)]
    return found


def _check_loops(
    function: ast.FunctionDef, syntax: Syntax, parents: Mapping[ast.AST, ast.AST], own: set[str]
) -> None:
    """Raise Unfit for a loop whose body may change what the loop reads bit by bit."""
    new = New(syntax, own, bindings(function))
    effects = list(_effects(function, parents))
    for loop in own_nodes(function):
        if not isinstance(loop, ast.For) or not new.is_lazy(loop.iter):
            continue
        inside = [node for statement in loop.body for node in ast.walk(statement)]
        places = set(map(id, inside))
        changed = {effect.name for effect in effects if id(effect.node) in places}
        late = [n for n in ast.walk(loop.iter) if isinstance(n, ast.GeneratorExp | ast.Lambda)]
        if (
            changed & sources(_mentioned(loop.iter), function, syntax, parents, own)
            or stored_names([loop.target, *inside]) & {n for part in late for n in _mentioned(part)}
        ):  # fmt: skip
            raise Unfit(f"a loop that changes what it reads (line {loop.lineno})")


def _check_sets(
    function: ast.FunctionDef, syntax: Syntax, parents: Mapping[ast.AST, ast.AST], own: set[str]
) -> None:
    names = bindings(function)
    sets = {
        name for name, values in names.values.items() if any(is_set(value, syntax, own) for value in values)
    }
    for node in own_nodes(function):
        used = isinstance(node, ast.Name) and node.id in sets and isinstance(node.ctx, ast.Load)
        if used and not is_set_use(node, syntax, parents, own):
            raise Unfit(f"a set whose order may show (line {_line(node)})")


def is_set(value: ast.expr, syntax: Syntax, own: set[str]) -> bool:
    """Tell whether an expression is plainly a set."""
    if isinstance(value, ast.Call):
        return syntax.is_builtin(value.func, SETS, own)
    return isinstance(value, ast.Set | ast.SetComp)


def _is_nested(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    while isinstance(node, ast.expr | ast.keyword | ast.comprehension):
        node = parents[node]
        if isinstance(node, _NESTED):
            return True
    return False


def _is_in_place(node: ast.AugAssign) -> bool:
    """Tell whether the statement would change a list; adding a number to one is an error."""
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    if type(value) is float or (type(value) is int and isinstance(node.op, ast.Add)):
        return False
    return isinstance(node.op, _IN_PLACE)


def _mentioned(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _line(node: ast.AST) -> int:
    line: int = getattr(node, "lineno", 0)
    return line
