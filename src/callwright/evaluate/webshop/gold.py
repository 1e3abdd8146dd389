"""The reference solution: find the goal's own product, choose every wanted option, buy.

It does not always earn 1: where an attribute is nowhere in its own product, or an option's name and value
are too unlike the value alone, the original's reward can not be met. That is the ceiling of the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright.evaluate.webshop import agentboard, pages
from callwright.evaluate.webshop.goals import Goal
from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.reward import Wanted, same_option
from callwright.evaluate.webshop.shop import Shop


def gold_actions(shop: Shop, goal: Goal, mode: str) -> Iterator[tuple[str, str]]:
    """Yield the actions as (name, argument); none where the product is not in the catalogue."""
    number = shop.catalogue.number(goal.asin)
    if number is None:
        return
    product = shop.product(number)
    board = mode == "agentboard"
    query, place = _best_query(shop, product, number)
    yield "search", query
    for _ in range(place // (agentboard.SHOWN if board else pages.SHOWN)):
        yield "click", "Next >"
    yield "click", goal.asin
    for value in wanted_values(product, goal.wanted):
        yield "click", value
    yield "click", "Buy Now"


def _best_query(shop: Shop, product: Product, number: int) -> tuple[str, int]:
    """Return the query that puts the product first among the results, or nearest to it, and its place."""
    queries = (product.title, f"{product.title} {product.bullets[0]}", product.text)
    best = (product.title, len(shop.catalogue.names))
    for query in queries:
        found = shop.find(query)
        if number in found and found.index(number) < best[1]:
            best = (query, found.index(number))
        if best[1] == 0:
            break
    return best


def wanted_values(product: Product, wanted: Wanted) -> list[str]:
    """Return the product's option values that a goal asks for, as far as it has them."""
    values = []
    for option in wanted.options:
        if isinstance(option, tuple):
            name, value = option
            offered = [value] if value in product.options.get(name, ()) else []
        else:
            all_values = [value for values in product.options.values() for value in values]
            offered = [v for v in all_values if v == option] or [
                v for v in all_values if same_option(v, option)
            ]
        values += offered[:1]
    return values
