"""Reading literals as programming languages write them; what differs between two is told by a subclass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from callwright.formats.scan import Scanner
from callwright.formats.strict_json import MAX_DEPTH, flaw
from callwright.record import Json

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_UNQUOTED = {'"': re.compile(r'[^"\\\r\n]*'), "'": re.compile(r"[^'\\\r\n]*")}
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f",
            "v": "\v"}  # fmt: skip
_CODES = {"x": re.compile("[0-9a-fA-F]{2}"), "u": re.compile("[0-9a-fA-F]{4}"),
          "U": re.compile("[0-9a-fA-F]{8}")}  # fmt: skip
_WORD = re.compile(r"[A-Za-z_]\w*")


class LiteralScanner(Scanner):
    """Steps over literals that have a JSON value."""

    words: ClassVar[Mapping[str, Json]]
    """The constants by name."""
    escapes: ClassVar[Mapping[str, str]] = {}
    """Escapes beside those that all languages share."""

    def key(self) -> str:
        """Step over a key of an object."""
        raise NotImplementedError

    def value(self, depth: int) -> Json:
        """Step over a value; the arguments object itself is at depth 1, as `flaw` counts."""
        self.blanks()
        if depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels")
        char = self.text[self.position : self.position + 1]
        if char and char in "\"'":
            return self.string()
        if char == "{":
            self.position += 1
            return self.object(depth)
        if char == "[":
            self.position += 1
            return self.array(depth)
        word = _WORD.match(self.text, self.position)
        if word and word[0] in self.words:
            self.position = word.end()
            return self.words[word[0]]
        return self.number()

    def array(self, depth: int) -> list[Json]:
        """Step over the items of a list, and over its end."""
        items: list[Json] = []
        while not self.at_end_of_items("]", first=not items):
            items.append(self.value(depth + 1))
        return items

    def object(self, depth: int) -> dict[str, Json]:
        """Step over the items of an object, and over its end."""
        items: dict[str, Json] = {}
        while not self.at_end_of_items("}", first=not items):
            start = self.position
            key = self.key()
            if key in items:
                self.fail("a key is given twice", start)
            self.blanks()
            self.expect(":")
            items[key] = self.value(depth + 1)
        return items

    def number(self) -> int | float:
        """Step over a number."""
        found = _NUMBER.match(self.text, self.position)
        if not found:
            self.fail("expected a value")
        is_float = found[1] is not None or found[2] is not None
        try:
            value = float(found[0]) if is_float else int(found[0])
        except ValueError:
            self.fail("a number has too many digits")
        if reason := flaw(value):
            self.fail(reason)
        self.position = found.end()
        return value

    def string(self) -> str:
        """Step over a string in either kind of quotes."""
        start = self.position
        mark = self.text[start : start + 1]
        if not mark or mark not in _UNQUOTED:
            self.fail("expected a string")
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
                self.fail("a string is not closed", start)
            parts.append(self._escaped())

    def _escaped(self) -> str:
        char = self.text[self.position : self.position + 1]
        if char in _CODES:
            code = _CODES[char].match(self.text, self.position + 1)
            if code and int(code[0], 16) <= 0x10FFFF:
                self.position = code.end()
                return chr(int(code[0], 16))
        elif escaped := _ESCAPES.get(char) or self.escapes.get(char):
            self.position += 1
            return escaped
        self.fail("unknown escape in a string", self.position - 1)

    def at_end_of_items(self, close: str, *, first: bool) -> bool:
        """Step over the comma before a next item, or over `close`; a comma before `close` is allowed."""
        self.blanks()
        if not first and not self.at(close):
            self.expect(",")
            self.blanks()
        return self.take(close)
