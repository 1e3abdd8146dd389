"""ToolBench, xLAM's formats, preference pairs and kin: what a raw row means, and what real files hold."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callwright.record import Dropped, Message, ToolCall, Trajectory
from callwright.unify import SOURCES, detect, unify
from callwright.unify.notations import answers, pairs
from callwright.unify.notations.literals import python_value
from callwright.unify.notations.thoughts import read_step
from callwright.unify.rows import BadRow, File, Row

TOOL = {"name": "rain", "parameters": {"city": {"type": "string"}}}
CALL = '{"name": "rain", "arguments": {"city": "Bergen"}}'


def convert(source: str, value: Any) -> Trajectory:
    return SOURCES[source].convert(Row(value, 0, File(Path("a.jsonl"), "a.jsonl", "a"), f"{source}/a/0", ""))


def reason(source: str, value: Any) -> tuple[str, str]:
    with pytest.raises(BadRow) as caught:
        convert(source, value)
    return caught.value.reason, caught.value.path


def calls_of(rows: list[Trajectory]) -> list[ToolCall]:
    return [call for t in rows for m in t.messages for call in m.tool_calls]


def unknown_calls(rows: list[Trajectory]) -> int:
    return sum(c.name not in {tool.name for tool in t.tools or ()} for t in rows for c in calls_of([t]))


def split(*paths: Path, source: str = "auto") -> tuple[list[Trajectory], list[Dropped]]:
    rows = list(unify(paths, source))
    kept = [r for r in rows if isinstance(r, Trajectory)]
    return kept, [r for r in rows if isinstance(r, Dropped)]


def roles(t: Trajectory) -> list[str]:
    return [m.role for m in t.messages]


# --- ToolBench -------------------------------------------------------------------------------------------


def node(kind: str, text: str, *children: Any, seen: str | None = None, finished: bool = False) -> Any:
    more = {} if seen is None else {"observation": seen}
    return {"node_type": kind, "description": text, "finished": finished, "children": list(children), **more}


def search(*branches: Any, **generated: Any) -> Any:
    root = node("Action Input", "", *branches)
    answer = {"query": "Rain in Bergen?", "function": [TOOL], **generated}
    return {"win": False, "tree": {"tree": root}, "answer_generation": answer}


def branch(city: str, *, finished: bool = False) -> Any:
    arguments = node("Action Input", json.dumps({"city": city}), seen=f"rain in {city}", finished=finished)
    return node("Action", "rain", arguments, finished=finished)


def test_a_search_without_an_answer_gives_the_branch_that_was_tried_last() -> None:
    t = convert("toolbench", search(branch("Oslo"), branch("Bergen")))
    assert [c.arguments for c in calls_of([t])] == [{"city": "Bergen"}]
    assert t.messages[-1] == Message(
        role="tool", content="rain in Bergen", tool_call_id="call_0", name="rain"
    )
    assert t.extra["unify"]["branch"] == "last attempt"
    assert t.outcome is not None
    assert t.outcome.success is False


def test_a_branch_that_finished_goes_before_the_one_that_came_last() -> None:
    t = convert("toolbench", search(branch("Oslo", finished=True), branch("Bergen")))
    assert [c.arguments for c in calls_of([t])] == [{"city": "Oslo"}]


def test_prompts_of_the_search_are_kept_but_are_no_turns_of_the_user() -> None:
    retry = "This is not the first time you try this task, all previous trails failed."
    path = [
        {"role": "user", "content": "\nRain in Bergen?\nBegin!\n"},
        {"role": "user", "content": retry, "valid": False},
        {"role": "assistant", "content": "I look."},
        {"role": "assistant", "content": None, "function_call": {"name": "rain", "arguments": "{}"}},
    ]
    t = convert("toolbench", search(train_messages=[path[:1], path]))
    assert [(m.role, m.content, m.reasoning) for m in t.messages] == [
        ("user", "Rain in Bergen?", None),
        ("assistant", "", "I look."),
    ]
    assert t.extra["unify"]["search_prompts"] == {"answer_generation.train_messages[1][1]": retry}


def test_the_last_action_of_a_step_counts_and_the_others_are_thought() -> None:
    thought, call = read_step("Thought: I take\nAction: rain maybe\nAction: rain\nAction Input: {}", "x")
    assert (thought, call and call.name, call and call.arguments) == (
        "I take\nAction: rain maybe",
        "rain",
        {},
    )
    assert read_step("Thought: nothing to do", "x") == ("nothing to do", None)
    for text in ("Action: rain", "Action Input: {}", "Action:\nAction Input: {}"):
        with pytest.raises(BadRow):
            read_step(text, "x")


def test_python_literals_are_read_and_nothing_else() -> None:
    assert python_value("[{'a': None, 'b': \"it's\"}]") == [{"a": None, "b": "it's"}]
    for text in ("", "1), _(_=2", "f()", "[1", "__import__('os')", "[" * 5000):
        with pytest.raises(ValueError, match=r"."):
            python_value(text)


def test_defaults_of_required_parameters_are_examples() -> None:
    parameters = {
        "required_parameters": [{"name": "n", "type": "NUMBER", "description": "", "default": "5"}],
        "optional_parameters": [
            {"name": "day", "type": "DATE (YYYY-MM-DD)", "description": "", "default": ""},
            {"name": "page", "type": "NUMBER", "description": "", "default": "many"},
        ],
    }
    api = {"tool_name": "Rain (EU)", "api_name": "/list/:n", **parameters}
    t = convert("toolbench_queries", {"query": "Rain?", "query_id": 1, "api_list": [api, api]})
    assert t.task.kind == "query"
    assert t.tools is not None
    (tool,) = t.tools
    assert (tool.name, tool.original_name) == ("list_n_for_rain_eu", "Rain (EU): /list/:n")
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "n": {"type": "number", "examples": [5]},
            "day": {"type": "string"},
            "page": {"type": "number"},
        },
        "required": ["n"],
    }
    assert {"n: default of a required parameter kept as example", 'n: default "5" read as 5'} <= {
        *tool.schema_fixes
    }


# --- xLAM's formats --------------------------------------------------------------------------------------


def test_a_training_row_of_actionstudio_trains_on_its_chosen_turn_only() -> None:
    history = [
        {"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": "Where?"},
        {"role": "user", "content": "Bergen."},
    ]
    row = {"id": "a---b---1", "messages": history, "tools": [TOOL], "chosen": f"[TOOL_CALLS][{CALL}]"}
    t = convert("actionstudio", {**row, "rejected": "Yes."})
    assert [m.weight for m in t.messages] == [None, 0.0, None, None]
    assert [c.arguments for c in calls_of([t])] == [{"city": "Bergen"}]
    assert t.preference is not None
    assert (t.preference.rejected.content, t.preference.error_class) == ("Yes.", "missing-call")


def test_an_observation_per_call_is_a_result_per_call() -> None:
    calls = [{"name": "rain", "arguments": {"city": city}} for city in ("Bergen", "Oslo")]
    step = {"thought": "Two.", "tool_calls": calls, "next_observation": ["yes", "no"], "user_input": "Thanks"}
    row = {"task_instruction": "Be brief.", "tools": [TOOL], "query": "Rain?", "steps": [step]}
    t = convert("xlam_steps", row)
    assert roles(t) == ["user", "assistant", "tool", "tool", "user"]
    assert [(m.content, m.tool_call_id) for m in t.messages[2:4]] == [("yes", "call_0"), ("no", "call_1")]
    joint = convert("xlam_steps", {**row, "steps": [{**step, "next_observation": "both wet"}]})
    assert roles(joint) == ["user", "assistant", "tool", "user"]


# --- preference pairs ------------------------------------------------------------------------------------


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def test_the_rejected_calls_of_a_pair_do_not_decide_what_is_expected() -> None:
    t = convert("preference", {"prompt": "Hi", "chosen": "Hello.", "rejected": CALL, "tools": [TOOL]})
    assert t.preference is not None
    assert (t.task.expects, t.preference.error_class) == ("no_call", "needless-call")
    assert [c.name for c in t.preference.rejected.tool_calls] == ["rain"]


def test_a_pair_is_made_where_its_sides_part() -> None:
    first = {"role": "user", "content": "Rain?"}
    call = said("", tool_calls=[{"id": "x", "function": {"name": "rain", "arguments": {}}}])
    result = {"role": "tool", "content": "yes", "tool_call_id": "x"}
    row = {"chosen": [first, call, result, said("It rains.")], "rejected": [first, said("No"), said("idea.")]}
    t = convert("preference", row)
    assert roles(t) == ["user", "assistant"]
    assert t.extra["unify"]["continued"] == [result, said("It rains.")]
    assert t.preference is not None
    assert t.preference.rejected.content == "No\nidea."
    swapped = {"chosen": row["rejected"], "rejected": row["chosen"]}
    assert reason("preference", swapped) == ("wrong-type", "rejected[1]")


def test_rejected_calls_that_nobody_can_read_stay_text() -> None:
    broken = f"[{CALL}, {CALL[:-2]}]"
    t = convert("preference", {"prompt": "Rain?", "chosen": CALL, "rejected": broken})
    assert t.preference is not None
    assert t.preference.rejected == Message(role="assistant", content=broken)
    assert reason("preference", {"prompt": "Rain?", "chosen": broken, "rejected": CALL})[0] == "bad-calls"


def test_tools_are_cut_out_of_a_system_text() -> None:
    listed = json.dumps([TOOL])
    assert answers.told(f"You have access to the following tools: {listed} Be brief.") == (
        "Be brief.", "", [TOOL],
    )  # fmt: skip
    hermes = answers.told(f"Call.\n<tools>\n{listed}\n</tools>\nFor each function call return JSON.")
    assert hermes == ("Call.", "For each function call return JSON.", [TOOL])
    for text in ("No tools: [1, 2]", "Tools: many", "Tools: [not JSON]"):
        assert answers.told(text) == (text, "", None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (CALL, ["rain"]),
        (f"```json\n[{CALL}]\n```", ["rain"]),
        (f"<think>{CALL}</think>No.", []),
        (f"<tool_call>\n{CALL}\n</tool_call>\n<tool_call>\n{CALL}\n</tool_call>", ["rain", "rain"]),
        ('{"name": "Ada", "age": 3}', []),
        (f"As JSON: {CALL}", []),
    ],
)
def test_calls_that_an_answer_writes_as_text(text: str, names: list[str]) -> None:
    assert [call.name for call in answers.read(text, "x").calls] == names


def test_pairs_share_what_both_sides_begin_with_but_keep_an_answer_each() -> None:
    same = pairs.placed([said("a"), said("b")], "x")
    assert pairs.shared(same, same) == 1
    assert pairs.shared(same, same[:1]) == 0


# --- chat and LLaMA-Factory ------------------------------------------------------------------------------


def test_chat_keeps_thoughts_names_weights_and_refusals() -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Rain?"},
        said("<think>Maybe.</think>Yes.", name="ada", weight=0, reasoning_content="Look."),
        {"role": "tool", "content": {"rain": True}},
        {"role": "assistant", "content": None, "refusal": "I may not say."},
    ]
    t = convert("openai_chat", {"messages": messages, "parallel_tool_calls": False})
    answer = t.messages[1]
    assert (answer.content, answer.reasoning, answer.name, answer.weight) == (
        "Yes.", "Look.\n\nMaybe.", "ada", 0.0,
    )  # fmt: skip
    assert (t.messages[2].content, t.messages[3].content) == ('{"rain":true}', "I may not say.")
    assert t.extra["unify"]["turns"]["messages[0]"] == {"role": "developer"}
    assert t.extra["unify"]["fields"] == {"parallel_tool_calls": False}


def test_chat_with_an_image_is_dropped() -> None:
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    row = {"messages": [{"role": "user", "content": parts}]}
    assert reason("openai_chat", row) == ("wrong-type", "messages[0].content[1]")


# --- real files ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Path:
    return shared_data / "unify"


def test_toolbench_keeps_every_run_and_the_calls_of_its_path(raw: Path) -> None:
    files = sorted((raw / "toolbench" / "answer").rglob("*.json"))
    files += sorted((raw / "stabletoolbench" / "data_example" / "answer").rglob("*.json"))
    kept, dropped = split(*files)
    assert (len(kept), len(dropped)) == (len(files), 0) == (21, 0)
    runs = [json.loads(file.read_text("utf-8")) for file in files]
    paths = [(run["answer_generation"].get("train_messages") or [[]])[-1] for run in runs]
    ended = [t for t in kept if "branch" not in t.extra["unify"]]
    assert len(ended) == sum(map(bool, paths)) == 18
    written = [m["function_call"]["name"] for path in paths for m in path if "function_call" in m]
    assert Counter(c.name for c in calls_of(ended)) == Counter(written)
    assert (len(written), unknown_calls(ended)) == (67, 1)  # published: 1.49 %
    assert [t.outcome and t.outcome.success for t in kept] == [run["win"] for run in runs]
    offered = [len(run["answer_generation"]["function"]) for run in runs]
    assert [len(t.tools or ()) for t in kept] == offered
    assert all(c.arguments is not None for c in calls_of(kept))
    assert all(m.content != "" for t in kept for m in t.messages if m.role == "user")


def test_toolbench_predictions_are_a_row_per_query(raw: Path) -> None:
    folder = raw / "stabletoolbench" / "data_example" / "model_predictions_converted"
    kept, dropped = split(folder)
    texts = [json.dumps(json.loads(p.read_text("utf-8"))) for p in sorted(folder.rglob("*.json"))]
    assert (len(kept), len(dropped)) == (6, 0)
    assert len(calls_of(kept)) == sum(text.count('"role": "tool"') for text in texts) == 23
    assert unknown_calls(kept) == 0


def test_toolbench_queries_keep_tools_and_relevant_apis(raw: Path) -> None:
    folder = raw.parent / "toolbench" / "solvable_queries" / "test_instruction"
    rows = [r for p in sorted(folder.glob("*.json")) for r in json.loads(p.read_text("utf-8"))]
    kept, dropped = split(folder)
    assert (len(kept), len(dropped)) == (len(rows), 0) == (765, 0)
    distinct = [len({(a["tool_name"], a["api_name"]) for a in r["api_list"]}) for r in rows]
    assert [len(t.tools or ()) for t in kept] == distinct
    assert all(len({tool.name for tool in t.tools or ()}) == len(t.tools or ()) for t in kept)
    assert [t.extra["unify"]["fields"]["relevant APIs"] for t in kept] == [r["relevant APIs"] for r in rows]
    fixes = [fix for t in kept for tool in t.tools or () for fix in tool.schema_fixes]
    assert sum("kept as example" in fix for fix in fixes) > 2800
    assert all(t.task.kind == "query" for t in kept)


def test_preference_fixtures_are_pairs_with_their_error_types(raw: Path) -> None:
    folder = raw / "llama-tools-fixtures"
    names = ("fixture_pairs_train", "fixture_pairs_eval", "fixture_audit_sample_50")
    for name, count in zip(names, (1440, 160, 50), strict=True):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
        kept, dropped = split(folder / f"{name}.jsonl")
        assert (len(kept), len(dropped)) == (len(rows), 0) == (count, 0)
        assert [t.preference and t.preference.error_class for t in kept] == [
            r["meta"]["error_type"] for r in rows
        ]
        assert len(calls_of(kept)) == sum(r["chosen"][0]["content"].startswith("{") for r in rows)
        assert unknown_calls(kept) == 0
        assert all(t.tools for t in kept)


def test_mined_pairs_and_targets_keep_all_calls(raw: Path) -> None:
    folder = raw / "llama-tools-fixtures"
    for name, key, count in (
        ("mined_pairs", "chosen", 18),
        ("sft_bucket", "target", 13),
        ("ledger", "target", 100),
    ):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
        kept, dropped = split(folder / f"{name}.jsonl")
        assert (len(kept), len(dropped)) == (len(rows), 0) == (count, 0)
        assert len(calls_of(kept)) == sum(r[key].count('"arguments":') for r in rows)
        assert sum(t.preference is not None for t in kept) == (count if key == "chosen" else 0)


def test_llamafactory_pairs_share_their_prompt(raw: Path) -> None:
    path = raw / "llamafactory-demo" / "v1_dpo_demo.jsonl"
    assert detect(path).name == "llamafactory"
    kept, dropped = split(path)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert (len(kept), len(dropped)) == (len(rows), 0) == (10, 0)
    last = [r["rejected_messages"][-1]["content"][0]["value"] for r in rows]
    assert [t.preference and t.preference.rejected.content for t in kept] == last


def test_judged_outputs_of_toolalpaca_keep_calls_and_verdicts(raw: Path) -> None:
    paths = [raw / "toolalpaca" / f"ToolAlpaca{size}.json" for size in ("7b", "13b")]
    kept, dropped = split(*paths)
    files = [json.loads(path.read_text("utf-8")) for path in paths]
    outputs = [r for f in files for api, listed in f.items() if api != "statistics" for r in listed]
    empty = [r for r in outputs if not r["input"]]  # the run had failed, the file counts it as an error
    assert (len(kept), len(dropped)) == (len(outputs) - len(empty), len(empty)) == (196, 4)
    texts = [r["input"][0]["content"].split("## AI Assistant's Solution")[1] for r in outputs if r["input"]]
    assert len(calls_of(kept)) == sum(text.count("\nRetruns: ") for text in texts) == 293
    assert unknown_calls(kept) == 0
    verdicts = Counter(t.outcome and t.outcome.success for t in kept)
    assert verdicts[True] == sum(f["statistics"]["both"] for f in files) == 128


def test_other_formats_of_seal_tools_say_the_same(raw: Path) -> None:
    folder = raw / "seal-tools"
    new, _ = split(folder / "dev.jsonl")
    old, dropped = split(folder / "dataset_in_old_format" / "dev.jsonl", source="seal_tools")
    assert not dropped
    assert [t.messages for t in old] == [t.messages for t in new]
    tuned, dropped = split(folder / "dataset_for_finetune" / "dev.json")
    assert not dropped
    by_query = {t.messages[0].content: t.messages for t in new}
    assert all(t.messages == by_query[t.messages[0].content] for t in tuned)
    assert (len(tuned), unknown_calls(tuned)) == (250, 2)
    assert all(len(t.tools or ()) == 5 for t in tuned)


def test_searches_for_tools_offer_what_they_found(raw: Path) -> None:
    kept, _ = split(raw / "api-bank" / "lv1-lv2-samples" / "level-2-toolsearcher")
    assert len(kept) == 50
    searched = 0
    for t in kept:
        offered = {tool.name for tool in t.tools or ()}
        for message in t.messages:
            if message.role == "tool" and message.name == "ToolSearcher":
                found = json.loads(message.content)
                assert {tool["name"] for tool in (found if isinstance(found, list) else [found])} <= offered
                searched += 1
    assert searched == 45
