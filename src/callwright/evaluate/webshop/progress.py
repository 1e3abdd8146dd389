"""AgentBoard's progress rate: how near an episode came, seen on its way there.

    progress = max over steps of (s + i + b) / 3

s is the best reward among the products that a results page showed, over all choices of their options; i is
that of an opened item, by a slip of the original that of its last choice unless one is worth 1; b is the
reward of the purchase. The parts keep their best values, and a purchase's reward counts as progress itself.
(hkust-nlp/AgentBoard, web_agent_site/app.py and environment/webshop_env.py.)
"""

from __future__ import annotations

from collections.abc import Iterable

from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.reward import Wanted, best_and_last
from callwright.evaluate.webshop.shop import Shop


class Progress:
    """What an episode has reached so far."""

    def __init__(self, shop: Shop, wanted: Wanted) -> None:
        self._shop = shop
        self._wanted = wanted
        self._known: dict[str, tuple[float, float]] = {}
        self._shown = self._opened = self._bought = 0.0

    @property
    def rate(self) -> float:
        """Return the progress rate, from 0 to 1."""
        return max((self._shown + self._opened + self._bought) / 3, self._bought)

    def shown(self, numbers: Iterable[int]) -> None:
        """Note the products on a page of results."""
        for number in numbers:
            self._shown = max(self._shown, self._rewards(self._shop.product(number))[0])

    def opened(self, product: Product) -> None:
        """Note an item whose page was opened."""
        best, last = self._rewards(product)
        self._opened = max(self._opened, best if best == 1.0 else last)

    def bought(self, reward: float) -> None:
        """Note a purchase."""
        self._bought = reward

    def _rewards(self, product: Product) -> tuple[float, float]:
        if product.asin not in self._known:
            self._known[product.asin] = best_and_last(product, self._wanted, self._shop.tagger)
        return self._known[product.asin]
