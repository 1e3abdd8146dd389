"""Normal form, words and n-grams of a text: what is compared in place of the text itself.

Words are runs of letters, digits and underscores, in lower case. A character of a script that is written
without spaces (Chinese, Japanese, Thai, ...) is a word of its own.

    >>> words("What's 3+4, Bob?")
    [b'what', b's', b'3', b'4', b'bob']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_SPACELESS = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff])"
)
_WORD = re.compile(r"\w+")
_ASCII = bytes(ord(c.lower()) if (c := chr(i)).isalnum() or c == "_" else 32 for i in range(128)) + bytes(128)


def normalised(text: str) -> str:
    """Return the text without differences of case, width, spacing and closing punctuation."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".!?… ")


def words(text: str) -> list[bytes]:
    """Return the words of a text, in order, as UTF-8."""
    if text.isascii():  # most texts; the same result as below, ten times as fast
        return text.encode("ascii").translate(_ASCII).split()
    spaced = _SPACELESS.sub(r" \1 ", normalised(text))
    return [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(spaced)]


def grams(text: Sequence[bytes], size: int) -> Iterator[bytes]:
    """Yield every run of `size` words, joined by spaces; none where there are fewer words."""
    return map(b" ".join, zip(*[text[k:] for k in range(size)], strict=False))


def joined(texts: Iterable[str]) -> bytes:
    """Return the words of several texts as one value, so that equal values are equal wordings."""
    return b"\n".join(b" ".join(words(text)) for text in texts)
