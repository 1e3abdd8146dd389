"""The part of Python in which Monty and CPython are known to give the same results.

Monty runs more than this. But its iterators are lists, its sets have another order, its clock and its random
numbers would be others, and some functions differ in the last digit. None of that may show in a result, so
what is listed here was compared, and all else stays with CPython.

One difference is known and left: of equal keys of different types (1, 1.0, True) a dict or a set keeps the
last one in Monty and the first one in CPython.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from callwright.toolbox.monty.types import Unfit

NODES: tuple[type[ast.AST], ...] = (
    ast.Return, ast.Assign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Raise, ast.Try, ast.Pass,
    ast.Break, ast.Continue, ast.Expr, ast.Assert, ast.ExceptHandler, ast.arguments, ast.arg, ast.keyword,
    ast.Constant, ast.Name, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call,
    ast.Attribute, ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp,
    ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.comprehension, ast.Lambda, ast.JoinedStr,
    ast.FormattedValue, ast.Starred, ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
SCALARS = {
    "abs", "all", "any", "bin", "bool", "float", "format", "hex", "int", "isinstance", "len", "oct", "ord",
    "pow", "repr", "round", "str", "print",
}  # fmt: skip
"""Builtins that return nothing that could be changed in place."""
COPIES = {"dict", "list", "sorted", "tuple"}
"""Builtins that return a new container."""
LAZY = {"enumerate", "filter", "map", "reversed", "zip"}
"""Builtins whose results CPython makes one by one and Monty all at once."""
SETS = {"set", "frozenset"}
BUILTINS = SCALARS | COPIES | LAZY | SETS | {"divmod", "max", "min", "range", "sum"}
ERRORS = {
    name for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}  # fmt: skip
CAUGHT = {"KeyError", "IndexError", "ZeroDivisionError"}
"""Errors that Monty raises where CPython does, and nowhere else."""

_LAZY_IMPORTS = {
    f"itertools.{name}"
    for name in (
        "accumulate", "chain", "combinations", "combinations_with_replacement", "compress", "islice",
        "pairwise", "permutations", "product", "starmap", "zip_longest",
    )
}  # fmt: skip
IMPORTS = _LAZY_IMPORTS | {
    f"{module}.{name}"
    for module, names in {
        "math": "acos acosh asin asinh atan atan2 ceil comb copysign cos cosh degrees dist e exp expm1 fabs "
                "factorial floor fmod fsum gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp log "
                "log10 log1p log2 modf nan perm pi pow prod radians sin sinh sqrt tan tanh tau trunc",
        "json": "dumps loads",
        "functools": "reduce",
        "bisect": "bisect bisect_left bisect_right",
        "copy": "copy deepcopy",
        "zlib": "crc32",
        "binascii": "crc32",
        "base64": "b64encode urlsafe_b64encode",
        "hashlib": "md5 sha1 sha224 sha256 sha384 sha512",
    }.items()
    for name in names.split()
}  # fmt: skip
MODULES = {name.partition(".")[0] for name in IMPORTS}

CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse",
    "setdefault", "sort", "update",
}  # fmt: skip
"""Methods that change their object."""
METHODS = CHANGING | {
    "capitalize", "casefold", "center", "copy", "count", "decode", "encode", "endswith", "expandtabs", "find",
    "format", "get", "hex", "hexdigest", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
    "isspace", "istitle", "isupper", "items", "join", "keys", "ljust", "lower", "lstrip", "partition",
    "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
    "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "values", "zfill",
}  # fmt: skip
_VIEWS = {"items", "keys"}
_CONSUMING = {"dict", "list", "max", "min", "sorted", "sum", "tuple", "all", "any"} | LAZY | SETS


class Syntax:
    """Checks parts of one module, given what encloses what and what its names stand for."""

    def __init__(
        self, parents: Mapping[ast.AST, ast.AST], imports: Mapping[str, str], layers: Mapping[str, int]
    ) -> None:
        self._parents = parents
        self._imports = imports
        self.layers = layers
        """How many containers inside of each other the tables of the module are."""

    def check(self, nodes: Iterable[ast.AST], own: set[str]) -> None:
        """Raise Unfit for the first node outside of what is known; `own` are names bound in the function."""
        for node in nodes:
            identity = isinstance(node, ast.Is | ast.IsNot)
            if not isinstance(node, NODES) or (identity and not self._with_singleton(node)):
                raise Unfit(f"the syntax {type(node).__name__} (line {self._line(node)})")
            problem = self._problem(node, own)
            if problem:
                raise Unfit(f"{problem} (line {self._line(node)})")

    def dotted(self, node: ast.AST, own: set[str]) -> str | None:
        """Return the dotted name that an expression has by the module's imports, or None."""
        if isinstance(node, ast.Name):
            return None if node.id in own else self._imports.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value, own)
            return f"{base}.{node.attr}" if base else None
        return None

    def is_builtin(self, node: ast.AST, names: AbstractSet[str], own: set[str]) -> bool:
        """Tell whether a node is one of these builtins by name. Names of the module are looked at first."""
        return isinstance(node, ast.Name) and node.id in names and node.id not in own

    def _problem(self, node: ast.AST, own: set[str]) -> str:
        match node:
            case ast.Constant(value=value):
                return "" if _is_plain(value) else f"the constant {value!r:.40}"
            case ast.Name(id=name):
                return self._name(node, name, own)
            case ast.Attribute():
                return self._attribute(node, own)
            case ast.Call(func=function, keywords=keywords):
                if len(keywords) > 1 and any(keyword.arg is None for keyword in keywords):
                    return "a call with ** beside other keywords"  # their order differs
                if isinstance(function, ast.Attribute) and function.attr in _VIEWS:
                    return "" if self._is_read(node, own) else f".{function.attr}() out of a loop"
                return self._made(node, own) if self._is_lazy(function, own) else ""
            case ast.GeneratorExp():
                return self._made(node, own)
            case ast.Set() | ast.SetComp():
                return self._problem_of_set(node, own)
            case ast.comprehension(is_async=1):
                return "asynchronous code"
            case ast.FormattedValue(conversion=97):
                return "the conversion !a"
            case ast.Try():
                return self._handlers(node, own)
            case ast.arguments(defaults=defaults, kw_defaults=more):
                lasting = [d for d in (*defaults, *more) if d is not None and not is_constant(d)]
                return "a default that is no constant" if lasting else ""
        return ""

    def _with_singleton(self, node: ast.AST) -> bool:
        compare = self._parents[node]
        assert isinstance(compare, ast.Compare)
        return len(compare.ops) == 1 and any(
            isinstance(side, ast.Constant) and (side.value is None or isinstance(side.value, bool))
            for side in (compare.left, *compare.comparators)
        )

    def _name(self, node: ast.Name, name: str, own: set[str]) -> str:
        if name.startswith("__") or name in own or not isinstance(node.ctx, ast.Load):
            return f"the name {name}" if name.startswith("__") else ""
        parent = self._parents[node]
        if name in self._imports:
            dotted = self._imports[name]
            if dotted in IMPORTS or (dotted in MODULES and isinstance(parent, ast.Attribute)):
                return ""
            return f"the import of {dotted}"
        if name in ERRORS:
            return "" if self._is_raised(node) else "an exception as a value"
        if name in BUILTINS:
            if isinstance(parent, ast.Call) and parent.func is node:
                return self._problem_of_set(parent, own) if name in SETS else ""
            return "" if self._is_argument(node, own) else f"{name} as a value"
        return f"the builtin {name}" if name in vars(builtins) else ""

    def _is_raised(self, node: ast.AST) -> bool:
        while isinstance(node, ast.expr):
            node = self._parents[node]
        return isinstance(node, ast.Raise | ast.ExceptHandler)

    def _is_argument(self, node: ast.AST, own: set[str]) -> bool:
        """Tell whether a builtin stands where a function or a type is expected: key=len, map(str, …)."""
        parent = self._parents[node]
        if isinstance(parent, ast.keyword):
            return parent.arg == "key"
        while isinstance(parent, ast.Tuple | ast.BinOp):
            node, parent = parent, self._parents[parent]
        if not isinstance(parent, ast.Call):
            return False
        if self.is_builtin(parent.func, {"isinstance"}, own):
            return node is parent.args[-1]
        return self.is_builtin(parent.func, {"map", "filter"}, own) and node is parent.args[0]

    def _attribute(self, node: ast.Attribute, own: set[str]) -> str:
        dotted = self.dotted(node, own)
        if dotted is not None:
            return "" if dotted in IMPORTS else f"{dotted}"
        parent = self._parents[node]
        if isinstance(parent, ast.Call) and parent.func is node and node.attr in METHODS:
            return ""
        return f".{node.attr}"

    def _is_lazy(self, function: ast.AST, own: set[str]) -> bool:
        return self.is_builtin(function, LAZY, own) or self.dotted(function, own) in _LAZY_IMPORTS

    def _made(self, node: ast.AST, own: set[str]) -> str:
        """Say what is wrong with the place of something lazy: it has to be used up where it is made."""
        if self._is_read(node, own) or isinstance(self._parents[node], ast.Starred):
            return ""
        parent = self._parents[node]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple | ast.List):
            return ""
        return "an iterator that is kept"

    def _is_read(self, node: ast.AST, own: set[str]) -> bool:
        parent = self._parents[node]
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is node
        if isinstance(parent, ast.Compare):
            return isinstance(parent.ops[-1], ast.In | ast.NotIn) and parent.comparators[-1] is node
        if not isinstance(parent, ast.Call) or node is parent.func:
            return False
        function = parent.func
        if self.is_builtin(function, {"reversed", "len"}, own):
            return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)  # a view of a dict
        if self.is_builtin(function, _CONSUMING, own):
            return True
        method = function.attr if isinstance(function, ast.Attribute) else ""
        return method == "join" or self.dotted(function, own) in _LAZY_IMPORTS | {"math.fsum", "math.prod"}

    def _problem_of_set(self, node: ast.AST, own: set[str]) -> str:
        return "" if self.is_unordered_use(node, own) else "a set whose order may show"

    def is_unordered_use(self, node: ast.AST, own: set[str]) -> bool:
        """Tell whether a set stands where its order makes no difference."""
        parent = self._parents[node]
        if isinstance(parent, ast.Compare):
            return isinstance(parent.ops[-1], ast.In | ast.NotIn) and parent.comparators[-1] is node
        if isinstance(parent, ast.Call) and node in parent.args:
            if self.is_builtin(parent.func, {"sorted"}, own):
                return all(keyword.arg == "reverse" for keyword in parent.keywords)
            return self.is_builtin(parent.func, {"len"}, own)
        return isinstance(parent, ast.Assign) and all(isinstance(t, ast.Name) for t in parent.targets)

    def _handlers(self, node: ast.Try, own: set[str]) -> str:
        if any(_leaves(statement) for statement in node.finalbody):
            return "a finally clause that swallows errors"
        for handler in node.handlers:
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            if handler.name is None and all(isinstance(k, ast.Name) and k.id in CAUGHT for k in kinds):
                early = next(
                    (n for part in node.body for n in ast.walk(part) if self._is_early(n, own)), None
                )
                if early is not None:
                    return "something under try whose errors may come in another order"
            elif not _ends_in_an_error(handler):  # with an error the call is the other interpreter's anyway
                return "an except clause for errors that may differ"
        return ""

    def _is_early(self, node: ast.AST, own: set[str]) -> bool:
        """Tell whether Monty may come upon an error in an item that CPython would not have made yet."""
        if not isinstance(node, ast.Call):
            # A slice of a dict is a KeyError in Monty, which it became in CPython with 3.12.
            return isinstance(node, ast.GeneratorExp | ast.Lambda | ast.Slice)
        known = self.is_builtin(node.func, BUILTINS - LAZY, own) or self.dotted(node.func, own) in IMPORTS
        method = isinstance(node.func, ast.Attribute) and self.dotted(node.func, own) is None
        return self._is_lazy(node.func, own) or not (known or method)

    def _line(self, node: ast.AST) -> int:
        while not hasattr(node, "lineno"):
            node = self._parents[node]
        line: int = node.lineno
        return line


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or isinstance(value, bool | int | float | bytes)


def is_constant(node: ast.expr) -> bool:
    """Tell whether an expression is written as a constant that can not be changed."""
    if isinstance(node, ast.Tuple):
        return all(map(is_constant, node.elts))
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def _leaves(statement: ast.AST) -> bool:
    return any(isinstance(n, ast.Return | ast.Break | ast.Continue) for n in ast.walk(statement))


def _ends_in_an_error(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler always raises, and nothing that an accepted handler further out would catch."""
    raised = [n.exc for n in ast.walk(handler) if isinstance(n, ast.Raise)]
    names = [exc.func if isinstance(exc, ast.Call) else exc for exc in raised if exc is not None]
    return (
        isinstance(handler.body[-1], ast.Raise)
        and not _leaves(handler)
        and all(isinstance(name, ast.Name) and name.id in ERRORS - CAUGHT for name in names)
    )
