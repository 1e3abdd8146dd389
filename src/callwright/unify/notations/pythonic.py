r"""Calls written as Python text, the way data sets do: names with blanks, keywords and JSON words as well.

    >>> found = find('[Get Rain(city="Oslo", from="now", $top=10, dry=true), now()]')
    >>> [(call.name, call.arguments) for call in found]
    [('Get Rain', {'city': 'Oslo', 'from': 'now', '$top': 10, 'dry': True}), ('now', {})]

`formats.python_calls` reads what a model was told to write and is strict; this reads what others wrote.
Values are JSON or Python literals, mixed or not; a tuple is read as a list. Nothing is evaluated: an
expression or a bare word leaves the call unparsed, with its text. A positional argument gets its name from
the order of the tool's parameters, and stays unparsed where the tool is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from callwright.record import Json
from callwright.unify.notations.calls import Call
from callwright.unify.notations.literals import python_value, written_value
from callwright.unify.rows import BadRow
from callwright.unify.tools import Toolset

Order = Mapping[str, Sequence[str]]
"""The source's name of each offered tool → its parameters in order."""

_STRING = r'"(?>(?:[^"\\]++|\\.)*)(?:"|\Z)|\'(?>(?:[^\'\\]++|\\.)*)(?:\'|\Z)'
_TOKEN = re.compile(rf"{_STRING}|[\[\](){{}},=]", re.S)
_VALUE_TOKEN = re.compile(rf"{_STRING}|[\[\](){{}},]|\b(?:true|false|null)\b", re.S)
_NAME = re.compile(r"[^\[\](){}\"'=,;]{1,200}(?=\()")
_KEY = re.compile(r"[^\[\](){}\"'=,]{1,200}")
_LIKE = re.compile(r"[^\[\](){}\"'=,;]{1,200}\(\s*(?:\)|\*\*\{|[^\s\[\](){}\"'=,]{1,100}\s*=[^=])")
_GAP = re.compile(r"[\s,;]*")
_SEPARATOR = re.compile(r"[,;\n]")
_OPENING = re.compile(r"[\w.]\s*\(")
_ESCAPE = re.compile(r"\\(.)|\r?\n", re.S)
_KNOWN_ESCAPES = frozenset("\\'\"nrtbfvaxuU")
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_WORDS = {"true": "True", "false": "False", "null": "None"}


def order_of(tools: Toolset | None) -> dict[str, tuple[str, ...]]:
    """Return what `find` and `read` need to know about the offered tools."""
    if tools is None:
        return {}
    named = {tool.original_name or tool.name: tool for tool in tools.tools}
    return {name: tuple(tool.parameters.get("properties", {})) for name, tool in named.items()}


def find(text: str, order: Order | None = None, path: str = "calls") -> list[Call] | None:
    """Return the calls of a text that is a bracketed list of calls; None for any other text.

    Raises `BadRow` for a text that begins like such a list and can not be taken apart.
    """
    offered = order or {}
    body = text.strip()
    if not body.startswith("["):
        return None
    start = len(body) - len(body[1:].lstrip())
    if not (_offered_name(body, start, offered) or _LIKE.match(body, start)):
        return None
    end = _end(body, 1, "]")
    if end is None:
        return [_unclosed(body, start, offered, path)]
    if body[end + 1 :].strip():
        raise BadRow("calls-in-text", path, f"text behind a list of calls: {body[end + 1 : end + 41]!r}")
    return list(_calls(body[1:end], offered, path))


def read(text: str, order: Order | None = None, path: str = "calls") -> list[Call]:
    """Return the calls of a text that is nothing but calls, in brackets or not; raises `BadRow`."""
    body = text.strip()
    if body.startswith("[") and body.endswith("]"):
        body = body[1:-1]
    return list(_calls(body, order or {}, path))


def mentions_call(text: str, order: Order) -> str:
    """Return the first offered name that a list inside a text calls, or nothing."""
    return next((name for name in order if re.search(rf"\[\s*{re.escape(name)}\s*\(", text)), "")


def _calls(body: str, order: Order, path: str) -> Iterator[Call]:
    position = _skip(body, 0)
    while position < len(body):
        name, inside = _name(body, position, order, path)
        end = _end(body, inside)
        if end is None:
            yield _unclosed(body, position, order, path)
            return
        after = _skip(body, end + 1)
        if body[end + 1 : end + 2] == ".":  # a method of what the call returns: one expression
            yield Call(name, None, None, body[position:], "text behind the call")
            return
        if after < len(body) and not _SEPARATOR.search(body, end + 1, after):
            raise BadRow("bad-calls", path, f"text behind the call of {name}: {body[after : after + 40]!r}")
        yield _call(name, body[position : end + 1], body[inside:end], order.get(name, ()))
        position = after


