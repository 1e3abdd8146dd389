"""Goals: what shoppers are asked to buy, made from products and instructions as the original makes them.

The original draws prices and price caps from an unseeded generator, so no two of its runs agree. Here they
come from `Random(0)`, asked in the original's order, and the order of goals from `Random(233)`, as there:
that gives the very goals of an original process in which ``random.seed(0)`` ran first. `sha256` identifies
a list of goals; the one of the 1,000-product set is pinned in `variants`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from random import Random

import msgspec

from callwright.errors import DataError
from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.reward import Wanted
from callwright.store import sha256_text

PRICE_SEED, ORDER_SEED = 0, 233
NO_CAP = 1_000_000.0
"""The price cap where none is asked for."""
_CAPS = tuple(10.0 * k for k in range(1, 100))


class Goal(msgspec.Struct, frozen=True):
    """A task of WebShop."""

    id: str
    asin: str
    """The product that the goal was made from."""
    instruction: str
    wanted: Wanted
    group: str
    """The product's category, or a given difficulty."""


class Instruction(msgspec.Struct):
    """A row of items_ins_v2.json."""

    attributes: tuple[str, ...] | None = None
    instruction: str | None = None
    instruction_attributes: tuple[str, ...] = ()


class HumanInstruction(msgspec.Struct):
    """A row of items_human_ins.json."""

    instruction: str
    instruction_attributes: tuple[str, ...] = ()
    instruction_options: tuple[str, ...] = ()


def synthetic_goals(
    products: Iterable[Product], instructions: Mapping[str, Instruction], chance: Random
) -> list[Goal]:
    """Return a goal for every choice of options of every product that has an instruction, in final order."""
    goals = []
    for product in products:
        told = instructions.get(product.asin)
        if told is None or told.instruction is None:
            continue
        cap, cap_text = price_cap(product.price, chance)
        names = sorted(product.options)
        for values in itertools.product(*(product.options[name] for name in names)):
            options = tuple(zip(names, values, strict=True))
            choice = ", and ".join(f"{name}: {value}" for name, value in options)
            text = told.instruction + (f" with {choice}" if choice else "") + cap_text
            goals.append(_goal(product, text, told.instruction_attributes, options, cap))
    return _in_order(goals, "synthetic")


def human_goals(
    products: Iterable[Product], instructions: Mapping[str, Sequence[HumanInstruction]], chance: Random
) -> list[Goal]:
    """Return a goal for every human instruction that asks for an attribute, in final order."""
    goals = []
    for product in products:
        for told in instructions.get(product.asin, ()):
            if told.instruction_attributes:
                cap, cap_text = price_cap(product.price, chance)
                text = told.instruction.strip(".") + cap_text
                goals.append(_goal(product, text, told.instruction_attributes, told.instruction_options, cap))
    return _in_order(goals, "human")


def price_cap(price: float, chance: Random) -> tuple[float, str]:
    """Draw a price cap: the larger of two of the next four tens above the price."""
    above = [cap for cap in _CAPS if cap > price][:4]
    if len(above) < 2:
        return NO_CAP, ""
    cap = max(chance.sample(above, 2))
    return cap, f", and price lower than {cap:.2f} dollars"


def _goal(
    product: Product,
    text: str,
    attributes: tuple[str, ...],
    options: Sequence[str | tuple[str, str]],
    cap: float,
) -> Goal:
    wanted = Wanted(product.title, product.query, product.shelf, attributes, tuple(options), cap)
    return Goal("", product.asin, text, wanted, product.category)


def _in_order(goals: list[Goal], name: str) -> list[Goal]:
    Random(ORDER_SEED).shuffle(goals)
    return [msgspec.structs.replace(goal, id=f"{name}_{number}") for number, goal in enumerate(goals)]


class _BoardExtra(msgspec.Struct):
    product_id: str
    category: str
    query: str
    product_name: str
    product_category: str
    attributes: tuple[str, ...]
    price_upper: float
    product_options: dict[str, str] | tuple[str, ...]


class _BoardRow(msgspec.Struct):
    goal: str
    additional_info: _BoardExtra
    difficulty: str = ""


def agentboard_goal(number: int, line: bytes) -> Goal:
    """Return the goal in a line of AgentBoard's data/webshop/test.jsonl."""
    try:
        told = msgspec.json.decode(line, type=_BoardRow)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            "not a goal of AgentBoard's WebShop", place=f"line {number}", got=str(error)
        ) from None
    extra = told.additional_info
    options = extra.product_options
    wanted = Wanted(
        extra.product_name, extra.query, extra.product_category, extra.attributes,
        tuple(options.items()) if isinstance(options, dict) else options, extra.price_upper,
    )  # fmt: skip
    group = told.difficulty or extra.category
    return Goal(f"agentboard_{number}", extra.product_id, told.goal, wanted, group)


def sha256(goals: Sequence[Goal]) -> str:
    """Return what identifies a list of goals: the SHA-256 of all they ask for, in order."""
    return sha256_text(msgspec.json.encode(goals, order="sorted"))
