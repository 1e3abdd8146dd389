"""A small shop that needs no data: invented products of seven categories, and a goal for each.

Everything is drawn from the word lists below with a fixed seed, so the shop is the same on every machine. It
is for tests, for a first look and for machines without data; scores on it compare with nothing else. No
option value hides a colour word ("wired" holds "red"), because the original's reward can not be met there:
the reference earns 1 on every goal.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from callwright.evaluate.webshop.goals import Goal, price_cap
from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.reward import Wanted

SEED = 11
PER_KIND = 3


class _Shelf(NamedTuple):
    """What a category sells: kinds of things, what can be said of them, and what can be chosen."""

    place: str
    kinds: tuple[str, ...]
    attributes: tuple[str, ...]
    options: dict[str, tuple[str, ...]]


_COLORS = ("black", "white", "navy blue", "forest green", "red", "light grey", "mustard", "coral pink")
_SHELVES = {
    "kitchen": _Shelf(
        "Home & Kitchen › Kitchen & Dining › Cookware",
        ("saucepan", "cutting board", "teapot"),
        ("dishwasher safe", "non stick", "heat resistant", "bpa free", "stainless steel"),
        {"color": _COLORS, "size": ("1 quart", "2 quart", "4 quart")},
    ),
    "fashion": _Shelf(
        "Clothing, Shoes & Jewelry › Women › Clothing",
        ("cardigan", "rain jacket", "running shorts"),
        ("machine washable", "long sleeve", "quick drying", "organic cotton", "relaxed fit"),
        {"color": _COLORS, "size": ("small", "medium", "large", "x-large")},
    ),
    "electronics": _Shelf(
        "Electronics › Headphones & Audio › Accessories",
        ("headphones", "desk speaker", "charging cable"),
        ("noise cancelling", "fast charging", "water resistant", "high resolution", "hands free"),
        {"color": _COLORS, "style": ("corded", "cordless")},
    ),
    "beauty": _Shelf(
        "Beauty & Personal Care › Skin Care › Body",
        ("hand cream", "face mask", "shampoo bar"),
        ("cruelty free", "sulfate free", "sensitive skin", "tea tree", "fragrance free"),
        {"scent": ("lavender", "citrus", "vanilla", "unscented"), "size": ("2 ounce", "6 ounce")},
    ),
    "grocery": _Shelf(
        "Grocery & Gourmet Food › Snack Foods › Bars",
        ("granola", "rice crackers", "green tea"),
        ("gluten free", "low sugar", "plant based", "non gmo", "individually wrapped"),
        {"flavor": ("peanut", "mango", "sea salt", "ginger"), "size": ("pack of 1", "pack of 6")},
    ),
    "garden": _Shelf(
        "Patio, Lawn & Garden › Outdoor Décor › Lighting",
        ("path lantern", "planter", "bird feeder"),
        ("weather resistant", "solar powered", "easy assemble", "rust proof", "hand painted"),
        {"color": _COLORS, "item shape": ("round", "square")},
    ),
    "office": _Shelf(
        "Office Products › Office & School Supplies › Paper",
        ("notebook", "pencil case", "wall calendar"),
        ("spiral bound", "acid free", "recycled paper", "large capacity", "lay flat"),
        {"color": _COLORS, "ruling": ("lined", "dotted", "blank")},
    ),
}
_MAKERS = ("Aldermoor", "Brisco", "Calluna", "Dunelm Yard", "Evenfall", "Fennick", "Grosbeak", "Holm & Sons")
_WISHES = ("i am looking for", "i want", "i need", "please find me")


def home_products() -> list[Product]:
    """Return the invented products, `PER_KIND` of each kind."""
    chance = Random(SEED)
    return [
        _product(category, shelf, kind, number, chance)
        for category, shelf in _SHELVES.items()
        for number, kind in enumerate(shelf.kinds * PER_KIND)
    ]


def _product(category: str, shelf: _Shelf, kind: str, number: int, chance: Random) -> Product:
    attributes = tuple(chance.sample(shelf.attributes, 3))
    maker = chance.choice(_MAKERS)
    low = chance.randrange(500, 9000) / 100
    high = round(low * 1.4, 2) if chance.random() < 0.3 else low
    # Some things come in one make only.
    picked = {} if chance.random() < 0.2 else shelf.options
    options = {name: tuple(chance.sample(values, min(4, len(values)))) for name, values in picked.items()}
    said = attributes[0].title()
    return Product(
        asin=f"H{category[:3].upper()}{number:02}{chance.randrange(10**4):04}",
        title=f"{maker} {said} {kind.title()} with {attributes[1].title()} Finish",
        description=f"A {kind} by {maker}, {attributes[0]} and {attributes[1]}.",
        bullets=(f"Our {kind} is {attributes[2]}.", f"Sold by {maker}."),
        price=chance.uniform(low, high) if high > low else low,
        tag=f"${low} to ${high}" if high > low else f"${low}",
        options=options,
        attributes=attributes,
        category=category,
        query=kind,
        shelf=shelf.place,
    )


def home_goals(products: Sequence[Product]) -> list[Goal]:
    """Return a goal for each product, in an order of its own; every second one names its options."""
    chance = Random(SEED + 1)
    goals = []
    for number, product in enumerate(chance.sample(products, len(products))):
        attributes = tuple(chance.sample(product.attributes, chance.randint(1, 2)))
        chosen = [(name, chance.choice(values)) for name, values in product.options.items()]
        cap, cap_text = price_cap(product.price, chance)
        named = number % 2 == 0
        details = ", and ".join(f"{name}: {value}" if named else value for name, value in chosen)
        text = f"{chance.choice(_WISHES)} a {', '.join(attributes)} {product.query}"
        text += f" with {details}" if details else ""
        options: tuple[str | tuple[str, str], ...] = tuple(chosen if named else (v for _, v in chosen))
        wanted = Wanted(product.title, product.query, product.shelf, attributes, options, cap)
        goals.append(Goal(f"home_{number}", product.asin, text + cap_text, wanted, product.category))
    return goals
