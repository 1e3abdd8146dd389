"""WebShop's reward: phrases as thefuzz compares them, nouns, parts, quirks, and the original's own cases."""

import gzip
import json
import sys
from itertools import product as combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.errors import ConfigError, DataError, ExtraMissing
from callwright.evaluate.webshop.fuzzy import alike, token_set_ratio
from callwright.evaluate.webshop.nouns import Tagger, tagger_named
from callwright.evaluate.webshop.products import Product, product_of
from callwright.evaluate.webshop.reward import COLORS, Wanted, best_and_last, reward, same_option

TAGGER = tagger_named("words")
PRODUCT = Product(
    asin="B000000001",
    title="Mens D.O.N. Issue 2 Gca Basketball Sneakers Shoes Casual - Off White",
    bullets=("",),
    price=35.0,
    attributes=("tea tree", "essential oil", "natural ingredients"),
    query="query 1",
    shelf="a › b › c",
)
WANTED = Wanted(
    title=PRODUCT.title,
    query="query 1",
    shelf="a › b › c",
    attributes=("tea tree", "essential oils", "natural ingredients"),
    options=("grey", "XL"),
    price_upper=40.0,
)
# --- phrases


def test_phrases_score_as_in_the_original(shared_data: Path) -> None:
    path = next((shared_data / "webshop").glob("golden_token_set_ratio_*.json.gz"))
    golden = json.loads(gzip.decompress(path.read_bytes()))
    assert len(golden) >= 2500
    assert [(a, b, token_set_ratio(a, b)) for a, b, _ in golden] == [tuple(record) for record in golden]
    assert all(alike(a, b) == (score > 85) for a, b, score in golden)


def test_phrases_are_compared_as_sets_of_words() -> None:
    assert token_set_ratio("Red, LARGE", "large red red") == 100
    assert token_set_ratio("", "") == token_set_ratio("!?", "!?") == token_set_ratio("a", "") == 0
    # Latin-1 characters above ASCII are dropped, all others are letters or signs as Unicode says.
    assert token_set_ratio("café", "caf") == 100
    assert token_set_ratio("size\xa0s", "sizes") == 100
    assert token_set_ratio("größe", "gre") == 100
    assert token_set_ratio("ωμέγα", "ωμέγα") == 100


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_likeness_is_a_percentage_and_a_phrase_is_like_itself(one: str, other: str) -> None:
    assert 0 <= token_set_ratio(one, other) <= 100
    assert token_set_ratio(one, one) in (0, 100)
    assert token_set_ratio(one, f"{one} {other}") in (0, 100)


# --- nouns


def test_the_fallback_tagger_takes_all_words_but_function_words_and_numbers() -> None:
    nouns = tagger_named().nouns
    assert nouns("Cotton T-Shirt for Men, 2 Pack") == ("cotton", "t", "shirt", "men", "pack")
    assert nouns("Women's Shoes (Black/White) with 3D Print & Lace-up") == (
        "women", "shoes", "black", "white", "print", "lace",
    )  # fmt: skip
    assert nouns("a an the 12 100% three") == ()


@pytest.mark.parametrize(
    ("goal", "bought", "share"),
    [
        # What the original's own test expects of its spaCy model.
        ("adidas Unisex-Adult D.o.n. Issue 2 Basketball Shoe",
         "adidas Unisex-Adult D.o.n. Issue 2 Indoor Court Shoe", 0.85),
        ("Saireed UL Listed 2 Prong Power Cord for JBL Bar 3.1 Bar 2.1 Channel 4K Ultra HD Soundbar Home "
         "Theater System Subwoofer",
         "BRST AC Power Cord Outlet Socket Cable Plug Lead for Panasonic SC-HT830V DVD/VCR Combo Home "
         "Theater System", 0.31),
        ("Rusticware 921ORB Kitchen and Bath Cabinet Knob",
         "Minkissy 2pcs Stainless Steel Eyebrow Tweezers Blackhead Acne Remover Portable Makeup Tweezers "
         "(Silver)", 0.0),
    ],
)  # fmt: skip
def test_the_fallback_tagger_is_near_to_the_originals(goal: str, bought: str, share: float) -> None:
    nouns = tagger_named().nouns
    common = set(nouns(goal)) & set(nouns(bought))
    assert len(common) / len(nouns(goal)) == pytest.approx(share, abs=0.02)


