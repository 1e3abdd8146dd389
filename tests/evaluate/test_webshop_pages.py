"""WebShop's pages: step by step as recorded from the original, and AgentBoard's by its rules."""

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.evaluate.webshop.agentboard import BoardVisit
from callwright.evaluate.webshop.nouns import tagger_named
from callwright.evaluate.webshop.pages import Step, Visit
from callwright.evaluate.webshop.products import Product
from callwright.evaluate.webshop.progress import Progress
from callwright.evaluate.webshop.reward import Wanted
from callwright.evaluate.webshop.shop import MemoryCatalogue, Shop
from callwright.evaluate.webshop.variants import open_variant

CUP = Product(
    asin="B00000CUP1",
    title="Blue Tea Cup",
    description="A cup.",
    bullets=(" round ", ""),
    price=15.0,
    tag="$10.0 to $20.0",
    options={"color": ("red", "light blue"), "size": ("1 l", "red")},
    attributes=("dishwasher safe",),
    category="garden",
    query="tea cups",
    shelf="Home › Kitchen › Cups",
)
PLAIN = Product(asin="B0000PLAIN", title="Cup & <Saucer>", description="\n", attributes=(), query="saucers")
MORE = tuple(Product(asin=f"B0000000{n:02}", title=f"Cup number {n}") for n in range(30))
WANTED = Wanted("Blue Tea Cup", "tea cups", CUP.shelf, ("dishwasher safe",), ("red",), 20.0)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(MemoryCatalogue([CUP, PLAIN, *MORE]), tagger_named())


class Recorded(NamedTuple):
    """An episode of the original."""

    instruction: str
    wanted: Wanted
    steps: list[Any]


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[Recorded]:
    path = next((shared_data / "webshop").glob("golden_traces_*.json.gz"))
    golden = json.loads(gzip.decompress(path.read_bytes()))
    episodes = []
    for number, steps in golden["episodes"]:
        goal = golden["goals"][str(number)]
        wanted = Wanted(
            goal["name"], goal["query"], goal["product_category"], tuple(goal["attributes"]),
            tuple(goal["goal_options"].items()), goal["price_upper"],
        )  # fmt: skip
        episodes.append(Recorded(goal["instruction_text"], wanted, steps))
    return episodes


# --- the original


def test_every_step_is_the_recorded_one(recorded: list[Recorded], shared_data: Path) -> None:
    variant = open_variant("1k-synthetic", shared_data / "webshop")
    shop = Shop(variant.catalogue, tagger_named("words"))
    steps = 0
    for episode in recorded:
        visit = Visit(shop, episode.instruction, episode.wanted)
        for action, observation, reward, done, available in episode.steps:
            step = Step(visit.observation(), 0, False) if action == "reset" else visit.step(action)
            assert step[:3] == (observation, reward, done)
            assert visit.clickables == available["clickables"]
            assert (visit.page == "index") == available["has_search_bar"]
            steps += 1
    assert steps > 600


def test_the_ways_between_pages(shop: Shop) -> None:
    visit = Visit(shop, "buy a cup", WANTED)
    assert visit.observation() == "WebShop [SEP] Instruction: [SEP] buy a cup [SEP] Search"
    head = "Instruction: [SEP] buy a cup [SEP] Back to Search [SEP] "
    assert visit.step("search[blue Tea cup]").observation.startswith(
        head
        + "Page 1 (Total results: 32) [SEP] Next > [SEP] B00000CUP1 [SEP] Blue Tea Cup [SEP] $10.0 to $20.0"
    )
    item = visit.step("click[b00000cup1]").observation
    assert item == head + (
        "< Prev [SEP] color [SEP] red [SEP] light blue [SEP] size [SEP] 1 l [SEP] red [SEP] Blue Tea Cup "
        "[SEP] Price: $10.0 to $20.0 [SEP] Rating: N.A. [SEP] Description [SEP] Features [SEP] Reviews [SEP] "
        "Buy Now"
    )
    assert visit.step("click[Features]").observation == head + "< Prev [SEP] round [SEP] "
    assert visit.step("click[< Prev]").observation == item
    assert visit.step("click[description]").observation == head + "< Prev [SEP] A cup."
    visit.step("click[< prev]")
    assert visit.step("click[reviews]").observation == head + "< Prev"
    visit.step("click[< prev]")
    # Of two options with the same value the last one has it.
    assert visit.step("click[RED]").observation == item
    assert visit.options == {"size": "red"}
    visit.step("click[light blue]")
    assert visit.options == {"size": "red", "color": "light blue"}
    visit.step("click[< prev]")
    assert (visit.page, visit.options, visit.product) == ("results", {}, None)
    visit.step("click[b00000cup1]")
    assert visit.step("click[back to search]").observation.startswith("WebShop [SEP] Instruction:")


