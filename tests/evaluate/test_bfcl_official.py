"""The differential test: our decoder and checker against the official functions, verdict and error type."""

import random
import warnings
from collections import Counter

import pytest
from bfcl_differential import Request, differences, ours
from bfcl_mutations import (
    HAND_WRITTEN,
    MUTATIONS,
    NOT_CALL_LISTS,
    NOT_FUNCTION_CALLS,
    arithmetic_is_harmless,
    as_function_calls,
    as_text,
    change_value,
    spoil,
    spoil_text,
)
from bfcl_oracle import Oracle
from bfcl_synthetic import case

from callwright.evaluate.bfcl.data import PYTHON_NON_LIVE, SINGLE_TURN, Row, language_of, load
from callwright.evaluate.bfcl.decode import decode
from callwright.evaluate.bfcl.gold import answered_calls, gold_calls
from callwright.evaluate.bfcl.score import judge


@pytest.fixture(scope="module")
def rows(bfcl: None) -> dict[str, Row]:
    """The rows of the Python categories; Java and JavaScript have a file of their own."""
    return {row.id: row for row in load(SINGLE_TURN).rows if language_of(row.category) == "python"}


def answered(rows: dict[str, Row]) -> list[Row]:
    return [row for row in rows.values() if row.answer is not None]


def test_every_gold_answer_gets_the_official_verdict(rows: dict[str, Row], oracle: Oracle) -> None:
    requests: list[Request] = []
    for row in answered(rows):
        draws = [gold_calls(row), *(gold_calls(row, random.Random(f"{row.id}{i}")) for i in range(2))]
        for calls in draws:
            requests += [(row.id, "decoded", calls), (row.id, "text", as_text(calls))]
    assert len(requests) > 14_000
    assert differences(rows, requests, oracle) == []


def test_first_allowed_answers_are_all_right_in_the_five_categories(rows: dict[str, Row]) -> None:
    wrong = []
    for row in answered(rows):
        if row.category in PYTHON_NON_LIVE:
            calls = gold_calls(row)
            wrong += [row.id for value in (calls, decode(as_text(calls))) if not judge(row, value).valid]
    assert wrong == []


@pytest.mark.slow
def test_spoilt_answers_get_the_official_verdict_and_error_type(rows: dict[str, Row], oracle: Oracle) -> None:
    requests: list[Request] = []
    for row in answered(rows):
        rng = random.Random(f"spoil {row.id}")
        for _ in range(8 if row.category in PYTHON_NON_LIVE else 2):
            calls = gold_calls(row, rng)
            requests.append((row.id, "decoded", spoil(calls, row.function, rng)))
        requests.append((row.id, "decoded", rng.choice(NOT_CALL_LISTS)))
    assert len(requests) > 12_000
    assert differences(rows, requests, oracle) == []
    kinds = Counter(ours(rows[i], kind, value)[2] for i, kind, value in requests)
    assert len(kinds) >= 16, f"the mutations no longer reach every branch: {kinds}"
    assert 1_000 < kinds[""] < len(requests) / 2, "neither nearly all right nor nearly all wrong"


def test_function_calls_get_the_official_verdict_under_both_naming_rules(
    rows: dict[str, Row], oracle: Oracle
) -> None:
    requests: list[Request] = []
    for row in rows.values():
        rng = random.Random(f"calls {row.id}")
        calls = gold_calls(row, rng) or [{"f": {}}]
        calls = spoil(calls, row.function, rng) if row.function and rng.random() < 0.6 else calls
        requests.append((row.id, rng.choice(("calls", "_calls")), as_function_calls(calls, rng)))
    requests += [(i, "calls", v) for i in ("simple_python_0", "irrelevance_0") for v in NOT_FUNCTION_CALLS]
    assert len(requests) > 3_400
    assert differences(rows, requests, oracle) == []
    right = Counter(kind for i, kind, value in requests if ours(rows[i], kind, value)[1])
    assert all(right[kind] > 300 for kind in ("calls", "_calls")), right


@pytest.mark.slow
def test_answers_to_made_up_rows_get_the_official_verdict_and_error_type(oracle: Oracle) -> None:
    requests: list[Request] = []
    for number in range(8_000):
        rng = random.Random(f"made up {number}")
        category, docs, answer = case(rng)
        calls = answered_calls(docs, answer, rng)
        if rng.random() < 0.8:
            calls = spoil(calls, docs, rng, rng.choice((MUTATIONS, (change_value,))))
        requests.append((category, "given", (docs, answer, calls)))
    rows = {category: Row("", [], [], category) for category, *_ in requests}
    assert differences(rows, requests, oracle) == []
    kinds = Counter(ours(rows[i], kind, value)[2] for i, kind, value in requests)
    assert len(kinds) == 19, f"the made-up rows no longer reach every error type: {kinds}"


@pytest.mark.slow
def test_garbled_text_is_decoded_as_the_official_decoder_does(rows: dict[str, Row], oracle: Oracle) -> None:
    donors = [row for row in answered(rows) if row.category in PYTHON_NON_LIVE]
    requests: list[Request] = []
    for row in rows.values():
        rng = random.Random(f"text {row.id}")
        for _ in range(5 if row.category in PYTHON_NON_LIVE else 1):
            donor = row if row.answer is not None else rng.choice(donors)
            calls = gold_calls(donor, rng)
            if rng.random() < 0.4:
                calls = spoil(calls, donor.function, rng)
            text = as_text(calls, rng)
            if rng.random() < 0.6:
                text = spoil_text(text, rng)
            if arithmetic_is_harmless(text):
                requests.append((row.id, "text", text))
    assert len(requests) > 6_000
    assert differences(rows, requests, oracle) == []


def test_hand_written_texts_are_decoded_as_the_official_decoder_does(
    rows: dict[str, Row], oracle: Oracle
) -> None:
    requests: list[Request] = [
        (row_id, "text", text)
        for text in HAND_WRITTEN
        for row_id in ("simple_python_0", "irrelevance_0", "live_relevance_0-0-0")
    ]
    assert differences(rows, requests, oracle) == []


def test_decoding_never_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(r"f(a='\d')") == [{"f": {"a": r"\d"}}]
