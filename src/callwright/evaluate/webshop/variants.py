"""The shops and goals that can be asked for by name, and the data that each of them needs.

===============  ===========================================================================================
home             invented products and goals, made on the spot; needs no data
1k-synthetic     6,910 synthetic goals on the 1,000-product set: items_shuffle_1000.json and
                 items_ins_v2_1000.json; test is the first 500, dev the next 1,000
1k-human13       the 13 human instructions that fall on that set: items_human_ins.json beside those
human            the human instructions on a prepared catalogue (see `prepare`); test and dev as above
agentboard       AgentBoard's goals on it: its data/webshop/test.jsonl as agentboard.jsonl in that folder
===============  ===========================================================================================

What results name is never shorter than what was played: a prepared catalogue is named by its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeVar

import msgspec

from callwright.errors import ConfigError, DataError
from callwright.evaluate.webshop import goals as making
from callwright.evaluate.webshop.goals import Goal, HumanInstruction, Instruction
from callwright.evaluate.webshop.home import home_goals, home_products
from callwright.evaluate.webshop.listing import items, members
from callwright.evaluate.webshop.prepared import PreparedCatalogue
from callwright.evaluate.webshop.products import MAX_ASIN, Product, product_of
from callwright.evaluate.webshop.shop import Catalogue, MemoryCatalogue
from callwright.record import Json
from callwright.store import read_lines, sha256_file, sha256_text

T = TypeVar("T")
Split = Literal["test", "dev", "train", "all"]
SPLITS: dict[Split, slice] = {
    "test": slice(0, 500),
    "dev": slice(500, 1500),
    "train": slice(1500, None),
    "all": slice(None),
}
VARIANTS = ("home", "1k-synthetic", "1k-human13", "human", "agentboard")
WITH_SPLITS = ("1k-synthetic", "human")
SYNTHETIC_1K = "5f3fbf1e214040c7c432ec58966d2380bafc0d4431b4113fd03b74ababc3a2f4"
"""SHA-256 of the 6,910 goals; equal to those of the original under `random.seed(0)`."""
PRODUCTS, INSTRUCTIONS = ("items_shuffle", "items_ins_v2")
HUMAN, AGENTBOARD = "items_human_ins", "agentboard.jsonl"


class Variant(NamedTuple):
    """A catalogue and goals on it."""

    name: str
    """As results show it, for example ``webshop-1k-synthetic``."""
    split: Split
    """Which part of the goals; a variant without official splits has one part only."""
    catalogue: Catalogue
    goals: tuple[Goal, ...]
    sha256: dict[str, Json]
    """What identifies the catalogue and the whole list of goals."""


class _Opened(NamedTuple):
    """A variant with all its goals."""

    name: str
    catalogue: Catalogue
    goals: Sequence[Goal]
    sha256: str
    """Of the catalogue."""


def open_variant(name: str, data: Path | None, split: Split = "test") -> Variant:
    """Return a variant with the goals of a split; raises ConfigError or DataError where data is missing."""
    if name not in VARIANTS:
        raise ConfigError("no such variant of WebShop", expected=" | ".join(VARIANTS), got=repr(name))
    if split not in SPLITS:
        raise ConfigError("no such split", expected=" | ".join(SPLITS), got=repr(split))
    if name not in WITH_SPLITS:
        split = "all"
    opened = _home() if name == "home" else _from_data(name, data)
    hashes: dict[str, Json] = {"catalogue": opened.sha256, "goals": making.sha256(opened.goals)}
    if name == "1k-synthetic" and hashes["goals"] != SYNTHETIC_1K:
        hint = "the files have to be the official ones of 1,000 products"
        raise DataError("not the goals of this variant", place=str(data), got=str(hashes["goals"]), hint=hint)
    return Variant(
        f"webshop-{opened.name}", split, opened.catalogue, tuple(opened.goals[SPLITS[split]]), hashes
    )


def _home() -> _Opened:
    products = home_products()
    digest = sha256_text(msgspec.json.encode(products))
    return _Opened("home", MemoryCatalogue(products), home_goals(products), digest)


def _from_data(name: str, data: Path | None) -> _Opened:
    if data is None:
        raise ConfigError(f"webshop-{name} needs data", hint="name the folder that it lies in")
    if name.startswith("1k"):
        return _thousand(name, data)
    catalogue = PreparedCatalogue(data)
    if name == "human":
        goals = catalogue.goals()
        return _Opened(f"{catalogue.documents}-human", catalogue, goals, catalogue.sha256)
    lines = read_lines(_there(data, AGENTBOARD))
    goals = [making.agentboard_goal(number, line) for number, line in lines]
    return _Opened(f"{catalogue.documents}-agentboard{len(goals)}", catalogue, goals, catalogue.sha256)


def _thousand(name: str, data: Path) -> _Opened:
    source, told = (_there(data, f"{stem}_1000.json") for stem in (PRODUCTS, INSTRUCTIONS))
    instructions = {asin: _converted(row, Instruction, asin) for asin, row in members(told)}
    chance = Random(making.PRICE_SEED)
    products: dict[str, Product] = {}
    for raw in items(source):
        asin = asin_of(raw)
        if asin and asin not in products:
            known = instructions.get(asin)
            products[asin] = product_of(raw, known.attributes if known else None, chance)
    everything = list(products.values())
    if name == "1k-synthetic":
        goals = making.synthetic_goals(everything, instructions, chance)
    else:
        names = (f"{HUMAN}.json", f"{HUMAN}_in1000.json")
        goals = making.human_goals(everything, read_human(_there(data, *names)), chance)
    digest = sha256_text("\n".join(sha256_file(path) for path in (source, told)))
    return _Opened(name, MemoryCatalogue(everything), goals, digest)


def asin_of(raw: Json) -> str:
    """Return the ASIN of a raw row, empty for a row that the original leaves out."""
    asin = raw.get("asin") if isinstance(raw, dict) else None
    return asin if isinstance(asin, str) and asin != "nan" and len(asin) <= MAX_ASIN else ""


def read_human(path: Path) -> dict[str, list[HumanInstruction]]:
    """Return the human instructions for each product."""
    return {asin: _converted(rows, list[HumanInstruction], asin) for asin, rows in members(path)}


def _converted(row: Json, kind: type[T], asin: str) -> T:
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        raise DataError("not an instruction of WebShop", place=asin, got=str(error)) from None


def _there(data: Path, *names: str) -> Path:
    for name in names:
        if (data / name).is_file():
            return data / name
    raise DataError("a file of WebShop is missing", place=str(data), expected=" or ".join(names))
