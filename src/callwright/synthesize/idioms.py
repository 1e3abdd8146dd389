"""Wordings that do not follow from a description: "Do I need an umbrella?" asks for the weather forecast.

Keyed by what a tool does, so they serve any toolbox that has such a tool. Each entry holds wordings for the
training families and others for the held-out ones. A wording is used only where it can hold every value:
``{rest}`` is what follows the object ("in Paris on May 3, 2026"), ``{object}`` the object with its values.
"""

from __future__ import annotations

import random
import re
from typing import Literal

from callwright.synthesize.wording import Clause

_IDIOMS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    # what the tool does (verb and object), wordings for training, wordings for testing
    (
        r"weather",
        (
            "How's the weather going to be {rest}?",
            "Do I need an umbrella {rest}?",
            "Will it rain {rest}?",
            "How warm will it be {rest}?",
            "What should I wear {rest}?",
        ),
        (
            "Is it going to be sunny {rest}?",
            "Any chance of snow {rest}?",
            "Should I pack a coat? I'll be out {rest}.",
        ),
    ),
    (
        r"(search|find|look).* flights?$",
        ("I want to fly {rest}.", "How can I fly {rest}?", "We need to fly {rest}.", "Any flights {rest}?"),
        ("Which planes go {rest}?", "Get me in the air {rest}."),
    ),
    (
        r"(book|reserve).* hotel|(book|reserve) .*room$",
        (
            "I need a place to stay {rest}.",
            "We need a room {rest}.",
            "Find us somewhere to sleep {rest}, please.",
        ),
        ("I'm looking for a bed {rest}.", "Sort out our accommodation {rest}, would you?"),
    ),
    (
        r"(book|reserve) .*table",
        ("We want to eat {rest}.", "Can we get a table {rest}?", "Dinner {rest}, please."),
        ("We'd love to dine {rest}.", "Hold a table for us {rest}."),
    ),
    (
        r"(rent|hire) .*car",
        ("I need {object} {rest}.", "I'm after {object} {rest}."),
        ("Get me behind the wheel {rest}.", "I want to drive {object} {rest}."),
    ),
    (
        r"find .*restaurants?$",
        (
            "Where can we eat {rest}? I mean {object}.",
            "Any good {object} {rest}?",
            "I'm hungry. Which {object} are there {rest}?",
        ),
        ("Recommend some {object} {rest}.", "Know any decent {object} {rest}?"),
    ),
    (
        r"attractions?$|sights?$|things to do",
        ("What is there to see {rest}?", "What can we do {rest}?", "What's worth visiting {rest}?"),
        ("How could we spend a day {rest}?", "What shouldn't we miss {rest}?"),
    ),
    (
        r"split .*bill",
        (
            "How much does everyone owe if we split a bill {rest}?",
            "What's each share of a bill {rest}?",
            "We're sharing a bill {rest}, how much is that each?",
        ),
        ("What does each of us pay for a bill {rest}?", "Do the maths on a bill {rest}."),
    ),
    (
        r"plan .*route|directions",
        (
            "What's the best way to travel {rest}?",
            "How do we get around {rest}?",
            "We're travelling {rest}. What route should we take?",
        ),
        ("Map the journey {rest}.", "How would you travel {rest}?"),
    ),
    (
        r"check .*visa",
        ("Do I need a visa {rest}?", "Is a visa required {rest}?", "Can I travel without a visa {rest}?"),
        ("Will they let me in without a visa {rest}?", "Are there visa rules {rest}?"),
    ),
    (
        r"cancel ",
        (
            "I no longer need {object} {rest}, please cancel.",
            "Please drop {object} {rest}.",
            "{object} has to be cancelled {rest}.",
        ),
        ("Take {object} off the books {rest}.", "Scrap {object} {rest}."),
    ),
    (
        r"(track|get|check) .*(order|package|parcel|shipment|delivery)",
        ("Where is {object} {rest}?", "What's happening with {object} {rest}?"),
        ("Has {object} moved {rest}?",),
    ),
    (r"translate", ("How do you say {object} {rest}?", "I need {object} {rest}."), ("Put {object} {rest}.",)),
    (
        r"(create|set|add) .*reminder",
        ("Remind me {rest}.", "Don't let me forget {rest}."),
        ("Nudge me {rest}.",),
    ),
)
_MONEY = {
    "train": (
        "How much is {amount} in {target}?",
        "What do I get for {amount} in {target}?",
        "{amount} in {target}, please.",
    ),
    "test": (
        "What would {amount} come to in {target}?",
        "If I hand over {amount}, what do I get back in {target}?",
    ),
}
_ACQUIRING = {
    "book",
    "reserve",
    "rent",
    "hire",
    "order",
    "buy",
    "purchase",
    "get",
    "find",
    "search for",
    "search",
}
_WANTED = {
    "train": ("I need {np}.", "I'm looking for {np}.", "We'd like {np}.", "I'd like {np}, please."),
    "test": ("{np}, if you please.", "What I want is {np}.", "I could do with {np}."),
}


def idiom(clause: Clause, split: Literal["train", "test"], rng: random.Random) -> str | None:
    """Return the clause in an idiomatic sentence; None where no wording fits."""
    if clause.money:
        return rng.choice(_MONEY[split]).format(amount=clause.money[0], target=clause.money[1])
    does = f"{clause.frame.verb} {clause.frame.topic}".lower()
    ways: list[str] = []
    for pattern, train, test in _IDIOMS:
        if re.search(pattern, does):
            ways += train if split == "train" else test
    ways = [w for w in ways if "{object}" in w or clause.bare]
    if not clause.rest():
        ways = [w for w in ways if "{object}" in w]
    thing = re.match(r"(a|an) ", clause.object) or (clause.frame.plural and clause.bare)
    if clause.frame.verb in _ACQUIRING and thing:
        ways += _WANTED[split]
    if not ways:
        return None
    text = rng.choice(ways).format(rest=clause.rest(), object=clause.object, np=clause.noun_phrase())
    text = re.sub(r" +(?=[,.?])", "", re.sub(" +", " ", text))
    return text[:1].upper() + text[1:]
