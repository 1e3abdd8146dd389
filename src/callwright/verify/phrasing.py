"""How a text is traced: by its words, by initials, as an address, as a number written as text."""

from __future__ import annotations

import re

from callwright.verify.evidence import Evidence, squash, stem, words_of
from callwright.verify.words import ALIASES, MONTHS, NUMBER_WORDS, STOP_WORDS

COMPOSED = 6
"""From this many content words on, a string counts as composed text and may paraphrase."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}")
_URL = re.compile(r"(?:[a-z]+://|www\.)\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|edu|gov)(?:/\S*)?")
_OF_ADDRESSES = frozenset(
    {
        "http",
        "https",
        "www",
        "com",
        "org",
        "net",
        "io",
        "edu",
        "gov",
        "html",
        "htm",
        "php",
        "index",
        "en",
        "api",
    }
)
_PHONE = re.compile(r"\+?[\d\s().-]{7,20}")
_PHONE_DIGITS = 7
_RECKONING = re.compile(r"[(\s]*+[\d.,]++[)\s]*+(?:(?:[+*/]|(?<=\s)-(?=\s))[(\s]*+[\d.,]++[)\s]*+)+")
"""A sum. Nothing in it can be read two ways: a long one with something else behind it would take for ever."""
_PIECES = re.compile(r"[^\W\d_]+|\d+")
_MANY = 1000
"""Words among which a slip is looked for; with more, some word is always near."""
_TYPO = 6
"""Letters from which on a word with one slip is taken for the word."""


def phrase(value: str, folded: str, evidence: Evidence, *, is_choice: bool) -> float:
    """Return the trust in a text that was not said as it stands: 1, 0.5 or 0; a choice is one of an enum."""
    if _EMAIL.fullmatch(folded) or _URL.fullmatch(folded):
        return _address(folded, evidence)
    if _PHONE.fullmatch(folded) and _with_country_code(squash(folded), evidence):
        return 0.5
    words = words_of(value)
    content = [w for w in words if w not in STOP_WORDS] or words
    if not content:
        return 0.0
    said = [_said(w, evidence) for w in content]
    share = sum(said) / len(content)
    if _RECKONING.fullmatch(folded):
        return 0.5 if share >= 0.5 else 0.0
    # A number is right or wrong, however much of the rest was said; a single digit may well be counted.
    numbers = [ok for w, ok in zip(content, said, strict=True) if len(w) > 1 and any(map(str.isdigit, w))]
    wrong_number = not all(numbers)
    if not wrong_number and (share >= 0.75 or (len(content) >= COMPOSED and share >= 0.6)):
        return 1.0
    if by_initials(content, folded, evidence):
        return 1.0
    head = folded.partition(",")[0].strip()
    if head != folded and len(head) > 2 and not wrong_number and _head_said(head, evidence):
        return 0.5
    if len(content) >= COMPOSED:
        return 0.5 if share >= 0.3 else 0.0
    another = not is_choice and _another_name(value, said, evidence)
    return 0.5 if share >= 0.5 and not wrong_number and not another else 0.0


def _with_country_code(digits: str, evidence: Evidence) -> bool:
    """Tell whether a phone number was said without the first digits."""
    return digits.isdigit() and any(
        len(digits) - k >= _PHONE_DIGITS and evidence.squashed(digits[k:]) for k in range(1, 4)
    )


def _another_name(value: str, said: list[bool], evidence: Evidence) -> bool:
    """Tell whether another name with the same first word was said: "New York" and not "New Orleans"."""
    if said != [True, False] or len(value.split()) != 2 or not value.istitle():
        return False
    return evidence.names_begin_with(value.split()[0].casefold())


def _address(folded: str, evidence: Evidence) -> float:
    """Return the trust in an e-mail address or URL: its words must have been said, all but the usual ones."""
    bare = re.sub(r"^(?:[a-z]+://)?(?:www\.)?", "", folded).rstrip("/")
    if evidence.squashed(squash(bare)):
        return 1.0
    host, slash, _ = bare.partition("/")
    if slash and evidence.squashed(squash(host)):
        return 0.5
    words = [w for w in _PIECES.findall(bare) if w not in _OF_ADDRESSES]
    return 0.5 if words and all(w in evidence.words or evidence.squashed(w) for w in words) else 0.0


def _head_said(head: str, evidence: Evidence) -> bool:
    """Tell whether the part before the comma was said: "Los Angeles, CA" completes "LA"."""
    words = words_of(head)
    if evidence.says(head) or (len(words) > 1 and by_initials(words, head, evidence)):
        return True
    content = [w for w in words if w not in STOP_WORDS]
    return bool(content) and all(_said(w, evidence) for w in content)


def _said(word: str, evidence: Evidence) -> bool:
    if word in evidence.words or (word.isalpha() and stem(word) in evidence.stems):
        return True
    if word in ALIASES and any(map(evidence.speaks_of, ALIASES[word])):
        return True
    if word.isdecimal() and len(word) < 18:
        short = len(word) <= 2
        return (word[0] != "0" or short) and (
            evidence.has_number(int(word)) or (short and int(word) in evidence.months)
        )
    if word in NUMBER_WORDS and NUMBER_WORDS[word] in evidence.numbers:
        return True
    if word in MONTHS:
        return MONTHS[word] in evidence.months
    if any(map(str.isdigit, word)):  # "30min", "10am"
        return len(pieces := _PIECES.findall(word)) > 1 and all(_said(piece, evidence) for piece in pieces)
    if len(word) >= 5 and evidence.contains(word[: max(5, len(word) - 3)]):
        return True
    words = evidence.words
    return len(word) >= _TYPO and len(words) <= _MANY and any(_one_slip(word, other) for other in words)


def _one_slip(word: str, other: str) -> bool:
    """Tell whether two words differ by one letter: wrong, missing, added or swapped with its neighbour."""
    if word[0] != other[:1] or abs(len(word) - len(other)) > 1 or not other.isalpha():
        return False
    start = 0
    while start < min(len(word), len(other)) and word[start] == other[start]:
        start += 1
    a, b = word[start:], other[start:]
    return a[1:] == b[1:] or a == b[1:] or a[1:] == b or (a[1::-1] == b[:2] and a[2:] == b[2:])


def by_initials(content: list[str], folded: str, evidence: Evidence) -> bool:
    """Tell whether the value abbreviates words that were said, or spells out an abbreviation."""
    if len(content) > 1:
        return "".join(w[0] for w in content) in evidence.words
    word = content[0]
    if not folded.isalpha() or not 2 <= len(word) <= 6:
        return False
    return (len(word) >= 3 and evidence.has_initials(word)) or evidence.has_capitals(word)
