"""WebShop's search finds what Lucene found: terms, scores and rankings, in memory and by brute force."""

import gzip
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.webshop.analysis import MAX_LENGTH, terms, words
from callwright.evaluate.webshop.porter import stem
from callwright.evaluate.webshop.ranking import MOST_TERMS, build, quantised, search, weight


@pytest.fixture(scope="module")
def documents(shared_data: Path) -> dict[str, list[str]]:
    """The terms of the recorded search documents, by ASIN, in their order."""
    with gzip.open(shared_data / "webshop" / "documents_1k.jsonl.gz") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: terms(row["contents"]) for row in rows}


def read_golden(shared_data: Path, stem: str) -> list[Any]:
    path = next((shared_data / "webshop").glob(f"{stem}_*.json.gz"))
    golden: list[Any] = json.loads(gzip.decompress(path.read_bytes()))
    return golden


# --- terms


def test_stems_are_those_of_porters_paper_and_of_its_authors_extensions() -> None:
    # From the paper, step by step, and the three departures.
    expected = {
        "caresses": "caress", "ponies": "poni", "ties": "ti", "cats": "cat", "feed": "feed", "agreed": "agre",
        "plastered": "plaster", "motoring": "motor", "sing": "sing", "conflated": "conflat", "sized": "size",
        "hopping": "hop", "falling": "fall", "hissing": "hiss", "failing": "fail", "filing": "file",
        "happy": "happi", "sky": "sky", "relational": "relat", "conditional": "condit", "rational": "ration",
        "vietnamization": "vietnam", "operator": "oper", "feudalism": "feudal", "decisiveness": "decis",
        "formaliti": "formal", "triplicate": "triplic", "formative": "form", "electrical": "electr",
        "goodness": "good", "revival": "reviv", "airliner": "airlin", "adjustable": "adjust",
        "adoption": "adopt", "effective": "effect", "probate": "probat", "cease": "ceas",
        "controll": "control", "roll": "roll", "possibly": "possibl", "archaeology": "archaeolog",
        "is": "is", "tying": "ty",
    }  # fmt: skip
    assert {word: stem(word) for word in expected} == expected


def test_words_are_those_of_unicodes_annex_29() -> None:
    assert words("the men's T-shirt, 3.5oz") == ["the", "men's", "T", "shirt", "3.5oz"]
    assert words("size:large a.b 1,000;x 4 ,5") == ["size:large", "a.b", "1,000", "x", "4", "5"]
    assert words("a_b _ __c__ 100%") == ["a_b", "__c__", "100"]
    assert words("Acme™ ®★ ❤️x") == ["Acme", "™", "®", "★", "❤️", "x"]
    assert words("日本語 カタカナ ひら 한국어") == ["日", "本", "語", "カタカナ", "ひ", "ら", "한국어"]
    assert words("👨\u200d💼👍🏽 🇩🇪") == ["👨\u200d💼", "👍🏽", "🇩🇪"]
    assert words("x" * (MAX_LENGTH + 1)) == ["x" * MAX_LENGTH, "x"]


def test_terms_lose_possessives_stop_words_and_endings() -> None:
    assert terms("The Women’s running SHOES are not for the dogs'") == ["women", "run", "shoe", "dog"]
    assert terms("this and that, with it") == []


@given(st.text())
def test_words_are_parts_of_the_text_in_order(text: str) -> None:
    place = 0
    for word in words(text):
        place = text.index(word, place) + len(word)
        assert word
        assert not word.isspace()


@given(st.sampled_from("_.':,-\ufe0f\u200da1ア❤"), st.sampled_from("_.':,-\ufe0f\u200da1ア❤"))
def test_no_text_takes_longer_than_its_length_asks_for(one: str, other: str) -> None:
    # Were anything tried twice, 30,000 characters would take minutes, not milliseconds.
    assert sum(map(len, words((one + other) * 15_000))) <= 30_000


def test_the_vocabulary_is_lucenes(documents: dict[str, list[str]]) -> None:
    counts = Counter(term for document in documents.values() for term in document)
    assert (len(counts), counts.total()) == (12_074, 107_608)


# --- rankings


def test_rankings_are_those_of_lucene(documents: dict[str, list[str]], shared_data: Path) -> None:
    index, names = build(documents.values()), list(documents)
    golden = read_golden(shared_data, "golden_lucene_rankings")
    assert len(golden) >= 200
    for record in golden:
        found = search(index, terms(record["query"]), 50, names)
        assert [names[hit.document] for hit in found] == [asin for asin, _ in record["top"]]
        for hit, (_, score) in zip(found, record["top"], strict=True):
            # The recorded scores have four decimals; of equal ones the later are a millionth lower.
            assert hit.score == pytest.approx(score, abs=2e-4)


def test_lengths_are_remembered_as_lucenes_norm_byte_does() -> None:
    # SmallFloat.byte4ToInt(intToByte4(n)) of Lucene.
    lengths = (0, 1, 23, 24, 39, 40, 41, 42, 56, 58, 100, 107, 1000, 2**20)
    assert [quantised(n) for n in lengths] == [0, 1, 23, 24, 39, 40, 40, 42, 56, 56, 96, 104, 984, 983_064]
    assert all(quantised(quantised(n)) == quantised(n) for n in range(2000))


WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=40), WORDS, st.integers(1, 10))
def test_leaving_terms_out_early_changes_no_ranking(
    documents: list[list[str]], query: list[str], n: int
) -> None:
    names = [f"{number:03}" for number in range(len(documents))]
    found = search(build(documents), query, n, names)
    mean = sum(map(len, documents)) / len(documents)
    scores = {}
    for number, document in enumerate(documents):
        shared = [term for term in query if term in document]
        if shared:
            scores[number] = sum(
                math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
                * weight(document.count(term), len(document), mean)
                for term in shared
                for df in [sum(term in each for each in documents)]
            )
    best = sorted(scores, key=lambda number: (-round(scores[number], 5), names[number]))
    # Weights are 32-bit numbers: what differs by less than that may stand in any order.
    assert [round(hit.score, 3) for hit in found] == pytest.approx(
        [round(scores[number], 3) for number in best[:n]], abs=2e-3
    )


def test_a_query_of_nothing_finds_nothing_and_a_huge_one_is_cut() -> None:
    index = build([["a"], ["b"]])
    assert search(index, [], 5, "AB") == []
    assert search(index, ["c"], 5, "AB") == []
    assert search(build([]), ["a"], 5, "") == []
    long = [f"w{number}" for number in range(MOST_TERMS)] + ["a"]
    assert search(index, long, 5, "AB") == []
    assert [hit.document for hit in search(index, long[1:], 5, "AB")] == [0]


def test_of_equal_scores_the_first_name_wins() -> None:
    index = build([["a"], ["a"], ["a"]])
    assert [hit.document for hit in search(index, ["a"], 2, ["C", "B", "A"])] == [2, 1]
