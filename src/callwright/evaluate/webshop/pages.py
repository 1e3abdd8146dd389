"""WebShop's pages as its text environment shows them: what can be clicked, and where that leads.

    index → results → item → description | features | reviews
                         └→ done

Observations are the visible strings of a page, joined by " [SEP] ". A step that can not be taken changes
nothing. Everything here follows princeton-nlp/WebShop, web_agent_site/envs/web_agent_text_env.py and its
templates: a search is accepted on every page, chosen options are not shown, "next >" never goes away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.reward import Reward, Wanted, reward
from callwright.evaluate.webshop.shop import Shop

Page = Literal["index", "results", "item", "description", "features", "reviews", "attributes", "done"]
SHOWN = 10
"""Products on a page of results."""
SEPARATOR = " [SEP] "
BUTTONS = ("description", "features", "reviews", "buy now")
_SUB_PAGES: dict[str, Page] = {
    "description": "description", "features": "features", "reviews": "reviews", "attributes": "attributes",
}  # fmt: skip
_ACTION = re.compile(r"(.+)\[(.+)\]")
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&'"}
_THANKS = (
    "Thank you for shopping with us!", "Your code:", "None", "(Paste it in your MTurk interface.)",
    "Purchased",
)  # fmt: skip
_TARGET = (
    "attrs", "None", "category", "None", "query", "None", "product category", "None", "Target", "asin",
    "options", "attrs", "price upper", "instuction text", "category", "product category", "query", "Goal",
    "None", "Reward", "Your score (min 0.0, max 1.0)",
)  # fmt: skip


class Step(NamedTuple):
    """What came of an action."""

    observation: str
    reward: float
    done: bool
    valid: bool = True
    """Whether the action could be taken."""


class Visit:
    """One walk through the shop with a goal; all that changes is its own."""

    def __init__(self, shop: Shop, instruction: str, wanted: Wanted) -> None:
        self._shop = shop
        self._instruction = instruction
        self._wanted = wanted
        self._found: tuple[int, ...] = ()
        self._number = 1
        self.page: Page = "index"
        self.product: Product | None = None
        self.options: dict[str, str] = {}
        self.bought: Reward | None = None

    @property
    def clickables(self) -> list[str]:
        """Return what can be clicked here, in the page's order; on the index page only "search"."""
        return list(self._clickables())

    def _clickables(self) -> dict[str, str | None]:
        """Return what can be clicked: an option's value with the option's name, the rest with None."""
        if self.page in ("index", "done"):
            return {"search": None} if self.page == "index" else {}
        here: dict[str, str | None] = {"back to search": None}
        if self.page == "results":
            if self._number > 1:
                here["< prev"] = None
            here["next >"] = None
            here |= {self._shop.catalogue.names[number].lower(): None for number in self.on_page}
            return here
        here["< prev"] = None
        if self.page == "item" and self.product:
            here |= dict.fromkeys(BUTTONS)
            # Of two options with the same value the last one has it.
            here |= {value: name for name, values in self.product.options.items() for value in values}
        return here

    @property
    def on_page(self) -> tuple[int, ...]:
        """Return the products on the page of results."""
        if self.page != "results":
            return ()
        return self._found[(self._number - 1) * SHOWN : self._number * SHOWN]

    def step(self, action: str) -> Step:
        """Take an action, ``search[…]`` or ``click[…]``; what can not be done does nothing."""
        match = _ACTION.match(action)
        return self.act(*match.groups()) if match else self.act(action, "")

    def act(self, name: str, argument: str) -> Step:
        """Search or click."""
        argument = argument.lower()
        before = self.bought
        valid = True
        if name == "search" and argument:
            self._search(argument)
        elif name == "click" and argument != "search" and argument in (here := self._clickables()):
            self._click(argument, here[argument])
        else:
            valid = False
        done = self.bought is not before
        return Step(self.observation(), self.bought.total if done and self.bought else 0.0, done, valid)

    def _search(self, query: str) -> None:
        self._found = self._shop.find(query)
        self._results(1)

    def _results(self, number: int) -> None:
        self.page, self._number = "results", number
        self.product, self.options = None, {}

    def _click(self, button: str, option: str | None) -> None:
        if button == "buy now":
            self._buy()
        elif button == "back to search":
            self.page, self.product, self.options = "index", None, {}
        elif button == "next >" and self.page == "results":
            self._results(self._number + 1)
        elif button == "< prev" and self.page in ("results", "item"):
            self._results(self._number - (self.page == "results"))
        elif button in _SUB_PAGES:
            self.page = _SUB_PAGES[button]
        else:
            self._open(button, option)

    def _open(self, button: str, option: str | None) -> None:
        """Show an item: one that was clicked among the results, or the present one again."""
        if option is not None:
            self.options = {**self.options, option: button}
        elif self.page == "results":
            number = self._shop.catalogue.number(button.upper())
            self.product = None if number is None else self._shop.product(number)
        self.page = "item"

    def _buy(self) -> None:
        if self.product:
            self.bought = reward(self.product, self._wanted, self.options.values(), self._shop.tagger)
            self.page = "done"

    def observation(self) -> str:
        """Return the page as text."""
        return SEPARATOR.join(self._segments())

    def _segments(self) -> Iterator[str]:
        if self.page == "done" and self.product and self.bought:
            chosen = json.dumps(self.options, sort_keys=True).translate(_UNSAFE)
            yield from (*_THANKS, "asin", self.product.asin, "options", chosen, *_TARGET)
            yield from (str(self.bought.total), "Reward Details", "None")
            return
        if self.page == "index":
            yield "WebShop"
        yield from ("Instruction:", self._instruction.strip())
        if self.page == "index":
            yield "Search"
        elif self.page == "results":
            yield from self._list_segments()
        elif self.product:
            yield from ("Back to Search", "< Prev")
            yield from self._item_segments(self.product)

    def _list_segments(self) -> Iterator[str]:
        yield from ("Back to Search", f"Page {self._number} (Total results: {len(self._found)})")
        if self._number > 1:
            yield "< Prev"
        yield "Next >"
        for product in map(self._shop.product, self.on_page):
            yield from (product.asin, product.title.strip(), product.tag)

    def _item_segments(self, product: Product) -> Iterator[str]:
        if self.page == "description" and product.description not in ("", "\n"):
            yield product.description.strip()
        elif self.page == "features":
            yield from (bullet.strip() for bullet in product.bullets)
        elif self.page == "item":
            for name, values in product.options.items():
                yield from (name.strip(), *(value.strip() for value in values))
            yield from (product.title.strip(), f"Price: {product.tag}", "Rating: N.A.")
            yield from ("Description", "Features", "Reviews", "Buy Now")
