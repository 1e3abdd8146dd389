r"""Calls in Python syntax, `[name(argument=value, ...), ...]`, as BFCL's prompting mode asks for.

    >>> parse("[weather.get(city='Kyiv', days=2)]").calls[0].arguments
    {'city': 'Kyiv', 'days': 2}

A reply whose first visible character is `[` is a list of calls; any other reply is text, and text and calls
do not mix. Values are the Python literals that have a JSON value: None, True, False, numbers, strings, lists,
dicts with string keys. An argument whose name is no Python name is written `**{"odd name": 1}`. What is
rendered is Python; what is read is read by the small parser below: nothing is ever evaluated.
"""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import NoReturn

from callwright.formats.reply import (
    Format,
    Malformed,
    Reply,
    Unrenderable,
    require_encodable,
    require_names,
)
from callwright.formats.strict_json import BLANK, MAX_DEPTH, flaw, quote
from callwright.record import Json, ToolCall

_NAME = re.compile(r"[\w.:/-]+")
_ARGUMENT = re.compile(r"[^\W\d]\w*")
_PLAIN_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"None|True|False")
_WORDS: dict[str, Json] = {"None": None, "True": True, "False": False}
_UNQUOTED = {'"': re.compile(r'[^"\\\r\n]*'), "'": re.compile(r"[^'\\\r\n]*")}
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f",
            "v": "\v", "a": "\a"}  # fmt: skip
_CODES = {"x": re.compile("[0-9a-fA-F]{2}"), "u": re.compile("[0-9a-fA-F]{4}"),
          "U": re.compile("[0-9a-fA-F]{8}")}  # fmt: skip
_FENCED = re.compile(r"[ \t\r\n]*```(?:python)?[ \t\r]*\n(?=[ \t\r\n]*\[)")
_FENCE_END = "```"


def render(reply: Reply) -> str:
    """Return the list of calls, or the text of a reply without calls."""
    require_names(reply.calls)
    if not reply.calls:
        require_encodable(reply.text)
        if parse(reply.text) != reply:
            raise Unrenderable("the text would be read as a list of calls")
        return reply.text
    if reply.text:
        raise Unrenderable("text and calls do not mix in this format")
    return "[" + ", ".join(_call(call) for call in reply.calls) + "]"


def _call(call: ToolCall) -> str:
    if not _NAME.fullmatch(call.name):
        raise Unrenderable(f"{call.name!r} can not be written as a function name")
    if reason := flaw(call.arguments):
        raise Unrenderable(reason)
    return f"{call.name}({', '.join(_argument(k, v) for k, v in (call.arguments or {}).items())})"


def _argument(name: str, value: Json) -> str:
    if _PLAIN_ARGUMENT.fullmatch(name) and not iskeyword(name):
        return f"{name}={_literal(value)}"
    return f"**{{{quote(name)}: {_literal(value)}}}"


def _literal(value: Json) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)


def parse(text: str) -> Reply | Malformed:
    """Return the calls of a list of calls, in a Markdown fence or not; the text itself otherwise."""
    fence = _FENCED.match(text)
    start = fence.end() if fence else 0
    if not text[start:].lstrip(BLANK).startswith("["):
        return Reply(text, ())
    parser = _Parser(text, start)
    try:
        calls = parser.calls()
    except _Unexpected as error:
        return Malformed(error.reason, error.position)
    rest = text[parser.position :].strip(BLANK)
    if rest != (_FENCE_END if fence else ""):
        unfinished = bool(fence) and _FENCE_END.startswith(rest)
        return Malformed("text behind the list of calls", parser.position, settled=not unfinished)
    return Reply("", calls)


