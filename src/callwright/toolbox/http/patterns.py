"""Make up texts that match a regular expression as schemas use them.

Understood: literals, classes, escapes, groups, alternatives and quantifiers. Look-arounds, back references
and word boundaries are not; whoever asks checks what comes, because an anchor in an odd place is not noticed.

>>> import random
>>> matching(r"^PW-[0-9]{4}$", random.Random(1))
'PW-3170'
"""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass, replace
from functools import lru_cache

LETTERS, DIGITS = string.ascii_lowercase, string.digits
_WORD = string.ascii_lowercase + string.ascii_uppercase + string.digits
_CLASSES = {
    "d": DIGITS, "w": _WORD + "_", "s": " ", "D": _WORD[:52], "W": "-", "S": _WORD,
    "n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0",
}  # fmt: skip
_PROPERTIES = {"L": _WORD[:52], "Lu": string.ascii_uppercase, "Ll": LETTERS, "N": DIGITS, "Nd": DIGITS,
               "P": "-.!", "S": "+=", "Z": " ", "Zs": " "}  # fmt: skip
_QUANTIFIER = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
MAX_REPEAT = 2000
MAX_LENGTH = 20_000


class NotUnderstood(ValueError):
    """The expression holds something that texts are not made up for."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One of `chars`, or one of `branches`, repeated."""

    chars: str = ""
    branches: tuple[tuple[_Node, ...], ...] = ()
    low: int = 1
    high: int | None = 1


def matching(pattern: str, rng: random.Random, more: int = 4) -> str:
    """Return a text for `pattern`; what may repeat without end repeats up to `more` times more often."""
    parts: list[str] = []
    _emit(_parsed(pattern), rng, more, parts)
    return "".join(parts)


@lru_cache(maxsize=512)
def _parsed(pattern: str) -> tuple[tuple[_Node, ...], ...]:
    try:
        branches, end = _alternatives(pattern, 0)
    except (IndexError, RecursionError, ValueError):
        raise NotUnderstood(pattern) from None
    if end != len(pattern):
        raise NotUnderstood(pattern)
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
            low, high, i = _repeats(p, i)
            branches[-1].append(replace(node, low=low, high=high))
    return tuple(map(tuple, branches)), i


def _atom(p: str, i: int) -> tuple[_Node | None, int]:
    if p[i] in "^$":
        return None, i + 1
    if p[i] == "(":
        start = re.compile(r"\((?:\?:|\?P?<[A-Za-z_]\w*>)?").match(p, i)
        if start is None or (p.startswith("(?", i) and start.end() == i + 1):
            raise NotUnderstood(p)
        branches, end = _alternatives(p, start.end())
        if p[end] != ")":
            raise NotUnderstood(p)
        return _Node(branches=branches), end + 1
    if p[i] == "[":
        return _class(p, i + 1)
    if p[i] == ".":
        return _Node(_WORD), i + 1
    if p[i] == "\\":
        chars, end = _escape(p, i + 1)
        return _Node(chars), end
    if p[i] in "*+?":
        raise NotUnderstood(p)
    return _Node(p[i]), i + 1


def _escape(p: str, i: int) -> tuple[str, int]:
    """Return the characters that the escape at `i` stands for, and where it ends."""
    char = p[i]
    if found := re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,5})\}").match(p, i):
        return chr(int(found[1] or found[2] or found[3], 16)), found.end()
    if found := re.compile(r"p\{(?:[A-Za-z_]+=)?([A-Za-z]+)\}").match(p, i):
        if found[1] in _PROPERTIES:
            return _PROPERTIES[found[1]], found.end()
        raise NotUnderstood(p)
    if char in _CLASSES:
        return _CLASSES[char], i + 1
    if char.isalnum():
        raise NotUnderstood(p)  # back references, boundaries, and what nobody knows
    return char, i + 1


def _class(p: str, i: int) -> tuple[_Node, int]:
    negated = p[i] == "^"
    i += negated
    chars = ""
    first = True
    while p[i] != "]" or first:
        first = False
        if p[i] == "[" and p.startswith(("[:", "[="), i):
            raise NotUnderstood(p)
        low, i = _escape(p, i + 1) if p[i] == "\\" else (p[i], i + 1)
        if len(low) == 1 and p[i] == "-" and p[i + 1] != "]":
            high, i = _escape(p, i + 2) if p[i + 1] == "\\" else (p[i + 1], i + 2)
            chars += "".join(map(chr, range(ord(low), min(ord(high), ord(low) + 255) + 1)))
        else:
            chars += low
    if negated:
        chars = "".join(char for char in _WORD + " -_.:/" if char not in chars)
    if not chars:
        raise NotUnderstood(p)
    return _Node("".join(char for char in chars if char in _WORD) or chars), i + 1


def _repeats(p: str, i: int) -> tuple[int, int | None, int]:
    low: int
    high: int | None
    if p[i : i + 1] in ("*", "+", "?") and i < len(p):
        low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[p[i]]
        i += 1
    elif found := _QUANTIFIER.match(p, i):
        low = int(found[1][:6])
        high = low if not found[2] else int(found[3][:6]) if found[3] else None
        i = found.end()
    else:
        return 1, 1, i
    if low > MAX_REPEAT:
        raise NotUnderstood(p)
    return low, high, i + (p[i : i + 1] in ("?", "+") and i < len(p))


def _emit(branches: tuple[tuple[_Node, ...], ...], rng: random.Random, more: int, parts: list[str]) -> None:
    for node in rng.choice(branches):
        high = node.low + more if node.high is None else min(node.high, node.low + more)
        for _ in range(rng.randint(node.low, max(node.low, high))):
            if len(parts) > MAX_LENGTH:
                raise NotUnderstood("too long")
            if node.branches:
                parts.append("")  # what repeats nothing counts as well
                _emit(node.branches, rng, more, parts)
            else:
                parts.append(rng.choice(node.chars))