def test_taggers_are_named_and_unknown_ones_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tagger_named("words").nouns("The Red cup 2x") == ("the", "red", "cup")
    for name in ("", "nltk", "spacy:", "Fallback"):
        with pytest.raises(ConfigError, match="unknown tagger"):
            tagger_named(name)
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ExtraMissing, match="needs spaCy"):
        tagger_named("spacy:en_core_web_sm")


# --- the original's cases (princeton-nlp/WebShop, tests/web-agent-site/engine/test_goal.py)


def test_the_whole_reward_in_the_originals_cases() -> None:
    options = ("grey", "XL")
    assert reward(PRODUCT, WANTED, options, TAGGER).total == 1
    bare = replace(
        PRODUCT,
        attributes=(),
        bullets=("This shampoo has essential oils and smells like lemons",),
        description="Best shampoo on the market, made with natural ingredients",
    )
    assert reward(replace(bare, title="x"), replace(WANTED, title="x"), options, TAGGER).total == 5 / 6
    more = replace(WANTED, options=("grey", "XL", "pack of 12"))
    assert reward(bare, more, options, TAGGER).total == 5 / 7
    cord = "Saireed UL Listed 2 Prong Power Cord for JBL Bar 3.1 Bar 2.1 Channel 4K Ultra HD Soundbar"
    plug = (
        "BRST AC Power Cord Outlet Socket Cable Plug Lead for Panasonic SC-HT830V DVD/VCR Combo Home Theater "
        "System"
    )
    # Some nouns in common, but neither query, nor two shelves: half.
    other = replace(bare, title=plug, query="query 2", shelf="a › d › e")
    assert reward(other, replace(more, title=cord), options, tagger_named("fallback")).total == 5 / 7 * 0.5


@pytest.mark.parametrize(
    ("attributes", "met"),
    [
        (("tea tree", "essential oil", "natural ingredients"), 3),
        (("essential oil", "natural ingredients"), 2),
        (("tea bag", "earl gray", "lipton"), 0),
    ],
)
def test_attributes_count_if_they_are_alike(attributes: tuple[str, ...], met: int) -> None:
    assert reward(replace(PRODUCT, attributes=attributes), WANTED, (), TAGGER).attributes == met


@pytest.mark.parametrize(
    ("goal", "chosen", "met"),
    [
        (("grey", "XL", "pack of 12"), ("pack of 12", "grey", "XL"), 3),
        (("grey", "XL", "pack of 12"), ("pack of 12", "blue", "XL"), 2),
        (("cool powder snow", "XL", "pack of 12"), ("pack of 12", "powder snow", "XL"), 3),
        ((), ("goal 1", "goal 2"), 0),
        (("goal 1", "goal 2"), (), 0),
    ],
)
def test_options_count_if_they_are_alike(goal: tuple[str, ...], chosen: tuple[str, ...], met: int) -> None:
    assert reward(PRODUCT, replace(WANTED, options=goal), chosen, TAGGER).options == met


# --- quirks


def test_colours_are_reduced_to_the_first_word_of_the_list() -> None:
    assert len(COLORS) == 102
    assert same_option("navy blue", "light blue")
    assert same_option("dark red", "darkest night")
    assert not same_option("navy", "blue")
    # A word that merely holds a colour is that colour.
    assert same_option("wired", "red")


def test_a_named_option_is_compared_with_its_name_and_reduced_only_if_it_is_nothing_but_a_colour() -> None:
    assert same_option("large", ("size", "large"))
    assert same_option("navy blue", ("color", "blue"))
    assert same_option("size", ("size", "large"))
    assert not same_option("wired", ("style", "wired"))
    assert same_option("xy", ("color", "xy"))


