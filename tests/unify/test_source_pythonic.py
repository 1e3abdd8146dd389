"""Calls as Python text, and the benchmarks' layouts: what each of them decides, and all of the real rows."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import assets
from callwright.formats import python_calls
from callwright.formats.reply import Reply
from callwright.record import Dropped, Json, Message, ToolCall, Trajectory
from callwright.schema import check
from callwright.unify import unify
from callwright.unify.notations.calls import Call
from callwright.unify.notations.pythonic import find, mentions_call, order_of, read
from callwright.unify.rows import BadRow
from callwright.unify.tools import toolset

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_./-]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES, max_size=4)


def split(paths: list[Path], source: str = "auto") -> tuple[list[Trajectory], list[Dropped]]:
    rows = list(unify(paths, source))
    kept = [r for r in rows if isinstance(r, Trajectory)]
    return kept, [r for r in rows if isinstance(r, Dropped)]


def one(tmp_path: Path, source: str, row: Json) -> Trajectory | Dropped:
    path = tmp_path / "row.jsonl"
    path.write_text(json.dumps(row) + "\n")
    return next(unify([path], source))


def kept(tmp_path: Path, source: str, row: Json) -> Trajectory:
    found = one(tmp_path, source, row)
    assert isinstance(found, Trajectory), found
    return found


def reason(tmp_path: Path, source: str, row: Json) -> str:
    found = one(tmp_path, source, row)
    assert isinstance(found, Dropped)
    return found.reason


def calls_of(rows: list[Trajectory]) -> Iterator[tuple[Trajectory, ToolCall]]:
    return ((t, c) for t in rows for m in t.messages for c in m.tool_calls)


def last_calls(rows: list[Trajectory]) -> list[tuple[Trajectory, ToolCall]]:
    return [(t, c) for t in rows for c in t.messages[-1].tool_calls]


def defects(calls: list[tuple[Trajectory, ToolCall]]) -> Counter[str]:
    """Count calls per code, and those of tools that are not offered."""
    counts: Counter[str] = Counter()
    for t, call in calls:
        tool = next((tool for tool in t.tools or () if tool.name == call.name), None)
        if tool is None:
            counts["unknown"] += 1
        elif call.arguments is not None:
            counts.update({issue.code for issue in check(tool.parameters, call.arguments)})
    return counts


# The text


@given(st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=3))
def test_what_the_python_format_renders_is_read_back(made: list[tuple[str, dict[str, Json]]]) -> None:
    calls = tuple(ToolCall(name=name, arguments=arguments) for name, arguments in made)
    text = python_calls.render(Reply("", calls))
    assert find(text) == [Call(name, arguments) for name, arguments in made]


@given(st.text(alphabet="[](){}'\"=,\\ \nfa1:tr.", max_size=40))
def test_any_text_is_calls_no_calls_or_a_bad_row(text: str) -> None:
    for reader in (find, read):
        try:
            found = reader(text, {"f": ("a",)})
        except BadRow:
            continue
        else:
            assert all(c.name and (c.arguments is not None or (c.raw and c.parse_error)) for c in found or ())


def arguments(text: str, **order: tuple[str, ...]) -> dict[str, Json] | None:
    calls = find(f"[f({text})]", order)
    assert calls is not None
    assert [c.name for c in calls] == ["f"]
    return calls[0].arguments


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("from='a', $top=10, max-size=2, été=1", {"from": "a", "$top": 10, "max-size": 2, "été": 1}),
        ("a=true, b=False, c=null, d=None", {"a": True, "b": False, "c": None, "d": None}),
        ("a={\"b\": true, 'c': [None, null]}", {"a": {"b": True, "c": [None, None]}}),
        ("a=(1, 2), b=(), c=(3), d=(4,)", {"a": [1, 2], "b": [], "c": 3, "d": [4]}),
        ('a="b, (c] = {d", e=\'it\\\'s "so"\'', {"a": "b, (c] = {d", "e": 'it\'s "so"'}),
        (r'a="\d+", b="\u00e9\/"', {"a": r"\d+", "b": "é/"}),
        ('a="two\nlines", b=[\n1,\n]', {"a": "two\nlines", "b": [1]}),
        ("a='null', b='true'", {"a": "null", "b": "true"}),
        ('**{"odd name": 1}, b=2', {"odd name": 1, "b": 2}),
        ("a=-1.5e3,", {"a": -1500.0}),
        ("", {}),
    ],
)
def test_values_are_json_or_python_or_both(text: str, value: dict[str, Json]) -> None:
    assert arguments(text) == value


@pytest.mark.parametrize(
    "text",
    ["a=1/6", "a=b", "a=", "a=1, a=2", "a=f(1)", "a='\\ud83d'", "a=" + "['" * 99 + "']" * 99, "a=9" * 9],
)
def test_what_is_no_value_leaves_the_call_unparsed_with_its_text(text: str) -> None:
    found = find(f"[f({text}), g()]")
    assert found is not None
    assert [(c.name, c.arguments) for c in found] == [("f", None), ("g", {})]
    assert found[0].raw == f"f({text})"
    assert found[0].parse_error


def test_positional_arguments_are_named_by_the_order_of_the_parameters() -> None:
    order = {"f": ("a", "b")}
    assert arguments("1, 'x'", **order) == {"a": 1, "b": "x"}
    assert arguments("1, b=2", **order) == {"a": 1, "b": 2}
    for text in ("1, 2, 3", "b=2, 1", "1, a=2"):
        assert arguments(text, **order) is None
    call = read("f(1)")[0]
    assert (call.arguments, call.parse_error) == (
        None,
        "argument 1 has no name, and its place does not tell it",
    )


def test_an_offered_name_may_hold_any_character() -> None:
    tools = toolset([{"name": "Search (v2), all", "parameters": {"q": {"type": "str"}}}, {"name": "Search"}])
    assert find("[Search (v2), all('x'), Search (), a/b c.d(e=1)]", order_of(tools)) == [
        Call("Search (v2), all", {"q": "x"}),
        Call("Search", {}),
        Call("a/b c.d", {"e": 1}),
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "[1, 2]", "[a link](http://x.org)", "[See the notes (part 1)]", "f(a=1)", "x [f(a=1)]"]
)
def test_a_text_is_not_taken_for_calls(text: str) -> None:
    assert find(text) is None


def test_texts_around_calls_are_noticed() -> None:
    with pytest.raises(BadRow, match="calls-in-text"):
        find("[f(a=1)] is what I do.")
    with pytest.raises(BadRow, match="bad-calls"):
        find("[f(a=1) or g(b=2)]")
    assert mentions_call("I do [get rain(a=1)].", {"get rain": ()}) == "get rain"
    assert mentions_call("get rain(a=1) would do.", {"get rain": ()}) == ""


def test_a_list_that_is_cut_off_keeps_one_call_and_refuses_several() -> None:
    found = find('[f(a="x')
    assert found is not None
    assert (found[0].name, found[0].arguments, found[0].raw) == ("f", None, 'f(a="x')
    with pytest.raises(BadRow, match="several calls"):
        find('[f(a=1), g(b="x", h(c=1)')


# The sources


def toolace(*turns: tuple[str, str], system: str = "Tools: ") -> dict[str, Json]:
    tools = [{"name": "Get Rain", "parameters": {"type": "dict", "properties": {"at": {"type": "string"}}}}]
    said = [{"from": role, "value": value} for role, value in turns]
    return {"system": system + json.dumps(tools), "conversations": said}


def test_toolace_gives_each_call_its_result(tmp_path: Path) -> None:
    asked = ("user", "?"), ("assistant", "[Get Rain(at='a'), Get Rain(at='b')]")
    results = [{"name": "Get Rain", "results": n} for n in (1, 2)]
    row = kept(tmp_path, "toolace", toolace(*asked, ("tool", json.dumps(results))))
    assert [(m.content, m.tool_call_id) for m in row.messages[2:]] == [("1", "call_0"), ("2", "call_1")]
    for other in ([results[0]], [{**results[0], "name": "x"}, results[1]], [{**results[0], "error": 1}] * 2):
        row = kept(tmp_path, "toolace", toolace(*asked, ("tool", json.dumps(other))))
        assert [json.loads(m.content) for m in row.messages[2:]] == [other]


def test_toolace_tells_instruction_from_format(tmp_path: Path) -> None:
    introduced = "Be brief. Here is a list of functions in JSON format that you can invoke:\n"
    row = toolace(("user", "?"), ("assistant", "Dry."), system=introduced)
    row["system"] = f"{row['system']}. \nShould you decide to return the function call(s), use [f(a=b)]."
    read_back = kept(tmp_path, "toolace", row)
    assert read_back.task.instruction == "Be brief."
    assert read_back.extra["unify"]["format_instruction"].startswith("Should you decide")


def test_toolace_refuses_tools_that_can_not_be_read(tmp_path: Path) -> None:
    row = toolace(("user", "?"))
    row["system"] = 'Tools: [{"name": "f"'
    assert reason(tmp_path, "toolace", row) == "bad-tools"


def test_hammer_joins_the_agents_text_to_the_calls_behind_it(tmp_path: Path) -> None:
    turns = [("user", "?"), ("agent", "Wait."), ("assistant", '```[{"name": "f", "arguments": {}}]```')]
    turns += [("tool", "7"), ("agent", "Again.\nGenerate API Request:")]
    query = [{"role": role, "content": text} for role, text in turns]
    answers = [{"tool": "f", "parameters": {"a": 1}}]
    row = kept(tmp_path, "hammer", {"query": query, "tools": [{"name": "f"}], "answers": answers})
    assert [(m.role, m.content, len(m.tool_calls)) for m in row.messages] == [
        ("user", "?", 0), ("assistant", "Wait.", 1), ("tool", "7", 0), ("assistant", "Again.", 1)
    ]  # fmt: skip
    assert row.extra["unify"]["format_instruction"] == "Generate API Request:"
    assert row.messages[-1].tool_calls[0].arguments == {"a": 1}


def test_nestful_references_become_dependencies_and_the_result_is_no_call(tmp_path: Path) -> None:
    steps = [
        {"name": "f", "arguments": {}, "label": "$var_1"},
        {"name": "g", "arguments": {"a": ["$var_1.x[0]$ + 1"], "b": "$var_2$"}, "label": "$var_2"},
        {"name": "var_result", "arguments": {"c": "$var_2$"}},
    ]
    row = kept(tmp_path, "nestful", {"input": "?", "output": json.dumps(steps), "tools": '[{"name": "f"}]'})
    calls = row.messages[-1].tool_calls
    assert [(c.name, c.depends_on) for c in calls] == [("f", ()), ("g", ("call_0",))]
    assert row.extra["unify"]["result"] == {"c": "$var_2$"}
    without = kept(tmp_path, "nestful", {"input": "?", "output": steps})
    assert without.tools is None


def bfcl(
    answer: dict[str, Json], id: str = "simple_python_0", required: tuple[str, ...] = ()
) -> dict[str, Json]:
    names = ("a", "b", "c", "d")
    schema = {"type": "dict", "properties": {n: {"type": "any"} for n in names}, "required": list(required)}
    question = [[{"role": "user", "content": "?"}]]
    return {"id": id, "question": question, "function": [{"name": "f", "parameters": schema}]} | answer


@pytest.mark.parametrize(
    ("allowed", "required", "chosen"),
    [
        ({"a": [1, 2, ""]}, (), {"a": 1}),
        ({"a": ["", 1]}, (), {}),
        ({"a": ["", 1]}, ("a",), {"a": 1}),
        ({"a": [""]}, (), {}),
        ({"a": [False, ""], "b": [[]], "c": [None]}, (), {"a": False, "b": [], "c": None}),
        ({"a": [{"x": [1, 2], "y": ["", 3], "z": 4}]}, (), {"a": {"x": 1, "z": 4}}),
        ({"a": [[{"x": [1, 2]}, 5]]}, (), {"a": [{"x": 1}, 5]}),
        ({"a": 7}, (), {"a": 7}),
    ],
)
def test_bfcl_takes_the_first_allowed_values(
    tmp_path: Path, allowed: dict[str, Json], required: tuple[str, ...], chosen: Json
) -> None:
    row = bfcl({"ground_truth": [{"f": allowed}]}, required=required)
    call = kept(tmp_path, "bfcl", row).messages[-1].tool_calls[0]
    assert call.arguments == chosen
    assert call.alternatives == {k: v if isinstance(v, list) else [v] for k, v in allowed.items()}


def test_bfcl_without_answers_is_a_query_that_knows_what_is_due(tmp_path: Path) -> None:
    for id, expects in (
        ("simple_python_0", "call"),
        ("live_irrelevance_1-0-0", "no_call"),
        ("live_relevance_1", "call"),
    ):
        task = kept(tmp_path, "bfcl", bfcl({}, id)).task
        assert (task.kind, task.expects) == ("query", expects)


def test_bfcl_reads_the_answers_of_the_same_file_only(tmp_path: Path) -> None:
    folder = tmp_path / "possible_answer"
    folder.mkdir()
    for name, value in (("row.jsonl", 1), ("other.jsonl", 2)):
        (folder / name).write_text(
            json.dumps({"id": "simple_python_0", "ground_truth": [{"f": {"a": [value]}}]})
        )
    assert kept(tmp_path, "bfcl", bfcl({})).messages[-1].tool_calls[0].arguments == {"a": 1}
    assert kept(tmp_path, "bfcl", bfcl({}, "simple_python_1")).task.kind == "query"


def test_bfcl_multi_turn_keeps_turns_without_calls_as_empty_turns(tmp_path: Path) -> None:
    question: list[Json] = [[{"role": "user", "content": "Sort."}], []]
    row = {"id": "x", "question": question, "involved_classes": ["GorillaFileSystem"], "initial_config": {}}
    row |= {"ground_truth": [[], ["sort(file_name='a')"]], "missed_function": {"1": ["sort"]}}
    found = kept(tmp_path, "bfcl_multi_turn", row)
    assert found.tools is None
    assert found.task.expects == "partial"
    assert found.extra["unify"]["withheld"] == {"sort": 1}
    assert found.messages[1] == Message(role="assistant")
    assert "sort" in found.messages[2].content
    assert reason(tmp_path, "bfcl_multi_turn", row | {"ground_truth": [[]]}) == "bad-calls"


@pytest.mark.parametrize(
    ("chosen", "rejected", "expects", "error_class"),
    [
        ("Which?", "<TOOLCALL>[{\"name\": \"f\", \"arguments\": {}}]</TOOLCALL>", "no_call", "needless-call"),
        ("<TOOLCALL>[{\"name\": \"f\", \"arguments\": {}}]</TOOLCALL>", "No.", "call", "needless-refusal"),
        ("Which?", "No.", "no_call", "wrong-answer"),
    ],
)  # fmt: skip
def test_when2call_pairs_are_preferences(
    tmp_path: Path, chosen: str, rejected: str, expects: str, error_class: str
) -> None:
    row: dict[str, Json] = {"tools": [{"name": "f"}], "messages": [{"role": "user", "content": "?"}]}
    row["chosen_response"] = {"role": "assistant", "content": chosen}
    row["rejected_response"] = {"role": "assistant", "content": rejected}
    found = kept(tmp_path, "when2call", row)
    assert found.task.expects == expects
    assert found.preference is not None
    assert found.preference.error_class == error_class
    assert bool(found.preference.rejected.tool_calls) == ("TOOLCALL" in rejected)
    assert reason(tmp_path, "when2call", row | {"rejected_response": None}) == "missing-field"


def test_when2call_has_required_from_beside_the_parameters(tmp_path: Path) -> None:
    tool = {
        "name": "f",
        "parameters": {"type": "dict", "properties": {"a": {"type": "int"}}},
        "required": ["a"],
    }
    said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "Which?"}]
    for written in (tool, json.dumps(tool)):
        found = kept(tmp_path, "auto", {"tools": [written], "messages": said})
        assert found.source is not None
        assert found.source.adapter == "when2call"
        assert found.tools is not None
        assert found.tools[0].parameters["required"] == ["a"]


# Real rows


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Path:
    return shared_data / "unify"


def loaded(path: Path) -> list[Any]:
    text = path.read_text("utf-8")
    return (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.splitlines()]
    )


@pytest.mark.parametrize(
    ("name", "rows", "calls", "unknown"),
    [
        ("apibank_l1", 399, 399, 0),
        ("apibank_l2", 127, 127, 6),
        ("sealtool", 294, 294, 0),
        ("toolalpaca", 114, 143, 6),
    ],
)
def test_hammer_keeps_all_rows_calls_and_tools(
    raw: Path, name: str, rows: int, calls: int, unknown: int
) -> None:
    path = raw / "hammer" / "test" / "original" / f"{name}.json"
    written = loaded(path)
    found, dropped = split([path])
    assert (len(found), len(dropped)) == (len(written), 0) == (rows, 0)
    assert len(last_calls(found)) == sum(len(r["answers"]) for r in written) == calls
    earlier = sum(
        m["role"] == "assistant" for r in written if isinstance(r["query"], list) for m in r["query"]
    )
    assert sum(1 for _ in calls_of(found)) == calls + earlier
    assert sum(len(t.tools or ()) for t in found) == sum(len(r["tools"]) for r in written)
    assert defects(last_calls(found))["unknown"] == unknown
    assert all(c.arguments is not None for _, c in calls_of(found))


def test_hammers_masked_rows_keep_all_calls(raw: Path) -> None:
    path = raw / "hammer" / "train" / "masking_sft_data_example.json"
    found, dropped = split([path])
    written = sum(r["output"].count('"arguments"') for r in loaded(path))
    assert (len(found), len(dropped), sum(1 for _ in calls_of(found))) == (10, 0, written) == (10, 0, 14)
    assert defects(list(calls_of(found))) == {"wrong-type": 1}
    assert all(t.task.instruction and t.extra["unify"]["format_instruction"] and t.tools for t in found)


def test_nestful_keeps_all_rows_calls_and_references(raw: Path) -> None:
    paths = sorted((raw / "nestful").rglob("*-data.json"))
    written = [r for path in paths for r in loaded(path)]
    found, dropped = split(paths)
    assert (len(found), len(dropped)) == (len(written), 0) == (300, 0)
    calls = list(calls_of(found))
    assert len(calls) == sum(c["name"] != "var_result" for r in written for c in r["output"]) == 800
    assert defects(calls)["unknown"] == 11
    referring = [
        json.dumps(c["arguments"]) for r in written for c in r["output"] if c["name"] != "var_result"
    ]
    assert sum(bool(c.depends_on) for _, c in calls) == sum("$var" in text for text in referring)
    for t in found:
        assert t.tools is not None
        names = [tool.name for tool in t.tools]
        assert len(set(names)) == len(names)
        assert t.extra["unify"]["offered"] == "gold+4 sampled"


def test_openfunctions_keeps_all_rows_and_reads_all_calls_but_one(raw: Path) -> None:
    path = raw / "gorilla-apibench" / "gorilla_openfunctions_v1_test.json"
    found, dropped = split([path])
    assert (len(found), len(dropped)) == (len(loaded(path)), 0) == (112, 0)
    calls = list(calls_of(found))
    assert [c.raw for _, c in calls if c.arguments is None] == [
        'target.order(loc=Berkeley,item=["potato", "chocolate"], quantity=[6,8])'
    ]
    assert defects(calls)["unknown"] == 0


@pytest.mark.parametrize(("name", "rows", "unparsed"), [("train", 837, 82), ("eval", 186, 24)])
def test_apibench_keeps_all_rows(raw: Path, name: str, rows: int, unparsed: int) -> None:
    path = raw / "gorilla-apibench" / f"torchhub_{name}.json"
    written = loaded(path)
    found, dropped = split([path])
    assert (len(found), len(dropped)) == (len(written), 0) == (rows, 0)
    calls = [c for _, c in calls_of(found)]
    assert len(calls) == rows
    assert sum(c.arguments is None for c in calls) == unparsed  # bare words and positional arguments
    assert all(row.messages[0].content in raw["code"] for row, raw in zip(found, written, strict=True))


def test_when2calls_test_has_as_many_rows_of_each_kind(raw: Path) -> None:
    path = raw / "when2call" / "test" / "when2call_test_llm_judge.jsonl"
    written = loaded(path)
    found, dropped = split([path])
    assert (len(found), len(dropped)) == (len(written), 0) == (300, 0)
    assert Counter(t.task.expects for t in found) == {"call": 100, "clarify": 100, "no_call": 100}
    assert sum(len(t.tools or ()) for t in found) == sum(len(r["tools"]) for r in written) == 978
    assert sum(t.tools == () for t in found) == sum(not r["tools"] for r in written) == 17
    assert defects(list(calls_of(found))) == {"not-in-enum": 3, "missing-argument": 1}  # as published


def test_the_exemplars_are_recognised_and_kept(raw: Path) -> None:
    for name, source in (
        ("toolace", "toolace"),
        ("when2call_train_sft", "when2call"),
        ("when2call_train_pref", "when2call"),
    ):
        found, dropped = split([raw / "_format_exemplars" / f"{name}.jsonl"])
        assert (len(found), len(dropped)) == (1, 0)
        assert found[0].source is not None
        assert found[0].source.adapter == source


@pytest.fixture(scope="module")
def benchmark_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the pinned wheel, where it is cached already."""
    if not assets.present(assets.BFCL):
        pytest.skip("the data of BFCL is not in the cache")
    folder = tmp_path_factory.mktemp("bfcl")
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as archive:
        for name in archive.namelist():
            if name.startswith("bfcl_eval/data/"):
                archive.extract(name, folder)
    return folder / "bfcl_eval" / "data"


