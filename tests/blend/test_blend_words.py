"""Words and keys: what counts as the same wording, the same facts, the same structure."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from callwright.blend import normalised
from callwright.blend.keys import facts, shape, structure
from callwright.blend.words import _SPACELESS, _WORD, grams, words
from callwright.record import Message, Tool, ToolCall, Trajectory


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_gives_the_same_words(text: str) -> None:
    slow = [w.encode() for w in _WORD.findall(_SPACELESS.sub(r" \1 ", normalised(text)))]
    assert words(text) == slow


@given(st.text())
def test_words_survive_normalisation_and_never_fail(text: str) -> None:
    said = words(text)
    assert all(said)
    assert not any(b" " in word for word in said)
    if unicodedata.is_normalized("NFKC", text):
        assert words(text.upper().lower()) == words(text.upper().lower().replace(" ", "  "))


def test_scripts_without_spaces_are_cut_into_characters() -> None:
    assert [w.decode() for w in words("北京的天气 ok?")] == ["北", "京", "的", "天", "气", "ok"]
    assert words("ＡＢＣ Straße") == words("abc strasse")
    assert words("lone \ud800 surrogate")[0] == b"lone"


def test_grams_are_runs_in_order() -> None:
    assert list(grams([b"a", b"b", b"c", b"d"], 3)) == [b"a b c", b"b c d"]
    assert list(grams([b"a"], 3)) == []


def called(*arguments: object, text: str = "go", tools: str = "fg") -> Trajectory:
    calls = tuple(ToolCall(name="f", arguments=a) for a in arguments)  # type: ignore[arg-type]
    messages = (Message(role="user", content=text), Message(role="assistant", tool_calls=calls))
    return Trajectory(id="x", tools=tuple(Tool(name=n) for n in tools), messages=messages)


def test_facts_are_the_values_in_any_order_of_calls_and_keys() -> None:
    assert (
        facts(called({"a": 1, "b": "Oslo"}, {"a": 2}))[0]
        == facts(called({"a": 2}, {"b": " oslo", "a": 1}))[0]
    )
    assert facts(called({"a": 1}))[0] != facts(called({"a": True}))[0]
    assert facts(called({"a": "one two three"}))[0] != facts(called({"a": "one two four"}))[0]
    one, two = (facts(called({"a": f"a text of {n} words and more"})) for n in ("few", "many"))
    assert one[0] == two[0]
    assert one[1] == ["go", "a text of few words and more"]


def test_arguments_nested_beyond_reason_are_compared_as_they_stand() -> None:
    deep: dict[str, object] = {}
    for _ in range(700):  # a reader refuses what is nested more deeply than 1,000
        deep = {"a": deep}
    assert isinstance(facts(called(deep))[0], int)
    assert structure(called(deep)) is not None


def test_a_structure_knows_types_and_offer_and_no_values() -> None:
    assert structure(called({"a": 1})) == structure(called({"a": 7}, text="other"))
    others = [called({"a": 1.5}), called({"a": "1"}), called({"b": 1}), called({"a": 1}, tools="f"), called()]
    assert len({structure(row) for row in [called({"a": 1}), *others]}) == 6
    assert structure(Trajectory(id="chat")) is None
    assert shape([{"a": 1}, {"a": 2}, {"a": None}]) == [{"a": "integer"}, {"a": "null"}]
