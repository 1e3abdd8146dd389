"""What haste does to a text: slips of the finger, small letters, no full stop. Values stay untouched."""

from __future__ import annotations

import random
import re

_FIRST_MARK, _LAST_MARK = "\ue000", "\uf8ff"
_NEIGHBOURS = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o", "k": "l",
    "l": "k",
    "m": "n", "n": "m", "o": "p", "p": "o", "r": "t", "s": "d", "t": "r", "u": "i", "v": "b", "w": "e",
    "y": "u",
}  # fmt: skip
_CONFUSED = {"the": "teh", "please": "pls", "you": "u", "your": "ur", "and": "adn", "for": "fro",
"with": "wiht",
             "what's": "whats", "I'd": "Id", "I'm": "Im", "can": "cna", "thanks": "thx",
             "from": "form"}  # fmt: skip


def typos(text: str, rng: random.Random) -> str:
    """Put one or two slips into words of the sentence; marks of values and anything in quotes stay."""
    words = re.split(r"(\s+)", text)
    places = [i for i, w in enumerate(words) if _may_slip(w)]
    for place in rng.sample(places, min(len(places), rng.choice((1, 1, 2)))):
        words[place] = _slip(words[place], rng)
    return "".join(words)


def _may_slip(word: str) -> bool:
    letters = word.strip(".,?!:")
    marked = any(_FIRST_MARK <= c <= _LAST_MARK for c in word)
    return not marked and (
        letters in _CONFUSED or (len(letters) >= 5 and letters.isalpha() and letters.isascii())
    )


def _slip(word: str, rng: random.Random) -> str:
    bare = word.strip(".,?!:")
    if bare in _CONFUSED:
        return word.replace(bare, _CONFUSED[bare])
    i = rng.randint(1, len(bare) - 2)
    way = rng.randrange(4)
    if way == 0:
        slipped = bare[:i] + bare[i + 1] + bare[i] + bare[i + 2 :]
    elif way == 1:
        slipped = bare[:i] + bare[i + 1 :]
    elif way == 2:
        slipped = bare[:i] + bare[i] + bare[i:]
    else:
        slipped = bare[:i] + _NEIGHBOURS.get(bare[i], bare[i]) + bare[i + 1 :]
    return word.replace(bare, slipped)


def small_letters(text: str, rng: random.Random) -> str:
    """Write everything but the values in small letters, often without the last full stop."""
    lowered = text.lower()
    return lowered.rstrip(".") if rng.random() < 0.6 else lowered