SINGLE = {
    "simple_python": (400, 400, {}),
    "multiple": (200, 200, {}),
    "parallel": (200, 540, {}),
    "parallel_multiple": (200, 607, {"wrong-type": 2, "unknown-argument": 1}),
    "simple_java": (100, 100, {"wrong-type": 10}),
    "simple_javascript": (50, 50, {"wrong-type": 8}),
    "live_simple": (258, 258, {"not-in-enum": 1, "missing-argument": 2}),
    "live_multiple": (
        1053,
        1053,
        {"not-in-enum": 13, "wrong-type": 8, "unknown-argument": 2, "missing-argument": 1},
    ),
    "live_parallel": (16, 39, {}),
    "live_parallel_multiple": (24, 55, {"not-in-enum": 1}),
    "irrelevance": (240, 0, {}),
    "live_irrelevance": (884, 0, {}),
    "live_relevance": (16, 0, {}),
}


@pytest.mark.parametrize("category", SINGLE)
def test_bfcl_keeps_all_rows_calls_and_tools(benchmark_data: Path, category: str) -> None:
    path = benchmark_data / f"BFCL_v4_{category}.json"
    written = loaded(path)
    found, dropped = split([path])
    rows, calls, wrong = SINGLE[category]
    assert (len(found), len(dropped)) == (len(written), 0) == (rows, 0)
    assert sum(len(t.tools or ()) for t in found) == sum(len(r["function"]) for r in written)
    made = list(calls_of(found))
    assert len(made) == calls
    assert defects(made) == wrong
    assert {t.task.expects for t in found} == {"no_call" if "irrelevance" in category else "call"}
    if calls:
        answers = loaded(benchmark_data / "possible_answer" / path.name)
        assert [c.alternatives for _, c in made] == [
            a for r in answers for g in r["ground_truth"] for a in g.values()
        ]


