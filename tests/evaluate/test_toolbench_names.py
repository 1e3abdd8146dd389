"""ToolBench's names and schemas: the rules one by one, and whole functions against recorded official ones."""

from pathlib import Path

import pytest

from callwright.evaluate.toolbench.apis import FINISH_TOOL, Api, Parameter, document, offer, tool_of
from callwright.evaluate.toolbench.layout import read_runs
from callwright.evaluate.toolbench.names import category_folder, function_name, plain_name, standardize
from callwright.evaluate.toolbench.queries import read_queries


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("Songkick concert", "songkick_concert"),
        ("/translate/languages", "translate_languages"),
        ("168predict VIP", "get_168predict_vip"),
        ("a__b -- c", "a_b_c"),
        ("天气 API!", "天气_api"),
        ("x^2", "x^2"),
        ("___", ""),
        ("", ""),
    ],
)
def test_names_are_standardised(name: str, standard: str) -> None:
    assert standardize(name) == standard


@pytest.mark.parametrize("word", ["from", "class", "return", "false", "true", "id", "and"])
def test_seven_words_of_python_get_a_prefix(word: str) -> None:
    assert plain_name(word.upper()) == f"is_{word}"
    assert plain_name(f"{word}s") == f"{word}s"


def test_of_a_long_function_name_the_end_counts() -> None:
    name = function_name("Today Sure VIP BTTS/Goal Goal", "168predict VIP Football Predictions")
    assert name == "e_vip_btts_goal_goal_for_get_168predict_vip_football_predictions"
    assert len(name) == 64


def test_categories_become_folders() -> None:
    assert category_folder("Video, Images") == "Video_Images"
    assert category_folder("SMS/Text Tools") == "SMS_Text_Tools"


def parameter(name: str, kind: str = "STRING", default: object = "", *, required: bool = True) -> Parameter:
    return Parameter(name, kind, "d" * 300, default, required)


def test_types_descriptions_and_examples() -> None:
    api = Api(
        "C", "T", "N", "N does it. " * 40,
        (parameter("id", "NUMBER", 5), parameter("on", "BOOLEAN"),
         parameter("When", "DATE (YYYY-MM-DD)", None), parameter("number", "number", 0, required=False)),
    )  # fmt: skip
    tool = tool_of(api)
    properties = tool.parameters["properties"]
    assert [(name, p["type"]) for name, p in properties.items()] == [
        ("is_id", "integer"), ("on", "boolean"), ("when", "string"), ("number", "string"),
    ]  # fmt: skip
    assert {len(p["description"]) for p in properties.values()} == {256}
    # An example is whatever has a text: 0 and None do, the empty string does not.
    assert {n: p.get("example_value", "-") for n, p in properties.items()} == {
        "is_id": 5, "on": "-", "when": None, "number": 0,
    }  # fmt: skip
    assert tool.parameters["required"] == ["is_id", "on", "when"]
    assert document(tool)["parameters"]["optional"] == ["number"]
    quoted = tool.description.partition('function is: "')[2]
    assert quoted.startswith("n_for_t does it.")
    assert len(quoted) == 257


def test_optional_parameters_are_dropped_where_none_is_required_unless_asked_for() -> None:
    api = Api("C", "T", "N", "", (parameter("a", required=False),))
    assert tool_of(api).parameters["properties"] == {}
    assert list(tool_of(api, official=False).parameters["properties"]) == ["a"]


def test_functions_of_one_name_are_told_and_the_first_is_called() -> None:
    long = "a very long name of an interface that goes on and on and on and on and on"
    first, second = Api("C", "T", f"New {long}"), Api("C", "T", f"Old {long}")
    offered = offer([first, second, first])
    assert [api for _, api in offered.functions] == [first]
    assert offered.same_name == (second,)
    assert offered.function_of(second.key) is None
    both = offer([first, second], official=False)
    assert not both.same_name
    names = [tool.name for tool, _ in both.functions]
    assert len(set(names)) == 2
    assert [both.named(name) for name in names] == [first, second]


def test_a_call_reaches_the_first_function_whose_name_ends_like_it() -> None:
    reverse, plain = Api("C", "Egypt", "Reverse Geocode"), Api("C", "Egypt", "Geocode")
    offered = offer([reverse, plain])
    assert offered.named("geocode_for_egypt") is reverse
    assert offered.function_of(plain.key) is None
    assert offer([plain, reverse]).named("geocode_for_egypt") is plain
    exact = offer([reverse, plain], official=False)
    assert exact.named("geocode_for_egypt") is plain
    assert exact.named("for_egypt") is reverse
    assert offered.named("nothing_for_egypt") is None


def test_finish_is_offered_last() -> None:
    assert offer([Api("C", "T", "N")]).tools[-1] is FINISH_TOOL
    schema = document(FINISH_TOOL)["parameters"]
    assert schema["properties"]["return_type"]["enum"] == ["give_answer", "give_up_and_restart"]
    assert schema["required"] == ["return_type"]


@pytest.mark.parametrize("system", ["virtual_chatgpt_cot", "virtual_chatgpt_dfs"])
def test_functions_equal_those_that_the_official_runner_offered(shared_data: Path, system: str) -> None:
    queries = read_queries(shared_data / "toolbench/solvable_queries/test_instruction/G1_instruction.json")
    by_id = {query.query_id: query for query in queries.queries}
    example = shared_data / "unify/stabletoolbench/data_example/model_predictions_converted"
    runs = read_runs(example / system / "G1_instruction.json")
    assert len(runs) == 3
    for query_id, run in runs.items():
        offered = [document(tool) for tool, _ in offer(by_id[query_id].apis).functions]
        assert offered == run.tools[:-1]
