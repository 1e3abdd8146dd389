"""Decode the text that BFCL's prompting mode asks for, ``[name(argument=value), …]``, without evaluating it.

The result equals the official decoder's for every text, quirks included: positional arguments are dropped,
any unary operator negates, bare names become strings. One thing differs on purpose: the official decoder
hands operator expressions to the interpreter, so a model's output can run code; here only arithmetic on
literals is computed, within bounds, and anything else is undecodable.

    >>> decode("[area(base=10, unit='m')]")
    [{'area': {'base': 10, 'unit': 'm'}}]
    >>> decode("The area is 25.").reason
    'not-python'
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Value = Any
"""What a literal can denote: JSON values, and tuples, bytes and complex numbers."""
Calls = list[dict[str, dict[Any, Value]]]
"""One `{name: {argument: value}}` per call; `**x` in a text gives the argument name None."""

Reason = Literal[
    "not-python", "not-java", "not-javascript", "not-a-list-of-calls", "not-a-literal", "arithmetic",
    "too-deep", "malformed", "no-call", "not-function-calls",
]  # fmt: skip


@dataclass(frozen=True)
class Undecodable:
    """Why a text is no list of calls."""

    reason: Reason
    detail: str = ""


class _NotALiteral(Exception):
    def __init__(self, detail: str, reason: Reason = "not-a-literal") -> None:
        super().__init__(detail)
        self.reason = reason


def decode(text: str) -> Calls | Undecodable:
    """Return the calls in `text`, or why it holds none. Never raises, never evaluates."""
    return decode_expression(bracketed(text))


def decode_expression(text: str) -> Calls | Undecodable:
    """Return the calls in a Python expression: one, or several in a list."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the model's escapes, which are not our business
            body = ast.parse(text, mode="eval").body
        elements = body.elts if isinstance(body, ast.List | ast.Tuple | ast.Set) else [body]
        calls = [element for element in elements if isinstance(element, ast.Call)]
        if len(calls) != len(elements):
            return Undecodable("not-a-list-of-calls")
        return [_call(call) for call in calls]
    except _NotALiteral as error:
        return Undecodable(error.reason, str(error))
    except (RecursionError, MemoryError):
        return Undecodable("too-deep")
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes, lone surrogates, huge integers
        return Undecodable("not-python", str(error))


def bracketed(text: str) -> str:
    """Return `text` without the back-ticks and spaces around it, and with square brackets at both ends."""
    text = text.strip("`\n ")
    text = text if text.startswith("[") else "[" + text
    return text if text.endswith("]") else text + "]"


def _call(node: ast.Call) -> dict[str, dict[Any, Value]]:
    parts: list[str] = []
    function = node.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if isinstance(function, ast.Name):
        parts.append(function.id)
    # Positional arguments are dropped.
    return {".".join(reversed(parts)): {k.arg: _value(k.value) for k in node.keywords}}


def _value(node: ast.expr | None) -> Value:
    match node:
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else value
        case ast.UnaryOp():
            return _negated(node)
        case ast.List(elts=elements):
            return [_value(e) for e in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(e) for e in elements)
        case ast.Dict():
            return _dict(node)
        case ast.BinOp():
            return _arithmetic(node)
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=[]):
            return ast.unparse(node)
        case ast.Call():
            return _call(node)
        case ast.Subscript(value=value, slice=index):
            return f"{ast.unparse(value)}[{ast.unparse(index)}]"
        case _:
            raise _NotALiteral(type(node).__name__)


def _negated(node: ast.UnaryOp) -> Value:
    """Return minus the operand whatever the operator says, as the official decoder does."""
    operand = node.operand
    if isinstance(operand, ast.Constant) and isinstance(operand.value, int | float | complex):
        return -operand.value
    raise _NotALiteral(f"{type(node.op).__name__} of {type(operand).__name__}")


def _dict(node: ast.Dict) -> dict[Value, Value]:
    try:
        return {_value(k): _value(v) for k, v in zip(node.keys, node.values, strict=True)}
    except TypeError as error:  # a list or a call as a key
        raise _NotALiteral(str(error)) from None


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Invert: operator.invert, ast.Not: operator.not_,
}  # fmt: skip
MAX_BITS = 4096
"""Largest integer that arithmetic may produce; what models write as `24 * 60` stays far below."""
MAX_LENGTH = 1 << 16
"""Longest text or list that may come of repetition."""


def _arithmetic(node: ast.expr) -> Value:
    """Return the value of an operator expression over number and string literals."""
    try:
        return _computed(node)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise _NotALiteral(str(error), "arithmetic") from None


def _computed(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=int() | float() | complex() | str() | bytes() as value):
            return value
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_computed(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            a, b = _computed(left), _computed(right)
            _require_small(op, a, b)
            return _BINARY[type(op)](a, b)
        case ast.List(elts=elements):
            return [_computed(e) for e in elements]
        case ast.Tuple(elts=elements):
            return tuple(_computed(e) for e in elements)
        case _:
            raise _NotALiteral(type(node).__name__, "arithmetic")


def _require_small(op: ast.operator, a: Value, b: Value) -> None:
    """Raise unless the result is sure to stay small: a scorer must not hang on ``9**9**9``."""
    both = isinstance(a, int) and isinstance(b, int)
    if isinstance(op, ast.Mod) and isinstance(a, str | bytes):
        raise _NotALiteral("string formatting", "arithmetic")
    if isinstance(op, ast.Mult) and not all(isinstance(x, int | float | complex) for x in (a, b)):
        times = next((x for x in (a, b) if isinstance(x, int)), 0)
        repeated = next((len(x) for x in (a, b) if isinstance(x, str | bytes | list | tuple)), 0)
        large = times * repeated > MAX_LENGTH
    elif isinstance(op, ast.Mult) and both:
        large = a.bit_length() + b.bit_length() > MAX_BITS
    elif isinstance(op, ast.Pow) and both:
        large = b > 0 and a.bit_length() * b > MAX_BITS
    else:
        large = isinstance(op, ast.LShift) and both and a.bit_length() + b > MAX_BITS
    if large:
        raise _NotALiteral("number too large", "arithmetic")