def _skip(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def _name(body: str, position: int, order: Order, path: str) -> tuple[str, int]:
    """Return the name that stands here and where its arguments begin."""
    known = _offered_name(body, position, order)
    if known:
        return known, body.index("(", position + len(known)) + 1
    found = _NAME.match(body, position)
    if not found or not found[0].strip():
        raise BadRow("bad-calls", path, f"expected a call, got {body[position : position + 40]!r}")
    return found[0].strip(), found.end() + 1


def _offered_name(body: str, position: int, order: Order) -> str:
    """Return the longest offered name that is called here; such a name may hold any character."""
    here = (name for name in order if body.startswith(name, position))
    called = (name for name in here if body[position + len(name) :].lstrip().startswith("("))
    return max(called, key=len, default="")


def _unclosed(body: str, position: int, order: Order, path: str) -> Call:
    """Return the call of a text whose brackets do not close, if it is but one."""
    name, inside = _name(body, position, order, path)
    if _OPENING.search(body, inside):
        raise BadRow("bad-calls", path, "a bracket or a string is not closed, and there are several calls")
    return Call(name, None, None, body[position:], "a bracket or a string is not closed")


def _call(name: str, raw: str, inside: str, parameters: Sequence[str]) -> Call:
    try:
        arguments = _arguments(inside, parameters)
        msgspec.json.encode(arguments)  # half of a surrogate pair could not be stored
    except (ValueError, OverflowError, RecursionError) as error:
        return Call(name, None, None, raw, str(error))
    return Call(name, arguments)


def _end(text: str, start: int, closing: str = ")") -> int | None:
    """Return where the bracket that was opened right before `start` closes."""
    return next((at for char, at in _marks(text, start) if char == closing), None)


def _marks(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield the commas and equals signs outside of strings and brackets, and the bracket that ends it all."""
    open_brackets: list[str] = []
    for token in _TOKEN.finditer(text, start):
        char = token[0][0]
        if char in _CLOSING:
            open_brackets.append(_CLOSING[char])
        elif char in ")]}":
            if not open_brackets:
                yield char, token.start()
                return
            if open_brackets.pop() != char:
                return
        elif char in ",=" and not open_brackets:
            yield char, token.start()


def _arguments(inside: str, parameters: Sequence[str]) -> dict[str, Json]:
    arguments: dict[str, Json] = {}
    named = False
    for i, (key, text) in enumerate(_pieces(inside)):
        if key is None and text.startswith("**"):
            value = written(text[2:])
            if not isinstance(value, dict):
                raise ValueError("expected an object behind **")
            items = value
        elif key is None:
            if named or i >= len(parameters):
                raise ValueError(f"argument {i + 1} has no name, and its place does not tell it")
            items = {parameters[i]: written(text)}
        else:
            items = {key: written(text)}
        named = named or key is not None
        for name, value in items.items():
            if name in arguments:
                raise ValueError(f"argument {name} is given twice")
            arguments[name] = value
    return arguments


def _pieces(inside: str) -> Iterator[tuple[str | None, str]]:
    """Yield key and text of each argument; the key of a positional one is None."""
    start, equals = 0, -1
    for char, position in (*_marks(inside, 0), (",", len(inside))):
        if char == "=":
            equals = position if equals < start else equals
            continue
        whole = inside[start:position]
        key = inside[start:equals].strip() if equals >= start else None
        if key is not None and not _KEY.fullmatch(key):
            raise ValueError(f"expected the name of an argument, got {key[:40]!r}")
        if whole.strip():
            yield key, (whole if key is None else inside[equals + 1 : position]).strip()
        start, equals = position + 1, -1


def written(text: str) -> Json:
    """Return the value that a JSON text, a Python literal or a mixture stands for; raises `ValueError`."""
    try:
        return written_value(text)
    except ValueError as error:
        mixed = _as_python(text)
        if mixed == text:
            raise ValueError(f"{error}: {text[:80]!r}") from None
    try:
        return python_value(mixed)
    except ValueError as error:
        raise ValueError(f"{error}: {text[:80]!r}") from None


def _as_python(text: str) -> str:
    """Replace JSON words by Python's, tuples by lists, and what Python lets stand in strings by escapes."""
    parts: list[str] = []
    open_brackets: list[tuple[int, bool]] = []  # where in `parts`, and whether a comma came
    last = 0
    for token in _VALUE_TOKEN.finditer(text):
        parts.append(text[last : token.start()])
        last = token.end()
        word = token[0]
        if word[0] in "\"'":
            word = _ESCAPE.sub(_escaped, word)
        elif word in _CLOSING:
            open_brackets.append((len(parts), False))
        elif word == "," and open_brackets:
            open_brackets[-1] = (open_brackets[-1][0], True)
        elif word in ")]}" and open_brackets:
            opened, comma = open_brackets.pop()
            if parts[opened] == "(" and word == ")":
                empty = not "".join(parts[opened + 1 :]).strip()
                parts[opened], word = ("[", "]") if comma or empty else (" ", " ")
        parts.append(_WORDS.get(word, word))
    return "".join((*parts, text[last:]))


def _escaped(found: re.Match[str]) -> str:
    char = found[1]
    if char is None:
        return "\\n"
    if char == "\n":  # Python joins the lines
        return ""
    return found[0] if char in _KNOWN_ESCAPES else f"\\\\{char}"