def test_pages_of_results_never_end(shop: Shop) -> None:
    visit = Visit(shop, "x", WANTED)
    visit.step("search[cup]")
    assert "< prev" not in visit.clickables
    assert len(visit.on_page) == 10
    for _ in range(3):
        visit.step("click[next >]")
    assert len(visit.on_page) == 2
    assert visit.step("click[next >]").observation.endswith(
        "Page 5 (Total results: 32) [SEP] < Prev [SEP] Next >"
    )
    assert visit.clickables == ["back to search", "< prev", "next >"]
    visit.step("click[< prev]")
    first = visit.on_page[0]
    visit.step(f"click[{shop.catalogue.names[first].lower()}]")
    assert "Page 4" in visit.step("click[< prev]").observation


def test_buying_ends_with_the_recorded_last_page(shop: Shop) -> None:
    visit = Visit(shop, "x", WANTED)
    visit.step("search[saucer]")
    visit.step("click[b0000plain]")
    step = visit.step("click[Buy Now]")
    assert step.done
    assert step.reward == 0  # of the right kind, but without attribute and option, and too dear
    assert step.observation.startswith("Thank you for shopping with us! [SEP] Your code: [SEP] None")
    assert step.observation.endswith("(min 0.0, max 1.0) [SEP] 0.0 [SEP] Reward Details [SEP] None")
    assert visit.clickables == []
    assert not visit.step("click[buy now]").valid
    # As in the original, a search is accepted even here.
    assert visit.step("search[cup]") == Step(visit.observation(), 0.0, False)


def test_options_are_written_safely_on_the_last_page(shop: Shop) -> None:
    odd = replace(CUP, options={"b": ("a & b's <c>",), "a": ("é",)})
    visit = Visit(Shop(MemoryCatalogue([odd]), tagger_named()), "x", WANTED)
    for action in ("search[cup]", "click[b00000cup1]", "click[a & b's <c>]", "click[é]", "click[buy now]"):
        step = visit.step(action)
    assert '{"a": "\\u00e9", "b": "a \\u0026 b\\u0027s \\u003cc\\u003e"}' in step.observation


@pytest.mark.parametrize(
    "action",
    ["", "search", "search[]", "click[]", "click[search]", "click[buy now]", "buy[x]", "click[nothing]",
     "[x]", "Search[cup]", "click [next >]", "search[cup", "search[cup\n]"],
)  # fmt: skip
def test_what_can_not_be_done_changes_nothing(shop: Shop, action: str) -> None:
    visit = Visit(shop, "x", WANTED)
    before = visit.observation()
    assert visit.step(action) == Step(before, 0.0, False, False)


def test_the_last_brackets_count_and_what_follows_is_ignored(shop: Shop) -> None:
    visit = Visit(shop, "x", WANTED)
    assert visit.step("search[cup] please").valid
    assert not visit.step("click[click[next >]]").valid


def test_hidden_searches_list_by_field(shop: Shop) -> None:
    cup = (shop.catalogue.number(CUP.asin),)
    assert shop.find("<a> dishwasher safe") == shop.find("<c> garden") == shop.find("<q> tea cups") == cup
    assert shop.find("<q> nothing") == shop.find("<c>")[:0] == ()
    assert len(set(shop.find("<r>"))) == 32
    assert shop.find("<r>") == shop.find("<r>")


ACTIONS = st.one_of(
    st.sampled_from(
        ["search[cup]", "search[tea]", "click[next >]", "click[< prev]", "click[b00000cup1]",
         "click[B00000CUP1]", "click[red]", "click[features]", "click[Features]", "click[back to search]",
         "click[Back to Search]", "click[Next >]", "click[< Prev]", "click[buy now]",
         "click[Buy Now]", "click[Attributes]"]
    ),
    st.text(max_size=12).map("click[{}]".format),
    st.text(max_size=12),
)  # fmt: skip


@given(st.lists(ACTIONS, max_size=12))
def test_no_course_of_actions_breaks_a_visit_or_another_one(actions: list[str]) -> None:
    shop = Shop(MemoryCatalogue([CUP, PLAIN, *MORE]), tagger_named())
    for visit, other in (
        (Visit(shop, "x", WANTED), Visit(shop, "x", WANTED)),
        (BoardVisit(shop, WANTED), BoardVisit(shop, WANTED)),
    ):
        untouched = other.observation(), other.clickables
        for action in actions:
            page, bought = visit.page, visit.bought
            step = visit.step(action)
            assert 0 <= step.reward <= 1
            assert step.done == (visit.bought is not bought)
            assert step.valid or (visit.page, visit.bought) == (page, bought)
        assert (other.observation(), other.clickables) == untouched


# --- AgentBoard


