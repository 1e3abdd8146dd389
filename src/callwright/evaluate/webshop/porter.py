"""Porter's stemmer as search engines use it: the algorithm of 1980 with its author's later extensions.

M. F. Porter, "An algorithm for suffix stripping", Program 14(3); the extensions are those of the author's own
implementation: `bli` becomes `ble` (not `abli`, `able`), `logi` becomes `log`, and words of one or two
letters are left alone.

>>> stem("relational"), stem("running"), stem("as")
('relat', 'run', 'as')
"""

from __future__ import annotations

_STEP_2 = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"),
    ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"),
    ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
)  # fmt: skip
_STEP_3 = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
)  # fmt: skip
_STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
)  # fmt: skip
_ENDINGS = tuple(tuple(suffix for suffix, _ in table) for table in (_STEP_2, _STEP_3))
_SHAPE = str.maketrans({chr(code): "c" for code in range(128)} | dict.fromkeys("aeiou", "v"))


def stem(word: str) -> str:
    """Return the stem of a word in lower case."""
    if len(word) <= 2:
        return word
    word = _plurals(word)
    if word.endswith("y") and "v" in _shape(word[:-1]):
        word = word[:-1] + "i"
    for table, endings in zip((_STEP_2, _STEP_3), _ENDINGS, strict=True):
        if word.endswith(endings):
            suffix, instead = next(each for each in table if word.endswith(each[0]))
            head = word[: -len(suffix)]
            if _measure(head) > 0:
                word = head + instead
    return _final_e(_step_4(word))


def _plurals(word: str) -> str:
    """Take plurals and the endings -ed and -ing away (steps 1a and 1b)."""
    if word.endswith("s"):
        if word.endswith(("sses", "ies")):
            word = word[:-2]
        elif not word.endswith("ss"):
            word = word[:-1]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    if word.endswith(("ed", "ing")):
        head = word[: -2 if word[-1] == "d" else -3]
        return _mended(head) if "v" in _shape(head) else word
    return word


def _mended(head: str) -> str:
    """Give a word that lost -ed or -ing the ending it had."""
    if head.endswith(("at", "bl", "iz")):
        return head + "e"
    shape = _shape(head)
    if len(head) > 1 and head[-1] == head[-2] and shape[-1] == "c":
        return head if head[-1] in "lsz" else head[:-1]
    return head + "e" if shape.count("vc") == 1 and _ends_cvc(head) else head


def _step_4(word: str) -> str:
    """Take a suffix of a long word away, the longest that there is."""
    if not word.endswith(_STEP_4):
        return word
    suffix = max((each for each in _STEP_4 if word.endswith(each)), key=len)
    head = word[: -len(suffix)]
    if _measure(head) <= 1 or (suffix == "ion" and not head.endswith(("s", "t"))):
        return word
    return head


def _final_e(word: str) -> str:
    """Take a final e away, and one l of two (step 5)."""
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_cvc(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


def _shape(word: str) -> str:
    """Return v for each vowel and c for each consonant; y is a vowel after a consonant."""
    if not word.isascii():
        word = "".join(letter if letter in "aeiouy" else "x" for letter in word)
    if "y" not in word:
        return word.translate(_SHAPE)
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """Return how often vowels are followed by consonants."""
    return _shape(word).count("vc")


def _ends_cvc(word: str) -> bool:
    return len(word) > 2 and word[-1] not in "wxy" and _shape(word)[-3:] == "cvc"
