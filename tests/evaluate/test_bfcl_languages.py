"""Java and JavaScript: decoders and converters against the official ones, and what must not hang or raise."""

import random
import sys
import time
from collections import Counter

import pytest
from bfcl_differential import Request, differences, ours
from bfcl_mutations import as_function_calls, spoil, spoil_text
from bfcl_oracle import Oracle
from bfcl_sources import HAND_WRITTEN, PIECES, as_text, case, spoil_strings
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ExtraMissing
from callwright.evaluate.bfcl.data import Row, load
from callwright.evaluate.bfcl.decode import Undecodable
from callwright.evaluate.bfcl.decoders import decode_text
from callwright.evaluate.bfcl.gold import gold_calls
from callwright.evaluate.bfcl.gold_source import as_strings
from callwright.evaluate.bfcl.java_values import JAVA_TYPES, java_value
from callwright.evaluate.bfcl.javascript_values import JAVASCRIPT_TYPES, javascript_value
from callwright.evaluate.bfcl.syntax_tree import _parser

CATEGORIES = ("simple_java", "simple_javascript")


@pytest.fixture(scope="module")
def rows(bfcl: None) -> dict[str, Row]:
    return {row.id: row for row in load(CATEGORIES).rows}


@pytest.fixture
def grammars() -> None:
    for name in ("tree_sitter", "tree_sitter_java", "tree_sitter_javascript"):
        pytest.importorskip(name)


def test_spoilt_function_calls_get_the_official_verdict(rows: dict[str, Row], oracle: Oracle) -> None:
    requests: list[Request] = []
    for row in rows.values():
        rng = random.Random(f"strings {row.id}")
        for _ in range(40):
            calls = as_strings(row, gold_calls(row, rng))
            if rng.random() < 0.6:
                calls = spoil_strings(calls, rng)
            if rng.random() < 0.3:
                calls = spoil(calls, row.function, rng)
            kind = rng.choice(("calls", "_calls"))
            requests.append((row.id, kind, as_function_calls(calls, rng)))
    assert len(requests) == 6_000
    assert differences(rows, requests, oracle) == []
    kinds = Counter(ours(rows[i], kind, value)[2] for i, kind, value in requests)
    assert len(kinds) >= 13, kinds
    assert 500 < kinds[""] < len(requests) / 2, kinds


@pytest.mark.slow
@pytest.mark.usefixtures("grammars")
def test_texts_are_decoded_and_judged_as_officially(rows: dict[str, Row], oracle: Oracle) -> None:
    requests: list[Request] = []
    for row in rows.values():
        rng = random.Random(f"source {row.id}")
        for _ in range(25):
            calls = as_strings(row, gold_calls(row, rng))
            calls = spoil_strings(calls, rng) if rng.random() < 0.5 else calls
            text = as_text(calls, rng)
            text = spoil_text(text, rng) if rng.random() < 0.3 else text
            requests.append((row.id, rng.choice(("text", "text", "_text")), text))
    requests += [(f"{c}_{n}", "text", text) for c in CATEGORIES for n in (0, 2) for text in HAND_WRITTEN]
    assert len(requests) > 4_000
    assert differences(rows, requests, oracle) == []
    kinds = Counter(ours(rows[i], kind, value)[2] for i, kind, value in requests)
    assert min(kinds[""], kinds["ast_decoder:decoder_failed"]) > 500, kinds
    assert kinds["ast_decoder:decoder_wrong_output_format"] > 20, kinds


@pytest.mark.usefixtures("grammars")
def test_made_up_texts_are_decoded_as_officially(rows: dict[str, Row], oracle: Oracle) -> None:
    requests: list[Request] = []
    for number in range(3_000):
        rng = random.Random(f"pieces {number}")
        value = "".join(rng.choice(PIECES) for _ in range(rng.choice((1, 1, 2, 3, 5))))
        text = f"[f.g(a={value}, b=x)]" if rng.random() < 0.9 else value
        requests.append((f"{rng.choice(CATEGORIES)}_0", "text", text))
    assert differences(rows, requests, oracle) == []
    decoded = sum(ours(rows[i], kind, value)[0] is not None for i, kind, value in requests)
    assert decoded > 300, decoded


@pytest.mark.slow
def test_made_up_rows_get_the_official_verdict_and_error_type(oracle: Oracle) -> None:
    requests: list[Request] = []
    for number in range(6_000):
        category, docs, answer, calls = case(random.Random(f"made up {number}"))
        requests.append((category, "given", (docs, answer, calls)))
    rows = {category: Row("", [], [], category) for category in CATEGORIES}
    assert differences(rows, requests, oracle) == []
    kinds = Counter(ours(rows[i], kind, value)[2] for i, kind, value in requests)
    assert len(kinds) >= 11, kinds
    assert kinds[""] > 1_000, kinds


JAVA_HEADS = (
    "new HashMap<>() {",
    "new ArrayList<>() {{",
    "new int[]{",
    "new HashMap<",
    "new ArrayList<>(Arrays.asList(",
)


@pytest.mark.parametrize(
    "filler", [" ", "}", 'put("",', "],[", "[[],", "add(", ">", "{", "a:", "\n", "new ", "9"]
)
def test_no_string_makes_a_converter_hang(filler: str) -> None:
    started = time.monotonic()
    for head in (*JAVA_HEADS, "[[", "{", "new Array([", "["):
        for tail in ("", "x", "}", "]]", "])", ")"):
            text = head + filler * (1_900 // len(filler)) + tail
            for kind in ("Array", "ArrayList", "HashMap"):
                java_value(text, kind, "String")
            for kind in ("array", "dict"):
                javascript_value(text, kind, "String")
            # Far beyond what is converted: left as it is.
            assert java_value(text * 50, "HashMap") == text * 50
    assert time.monotonic() - started < 20


@given(st.text(), st.sampled_from([*JAVA_TYPES, *JAVASCRIPT_TYPES]), st.sampled_from(["", *JAVA_TYPES]))
def test_a_string_is_converted_or_refused_but_nothing_else_happens(text: str, kind: str, item: str) -> None:
    for convert in (java_value, javascript_value):
        try:
            convert(text, kind, item)
        except ValueError:
            assert kind not in ("any", "String")


@pytest.mark.parametrize("missing", ["tree_sitter", "tree_sitter_java"])
def test_without_tree_sitter_texts_say_what_to_install(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    _parser.cache_clear()
    with pytest.raises(ExtraMissing, match=r"pip install 'callwright\[bfcl\]'"):
        decode_text("[f(a=1)]", "java")
    _parser.cache_clear()


@pytest.mark.usefixtures("grammars")
@pytest.mark.parametrize("category", ["java", "javascript"])
@pytest.mark.parametrize(
    "text",
    ["(" * 20_000, "[" * 20_000, "f(a=" + "[" * 5_000 + "]" * 5_000 + ")", "f(a=" + "-" * 20_000 + "1)",
     "{" * 20_000,
     "f(a=" + "(" * 5_000 + "1" + ")" * 5_000 + ")", "f(" * 5_000 + ")" * 5_000, "x." * 20_000 + "f()",
     "\"" * 9_999],
)  # fmt: skip
def test_deep_and_broken_source_comes_back(category: str, text: str) -> None:
    decoded = decode_text(text, "java" if category == "java" else "javascript")
    assert isinstance(decoded, Undecodable | list)
