"""From tokens that come one by one to text of which nothing has to be taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_ONE_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
"""How vocabularies with characters for tokens spell a byte of a character that they lack."""


class Spelling:
    """The text of tokens as they come: whole characters only.

    `decode` is a tokenizer's. What a token adds is the difference that it makes behind the tokens before it,
    because some tokenizers drop the blank at the beginning of whatever they decode.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._context = 0
        """Where the tokens begin that are decoded again as what new ones stand behind."""
        self._told = 0
        """How many tokens are told."""

    def feed(self, token: int) -> str:
        """Take a token; return the text that is certain now."""
        self._tokens.append(token)
        new = self._new()
        # Tokens are pieces of UTF-8: what ends in a replacement character may be half of one.
        if not new or new.endswith("\ufffd"):
            return ""
        self._context, self._told = self._told, len(self._tokens)
        return new

    def close(self) -> str:
        """Return the text of the tokens that ended in the middle of a character."""
        new = self._new()
        self._context = self._told = len(self._tokens)
        return new

    def _new(self) -> str:
        before = self._decode(self._tokens[self._context : self._told])
        return self._decode(self._tokens[self._context :])[len(before) :]


def bytes_of(tokenizer: Any, token: int) -> bytes:
    """Return what a token stands for, be it a part of a character, of which its text tells nothing."""
    text: str = tokenizer.decode([token], skip_special_tokens=False, clean_up_tokenization_spaces=False)
    if "\ufffd" not in text:
        return text.encode()
    spelt: str = tokenizer.convert_ids_to_tokens(token)
    if byte := _ONE_BYTE.fullmatch(spelt):
        return bytes.fromhex(byte[1])
    letters = _letters()
    return bytes(letters[letter] for letter in spelt) if letters.keys() >= set(spelt) else text.encode()


@cache
def _letters() -> dict[str, int]:
    """Return the byte that each letter of a byte-level vocabulary stands for; all took GPT-2's.

    Printable characters of Latin-1 stand for themselves, the other bytes in their order for what follows it.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


class Until:
    """Text up to the first of some stop texts to be complete; what may begin one is held back.

    Of two that overlap the one that ends first counts, however the text is cut: there a model stops writing.

    >>> until = Until(("END",))
    >>> until.feed("one E"), until.feed("N two END three"), until.found, until.close()
    ('one ', 'EN two ', True, '')
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(stop)
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """Take text; return what is certain to come before a stop."""
        if self.found:
            return ""
        text = self._held + text
        ends = [(place + len(stop), place) for stop in self._stop if (place := text.find(stop)) >= 0]
        if ends:
            self.found, self._held = True, ""
            return text[: min(ends)[1]]
        held = max((_begun(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def close(self) -> str:
        """Return what was held back for nothing."""
        held, self._held = self._held, ""
        return held


def _begun(text: str, stop: str) -> int:
    """Return how many characters at the end of `text` are the beginning of `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
