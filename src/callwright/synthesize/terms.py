"""The words of tools as they are compared: without endings and filler, "Lists orders" is an "order list".

>>> terms("Retrieves the list of all orders"), singular("cities")
(('retrieve', 'list', 'order'), 'city')
"""

from __future__ import annotations

from functools import lru_cache

from callwright.record import Tool
from callwright.synthesize.kinds import name_words
from callwright.synthesize.verbs import base_form
from callwright.verify.words import STOP_WORDS


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text that is a table."""
    return frozenset(words.split())


FILLER = STOP_WORDS | word_set(
    "all any some each new given specified specific provided certain particular based using used use via per "
    "one which when where then than if so such also only not no there here has have was were been being "
    "function tool api method endpoint parameter argument allow allows let enable"
)
"""Words that tell nothing about what a tool or parameter is for."""
_NOT_PLURAL = ("ss", "us", "is")
_IRREGULAR = {
    "children": "child", "people": "person", "movies": "movie", "cookies": "cookie", "caches": "cache",
    "menus": "menu", "series": "series", "species": "species",
}  # fmt: skip
"""Ends of words that the rules would get wrong."""


def singular(word: str) -> str:
    """Return a noun, or a name that ends with one, in the singular; what seems to be no plural stays."""
    for plural, one in _IRREGULAR.items():
        if word.endswith(plural):
            return word.removesuffix(plural) + one
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    is_plural = word.endswith("s") and not word.endswith(_NOT_PLURAL)
    return word[:-1] if is_plural and (len(word) > 3 or word.lower() == "ids") else word


@lru_cache(maxsize=1 << 14)
def term(word: str) -> str:
    """Return the form under which a word is compared: a verb's base form, a noun's singular."""
    return base_form(word) or singular(word)


def terms(text: str) -> tuple[str, ...]:
    """Return the words of a text that tell something, in order and as they are compared."""
    return tuple(term(word) for word in name_words(text) if word not in FILLER)


def tool_terms(tool: Tool) -> tuple[str, ...]:
    """Return the words of a tool's name and description."""
    return (*terms(tool.name), *terms(tool.description))
