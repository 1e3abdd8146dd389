"""From text to index terms as Lucene's English analyser makes them, so that rankings come out the same.

Words are those of Unicode Standard Annex 29 (a pictograph such as ™ or ★ is a word as well), a possessive 's
is taken off, letters are lowered, 33 stop words are left out, and Porter's stemmer has the last word. The
standard library knows no Word_Break property; `_kind` tells it from general categories and short tables,
which covers what shops write. Rare scripts may be cut otherwise than Lucene does.

>>> terms("The men's T-shirts™, size:large, 3.5oz")
['men', 't', 'shirt', '™', 'size:larg', '3.5oz']
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

from callwright.evaluate.webshop.porter import stem

_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there "
    "these they this to was will with"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Lucene's `EnglishAnalyzer.ENGLISH_STOP_WORDS_SET`."""
MAX_LENGTH = 255
"""Characters; a longer word is cut into words of this length."""

# Kinds of characters, one letter each, so that words can be found by a pattern over the kinds.
_LETTER, _DIGIT, _KATAKANA, _UNDERSCORE, _MARK = "LNK_x"
_MID_LETTER, _MID_NUMBER, _MID_BOTH = "Mmq"
_ALONE, _SOUTHEAST_ASIAN, _PICTOGRAPH, _FLAG, _JOINER, _OTHER = "HTERj "

_MID = {
    **dict.fromkeys(":··՟״‧︓﹕：", _MID_LETTER),
    **dict.fromkeys(",;\u037e։،؍٬߸⁄︐︔﹐﹔，；", _MID_NUMBER),
    **dict.fromkeys(".'‘’․﹒＇．", _MID_BOTH),
}
# Extended_Pictographic of Unicode 12.1: first code points, and how many follow each.
_PICTOGRAPHS = (
    (0xA9, 0), (0xAE, 0), (0x203C, 0), (0x2049, 0), (0x2122, 0), (0x2139, 0), (0x2194, 5), (0x21A9, 1),
    (0x231A, 1), (0x2328, 0), (0x2388, 0), (0x23CF, 0), (0x23E9, 10), (0x23F8, 2), (0x24C2, 0), (0x25AA, 1),
    (0x25B6, 0), (0x25C0, 0), (0x25FB, 3), (0x2600, 5), (0x2607, 11), (0x2614, 113), (0x2690, 117),
    (0x2708, 10), (0x2714, 0), (0x2716, 0), (0x271D, 0), (0x2721, 0), (0x2728, 0), (0x2733, 1), (0x2744, 0),
    (0x2747, 0), (0x274C, 0), (0x274E, 0), (0x2753, 2), (0x2757, 0), (0x2763, 4), (0x2795, 2), (0x27A1, 0),
    (0x27B0, 0), (0x27BF, 0), (0x2934, 1), (0x2B05, 2), (0x2B1B, 1), (0x2B50, 0), (0x2B55, 0), (0x3030, 0),
    (0x303D, 0), (0x3297, 0), (0x3299, 0), (0x1F000, 255), (0x1F10D, 2), (0x1F12F, 0), (0x1F16C, 5),
    (0x1F17E, 1), (0x1F18E, 0), (0x1F191, 9), (0x1F1AD, 56), (0x1F201, 14), (0x1F21A, 0), (0x1F22F, 0),
    (0x1F232, 8), (0x1F23C, 3), (0x1F249, 433), (0x1F400, 317), (0x1F546, 265), (0x1F680, 127), (0x1F774, 11),
    (0x1F7D5, 42), (0x1F80C, 3), (0x1F848, 7), (0x1F85A, 5), (0x1F888, 7), (0x1F8AE, 81), (0x1F90C, 46),
    (0x1F93C, 9), (0x1F947, 440), (0x1FC00, 1021),
)  # fmt: skip
_FIRST = [first for first, _ in _PICTOGRAPHS]
# What stands between letters joins them only if letters (digits) stand on both sides.
_MARKS = f"[{_MARK}{_JOINER}]*+"
_LETTERS = f"L{_MARKS}(?>(?:[Mq]{_MARKS}(?=L))?)"
_DIGITS = f"N{_MARKS}(?>(?:[mq]{_MARKS}(?=N))?)"
_RUN = f"(?:(?>(?:K{_MARKS})+)|(?>(?:{_LETTERS}|{_DIGITS})+))"
_JOINTS = f"(?>(?:_{_MARKS})*)"
# The group takes underscores that belong to no word. Nothing is ever tried twice: `*+` and `(?>`. A group
# followed by `++` would say the same, but Python's engine got that wrong until 3.11.5.
_WORDS = re.compile(
    f"{_JOINTS}{_RUN}(?>(?:(?>(?:_{_MARKS})+){_RUN})*){_JOINTS}"
    f"|Ex*+(?>(?:jx*+Ex*+)*){_MARKS}|R{_MARKS}R{_MARKS}|T[Txj]*+|H{_MARKS}|(_[_xj]*+)"
)
_POSSESSIVE = re.compile("['’＇][sS]$")


class _Kinds(dict[int, str]):
    """Code point to kind; filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        kind = self[code] = _kind(chr(code))
        return kind


def _kind(char: str) -> str:
    """Return the kind of a character in the sense of word boundaries."""
    code, category = ord(char), unicodedata.category(char)
    if char in _MID:
        return _MID[char]
    if char == "\u200d":
        return _JOINER
    if category in ("Mn", "Me", "Mc", "Cf") or 0x1F3FB <= code <= 0x1F3FF or char in "\uff9e\uff9f":
        return _MARK if char != "\u200b" else _OTHER
    if 0x1F1E6 <= code <= 0x1F1FF:
        return _FLAG
    place = bisect_right(_FIRST, code) - 1
    if place >= 0 and code <= sum(_PICTOGRAPHS[place]):
        return _PICTOGRAPH
    if category == "Nd":
        return _DIGIT
    if category == "Pc":
        return _UNDERSCORE
    if category[0] == "L" or category == "Nl" or 0x24B6 <= code <= 0x24E9:
        return _script(code)
    return _OTHER


def _script(code: int) -> str:
    """Return the kind of a letter: some scripts are written without spaces."""
    if 0x0E01 <= code <= 0x0EDF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17DC:
        return _SOUTHEAST_ASIAN
    if 0x30A1 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9D:
        return _KATAKANA
    if 0x3041 <= code <= 0x309F or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF:
        return _ALONE
    if code in (0x3005, 0x3006, 0x3007) or 0x20000 <= code <= 0x3FFFF:
        return _ALONE
    return _LETTER


_KINDS = _Kinds()


def words(text: str) -> list[str]:
    """Return the words of a text in order."""
    found: list[str] = []
    for match in _WORDS.finditer(text.translate(_KINDS)):
        if match.lastindex:
            continue
        start, end = match.span()
        for first in range(start, end, MAX_LENGTH):
            found.append(text[first : min(first + MAX_LENGTH, end)])
    return found


@lru_cache(maxsize=1 << 16)
def _term(word: str) -> str:
    """Return the index term of a word, empty for a stop word."""
    word = _POSSESSIVE.sub("", word).lower()
    return "" if word in STOP_WORDS else stem(word)


def terms(text: str) -> list[str]:
    """Return the index terms of a text in order."""
    return [term for word in words(text) if (term := _term(word))]
