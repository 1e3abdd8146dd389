"""WebShop as AgentBoard plays it: three products a page, buttons in brackets, words for what goes wrong.

Differs from the original's text environment in what an agent sees and may do, not in shop and reward: a
search is possible only on the first page, buttons are case-sensitive, a chosen option is shown as [[red]],
page numbers end with six. (hkust-nlp/AgentBoard, environment/webshop_env.py and tasks/webshop.py.)
Addresses that its web server can not take (a query with a slash, an option with an apostrophe) end there in
an error page; here they work.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_plus

from callwright.evaluate.webshop.pages import Page, Step
from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.reward import Reward, Wanted, reward
from callwright.evaluate.webshop.shop import Shop

SHOWN = 3
LAST_PAGE = 5
"""The last page that has a way on; the one after it is the end."""
_BUTTONS = ("Description", "Features", "Reviews")
_SUB_PAGES: dict[str, Page] = {
    "Description": "description", "Features": "features", "Reviews": "reviews", "Attributes": "attributes",
}  # fmt: skip
# The words that an agent is answered with are part of the environment.
_NO_SEARCH = (
    "There is no [Search] button, you should click the [Back to Search] button first to search something "
)
_NO_BUTTON = (
    "You can only click the button showed in the observation. Elements within square brackets (like "
    "[Buy Now]) indicate clickable buttons or links. The recent observation is: \n"
)
_NO_PAGE = "The page number is limited to 5, please choose another action. The recent observation is: \n"
_NO_ACTION = (
    "Incorrect action format. Please use the correct action format following:\nAvailable Actions:\n\n"
    "click[something]: Engage with specific buttons or links.\n"
    "search[something]: Seek specific data on the website. Use this only if a [Search] button appears in the "
    "observation.\nNote: If you wish to search and there is no [Search] button, click the [Back to Search] "
    "button instead. "
)


class _Refused(Exception):
    """The page has no such button, or there is no such page of results."""


class BoardVisit:
    """One walk through the shop with a goal, by AgentBoard's rules."""

    def __init__(self, shop: Shop, wanted: Wanted) -> None:
        self._shop = shop
        self._wanted = wanted
        self.bought: Reward | None = None
        self._to_index()
        self._last = self.observation()

    def _to_index(self) -> None:
        self.page: Page = "index"
        self.product: Product | None = None
        self.options: dict[str, str] = {}
        self._found: tuple[int, ...] = ()
        self._number = 1
        # A page without products, or without options, leaves those of the page before clickable.
        self._asins: tuple[str, ...] = ()
        self._values: dict[str, str] = {}

    @property
    def on_page(self) -> tuple[int, ...]:
        """Return the products on the page of results."""
        return (
            self._found[(self._number - 1) * SHOWN : self._number * SHOWN] if self.page == "results" else ()
        )

    @property
    def clickables(self) -> list[str]:
        """Return the buttons of the page."""
        if self.page in ("index", "done"):
            return []
        if self.page == "results":
            names = [self._shop.catalogue.names[number] for number in self.on_page]
            return ["Back to Search", *(["< Prev"] if self._number > 1 else []), "Next >", *names]
        if self.page == "item" and self.product:
            values = [value for values in self.product.options.values() for value in values]
            return ["Back to Search", "< Prev", *values, *_BUTTONS, "Buy Now"]
        return ["Back to Search", "< Prev"]

    def step(self, action: str) -> Step:
        """Take an action, ``search[…]`` or ``click[…]``; what can not be done is answered with words."""
        for name in ("search", "click"):
            if action.startswith(f"{name}["):
                # The last character goes, whatever it is.
                return self.act(name, action[len(name) + 1 : -1])
        return self.act("", action)

    def act(self, name: str, argument: str) -> Step:
        """Search or click."""
        before = self.bought
        try:
            observation = self._act(name, argument)
        except _Refused as refused:
            return Step(f"{refused}{self._last}", 0.0, False, False)
        self._last = observation
        done = self.bought is not before
        known = name in ("search", "click") and _NO_SEARCH not in observation
        return Step(observation, self.bought.total if done and self.bought else 0.0, done, known)

    def _act(self, name: str, argument: str) -> str:
        said = ""
        if name == "search":
            if self.page == "index":
                self.page, self._found = "results", self._shop.find(argument)
            else:
                said = _NO_SEARCH
        elif name == "click":
            said = self._click(argument)
        else:
            return _NO_ACTION
        if self.page == "results" and self.on_page:
            self._asins = tuple(self._shop.catalogue.names[number] for number in self.on_page)
        elif self.page == "item" and self.product and self.product.options:
            self._values = {value: name for name, values in self.product.options.items() for value in values}
        return f"WEB PAGE: {{{said}}}" if said else self.observation()

    def _click(self, button: str) -> str:
        """Press a button; return what is said in place of the page, if anything is."""
        if button == "Buy Now":
            self._need("item")
            self._buy()
        elif button == "Back to Search":
            self._need("results", "item", "description", "features", "reviews", "attributes")
            self._to_index()
        elif button == "Next >":
            self._need("results")
            self._turn(1, self._number > LAST_PAGE)
        elif button == "< Prev":
            self._back()
        elif button in _SUB_PAGES:
            self._need("item")
            self.page = _SUB_PAGES[button]
        elif self.page == "results":
            self._open(button)
        elif self.page == "item":
            return self._choose(button)
        return ""

    def _need(self, *pages: Page) -> None:
        if self.page not in pages:
            raise _Refused(_NO_BUTTON)

    def _turn(self, by: int, refused: bool) -> None:
        if refused:
            raise _Refused(_NO_PAGE)
        self._number += by

    def _back(self) -> None:
        self._need("results", "item", "description", "features", "reviews", "attributes")
        if self.page == "results":
            self._turn(-1, self._number == 1)
        elif self.page == "item":
            self.page, self.options = "results", {}
        else:
            self.page = "item"

    def _open(self, asin: str) -> None:
        number = self._shop.catalogue.number(asin) if asin in self._asins else None
        if number is None:
            raise _Refused(_NO_BUTTON)
        self.page, self.product = "item", self._shop.product(number)

    def _choose(self, value: str) -> str:
        if value not in self._values:
            raise _Refused(_NO_BUTTON)
        self.options = {**self.options, self._values[value]: value}
        return f"You have clicked {value}."

    def _buy(self) -> None:
        if self.product:
            self.bought = reward(self.product, self._wanted, self.options.values(), self._shop.tagger)
            self.page = "done"

    def observation(self) -> str:
        """Return the page as text."""
        text = "".join(self._pieces()).encode("latin-1", "ignore").decode("latin-1")
        return f"WEB PAGE: {{{text}}}"

    def _pieces(self) -> Iterator[str]:
        if self.page == "index":
            yield "Let us begin shopping \n[Search]"
        elif self.page == "done" and self.bought:
            yield "Result: [Success]" if self.bought.total == 1.0 else "Result: [False]"
        elif self.page == "results":
            yield f"\n[Back to Search] \nPage {self._number} (Total results: 15) "
            yield "\n[< Prev] \n[Next >] " if self._number > 1 else "\n[Next >] "
            for product in map(self._shop.product, self.on_page):
                yield f"\n[{product.asin}] {_line(product.title)}\n{product.tag} "
        elif self.product:
            yield "\n[Back to Search] \n[< Prev] "
            yield from self._item_pieces(self.product)

    def _item_pieces(self, product: Product) -> Iterator[str]:
        if self.page == "description":
            yield _line(product.description)
        elif self.page == "features":
            yield from (_line(f" {bullet}") for bullet in product.bullets)
        elif self.page == "attributes":
            yield from (_line(f" {attribute}") for attribute in product.attributes)
            yield from map(_line, (product.category, product.query, f"\n{' ' * 28}{product.shelf}"))
        elif self.page == "item":
            # A chosen option is marked only if its address needs no escapes.
            chosen = str({name: quote_plus(value) for name, value in self.options.items()})
            for name, values in product.options.items():
                yield _line(name)
                yield from (f"[[{value}]]" if f"'{value}'" in chosen else f"[{value}]" for value in values)
            yield f"{_line(product.title)}\nPrice: {product.tag} \nRating: N.A. "
            yield "\n[Description] \n[Features] \n[Reviews] \n[Buy Now] "


def _line(text: str) -> str:
    """Return a visible text as AgentBoard writes it; what is blank is left out."""
    return f"\n{text} " if text.replace("\\n", "").strip(" \n") else ""
