"""Sources that write calls as tags in text: hermes_fc, smolagents, rlla, button, glaive_v2, toucan."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callwright.record import Dropped, Json, ToolCall, Trajectory, decode, encode
from callwright.schema import check
from callwright.unify import detect, unify
from callwright.unify.notations.calls import Call
from callwright.unify.notations.tagged import (
    CALL,
    FUNCTIONCALL,
    TOOL_CALL,
    TOOLCALL,
    TOOLS,
    Tag,
    blocks,
    calls_in,
    offer,
    read,
    values,
)
from callwright.unify.notations.tagged_results import Result, answered, listed_results, of_each, responses
from callwright.unify.rows import BadRow
from callwright.unify.sources.hermes_fc import detect as is_hermes

GOLDEN = Path(__file__).parent.parent / "golden"


def split(paths: list[Path], source: str = "auto") -> tuple[list[Trajectory], list[Dropped]]:
    rows = list(unify(paths, source))
    kept = [r for r in rows if isinstance(r, Trajectory)]
    return kept, [r for r in rows if isinstance(r, Dropped)]


def one(tmp_path: Path, source: str, row: Json) -> Trajectory | Dropped:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", "utf-8")
    (only,) = unify([path], source)
    return only


def calls_of(rows: list[Trajectory]) -> Iterator[tuple[Trajectory, ToolCall]]:
    return ((t, c) for t in rows for m in t.messages for c in m.tool_calls)


def raw_rows(path: Path) -> list[Any]:
    text = path.read_text("utf-8")
    return list(json.loads(text)) if text.startswith("[") else [json.loads(x) for x in text.splitlines()]


# The codec.


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ('<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>', TOOL_CALL),
        ('<tool_call>\n{"name": "f", "parameters": {"a": 1}}\n</tool_call>\n', TOOL_CALL),
        ("<tool_call>{'arguments': {'a': 1}, 'name': 'f'}</tool_call>", TOOL_CALL),
        ('<tool_call>{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}', TOOL_CALL),
        ('<TOOLCALL>[{"name": "f", "arguments": {"a": 1}}]</TOOLCALL>', TOOLCALL),
        ('<call>[{"name": "f", "arguments": "{\\"a\\": 1}"}]</call>', CALL),
        ('<functioncall> {"name": "f", "arguments": \'{"a": 1}\'} <|endoftext|>', FUNCTIONCALL),
        ('<functioncall> {"name": "f", "arguments": {"a": 1}}', FUNCTIONCALL),
    ],
)
def test_every_notation_means_the_same_call(text: str, tag: Tag) -> None:
    assert read(text, tag) == ("", [Call("f", {"a": 1})], None)


@pytest.mark.parametrize("between", ["\n", ", ", "</tool_call><tool_call>", "<tool_call>", "\n\n"])
def test_several_calls_in_one_turn_are_all_read(between: str) -> None:
    text = between.join(f'{{"name": "f", "arguments": {{"a": {i}}}}}' for i in range(3))
    said = read(f"<tool_call>{text}</tool_call>", TOOL_CALL)
    assert [c.arguments for c in said.calls] == [{"a": 0}, {"a": 1}, {"a": 2}]


def test_text_around_the_tags_is_kept_and_thoughts_do_not_call() -> None:
    said = read(
        '<think>Not <tool_call>{"name": "g"}</tool_call>.</think>Now: <call>[{"name": "f"}]</call> Wait.',
        CALL,
    )
    assert said == ("Now:\nWait.", [Call("f", {})], 'Not <tool_call>{"name": "g"}</tool_call>.')
    assert read("No call at all. ", CALL) == ("No call at all. ", [], None)


def test_a_string_may_spell_the_closing_tag() -> None:
    call = {"name": "f", "arguments": {"note": "</tool_call> <tool_call>{"}}
    said = read(f"<tool_call>{json.dumps(call)}</tool_call> done", TOOL_CALL)
    assert said == ("done", [Call("f", call["arguments"])], None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ("""{"text": "it's"}""", {"text": "it's"}),
        (r"""{"text": "it\'s"}""", {"text": "it's"}),
        ('{"text": "a\\nb"}', {"text": "a\nb"}),
        ('{\n  "text": "a",\n  "n": [1]\n}', {"text": "a", "n": [1]}),
        ("{}", {}),
        ("""{"text": "'}"}""", {"text": "'}"}),
    ],
)
def test_arguments_in_single_quotes_are_json_text(arguments: str, value: object) -> None:
    (found,) = calls_in(f""" {{"name": "f", "arguments": '{arguments}'}} """, "chat")
    assert found == Call("f", value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "f", "arguments": {"a": x}}',
        "{'name': 'f', 'arguments': {'a': x}}",
        "{'arguments': {'a': open('x')}, 'name': 'f'}",
        """{"name": "f", "arguments": '{"a": x}'}""",
        "{'name': 'f', 'arguments': {'a': '\\ud800'}}",
        '{"name": "f", "arguments": ' + '{"a": ' * 5000,
    ],
)
def test_arguments_that_do_not_parse_keep_text_and_reason(text: str) -> None:
    (found,) = calls_in(text, "chat")
    assert (found.name, found.arguments) == ("f", None)
    assert found.raw
    assert found.raw in text
    assert found.parse_error


def test_a_broken_line_costs_its_own_call_only() -> None:
    found = calls_in('{"name": "f", "arguments": {"a": 1}}\n{"name": "g", "arguments": {"a": 1}', "output")
    assert [(c.name, c.arguments) for c in found] == [("f", {"a": 1}), ("g", None)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "bad-calls"),
        ("f(a=1)", "bad-calls"),
        ('{"arguments": {}}', "bad-calls"),
        ('[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {]', "bad-calls"),
        ('{"name": "f"}</tool_call><functioncall> {"name": "g"}', "calls-in-text"),
    ],
)
def test_what_can_not_be_read_as_calls_is_no_row(body: str, reason: str) -> None:
    with pytest.raises(BadRow) as caught:
        read(f"<tool_call>{body}</tool_call>", TOOL_CALL, "output")
    assert (caught.value.reason, caught.value.path.partition(".")[0]) == (reason, "output")


def test_values_follow_each_other_strictly() -> None:
    assert values('{"a": 1}\n\n{"b": [2]}, 3') == [{"a": 1}, {"b": [2]}, 3]
    assert values(" ") == []
    for bad in ('{"a": NaN}', '{"a": 1} and', '{"a": "\\ud800"}', "[" * 5000):
        with pytest.raises(ValueError, match=r"\w"):
            values(bad)


def test_a_prompt_may_speak_of_the_tags_before_it_uses_them() -> None:
    found = offer('Within <tools> </tools> or <tools>:\n<tools>\n[{"name": "f"}]\n</tools> then', TOOLS)
    assert found == ("Within <tools> </tools> or <tools>:", '[{"name": "f"}]', "then")
    assert offer("<tools> </tools>", TOOLS) is None
    assert offer("<tools>[", TOOLS) is None


def test_each_response_is_a_result_and_a_name_only_counts_beside_content() -> None:
    text = (
        '<tool_response>{"name": "f", "content": {"a": 1}}</tool_response>\n'
        "<tool_response>{'name': 'g', 'content': 'b'}</tool_response>"
        '<tool_response>{"name": "Ann", "age": 3}</tool_response>'
    )
    assert responses(text) == [Result('{"a":1}', "f"), Result("b", "g"), Result('{"name": "Ann", "age": 3}')]
    for whole in ("plain", f"{text} and more", "<tool_response>open", ""):
        assert responses(whole) == [Result(whole)]


def test_listed_results_find_the_call_with_their_arguments() -> None:
    found = listed_results('[{"name": "f", "results": {"b": 2}, "arguments": {"a": 2}}]')
    assert found == [Result('{"b":2}', "f", {"a": 2})]
    waiting = [("call_0", Call("f", {"a": 1})), ("call_1", Call("f", {"a": 2}))]
    assert answered(found[0], waiting) == "call_1"
    assert answered(Result("", "f", {"a": 3}), waiting) is None
    for other in (
        "[]",
        "{}",
        "text",
        '[{"name": "f", "results": 1, "more": 2}]',
        '[{"name": 1, "results": 1}]',
    ):
        assert listed_results(other) is None


def test_a_list_with_an_entry_for_each_call_is_the_results_of_all() -> None:
    called = [Call("f", {"a": 1}), Call("g", {})]
    entries = [{"tool_call_id": "x", "name": "f", "content": "1"}, {"name": "g", "content": {"b": 2}}]
    assert of_each(json.dumps(entries), called) == [Result("1", "f"), Result('{"b":2}', "g")]
    assert of_each(json.dumps(entries[::-1]), called) == [Result('{"b":2}', "g"), Result("1", "f")]
    unnamed = [{"tool_call_id": "x", "content": n} for n in "12"]
    assert of_each(json.dumps(unnamed), called) == [Result("1"), Result("2")]
    for other in (
        entries[:1],
        entries + entries,
        [entries[0]] * 2,
        [{"name": "f"}] * 2,
        ["f", "g"],
        {},
        "[1",
    ):
        text = other if isinstance(other, str) else json.dumps(other)
        assert of_each(text, called) == [Result(text)]


def test_a_block_ends_only_where_another_begins() -> None:
    text = "<user> say </user> and <obs> </user>\n<obs> <b>1</b> </obs>"
    assert list(blocks(text, "user|obs", "input")) == [("user", "say </user> and <obs>"), ("obs", "<b>1</b>")]
    with pytest.raises(BadRow, match="wrong-type at input"):
        list(blocks("<user> a </user> b", "user|obs", "input"))


# The sources.


def test_hermes_tools_come_from_the_prompt_where_the_column_is_missing(tmp_path: Path) -> None:
    prompt = 'Do it. <tools>{"name": "f"}\n{"name": "g"}</tools> Like this: <tool_call>…</tool_call>'
    turns = [{"from": "system", "value": prompt}, {"from": "human", "value": "Go."}]
    for column in ({}, {"tools": None}, {"tools": ""}):
        row = one(tmp_path, "hermes_fc", {"conversations": turns, **column})
        assert isinstance(row, Trajectory)
        assert row.tools is not None
        assert [t.name for t in row.tools] == ["f", "g"]
        assert row.task.instruction == "Do it."
        assert row.extra["unify"]["format_instruction"] == "Like this: <tool_call>…</tool_call>"


def test_hermes_tells_no_tools_from_unknown_tools(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hi"}]
    for column, tools in (({"tools": []}, ()), ({"tools": "[]"}, ()), ({"tools": ""}, None), ({}, None)):
        row = one(tmp_path, "hermes_fc", {"conversations": turns, **column})
        assert isinstance(row, Trajectory)
        assert row.tools == tools


def test_hermes_leaves_plain_sharegpt_to_others() -> None:
    plain = {
        "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hi"}],
        "tools": "[]",
    }
    assert not is_hermes(plain)
    assert is_hermes({**plain, "category": "JSON", "subcategory": "Forms"})
    assert not is_hermes({"conversations": [{"from": "user", "value": "<tool_call>"}]})


def test_no_source_of_tags_is_taken_for_another_one() -> None:
    for name in ("hermes_fc", "smolagents", "rlla", "button", "glaive_v2", "toucan"):
        assert detect(GOLDEN / name / "raw.jsonl").name == name


def test_only_the_answer_of_a_prompt_with_history_is_to_be_learnt() -> None:
    kept, _ = split([GOLDEN / "rlla" / "raw.jsonl"])
    for t in kept:
        *earlier, last = [m.weight for m in t.messages if m.role == "assistant"]
        assert last is None
        assert set(earlier) <= {0.0}


def test_button_results_in_another_order_answer_their_own_calls() -> None:
    kept, _ = split([GOLDEN / "button" / "raw.jsonl"])
    calls = {c.id: c.arguments for c in kept[0].messages[1].tool_calls}
    results = {m.content: calls[m.tool_call_id] for m in kept[0].messages if m.role == "tool"}
    assert results['{"free":2}'] == {"hut": "Gamshütte"}
    assert results['{"free":0}'] == {"hut": "Olpererhütte"}


def test_glaive_tells_no_tools_from_unknown_tools(tmp_path: Path) -> None:
    chat = "USER: Hi\n\n\nASSISTANT: Hello! <|endoftext|>\n\n\n"
    for system, tools in (("with no access to external functions.", ()), ("who is kind.", None)):
        row = one(tmp_path, "glaive_v2", {"system": f"SYSTEM: You are a clerk, {system}\n\n", "chat": chat})
        assert isinstance(row, Trajectory)
        assert row.tools == tools
        assert [m.content for m in row.messages] == ["Hi", "Hello!"]


def test_toucan_text_and_calls_of_one_reply_are_one_turn() -> None:
    kept, _ = split([GOLDEN / "toucan" / "raw.jsonl"])
    assert [m.role for m in kept[0].messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert kept[0].outcome is not None
    assert kept[0].outcome.metrics["response_quality"]["order_correctness"] is True
    assert "declared_tools" in kept[1].extra["unify"]
    assert kept[1].task.instruction == "Answer briefly."


def test_apigen_mt_is_read_in_the_layout_that_it_shares_and_keeps_its_licence(tmp_path: Path) -> None:
    path = tmp_path / "apigen-mt_5k.json"
    call = {"name": "get_parcel", "arguments": {"parcel": "P7"}}
    row = {
        "conversations": [
            {"from": "human", "value": "Where is parcel P7?"},
            {"from": "function_call", "value": json.dumps(call)},
            {"from": "observation", "value": '{"status": "on its way"}'},
            {"from": "gpt", "value": "It is on its way. Anything else?"},
            {"from": "human", "value": "No, thanks. ###STOP###"},
        ],
        "tools": json.dumps([{"name": "get_parcel", "parameters": {"type": "object", "properties": {}}}]),
        "system": "# Parcel policy\nLook up before you speak.",
    }
    path.write_text(
        json.dumps([row, row, {**row, "conversations": [{"from": "oracle", "value": ""}]}]), "utf-8"
    )
    kept, dropped = split([path])
    assert [d.reason for d in dropped] == ["unknown-role"]
    assert kept[0].source is not None
    assert (kept[0].source.license, kept[0].source.noncommercial) == ("CC-BY-NC-4.0", True)
    assert kept[0].task.instruction.startswith("# Parcel policy")
    assert [(c.name, c.arguments) for _, c in calls_of(kept)] == [("get_parcel", {"parcel": "P7"})] * 2


# Real data.


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Path:
    return shared_data / "unify"


def written_calls(text: str) -> int:
    """Count lines that begin a call inside blocks, in what follows the last thought."""
    inside = re.findall(r"<tool_call>\n(.*?)\n</tool_call>", text, re.S)
    return sum(line.startswith('{"name": ') for block in inside for line in block.split("\n"))


def defects(t: Trajectory, calls: tuple[ToolCall, ...]) -> Iterator[str]:
    for call in calls:
        tool = next((tool for tool in t.tools or () if tool.name == call.name), None)
        if call.arguments is None:
            yield "unparsable"
        elif tool is None:
            yield "unknown-tool"
        else:
            yield from {issue.code for issue in check(tool.parameters, call.arguments)}


def test_rlla_keeps_all_rows_and_has_the_published_defects(raw: Path) -> None:
    path = raw / "toolrl" / "dataset" / "rlla_4k_raw" / "rlla_sft.json"
    rows = raw_rows(path)
    kept, dropped = split([path])
    assert (len(kept), len(dropped)) == (len(rows), 0) == (400, 0)
    answers = [r["output"].rpartition("</think>")[2] for r in rows]
    assert [len(t.messages[-1].tool_calls) for t in kept] == list(map(written_calls, answers))
    assert sum(map(written_calls, answers)) == 576
    earlier = sum(len(m.tool_calls) for t in kept for m in t.messages[:-1])
    assert earlier == sum(
        written_calls(re.sub(r"<think>.*?</think>", "", r["input"], flags=re.S)) for r in rows
    )
    listed = sum(r["instruction"].count("\nParameters: {") for r in rows)
    assert sum(len(t.tools or ()) for t in kept) == listed == 1215
    found = Counter(code for t in kept for code in defects(t, t.messages[-1].tool_calls))
    assert found == {"wrong-type": 95, "unknown-argument": 11, "unknown-tool": 2}  # 16.49, 1.91, 0.35 %
    assert all(t.messages[-1].reasoning for t in kept)
    said = sum("<response>" in a for a in answers)
    assert sum(bool(t.messages[-1].content) for t in kept) == said == 54


def test_rlla_keeps_every_turn_of_the_history(raw: Path) -> None:
    for path in sorted((raw / "toolrl").rglob("*.json")):
        rows, (kept, dropped) = raw_rows(path), split([path])
        assert (len(kept), len(dropped)) == (len(rows), 0)
        for row, t in zip(rows, kept, strict=True):
            history = row.get("user", row.get("input"))
            history = re.sub(r"<think>.*?</think>", "", history, flags=re.S)
            roles = Counter(m.role for m in t.messages)
            assert roles["user"] == history.count("<user>")
            assert roles["tool"] == history.count("<obs>")
            assert all(m.tool_call_id for m in t.messages if m.role == "tool")
            said = sum(bool(m.content) for m in t.messages[:-1] if m.role == "assistant")
            assert said == history.count("<response>")


@pytest.mark.parametrize(("level", "rows", "calls"), [(1, 399, 668), (2, 67, 89), (3, 131, 263)])
def test_processed_api_bank_keeps_rows_calls_and_tools(raw: Path, level: int, rows: int, calls: int) -> None:
    path = raw / "toolrl" / "benchmarks" / "API-Bank" / f"level-{level}-api_processed.json"
    written = raw_rows(path)
    kept, dropped = split([path])
    assert (len(kept), len(dropped)) == (len(written), 0) == (rows, 0)
    golden = sum(len(r["answer"]) if isinstance(r["answer"], list) else 1 for r in written)
    assert len(list(calls_of(kept))) == golden + sum(written_calls(r["user"]) for r in written) == calls
    assert sum(len(t.tools or ()) for t in kept) == sum(r["system"].count("\nParameters: {") for r in written)
    assert all(c.arguments is not None for _, c in calls_of(kept))
    assert {t.source.license for t in kept if t.source} == {"MIT"}


def test_rlla_in_parquet_keeps_rows_and_calls(raw: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(raw / "toolrl" / "dataset" / "rlla_4k" / "test.parquet").to_pylist()
    path = tmp_path / "rlla_test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    kept, dropped = split([path])
    assert (len(kept), len(dropped)) == (len(rows), 0) == (80, 0)
    gold = [row["reward_model"]["ground_truth"].rpartition("</think>")[2] for row in rows]
    assert [len(t.messages[-1].tool_calls) for t in kept] == list(map(written_calls, gold))
    assert sum(map(written_calls, gold)) == 123
    assert all(t.extra["unify"]["fields"]["extra_info"].keys() == {"index", "split"} for t in kept)


@pytest.mark.parametrize(
    ("name", "file", "counts"),
    [
        ("hermes_fc", "hermes_fc_v1.jsonl", (1, 2, 1)),
        ("smolagents", "smolagents_toolcalling.jsonl", (1, 1, 0)),
        ("glaive_v2", "glaive_v2_raw.jsonl", (2, 1, 1)),
        ("button", "button_instruct.jsonl", (1, 1, 1)),
        ("toucan", "toucan_1_5m.jsonl", (1, 1, 1)),
        ("toucan", "../adp-samples/toucan_1_5m/sample_raw.json", (1, 1, 1)),
    ],
)
def test_rows_in_the_published_layouts_are_recognised_and_kept(
    raw: Path, name: str, file: str, counts: tuple[int, int, int]
) -> None:
    path = raw / "_format_exemplars" / file
    assert detect(path).name == name
    kept, dropped = split([path])
    assert not dropped
    tools = sum(len(t.tools or ()) for t in kept)
    assert (len(kept), len(list(calls_of(kept))), tools) == counts
    assert all(decode(encode(t)) == t for t in kept)