@pytest.mark.parametrize("category", ["base", "miss_func", "miss_param", "long_context"])
def test_bfcl_multi_turn_reads_every_call(benchmark_data: Path, category: str) -> None:
    path = benchmark_data / f"BFCL_v4_multi_turn_{category}.json"
    answers = loaded(benchmark_data / "possible_answer" / path.name)
    found, dropped = split([path])
    assert (len(found), len(dropped)) == (len(loaded(path)), 0) == (200, 0)
    made = list(calls_of(found))
    turns = [turn for r in answers for turn in r["ground_truth"]]
    assert len(made) == sum(map(len, turns))
    assert all(c.arguments is not None for _, c in made)  # 40 of them have positional arguments
    assert defects(made) == {"wrong-type": 1}
    said = [m for t in found for m in t.messages if m.role == "assistant"]
    assert [len(m.tool_calls) for m in said] == list(map(len, turns))
    assert sum("withheld" in t.extra["unify"] for t in found) == (200 if category == "miss_func" else 0)


def test_bfcls_agentic_questions_are_queries(benchmark_data: Path) -> None:
    for name, rows, tools in (("memory", 155, None), ("web_search", 100, 2)):
        found, dropped = split([benchmark_data / f"BFCL_v4_{name}.json"])
        assert (len(found), len(dropped)) == (rows, 0)
        assert {t.task.kind for t in found} == {"query"}
        assert {None if t.tools is None else len(t.tools) for t in found} == {tools}
        assert all("ground_truth" in t.extra["unify"]["fields"] for t in found)
