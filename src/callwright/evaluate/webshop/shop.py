"""The shop that all episodes share: products, what finds them, and the tagger of the reward. Never changed.

>>> from callwright.evaluate.webshop.nouns import tagger_named
>>> shop = Shop(MemoryCatalogue([Product(asin="A", title="Red shoe")]), tagger_named())
>>> [shop.product(number).title for number in shop.find("shoes")]
['Red shoe']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, Protocol

from callwright.evaluate.webshop.analysis import terms
from callwright.evaluate.webshop.nouns import Tagger
from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.ranking import Index, Posting, build, search
from callwright.store import row_seed

SEARCHED = 50
"""How many products a search returns at most."""
Field = Literal["attribute", "category", "query"]
_SPECIAL: dict[str, Field] = {"<a>": "attribute", "<c>": "category", "<q>": "query"}


class Catalogue(Index, Protocol):
    """Products by number, and an index over their texts."""

    @property
    def names(self) -> Sequence[str]:
        """Return the ASIN of every product."""
        ...

    def product(self, number: int) -> Product:
        """Return a product."""
        ...

    def number(self, asin: str) -> int | None:
        """Return the number of a product, None if there is none."""
        ...

    def having(self, field: Field, value: str) -> list[int]:
        """Return the numbers of all products with that attribute, category or query."""
        ...


class MemoryCatalogue:
    """A catalogue in memory, for thousands of products."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = tuple(products)
        self._index = build(terms(product.text) for product in self._products)
        self._numbers = {product.asin: number for number, product in enumerate(self._products)}
        self.names: Sequence[str] = tuple(product.asin for product in self._products)
        self.documents = len(self._products)

    def posting(self, term: str) -> Posting | None:
        """Return where a term occurs, None if it does nowhere."""
        return self._index.posting(term)

    def product(self, number: int) -> Product:
        """Return a product."""
        return self._products[number]

    def number(self, asin: str) -> int | None:
        """Return the number of a product, None if there is none."""
        return self._numbers.get(asin)

    def having(self, field: Field, value: str) -> list[int]:
        """Return the numbers of all products with that attribute, category or query."""
        return [number for number, product in enumerate(self._products) if value in _values(product, field)]


def _values(product: Product, field: Field) -> tuple[str, ...]:
    if field == "attribute":
        return product.attributes
    return (product.category if field == "category" else product.query,)


@dataclass(frozen=True)
class Shop:
    """A catalogue with the tagger that its rewards use."""

    catalogue: Catalogue
    tagger: Tagger

    def product(self, number: int) -> Product:
        """Return a product."""
        return self.catalogue.product(number)

    def find(self, query: str) -> tuple[int, ...]:
        """Return the numbers of the products that a search finds, best first.

        As in the original, ``<a>``, ``<c>`` and ``<q>`` before a value list what has that attribute, category
        or query, and ``<r>`` takes products by chance; here the query seeds it.
        """
        head, _, rest = query.partition(" ")
        if field := _SPECIAL.get(head):
            value = rest.split(" ")[0] if field == "category" else rest
            return tuple(self.catalogue.having(field, value.strip()))
        if head == "<r>":
            size = self.catalogue.documents
            return tuple(Random(row_seed(0, query)).sample(range(size), min(SEARCHED, size)))
        hits = search(self.catalogue, terms(query), SEARCHED, self.catalogue.names)
        return tuple(hit.document for hit in hits)
