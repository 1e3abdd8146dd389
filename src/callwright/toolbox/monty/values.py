"""What the names of a function are bound to, and which values are its own.

A value is a function's own if it made it, or if it can not be changed at all.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from callwright.toolbox.monty.syntax import CHANGING, COPIES, LAZY, METHODS, SCALARS, SETS, Syntax

_NEW = METHODS - CHANGING - {"get", "items", "keys", "values"}
"""Methods whose result is a new object, or one that can not be changed."""


@dataclass
class Names:
    """What the names of one function are bound to."""

    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    """By plain assignment."""
    other: set[str] = field(default_factory=set)
    """Names also bound in another way: a parameter, a loop, unpacking, two targets at once."""


def bindings(function: ast.FunctionDef) -> Names:
    """Return what the names of a function are bound to."""
    names = Names(
        other={argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    )
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            pairs = _pairs(node)
            if pairs is not None:
                for name, value in pairs:
                    names.values.setdefault(name, []).append(value)
                continue
            targets: list[ast.AST] = list(node.targets)
        elif isinstance(node, ast.For):
            targets = [node.target]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.other.add(node.name)
            continue
        else:
            continue
        names.other |= stored_names(n for target in targets for n in ast.walk(target))
    return names


def _pairs(node: ast.Assign) -> list[tuple[str, ast.expr]] | None:
    """Return which name gets which value, if each name has a value of its own: ``x = 1``, ``x, y = 1, 2``."""
    target, value = node.targets[0], node.value
    targets, values = [target], [value]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        targets, values = target.elts, value.elts
    names = [t.id for t in targets if isinstance(t, ast.Name)]
    if len(node.targets) > 1 or not len(names) == len(targets) == len(values):
        return None
    return None if any(isinstance(v, ast.Starred) for v in values) else list(zip(names, values, strict=True))


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield all nodes of a function's body."""
    for statement in function.body:
        yield from ast.walk(statement)


class New:
    """Tells which expressions make a new object."""

    def __init__(self, syntax: Syntax, own: set[str], names: Names) -> None:
        self._syntax = syntax
        self._own = own
        self._names = names

    def is_new(self, node: ast.expr) -> bool:
        """Tell whether the value is new, or can not be changed; its parts may be old."""
        if self._layers(node) == 0:
            return True
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.BinOp() | ast.UnaryOp() | ast.Compare():
                return True
            case ast.List() | ast.Dict() | ast.ListComp() | ast.DictComp() | ast.Set() | ast.SetComp():
                return True
            case ast.Subscript(slice=ast.Slice()):
                return True
            case ast.IfExp(body=body, orelse=other):
                return self.is_new(body) and self.is_new(other)
            case ast.Call(func=ast.Attribute(attr=method) as function):
                dotted = self._syntax.dotted(function, self._own)
                return self._is_new_import(dotted) if dotted else method in _NEW
            case ast.Call(func=function):
                if self._syntax.is_builtin(
                    function, COPIES | SCALARS | SETS | {"range", "divmod"}, self._own
                ):
                    return True
                if self._syntax.is_builtin(function, {"sum"}, self._own):
                    return len(node.args) == 1 and not node.keywords  # with a start it may be the start
                return self._is_new_import(self._syntax.dotted(function, self._own))
        return False

    def _layers(self, node: ast.expr, steps: int = 0) -> int | None:
        """Return how many containers inside of each other a value may be; 0 for what can not be changed.

        Known is what comes out of a table that is written out in the module: ``PRICES[city]["train"]``.
        """
        found: list[int | None] = [None]
        match node:
            case ast.Constant():
                return 0
            case ast.Name(id=name) if name not in self._own:
                return self._syntax.layers.get(name)
            case ast.Name(id=name) if name not in self._names.other and steps < 9:
                found = [self._layers(value, steps + 1) for value in self._names.values.get(name, ())]
            case ast.IfExp(body=body, orelse=other):
                found = [self._layers(body, steps), self._layers(other, steps)]
            case ast.BoolOp(values=values):
                found = [self._layers(value, steps) for value in values]
            case ast.Call(func=ast.Name() as function, args=values, keywords=[]):
                if self._syntax.is_builtin(function, {"max", "min"}, self._own):
                    found = [self._layers(value, steps) for value in values]
                    found = found if len(values) > 1 else list(map(_one_less, found))
            case ast.Subscript(value=table, slice=index) if not isinstance(index, ast.Slice):
                found = [_one_less(self._layers(table, steps))]
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, *default]):
                found = [_one_less(self._layers(table, steps)), *(self._layers(d, steps) for d in default)]
        known = [depth for depth in found if depth is not None]
        return max(known) if known and len(known) == len(found) else None

    def is_new_throughout(self, node: ast.expr) -> bool:
        """Tell whether the value and all its parts are new, or can not be changed."""
        if self._layers(node) == 0:
            return True
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.UnaryOp():
                return True
            case ast.List(elts=items) | ast.Set(elts=items) | ast.Tuple(elts=items):
                return all(map(self.is_new_throughout, items))
            case ast.Dict(keys=keys, values=items):
                return all(keys) and all(map(self.is_new_throughout, items))
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.DictComp(value=item):
                return self.is_new_throughout(item)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                # A number times a list is a list with the old items.
                lists = [side for side in (left, right) if isinstance(side, ast.List)]
                return len(lists) == 1 and all(map(self.is_new_throughout, lists))
            case ast.BinOp(left=left, right=right):
                return is_number(left) or is_number(right)
            case ast.Call(func=ast.Attribute(attr=method) as function):
                dotted = self._syntax.dotted(function, self._own)
                return self._is_new_import(dotted) if dotted else method in _NEW - {"copy"}
            case ast.Call(func=function, args=arguments):
                if self._syntax.is_builtin(function, SCALARS, self._own):
                    return True
                if not arguments and not node.keywords:
                    return self._syntax.is_builtin(function, COPIES | SETS, self._own)
                return self._is_new_import(self._syntax.dotted(function, self._own))
        return False

    def is_lazy(self, node: ast.expr) -> bool:
        """Tell whether a loop over the value reads it bit by bit in CPython only."""
        if not isinstance(node, ast.Call):
            return isinstance(node, ast.GeneratorExp)
        dotted = self._syntax.dotted(node.func, self._own)
        return self._syntax.is_builtin(node.func, LAZY, self._own) or (dotted or "").startswith("itertools.")

    @staticmethod
    def _is_new_import(dotted: str | None) -> bool:
        module = (dotted or "copy.copy").partition(".")[0]
        return dotted == "copy.deepcopy" or module not in ("copy", "functools", "itertools")


def layers(value: ast.expr) -> int | None:
    """Return how many containers inside of each other a value is; None if it is not written out."""
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.Lambda():
            return 0
        case ast.UnaryOp(operand=operand):
            return layers(operand)
        case ast.BinOp(left=left, right=right):
            parts, own = [left, right], 0
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            own = 1
        case _:
            return None
    if isinstance(value, ast.Dict) and None in value.keys:
        return None
    found = [layers(part) for part in parts]
    known = [depth for depth in found if depth is not None]
    return own + max(known, default=0) if len(known) == len(found) else None


def _one_less(depth: int | None) -> int | None:
    return None if depth is None else max(0, depth - 1)


def is_number(node: ast.expr) -> bool:
    """Tell whether an expression is a number written out."""
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def stored_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that these nodes bind."""
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
