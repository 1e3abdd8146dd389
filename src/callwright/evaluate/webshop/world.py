"""WebShop as a benchmark: goals on a shop that all episodes share.

>>> from callwright.evaluate.sessions import recite
>>> world = open_world("home")
>>> recite(world.reset(world.tasks[0]), world.gold(world.tasks[0])).correct
True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from callwright.errors import ConfigError
from callwright.evaluate.webshop.asking import INSTRUCTIONS, INTERFACES, TOOLS, Interface
from callwright.evaluate.webshop.goals import ORDER_SEED, PRICE_SEED, Goal
from callwright.evaluate.webshop.gold import gold_actions
from callwright.evaluate.webshop.nouns import DEFAULT_TAGGER, tagger_named
from callwright.evaluate.webshop.session import Mode, Rules, ShopSession
from callwright.evaluate.webshop.shop import SEARCHED, Shop
from callwright.evaluate.webshop.variants import Split, Variant, open_variant
from callwright.formats import DEFAULT_FORMAT, format_named
from callwright.record import Json
from callwright.store import sha256_text

STEPS: dict[Mode, int] = {"princeton": 15, "agentboard": 29}
"""The default step limits: ReAct's, and AgentBoard's 30, of which the reset is one."""


class WebShop:
    """A variant of WebShop under fixed rules; never changed after it was made."""

    def __init__(self, variant: Variant, rules: Rules, tagger: str = DEFAULT_TAGGER) -> None:
        self.shop = Shop(variant.catalogue, tagger_named(tagger))
        self.rules = rules
        self._goals = variant.goals
        prompt = f"{INSTRUCTIONS[rules.interface]}{TOOLS if rules.interface == 'tool-calls' else ''}"
        spoken = rules.output_format or DEFAULT_FORMAT if rules.interface == "tool-calls" else "text"
        self._conditions: dict[str, Json] = {
            "variant": f"{variant.name}/{rules.mode}",
            "split": variant.split,
            "data_sha256": variant.sha256,
            "tagger": tagger,
            "interface": rules.interface,
            "output_format": spoken,
            "max_steps": rules.steps,
            "searched": SEARCHED,
            "price_seed": PRICE_SEED,
            "order_seed": ORDER_SEED,
            "prompt_sha256": sha256_text(prompt),
        }

    @property
    def conditions(self) -> dict[str, Json]:
        """Return what a score depends on."""
        return self._conditions

    @property
    def tasks(self) -> Sequence[Goal]:
        """Return the goals of the split, in order."""
        return self._goals

    def reset(self, task: Goal) -> ShopSession:
        """Return a new episode with a goal."""
        return ShopSession(self.shop, task, self.rules, self._conditions)

    def gold(self, task: Goal) -> Iterator[str]:
        """Yield the replies that find the goal's own product, choose what is wanted and buy."""
        session = self.reset(task)
        for name, argument in gold_actions(self.shop, task, self.rules.mode):
            yield session.say(name, argument)


def open_world(
    variant: str = "home",
    data: Path | None = None,
    *,
    split: Split = "test",
    mode: Mode = "princeton",
    interface: Interface = "tool-calls",
    tagger: str = DEFAULT_TAGGER,
    steps: int | None = None,
    output_format: str = "",
) -> WebShop:
    """Return a variant of WebShop (see `variants`); `steps` is the mode's default unless given.

    Raises ConfigError for a value that is not known, DataError where data is missing or broken, and
    ExtraMissing for a tagger that is not installed.
    """
    if mode not in STEPS:
        raise ConfigError("no such mode of WebShop", expected=" | ".join(STEPS), got=repr(mode))
    if interface not in INTERFACES:
        raise ConfigError("no such interface", expected=" | ".join(INTERFACES), got=repr(interface))
    limit = STEPS[mode] if steps is None else steps
    if limit < 1:
        raise ConfigError("no episode without a step", expected="steps >= 1", got=str(limit))
    format_named(output_format)
    tagger_named(tagger)  # before any data is read
    return WebShop(open_variant(variant, data, split), Rules(mode, interface, limit, output_format), tagger)
