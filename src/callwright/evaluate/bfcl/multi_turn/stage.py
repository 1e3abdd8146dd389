"""Calls executed on fresh back ends, looked up by name: no text is ever evaluated.

A call is read as Python syntax; its arguments have to be literals or further calls; its name has to be a
public method of an involved back end. Results are worded as the official executor words them, errors too.
On purpose different: names of built-in functions are unknown here; the text inside string arguments stays as
it is (the official executor rewrites ``sort (`` in a sentence to the name of an internal variable); and
arithmetic and walks through folders that would not end in reasonable time are errors.

    >>> Stage(row).run(["pwd()"])      # doctest: +SKIP
    ['{"current_working_directory": "/alex"}']
"""

from __future__ import annotations

import ast
import decimal
import inspect
import json
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec

from callwright.evaluate.bfcl.backends import Lent, backend
from callwright.evaluate.bfcl.multi_turn.rows import Row

_STATELESS = ("MathAPI",)
_FORBIDDEN = frozenset({"kill", "exit", "quit", "remove", "unlink", "popen", "Popen", "run"})
_decode = msgspec.json.Decoder().decode
MAX_BITS = 1 << 20
"""Of an integer power."""
MAX_DIGITS = 10_000
"""Of precision that a call may ask for; the reference calls ask for 10 at most."""
MAX_PATHS = 100_000
"""That a walk through the file system may meet."""
_WALKS = ("find", "du")


class Stage:
    """The back ends of one conversation, and everything that its calls change."""

    def __init__(self, instances: Mapping[str, Any], lent: Lent | None = None) -> None:
        self.instances = instances
        self._lent = lent or Lent()
        self._methods = _methods(tuple(instances))

    def run(self, calls: Iterable[str]) -> list[str]:
        """Execute calls in order and return what each gave, as text. Never raises for what a call holds."""
        with decimal.localcontext():  # MathAPI sets the precision and leaves it so
            return [self._result(call) for call in calls]

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Return what a function gives for plain values, which it may keep; raises whatever it raises."""
        with decimal.localcontext():
            return self._made(name, (), dict(arguments))

    def _result(self, text: str) -> str:
        try:
            self._require_allowed(text)
            return _worded(self._value(_parsed(text)))
        except Exception as error:
            return f"Error during execution: {error}"

    def _require_allowed(self, text: str) -> None:
        name = text.split("(")[0]
        if name.strip() not in self._methods:
            name = name.split(".")[1] if "." in name else name
        if name in _FORBIDDEN:
            raise PermissionError(f"Function call {name} is not allowed.")

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self._called(name, args, keywords)
            case ast.List(elts=elements):
                return [self._value(element) for element in elements]
            case ast.Tuple(elts=elements):
                return tuple(self._value(element) for element in elements)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {self._value(key): self._value(value) for key, value in pairs if key is not None}
            case ast.UnaryOp() | ast.BinOp():
                return ast.literal_eval(node)  # a sign, or a complex number
            case _:
                raise NameError(f"name {_first_name(node)!r} is not defined")

    def _called(self, name: str, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> Any:
        if name not in self._methods:
            raise NameError(f"name {name!r} is not defined")
        positional = [self._value(argument) for argument in args]
        named: dict[str, Any] = {}
        for keyword in keywords:
            if keyword.arg is None or keyword.arg in named:
                raise SyntaxError(f"keyword argument repeated: {keyword.arg}")
            named[keyword.arg] = self._value(keyword.value)
        return self._made(name, positional, named)

    def _made(self, name: str, positional: Sequence[Any], named: dict[str, Any]) -> Any:
        """Make a call of a known name; `named` may be changed."""
        owner = self._methods[name]
        method = getattr(self.instances[owner], name)
        if owner == "MathAPI":
            _require_small(_given(method, positional, named))
        if owner == "GorillaFileSystem" and name in _WALKS:
            _require_walkable(self.instances[owner].root)
        defaults = _lent_defaults(owner, name)
        if defaults:
            given = _given(method, positional, named)
            named |= {key: self._lent.copy(value) for key, value in defaults.items() if key not in given}
        return method(*positional, **named)


def stage_of(row: Row, lent: Lent | None = None) -> Stage:
    """Return fresh back ends in a row's first state, which share with those of the same `lent`."""
    lent = lent or Lent()
    config = _decode(row.initial_config)
    long_context = row.category == "multi_turn_long_context"
    instances = {
        name: _started(name, config.get(name, {}), long_context, lent) for name in row.involved_classes
    }
    return Stage(instances, lent)


def started(states: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a fresh back end for each class name, in the state given with it; the states are used up."""
    return {name: _started(name, state) for name, state in states.items()}


def _started(name: str, config: dict[str, Any], long_context: bool = False, lent: Lent | None = None) -> Any:
    made = backend(name)()
    if name in _STATELESS:
        return made
    made._load_scenario(config, long_context=long_context)
    if long_context and lent:
        for attribute, value in vars(made).items():
            setattr(made, attribute, lent.copy(value))
    return made


@cache
def _methods(classes: tuple[str, ...]) -> dict[str, str]:
    """Return method name → class; where two classes have a method, the later class is called."""
    return {
        name: owner
        for owner in classes
        for name in dir(backend(owner))
        if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(backend(owner), name))
    }


@lru_cache(maxsize=1 << 14)
def _parsed(text: str) -> ast.expr:
    """Return a call's syntax tree; raises SyntaxError or ValueError, or what a too deep text raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes in a model's text
        return ast.parse(text.lstrip(" \t"), "<string>", "eval").body


def _worded(result: Any) -> str:
    if isinstance(result, str):
        return result
    if type(result) is dict:
        try:
            return json.dumps(result)
        except (TypeError, ValueError, RecursionError):
            return str(result)
    return str(result)


def _first_name(node: ast.expr) -> str:
    return next((n.id for n in ast.walk(node) if isinstance(n, ast.Name)), type(node).__name__)


@cache
def _lent_defaults(owner: str, name: str) -> dict[str, Any]:
    """Return the default arguments of a method that a call could change for all later calls."""
    parameters = inspect.signature(getattr(backend(owner), name)).parameters
    return {key: p.default for key, p in parameters.items() if isinstance(p.default, list | dict | set)}


def _given(method: Callable[..., Any], positional: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name; none where they do not fit, which the call itself says better."""
    try:
        return inspect.signature(method).bind(*positional, **named).arguments
    except TypeError:
        return {}


def _require_small(given: Mapping[str, Any]) -> None:
    """Raise for arithmetic that takes for ever; the official executor would hang."""
    base, exponent = given.get("base"), given.get("exponent")
    large = isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MAX_BITS
    digits = given.get("precision", given.get("decimal_places"))
    if large or (isinstance(digits, int | float) and abs(digits) > MAX_DIGITS):
        raise OverflowError("the number is too large to compute")


def _require_walkable(root: Any) -> None:
    """Raise where a walk would take for ever: `cp` lets a folder contain itself, twice if need be.

    A folder that contains itself once is walked until the stack ends, which is the official error.
    """
    met, waiting = 0, [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        met += len(folder.contents)
        if met > MAX_PATHS:
            raise OverflowError("the folder holds too many paths to walk")
        if depth < sys.getrecursionlimit():
            inner = (item for item in folder.contents.values() if hasattr(item, "contents"))
            waiting += [(item, depth + 1) for item in inner]