def test_the_kind_falls_with_the_share_of_common_nouns() -> None:
    ten = Wanted("a b c d e f g h i j", "q", "x › y", (), (), 50.0)

    def kind(title: str, query: str = "other", shelf: str = "z") -> float:
        return reward(Product(asin="A", title=title, query=query, shelf=shelf), ten, (), TAGGER).kind

    assert kind("a b c") == 1.0
    assert kind("a b") == kind("a") == 0.5
    assert kind("a", query="q") == kind("a", shelf="y › x › w") == 1.0
    assert kind("z", query="q", shelf="x › y") == 0.0
    eleven = replace(ten, title=ten.title + " k")
    assert reward(Product(asin="A", title="a", query="q"), eleven, (), TAGGER).kind == 0.1
    # A goal without nouns gives two tenths, which is no match by itself.
    assert reward(Product(asin="A", title="a"), replace(ten, title="1 2"), (), TAGGER).kind == 0.5


def test_the_price_counts_up_to_the_cap() -> None:
    assert reward(PRODUCT, replace(WANTED, price_upper=35.0), (), TAGGER).price
    assert not reward(PRODUCT, replace(WANTED, price_upper=34.99), (), TAGGER).price


VALUES = st.lists(
    st.sampled_from(["red", "navy blue", "large", "x-large", "2 pack", "mint"]), max_size=4, unique=True
)


@given(st.lists(VALUES, max_size=3), st.lists(st.sampled_from(["red", "blue", "large", "mint"]), max_size=3))
def test_the_best_choice_is_the_best_of_all(values: list[list[str]], goal: list[str]) -> None:
    options = {f"option {number}": tuple(each) for number, each in enumerate(values)}
    offered = replace(PRODUCT, options=options)
    wanted = replace(WANTED, options=tuple(goal))
    everything = [reward(offered, wanted, choice, TAGGER).total for choice in combinations(*options.values())]
    best, last = best_and_last(offered, wanted, TAGGER)
    if everything:
        assert (best, last) == (max(everything), everything[-1])
    else:
        assert best == reward(offered, wanted, (), TAGGER).total


def test_a_tagger_is_asked_for_both_titles() -> None:
    asked: list[str] = []

    def nouns(title: str) -> tuple[str, ...]:
        asked.append(title)
        return (title,)

    reward(PRODUCT, replace(WANTED, title="other"), (), Tagger("mine", nouns))
    assert sorted(asked) == sorted([PRODUCT.title, "other"])


# --- products


def test_products_are_read_as_the_original_reads_them() -> None:
    raw: dict[str, Any] = {
        "asin": "B1", "name": "Cup", "category": "garden", "query": " Tea Cups ", "product_category": "a › b",
        "full_description": None, "small_description": "one", "pricing": "$1,010.50$1,200",
        "customization_options": {"Color": [{"value": " Red/Blue ", "image": None}], "Size": None},
        "average_rating": float("nan"), "images": [],
    }  # fmt: skip
    made = product_of(raw, None, Random(0))
    assert made.tag == "$1010.5 to $1200.0"
    assert made.price == Random(0).uniform(1010.5, 1200.0)
    assert made.options == {"color": ("red | blue",)}
    assert made.attributes == ("DUMMY_ATTR",)
    assert (made.query, made.bullets, made.text) == ("tea cups", ("one",), "cup  one color: red | blue")
    free = product_of({**raw, "pricing": "", "customization_options": ""}, (), Random(0))
    assert (free.price, free.tag, free.attributes, free.options) == (100.0, "$100.0", (), {})
    with pytest.raises(DataError, match=r"product B1.*name"):
        product_of({**raw, "name": 1}, None, Random(0))
    with pytest.raises(DataError, match="not a product"):
        product_of([], None, Random(0))


def test_search_texts_are_the_recorded_ones(shared_data: Path) -> None:
    folder = shared_data / "webshop"
    raw = json.loads((folder / "items_shuffle_1000.json").read_bytes())
    with gzip.open(folder / "documents_1k.jsonl.gz") as lines:
        recorded = [json.loads(line) for line in lines]
    made = [product_of(row, None, Random(0)) for row in raw]
    assert [(p.asin, p.text, p.tag) for p in made] == [
        (row["id"], row["contents"], row["product"]["Price"]) for row in recorded
    ]