def test_agentboard_shows_three_products_and_buttons_in_brackets(shop: Shop) -> None:
    visit = BoardVisit(shop, WANTED)
    assert visit.observation() == "WEB PAGE: {Let us begin shopping \n[Search]}"
    step = visit.step("search[blue tea cup]")
    assert step.observation.startswith(
        "WEB PAGE: {\n[Back to Search] \nPage 1 (Total results: 15) \n[Next >] "
        "\n[B00000CUP1] \nBlue Tea Cup \n$10.0 to $20.0 \n["
    )
    assert len(visit.on_page) == 3
    item = (
        "WEB PAGE: {\n[Back to Search] \n[< Prev] \ncolor [red][light blue]\nsize [1 l][red]\nBlue Tea Cup "
        "\nPrice: $10.0 to $20.0 \nRating: N.A. \n[Description] \n[Features] \n[Reviews] \n[Buy Now] }"
    )
    assert visit.step("click[B00000CUP1]").observation == item
    assert visit.step("click[light blue]").observation == "WEB PAGE: {You have clicked light blue.}"
    assert visit.step("click[red]").observation == "WEB PAGE: {You have clicked red.}"
    assert visit.options == {"color": "light blue", "size": "red"}
    assert (
        visit.step("click[Features]").observation == "WEB PAGE: {\n[Back to Search] \n[< Prev] \n  round  }"
    )
    # An address with escapes does not mark its option.
    marked = item.replace("[red]", "[[red]]")
    assert visit.step("click[< Prev]").observation == marked
    assert visit.step("click[Buy Now]") == Step("WEB PAGE: {Result: [Success]}", 1.0, True)


def test_agentboard_says_what_can_not_be_done(shop: Shop) -> None:
    visit = BoardVisit(shop, WANTED)
    first = visit.observation()
    refused = visit.step("click[Buy Now]")
    assert refused.observation.endswith(f"The recent observation is: \n{first}")
    assert refused.observation.startswith("You can only click the button showed in the observation.")
    assert not refused.valid
    page = visit.step("search[cup]").observation
    assert not visit.step("search[cup]").valid
    assert "no [Search] button" in visit.step("search[cup]").observation
    assert visit.step("click[next >]").observation.endswith("first to search something }")
    assert visit.step("click[< Prev]").observation.startswith("The page number is limited to 5")
    assert visit.step("buy it").observation.startswith("Incorrect action format.")
    for number in range(2, 7):
        assert f"Page {number} " in visit.step("click[Next >]").observation
    assert not visit.step("click[Next >]").valid
    for _ in range(5):
        last = visit.step("click[< Prev]").observation
    assert last == page


def test_agentboard_drops_what_latin_1_can_not_write() -> None:
    shop = Shop(MemoryCatalogue([replace(CUP, title="Cup ★ für › dich")]), tagger_named())
    visit = BoardVisit(shop, WANTED)
    assert "\nCup  für  dich \n" in visit.step("search[cup]").observation


def test_agentboards_clickables_are_what_it_accepts(shop: Shop) -> None:
    visit = BoardVisit(shop, WANTED)
    for action in ("search[blue tea cup]", "click[B00000CUP1]", "click[Description]"):
        visit.step(action)
        for button in set(visit.clickables) - {"Buy Now", "Back to Search"}:
            copy = BoardVisit(shop, WANTED)
            for each in ("search[blue tea cup]", "click[B00000CUP1]", "click[Description]"):
                copy.step(each)
                if each == action:
                    break
            assert copy.step(f"click[{button}]").valid, button


# --- progress


def test_progress_is_the_mean_of_the_best_seen_opened_and_bought(shop: Shop) -> None:
    progress = Progress(shop, WANTED)
    assert progress.rate == 0
    cup = shop.catalogue.number(CUP.asin)
    assert cup is not None
    progress.shown([cup])
    assert progress.rate == pytest.approx(1 / 3)
    progress.opened(CUP)
    assert progress.rate == pytest.approx(2 / 3)
    progress.bought(0.5)
    assert progress.rate == pytest.approx(2.5 / 3)
    progress.bought(1.0)
    assert progress.rate == 1


def test_an_opened_items_progress_is_that_of_its_last_choice_unless_one_is_worth_1(shop: Shop) -> None:
    last_fits_less = replace(CUP, options={"color": ("red", "green")})
    dear = replace(WANTED, price_upper=1.0)
    progress = Progress(shop, dear)
    progress.opened(last_fits_less)
    assert progress.rate == pytest.approx(1 / 3 / 3)  # the attribute; neither option nor price
    progress = Progress(shop, WANTED)
    progress.opened(last_fits_less)
    assert progress.rate == pytest.approx(1 / 3)


def test_a_purchase_counts_as_progress_by_itself(shop: Shop) -> None:
    progress = Progress(shop, WANTED)
    progress.bought(0.9)
    assert progress.rate == 0.9
