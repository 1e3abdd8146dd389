"""Functions that are not for Monty, and yet known to leave a module's tables alone.

Without them a single function that reads the clock would keep all others from the tables that it looks up.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from callwright.toolbox.monty import effects
from callwright.toolbox.monty.syntax import BUILTINS, CHANGING, ERRORS, METHODS, Syntax, is_constant
from callwright.toolbox.monty.types import Unfit

_MODULES = {
    "base64", "binascii", "bisect", "calendar", "copy", "datetime", "decimal", "difflib", "fractions",
    "functools", "hashlib", "hmac", "itertools", "json", "math", "random", "re", "secrets", "statistics",
    "string", "textwrap", "time", "unicodedata", "uuid", "zlib", "zoneinfo",
}  # fmt: skip
"""Modules whose functions do not change what they are given …"""
_BUT = {"random.shuffle", "bisect.insort", "bisect.insort_left", "bisect.insort_right"}
"""… but for these."""
_BUILTINS = BUILTINS | ERRORS | {"bytes", "callable", "hasattr", "hash", "id", "iter", "next", "type"}
_OUT = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal,
    ast.Delete, ast.With, ast.AsyncWith, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Match,
    ast.AnnAssign, ast.AsyncFor,
)  # fmt: skip
"""Ways to bind or to change that the check of effects does not know."""


class Module(NamedTuple):
    """What a function is judged by, of the module around it."""

    syntax: Syntax
    parents: Mapping[ast.AST, ast.AST]
    judged: AbstractSet[str]
    """Names that stand for code of the module, which is judged by itself."""
    tables: AbstractSet[str]
    """Those of them that lead to a table."""


def is_harmless(function: ast.FunctionDef, module: Module, own: set[str], plain: set[str]) -> bool:
    """Tell whether a function changes nothing but what it made itself.

    `plain` are parameters that get no table: arguments of a call, numbers and texts.
    """
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    defaults = [default for default in (*function.args.defaults, *function.args.kw_defaults) if default]
    if not all(map(is_constant, defaults)) or not all(_is_familiar(n, module, own) for n in nodes):
        return False
    stores = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    lasting = plain - {node.id for node in stores}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    if not all(_is_known(call, module, own) or _is_of(call, lasting, module, own) for call in calls):
        return False
    try:
        sums = effects.check_changes(function, module.syntax, module.parents, own)
    except Unfit:
        return False
    added_to = {node.target.id for node in sums if isinstance(node.target, ast.Name)}
    reached = effects.sources(added_to, function, module.syntax, module.parents, own, with_sums=False)
    parameters = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    return not reached & (module.tables | (parameters - plain))


def _is_familiar(node: ast.AST, module: Module, own: set[str]) -> bool:
    """Tell whether a node changes nothing, and is no name of unknown meaning, called or handed on."""
    if isinstance(node, _OUT) or (isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)):
        return False
    dotted = module.syntax.dotted(node, own)
    if dotted is not None:
        return dotted.partition(".")[0] in _MODULES and dotted not in _BUT
    if isinstance(node, ast.Attribute) and (node.attr.startswith("_") or node.attr in CHANGING):
        call = module.parents[node]  # or else the method is handed on, to be called from elsewhere
        return isinstance(call, ast.Call) and call.func is node
    return not isinstance(node, ast.Name) or node.id in own | module.judged | _BUILTINS


def _is_known(call: ast.Call, module: Module, own: set[str]) -> bool:
    """Tell whether what is called changes nothing, or is judged elsewhere."""
    if module.syntax.dotted(call.func, own) is not None:
        return True
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in METHODS
    table = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    return module.syntax.is_builtin(table, _BUILTINS | module.judged, own)


def _is_of(call: ast.Call, plain: set[str], module: Module, own: set[str]) -> bool:
    """Tell whether a call, of whatever, has to do with nothing but arguments and known modules."""
    names = [node for node in ast.walk(call) if isinstance(node, ast.Name)]
    return all(name.id in plain or module.syntax.dotted(name, own) is not None for name in names)
