"""Descriptions become phrases that a person would use."""

import random

import pytest

from callwright.synthesize.diversity import diversity
from callwright.synthesize.families import TEST_FAMILIES, TRAIN_FAMILIES
from callwright.synthesize.frames import Frame, frame_of
from callwright.synthesize.irrelevant import ELSEWHERE, SMALL_TALK, refusal
from callwright.synthesize.noise import typos
from callwright.synthesize.params import parameters
from callwright.synthesize.pools import in_half
from callwright.synthesize.surface import article
from callwright.synthesize.verbs import base_form, gerund


def plain(frame: Frame) -> str:
    """The frame with each slot as <name>."""
    pieces = [
        p if isinstance(p, str) else f"{p.before}<{p.param}>{p.after}" for p in (*frame.object, *frame.tails)
    ]
    return " ".join([frame.verb, *pieces])


@pytest.mark.parametrize(
    ("name", "description", "fields", "expected"),
    [
        ("w", "Get the weather forecast for a city on a given date.", "city date",
         "get the weather forecast for <city> on <date>"),
        ("c", "Cancel an order by its id.", "order_id", "cancel order <order_id>"),
        ("s", "Returns the status of an order.", "order_id", "get the status of order <order_id>"),
        ("t", "Translate text into another language.", "text target_language",
         "translate <text> into <target_language>"),
        ("f", "Search for flights between two cities.", "origin destination",
         "search for flights from <origin> to <destination>"),
        ("b", "Book a table at a restaurant.", "restaurant", "book a table at <restaurant>"),
        ("x", "This function computes the tax (in euros) and returns a JSON object.", "", "compute the tax"),
        ("l", "Allows you to look up your open invoices.", "", "look up my open invoices"),
        ("get_stock_level", "", "sku", "get the stock level"),
        ("createEvent", "", "title", "create event"),
        ("r", "Current balance of an account", "account_id",
         "get the current balance of account <account_id>"),
        ("g", "Get charts for a given airport.", "", "get charts for an airport"),
        ("p", "Put a member on the list for a book of which no copy is in.", "",
         "put a member on the list for a book"),
        ("h", "Show a book and whether it is in the house", "", "show a book"),
    ],
)  # fmt: skip
def test_a_description_becomes_a_phrase(name: str, description: str, fields: str, expected: str) -> None:
    schema = {"properties": {f: {"type": "string"} for f in fields.split()}, "required": fields.split()}
    assert plain(frame_of(name, description, parameters(schema, description))) == expected


def test_verbs_have_their_forms() -> None:
    assert [base_form(w) for w in ("Returns", "searching", "applies", "Booking", "xyz")] == [
        "return",
        "search",
        "apply",
        "book",
        "",
    ]
    assert [gerund(w) for w in ("book", "get me", "cancel", "make", "put")] == [
        "booking", "getting me", "canceling", "making", "putting",
    ]  # fmt: skip
    assert [article(w) for w in ("order", "car", "8%", "18 people", "user", "12")] == [
        "an",
        "a",
        "an",
        "an",
        "a",
        "a",
    ]


def test_there_are_families_enough_and_each_is_documented() -> None:
    assert len(TRAIN_FAMILIES) + len(TEST_FAMILIES) >= 14
    assert len(TEST_FAMILIES) >= 5
    assert all(f.__doc__ for f in (*TRAIN_FAMILIES.values(), *TEST_FAMILIES.values()))


def test_typos_never_touch_a_value() -> None:
    text = "Please reserve \ue000 tomorrow-like \ue002x\ue003 evening, thanks"
    for seed in range(100):
        noisy = typos(text, random.Random(seed))
        assert [c for c in noisy if "\ue000" <= c <= "\uf8ff"] == ["\ue000", "\ue002", "\ue003"]
    assert any(typos(text, random.Random(s)) != text for s in range(10))


def test_refusals_speak_of_the_user_and_vary() -> None:
    said = {refusal("measure my heartbeat", random.Random(s)) for s in range(200)}
    assert len(said) >= 8
    assert all("your heartbeat" in text and " my heartbeat" not in text for text in said)


def test_small_talk_and_foreign_requests_are_many_and_split() -> None:
    assert len(ELSEWHERE) >= 20
    assert len({t.name for t in ELSEWHERE}) == len(ELSEWHERE)
    halves = [sum(in_half(text, which) for text, _ in SMALL_TALK) for which in ("train", "test")]
    assert min(halves) >= 5


def test_diversity_tells_variety_from_repetition() -> None:
    same = diversity(["book a table for two now"] * 50)
    varied = diversity([f"w{i} w{i + 1} w{i * 7} w{i * 3}" for i in range(50)])
    assert same.repeated == 0.98
    assert same.self_bleu == 1.0
    assert varied.self_bleu < 0.2
    assert varied.distinct_2 > 0.9 > same.distinct_2
    assert diversity([]).texts == 0
    assert diversity(["hello"]).mean_words == 1.0
    assert diversity(["", "hello", "hello"]).self_bleu == 0.667


def test_self_bleu_is_that_of_nltk() -> None:
    texts = [
        "book a table for two in Rome at noon",
        "book a table for four in Oslo at noon",
        "what is the weather in Rome today",
        "please tell me what the weather in Lima is like",
        "convert five miles to kilometres for me please and then tell me the answer",
    ]
    # nltk 3.10: mean of sentence_bleu(the others, a text, smoothing_function=SmoothingFunction().method1)
    assert diversity(texts).self_bleu == 0.224
