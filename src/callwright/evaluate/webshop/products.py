"""Products as WebShop's pages and rewards see them, read from its product files.

A product's page, its search text and its reward all come from a few fields; the rest of a raw product is not
kept. Field by field this follows the original's loader: option values are lower case with " | " for "/", a
missing price is 100, a price range is shown as such and its price drawn.
"""

from __future__ import annotations

import re
from random import Random

import msgspec

from callwright.errors import DataError
from callwright.record import Json

MAX_ASIN = 10
"""Characters; rows with a longer number, or with "nan", are no products."""
NO_PRICE = 100.0
NO_ATTRIBUTE = ("DUMMY_ATTR",)
"""What the original gives to products of which it knows no attributes."""
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product of the shop."""

    asin: str
    """Amazon's number: ten capital letters and digits."""
    title: str
    description: str = ""
    bullets: tuple[str, ...] = ("",)
    price: float = NO_PRICE
    """What it costs; of a range, the price that was drawn."""
    tag: str = "$100.0"
    """The price as pages show it."""
    options: dict[str, tuple[str, ...]] = {}
    attributes: tuple[str, ...] = NO_ATTRIBUTE
    category: str = ""
    query: str = ""
    """The search that led the shop's makers to it."""
    shelf: str = ""
    """Its place in the shop's tree of categories, parted by ›."""

    @property
    def text(self) -> str:
        """Return what a search looks through."""
        choices = ", and ".join(f"{name}: {', '.join(values)}" for name, values in self.options.items())
        return f"{self.title} {self.description} {self.bullets[0]} {choices}".lower()


class _Choice(msgspec.Struct):
    value: str


class _Raw(msgspec.Struct):
    asin: str
    name: str
    category: str
    query: str
    product_category: str
    full_description: str | None = ""
    small_description: list[str | None] | str | None = None
    pricing: str | None = None
    customization_options: dict[str, list[_Choice] | None] | str | None = None


def product_of(raw: Json, attributes: tuple[str, ...] | None, chance: Random) -> Product:
    """Return the product in a raw row; raises DataError for a row that is none.

    `chance` draws the price where a range is given, and is not asked otherwise.
    """
    try:
        row = msgspec.convert(raw, _Raw)
    except msgspec.ValidationError as error:
        place = f"product {raw['asin']}" if isinstance(raw, dict) and "asin" in raw else "a product"
        raise DataError("not a product of WebShop", place=place, got=str(error)) from None
    bullets = row.small_description
    shown = _prices(row.pricing or "")
    return Product(
        asin=row.asin,
        title=row.name,
        description=row.full_description or "",
        bullets=tuple(b or "" for b in bullets) or ("",) if isinstance(bullets, list) else (bullets or "",),
        price=shown[0] if len(shown) == 1 else chance.uniform(*shown),
        tag=" to ".join(f"${each}" for each in shown),
        options=_options(row.customization_options),
        attributes=attributes if attributes is not None else NO_ATTRIBUTE,
        category=row.category,
        query=row.query.lower().strip(),
        shelf=row.product_category,
    )


def _prices(text: str) -> list[float]:
    """Return the one or two prices in "$1,234.50" or "$10 - $20"; the default price where there is none."""
    parts = (re.sub(r"[^\d.]", "", part) for part in text.split("$")[1:])
    return [float(part) for part in parts if _NUMBER.fullmatch(part)][:2] or [NO_PRICE]


def _options(raw: dict[str, list[_Choice] | None] | str | None) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, dict):
        return {}
    return {
        name.lower(): tuple(choice.value.strip().replace("/", " | ").lower() for choice in choices)
        for name, choices in raw.items()
        if choices is not None
    }
