"""What a purchase is worth, exactly as WebShop computes it.

    reward = type · (attributes + options + price) / (wanted attributes + wanted options + 1)

Attributes and options are counted by how alike the phrases are (above 85, see `fuzzy`); an attribute also
counts if it stands in title, bullets or description. The price counts 1 if it is not above the goal's. The
type is 1 where query, place in the tree or title agree and falls to 0 where titles share no noun.
(princeton-nlp/WebShop, web_agent_site/engine/goal.py.)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from callwright.evaluate.webshop.fuzzy import alike
from callwright.evaluate.webshop.nouns import Tagger
from callwright.evaluate.webshop.products import Product

_COLORS = (
    "alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown "
    "burgundy camel camo caramel champagne charcoal cheetah chestnut chocolate christmas coffee "
    "cognac copper coral cranberry cream crystal dark denim eggplant elephant espresso fuchsia gold "
    "granite grape graphite grass gray green grey heather indigo ivory ivy khaki lavender lemon "
    "leopard light lilac lime magenta maroon mauve merlot midnight mint mocha multicolor mushroom "
    "mustard natural navy nude olive orange peach pewter pink plum purple rainbow red rose royal rust "
    "sand sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger "
    "turquoise violet walnut wheat white wine yellow"
)
COLORS = tuple(_COLORS.split())
"""The original's colour words in its order: of several in a text, the first in this list counts."""


class Wanted(msgspec.Struct, frozen=True):
    """What a goal asks for, and of which kind the goal's own product is."""

    title: str
    query: str
    shelf: str
    attributes: tuple[str, ...]
    options: tuple[str | tuple[str, str], ...]
    """Values; where the goal names the option too, (name, value)."""
    price_upper: float


class Reward(NamedTuple):
    """A reward from 0 to 1 and what it is made of."""

    total: float
    kind: float
    """1, 0.5, 0.1 or 0: whether it is the kind of product that was asked for."""
    attributes: int
    """How many of the wanted ones it has."""
    options: int
    """How many of the wanted ones were chosen."""
    price: bool
    """Whether it is cheap enough."""


def reward(product: Product, wanted: Wanted, options: Iterable[str], tagger: Tagger) -> Reward:
    """Return the reward for buying `product` with the chosen option values."""
    chosen = tuple(options)
    met = sum(any(same_option(value, goal) for value in chosen) for goal in wanted.options)
    return _total(product, wanted, met, tagger)


def best_and_last(product: Product, wanted: Wanted, tagger: Tagger) -> tuple[float, float]:
    """Return the rewards of a product over all choices of its options: the best, and that of the last.

    The last choice takes the last value of every option. AgentBoard's progress rate asks for both.
    """
    # A value meets a set of goals; only different sets need to be combined.
    sets = [
        {frozenset(i for i, g in enumerate(wanted.options) if same_option(value, g)) for value in values}
        for values in product.options.values()
    ]
    best = max((len(frozenset().union(*each)) for each in itertools.product(*sets)), default=0)
    last = [values[-1] for values in product.options.values() if values]
    return _total(product, wanted, best, tagger).total, reward(product, wanted, last, tagger).total


def _total(product: Product, wanted: Wanted, options: int, tagger: Tagger) -> Reward:
    kind = _kind(product, wanted, tagger)
    attributes = sum(_has(product, attribute) for attribute in wanted.attributes)
    cheap = product.price <= wanted.price_upper
    parts = len(wanted.attributes) + len(wanted.options) + 1
    return Reward((attributes + options + cheap) / parts * kind, kind, attributes, options, cheap)


def _kind(product: Product, wanted: Wanted, tagger: Tagger) -> float:
    shared = {part.strip() for part in product.shelf.split("›")}
    shared &= {part.strip() for part in wanted.shelf.split("›")}
    nouns = tagger.nouns(wanted.title)
    same = len(set(nouns).intersection(tagger.nouns(product.title))) / len(nouns) if nouns else 0.2
    if same == 0:
        return 0.0
    if same < 0.1:
        return 0.1
    return 1.0 if product.query == wanted.query or len(shared) >= 2 or same > 0.2 else 0.5


def _has(product: Product, attribute: str) -> bool:
    if any(alike(own, attribute) for own in product.attributes):
        return True
    texts: Sequence[str] = (product.title, " ".join(product.bullets), product.description)
    return any(attribute in text.lower() for text in texts)


def same_option(chosen: str, goal: str | tuple[str, str]) -> bool:
    """Return whether a chosen value meets an option that a goal asks for."""
    return alike(_plain(chosen), str(_plain(goal)))


def _plain(option: str | tuple[str, str]) -> str | tuple[str, str]:
    """Return the first colour in an option, or the option itself.

    A goal's (name, value) is searched for a colour as a pair: only a part that is nothing but the colour
    counts. Such a pair is compared as Python writes it. Both are quirks of the original.
    """
    return next((color for color in COLORS if color in option), option)
