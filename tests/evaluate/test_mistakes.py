"""Every benchmark's errors have one name; expected and called tools are set against each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.mistakes import NO_CALL, confusion, mistake_of, mistakes, value_kind, value_kinds
from callwright.evaluate.results import Result
from callwright.record import Json

NAMES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)


def row(error: str = "", text: str = "f(a=1)", gold: Json = None, predicted: Json = None) -> Result:
    right = not error
    return Result(
        id="r",
        column="c",
        correct=right,
        strict=right,
        error=error,
        text=text,
        gold=gold,
        predicted=predicted,
    )


@pytest.mark.parametrize(
    ("error", "text", "mistake"),
    [
        ("", "", ""),
        ("ast_decoder:decoder_failed", "[f(a=]", "malformed"),
        ("ast_decoder:decoder_failed", "I can not help with that.", "no-call"),
        ("simple_function_checker:wrong_func_name", "f()", "wrong-tool"),
        ("simple_function_checker:missing_required", "f()", "missing-argument"),
        ("simple_function_checker:missing_optional", "f()", "missing-argument"),
        ("simple_function_checker:unexpected_param", "f()", "extra-argument"),
        ("multiple_function_checker:wrong_count", "f()", "wrong-count"),
        ("type_error:nested", "f()", "wrong-type"),
        ("value_error:list_dict_count", "f()", "wrong-value"),
        ("irrelevance_error:decoder_success", "f()", "needless-call"),
        ("relevance_error:decoder_failed", "No.", "no-call"),
        ("wrong-tool", "f()", "wrong-tool"),
    ],
)
def test_errors_have_one_name(error: str, text: str, mistake: str) -> None:
    assert mistake_of(row(error, text)) == mistake


@pytest.mark.parametrize("checker", ["simple", "multiple", "parallel"])
def test_an_answer_without_any_call_is_no_wrong_number_of_calls(checker: str) -> None:
    kind = f"{checker}_function_checker{'_no_order' if checker == 'parallel' else ''}:wrong_count"
    due: Json = [{"f": {"a": [1]}}]
    one: Json = [{"name": "f", "arguments": {}}]
    assert mistake_of(row(kind, "I can not help with that.", due, [])) == "no-call"
    assert mistake_of(row(kind, "f() f()", due, one)) == "wrong-count"
    assert mistake_of(row(kind, "f() f()", due, None)) == "wrong-count", "what was called is not told"


def test_mistakes_are_counted_over_wrong_rows_only() -> None:
    rows = [row(), row("wrong-tool"), row("value_error:string"), row("wrong-value")]
    assert mistakes(rows) == {"wrong-value": 2, "wrong-tool": 1}


@pytest.mark.parametrize(
    ("wanted", "given", "kind"),
    [
        (True, False, "flag"),
        (3, 4, "number"),
        (3.5, "3.5", "number"),
        ([1], [2], "list"),
        ({"a": 1}, {}, "object"),
        ("New York", "new-york", "spelling"),
        ("2024-05-01", "2024-05-02", "date"),
        ("5/1/2024", "Monday", "date"),
        ("14:30", "2:30", "time"),
        ("Oslo", "Bergen", "text"),
    ],
)
def test_values_that_are_taken_wrong_have_a_kind(wanted: Json, given: Json, kind: str) -> None:
    assert value_kind(wanted, given) == kind


@given(NAMES, NAMES)
def test_every_call_is_paired_once(wanted: list[str], given_names: list[str]) -> None:
    gold = [{"name": name, "arguments": {}} for name in wanted]
    predicted = [{name: {"x": [1]}} for name in given_names]
    table = confusion([row("wrong-tool", gold=gold, predicted=predicted)])
    for name in set(wanted):
        assert sum(table[name].values()) == wanted.count(name)
        assert table[name].get(name, 0) == min(wanted.count(name), given_names.count(name))
    pairs = sum(sum(given.values()) for given in table.values())
    assert pairs >= max(len(wanted), len(given_names), 1)
    if len(wanted) >= len(given_names) and wanted:
        assert NO_CALL not in table


def test_silence_in_both_is_a_pair_of_its_own() -> None:
    silent, called = row(gold=[]), row("needless-call", predicted=[{"name": "f", "arguments": {}}])
    assert confusion([silent, called, row()]) == {NO_CALL: {NO_CALL: 1, "f": 1}}


def test_rows_that_do_not_tell_which_calls_are_due_are_not_paired() -> None:
    """A conversation's calls stand turn by turn, a remembered fact is no call, and relevance names none."""
    called: Json = [{"name": "f", "arguments": {}}]
    conversation = row(gold=[["f(a=1)"], ["g()"]], predicted=[[["f(a=1)"]], [["g()"]]])
    remembered = row("agentic:answer_not_found", gold=["Oslo"], predicted=[[["recall()"]]])
    relevant, silent = row(predicted=called), row("relevance_error:decoder_failed", predicted=[])
    assert confusion([conversation, remembered, relevant, silent]) == {}
    irrelevant = row(predicted=[])
    assert confusion([irrelevant, relevant, row(gold=called, predicted=None)]) == {
        NO_CALL: {NO_CALL: 1},
        "f": {NO_CALL: 1},
    }


def test_kinds_of_wrong_values_are_counted_in_either_notation() -> None:
    def wrong(where: str, gold: Json, predicted: Json) -> Result:
        about = {"error": "wrong-value", "where": where, "gold": gold, "predicted": predicted}
        return Result(id="r", column="c", correct=False, strict=False, **about)

    rows = [
        wrong(
            "f.city",
            [{"name": "f", "arguments": {"city": "Oslo"}}],
            [{"name": "f", "arguments": {"city": "oslo"}}],
        ),
        wrong(
            "a.b.day",
            [{"a.b": {"day": ["2024-01-02"]}}],
            [{"name": "a.b", "arguments": {"day": "2024-01-03"}}],
        ),
        wrong("n", [{"f": {"n": [3, 4]}}], [{"name": "f", "arguments": {"n": 5}}]),
        wrong(
            "f.of[0].x",
            [{"name": "f", "arguments": {"of": [{"x": 1}]}}],
            [{"name": "f", "arguments": {"of": []}}],
        ),
        wrong("f.gone", [{"name": "f", "arguments": {"gone": 1}}], [{"name": "f", "arguments": {}}]),
        wrong("n", None, None),
        wrong("n", ["x", {"f": 3}], [{"f": []}]),
    ]
    assert value_kinds(rows) == {"spelling": 1, "date": 1, "number": 1, "list": 1}