class _Unexpected(Exception):
    """The text stops being a list of calls at `position`."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class _Parser:
    """Recursive descent over `text`; every method starts at `position` and leaves it behind what it read."""

    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.position = position

    def calls(self) -> tuple[ToolCall, ...]:
        found: list[ToolCall] = []
        self._expect("[")
        while not self._at_end_of_items("]", first=not found):
            found.append(self._call())
        return tuple(found)

    def _call(self) -> ToolCall:
        name = self._match(_NAME, "a function name")
        arguments: dict[str, Json] = {}
        self._expect("(")
        first = True
        while not self._at_end_of_items(")", first=first):
            first = False
            start = self.position
            for key, value in self._argument().items():
                if key in arguments:
                    self._fail(f"argument {key} is given twice", start)
                arguments[key] = value
        return ToolCall(name=name, arguments=arguments)

    def _argument(self) -> dict[str, Json]:
        # Depth 2: the arguments object itself is the first level, as `flaw` counts.
        if self.text.startswith("**", self.position):
            self.position += 2
            self._expect("{")
            return self._dict(1)
        name = self._match(_ARGUMENT, "an argument name")
        self._expect("=")
        return {name: self._value(2)}

    def _value(self, depth: int) -> Json:
        self._skip_blanks()
        if depth > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels")
        char = self.text[self.position : self.position + 1]
        if char and char in "\"'":
            return self._string(char)
        if char == "{":
            self.position += 1
            return self._dict(depth)
        if char == "[":
            self.position += 1
            return self._list(depth)
        if word := _WORD.match(self.text, self.position):
            self.position = word.end()
            return _WORDS[word[0]]
        return self._number()

    def _list(self, depth: int) -> list[Json]:
        items: list[Json] = []
        while not self._at_end_of_items("]", first=not items):
            items.append(self._value(depth + 1))
        return items

    def _dict(self, depth: int) -> dict[str, Json]:
        items: dict[str, Json] = {}
        while not self._at_end_of_items("}", first=not items):
            start = self.position
            char = self.text[start : start + 1]
            if not char or char not in "\"'":
                self._fail("expected a string as key")
            key = self._string(char)
            if key in items:
                self._fail("a key is given twice", start)
            self._expect(":")
            items[key] = self._value(depth + 1)
        return items

    def _number(self) -> int | float:
        found = _NUMBER.match(self.text, self.position)
        if not found:
            self._fail("expected a value")
        is_float = found[1] is not None or found[2] is not None
        try:
            value = float(found[0]) if is_float else int(found[0])
        except ValueError:
            self._fail("a number has too many digits")
        if reason := flaw(value):
            self._fail(reason)
        self.position = found.end()
        return value

    def _string(self, mark: str) -> str:
        start = self.position
        self.position += 1
        parts: list[str] = []
        while True:
            plain = _UNQUOTED[mark].match(self.text, self.position)
            if plain:
                parts.append(plain[0])
                self.position = plain.end()
            char = self.text[self.position : self.position + 1]
            self.position += 1
            if char == mark:
                return "".join(parts)
            if char != "\\":
                self._fail("a string is not closed", start)
            parts.append(self._escaped())

    def _escaped(self) -> str:
        char = self.text[self.position : self.position + 1]
        if char in _CODES:
            code = _CODES[char].match(self.text, self.position + 1)
            if code and int(code[0], 16) <= 0x10FFFF:
                self.position = code.end()
                return chr(int(code[0], 16))
        elif char in _ESCAPES:
            self.position += 1
            return _ESCAPES[char]
        self._fail("unknown escape in a string", self.position - 1)

    def _at_end_of_items(self, close: str, *, first: bool) -> bool:
        """Step over the comma before a next item, or over `close`; a comma before `close` is allowed."""
        self._skip_blanks()
        if not first and not self.text.startswith(close, self.position):
            self._expect(",")
            self._skip_blanks()
        if self.text.startswith(close, self.position):
            self.position += 1
            return True
        return False

    def _expect(self, char: str) -> None:
        self._skip_blanks()
        if not self.text.startswith(char, self.position):
            self._fail(f"expected {char}")
        self.position += 1

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        self._skip_blanks()
        found = pattern.match(self.text, self.position)
        if not found:
            self._fail(f"expected {what}")
        self.position = found.end()
        return found[0]

    def _skip_blanks(self) -> None:
        while self.position < len(self.text) and self.text[self.position] in BLANK:
            self.position += 1

    def _fail(self, reason: str, position: int | None = None) -> NoReturn:
        raise _Unexpected(reason, self.position if position is None else position)


PYTHON = Format(
    name="python",
    instruction=(
        "Call tools as [name(argument=value, ...), ...] with Python literals. "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
)
