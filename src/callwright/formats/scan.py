"""Reading a text from left to right: what `python_calls` and the formats of lines have in common.

A `Scanner` stands at a position; every method starts there and leaves it behind what it read. Where the text
is not what was expected it raises `Unexpected`, which a format turns into a `Malformed`.
"""

from __future__ import annotations

import re
from typing import NoReturn

from callwright.formats.reply import Malformed
from callwright.formats.strict_json import read, skip_blanks, write
from callwright.record import Json

NAME = re.compile(r"[\w.:/-]+")
"""A name that is written as it is; any other is written as a JSON string."""


class Unexpected(Exception):
    """The text stops being what it should be at `position`."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position

    def malformed(self) -> Malformed:
        """Return it as a result."""
        return Malformed(self.reason, self.position)


class Scanner:
    """A text and how far it was read."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position

    def at(self, literal: str) -> bool:
        """Tell whether `literal` comes next."""
        return self.text.startswith(literal, self.position)

    def take(self, literal: str) -> bool:
        """Step over `literal` if it comes next, and tell whether it did."""
        if not self.at(literal):
            return False
        self.position += len(literal)
        return True

    def expect(self, literal: str) -> None:
        """Step over `literal`."""
        if not self.take(literal):
            self.fail(f"expected {literal.strip() or 'a line break'}")

    def match(self, pattern: re.Pattern[str], what: str) -> str:
        """Step over what a pattern matches, and return it."""
        found = pattern.match(self.text, self.position)
        if not found:
            self.fail(f"expected {what}")
        self.position = found.end()
        return found[0]

    def name(self, what: str) -> str:
        """Step over a name as `written_name` writes it."""
        if not self.at('"'):
            return self.match(NAME, what)
        start = self.position
        value = self.json()
        if not isinstance(value, str):
            self.fail(f"expected {what}", start)
        return value

    def json(self) -> Json:
        """Step over a JSON value."""
        found = read(self.text, self.position)
        if isinstance(found, Malformed):
            self.fail(found.reason, found.position)
        value, self.position = found
        return value

    def blanks(self) -> None:
        """Step over blanks and line breaks."""
        self.position = skip_blanks(self.text, self.position)

    @property
    def over(self) -> bool:
        """Tell whether nothing but blanks is left."""
        return skip_blanks(self.text, self.position) == len(self.text)

    def fail(self, reason: str, position: int | None = None) -> NoReturn:
        """Raise `Unexpected`."""
        raise Unexpected(reason, self.position if position is None else position)


def written_name(name: str) -> str:
    """Return a name as it is, or as a JSON string where it holds other characters than names do."""
    return name if NAME.fullmatch(name) else write(name)


def set_once(arguments: dict[str, Json], name: str, value: Json, scanner: Scanner, start: int) -> None:
    """Put an argument; one that is given twice is malformed."""
    if name in arguments:
        scanner.fail(f"argument {name} is given twice", start)
    arguments[name] = value
