"""The tools that both official domains have; `calculate` does Python's arithmetic without running Python.

>>> calculate(Database({}), "2 * ((350 - 122) + (499 - 127))").text
'1200.0'
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from callwright.evaluate.taubench.database import Database
from callwright.evaluate.taubench.tools import Answer, Refused

_ALLOWED = frozenset("0123456789+-*/(). ")
_LONGEST = 1000
"""Characters of an expression; the parser's memory is not for models to use up."""
_LARGEST_POWER = 10_000
"""Bits that a power may have: far beyond any amount of money, far below what takes time."""
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def calculate(db: Database, /, expression: str) -> Answer:
    """Return the value rounded to two places."""
    if not all(char in _ALLOWED for char in expression):
        raise Refused("invalid characters in expression")
    if len(expression) > _LONGEST:
        raise Refused("expression too long")
    tree = ast.parse(expression.strip(), "<string>", "eval")
    return Answer(str(round(float(_value(tree.body)), 2)))


def think(db: Database, /, thought: str) -> Answer:
    """Do nothing."""
    return Answer("")


def transfer_to_human_agents(db: Database, /, summary: str) -> Answer:
    """End the conversation."""
    return Answer("Transfer successful")


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left), _value(right))
        case _:
            raise Refused("not an arithmetic expression")


def _power(number: float, exponent: float) -> float:
    if isinstance(number, int) and isinstance(exponent, int) and exponent > 0:
        if number.bit_length() * exponent > _LARGEST_POWER:
            raise Refused("int too large to convert to float")
    elif number < 0 and not float(exponent).is_integer():
        raise Refused("float() argument must be a string or a real number, not 'complex'")
    result: float = number**exponent
    return result
