"""Agents without a model, to see what a score is worth: chance, and two rules.

`follow` plays an episode with one of them; each is a function from a session to its next reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from callwright.evaluate.sessions import Policy, Session
from callwright.evaluate.webshop.session import ShopSession
from callwright.store import row_seed

_BUY = {"princeton": "buy now", "agentboard": "Buy Now"}
_BACK = {"princeton": "back to search", "agentboard": "Back to Search"}


def chance(seed: int = 0) -> Policy:
    """Return a policy that searches for some words of the instruction and clicks whatever there is."""

    def policy(session: Session) -> str:
        own = _own(session)
        random = Random(row_seed(seed, f"{own.id}\0{own.steps}"))
        if own.visit.page == "index":
            words = own.goal.instruction.split()
            return own.say("search", " ".join(random.sample(words, min(len(words), random.randint(1, 5)))))
        return own.say("click", random.choice(own.visit.clickables))

    return policy


def first_result(session: Session) -> str:
    """Search for the instruction as it is and buy the first product."""
    return _rule(_own(session), lambda own: own.say("click", _BUY[own.rules.mode]))


def first_result_with_options(session: Session) -> str:
    """Search for the instruction, open the first product, click the options it names, buy."""
    return _rule(_own(session), _next_option)


def policies(seed: int = 0) -> dict[str, Policy]:
    """Return the baselines by name."""
    return {"random": chance(seed), "rule": first_result, "rule-options": first_result_with_options}


def _own(session: Session) -> ShopSession:
    if not isinstance(session, ShopSession):
        raise TypeError("this policy plays WebShop only")
    return session


def _rule(own: ShopSession, at_item: Callable[[ShopSession], str]) -> str:
    visit = own.visit
    if visit.page == "index":
        return own.say("search", own.goal.instruction)
    if visit.page == "item":
        return at_item(own)
    if visit.on_page:
        return own.say("click", own.shop.catalogue.names[visit.on_page[0]])
    return own.say("click", _BACK[own.rules.mode])


def _next_option(own: ShopSession) -> str:
    instruction = own.goal.instruction.lower()
    product = own.visit.product
    for name, values in product.options.items() if product else ():
        named = [value for value in values if _occurs(value, instruction)]
        if named and name not in own.visit.options:
            return own.say("click", max(named, key=len))
    return own.say("click", _BUY[own.rules.mode])


def _occurs(value: str, text: str) -> bool:
    return bool(value) and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None
