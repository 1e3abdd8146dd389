"""Make up strings that match the simple regular expressions of tool schemas.

Understood: literals, classes, ``\\d \\w \\s``, groups, alternatives, and the quantifiers. What is not (look
arounds, back references) gives None; so does a sample that fails the expression after all.

    >>> import random
    >>> sample(r"^ORD-[0-9]{4}$", random.Random(1))
    'ORD-7066'
"""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass, replace
from functools import lru_cache

_DIGITS = string.digits
_WORDLIKE = string.ascii_uppercase + string.digits
_ESCAPES = {"d": _DIGITS, "w": _WORDLIKE, "s": " ", "D": string.ascii_uppercase, "S": _WORDLIKE}
_MORE = 4
"""How many extra repetitions an open quantifier may take."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One of `chars`, or one of `branches`, repeated."""

    chars: str = ""
    branches: tuple[tuple[_Node, ...], ...] = ()
    low: int = 1
    high: int = 1


class _Unsupported(ValueError):
    """The expression holds something that this sampler does not know."""


def sample(pattern: str, rng: random.Random, tries: int = 8) -> str | None:
    """Return a string that `pattern` matches, or None."""
    try:
        tree = _parsed(pattern)
        compiled = re.compile(pattern)
    except (_Unsupported, re.error, RecursionError, ValueError):
        return None
    for _ in range(tries):
        text = "".join(_emit(tree, rng))
        if text and compiled.search(text):
            return text
    return None


@lru_cache(maxsize=512)
def _parsed(pattern: str) -> tuple[tuple[_Node, ...], ...]:
    branches, rest = _alternatives(pattern, 0)
    if rest != len(pattern):
        raise _Unsupported(pattern)
    return branches


def _alternatives(p: str, i: int) -> tuple[tuple[tuple[_Node, ...], ...], int]:
    branches: list[list[_Node]] = [[]]
    while i < len(p) and p[i] != ")":
        if p[i] == "|":
            branches.append([])
            i += 1
            continue
        node, i = _atom(p, i)
        if node is not None:
            low, high, i = _quantifier(p, i)
            branches[-1].append(replace(node, low=low, high=high))
    return tuple(map(tuple, branches)), i


def _atom(p: str, i: int) -> tuple[_Node | None, int]:
    char = p[i]
    if char in "^$":
        return None, i + 1
    if char == "(":
        if p.startswith("(?", i) and not p.startswith("(?:", i):
            raise _Unsupported(p)
        branches, end = _alternatives(p, i + (3 if p.startswith("(?:", i) else 1))
        if end >= len(p):
            raise _Unsupported(p)
        return _Node(branches=branches), end + 1
    if char == "[":
        return _class(p, i + 1)
    if char == ".":
        return _Node(_WORDLIKE), i + 1
    if char == "\\":
        if i + 1 >= len(p) or p[i + 1] in "123456789pPk":
            raise _Unsupported(p)
        if p[i + 1] in "bBAZz":
            return None, i + 2
        return _Node(_ESCAPES.get(p[i + 1], p[i + 1])), i + 2
    return _Node(char), i + 1


def _class(p: str, i: int) -> tuple[_Node, int]:
    negated = p.startswith("^", i)
    i += negated
    chars = ""
    first = True
    while i < len(p) and (first or p[i] != "]"):
        first = False
        if p[i] == "\\" and i + 1 < len(p):
            chars += _ESCAPES.get(p[i + 1], p[i + 1])
            i += 2
        elif i + 2 < len(p) and p[i + 1] == "-" and p[i + 2] != "]":
            chars += "".join(map(chr, range(ord(p[i]), min(ord(p[i + 2]), ord(p[i]) + 200) + 1)))
            i += 3
        else:
            chars += p[i]
            i += 1
    if negated:
        chars = "".join(c for c in _WORDLIKE if c not in chars)
    plain = "".join(c for c in chars if c.isalnum())
    if not chars or i >= len(p):
        raise _Unsupported(p)
    return _Node(plain or chars), i + 1


def _quantifier(p: str, i: int) -> tuple[int, int, int]:
    low, high = 1, 1
    if i < len(p) and p[i] in "*+?":
        low, high = {"*": (0, _MORE), "+": (1, 1 + _MORE), "?": (0, 1)}[p[i]]
        i += 1
    elif found := re.compile(r"\{(\d+)(,(\d*))?\}").match(p, i):
        low = int(found[1])
        high = low if not found[2] else int(found[3] or low + _MORE)
        i = found.end()
    else:
        return low, high, i
    return min(low, 200), min(high, 200), i + (i < len(p) and p[i] in "?+")


def _emit(branches: tuple[tuple[_Node, ...], ...], rng: random.Random) -> list[str]:
    out: list[str] = []
    for node in rng.choice(branches):
        for _ in range(rng.randint(node.low, node.high)):
            out.extend(_emit(node.branches, rng) if node.branches else [rng.choice(node.chars)])
    return out


def like(example: str, rng: random.Random) -> str:
    """Return a string of the example's shape: its digits are new, its capital and small letters stay.

    An example without a digit keeps its length and case classes but gets new letters.
    """
    if any(c.isdigit() for c in example):
        return "".join(rng.choice(_DIGITS) if c.isdigit() else c for c in example)
    swap = {True: string.ascii_uppercase, False: string.ascii_lowercase}
    return "".join(rng.choice(swap[c.isupper()]) if c.isascii() and c.isalpha() else c for c in example)
