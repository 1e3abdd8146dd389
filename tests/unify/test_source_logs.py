"""Logs and traces: Responses API, ATIF, ADP, Inspect, OpenTelemetry, tau-bench and tau2-bench."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import DataError
from callwright.record import Dropped, Message, ToolCall, Trajectory
from callwright.schema import check
from callwright.unify import detect, unify
from callwright.unify.notations.blocks import number, read
from callwright.unify.rows import BadRow


def rows_of(folder: Path, rows: list[Any], source: str) -> list[Trajectory | Dropped]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return list(unify([path], source))


def kept_of(folder: Path, row: Any, source: str) -> Trajectory:
    (found,) = rows_of(folder, [row], source)
    assert isinstance(found, Trajectory), found
    return found


def split(paths: list[Path]) -> tuple[list[Trajectory], Counter[str]]:
    rows = list(unify(paths))
    kept = [r for r in rows if isinstance(r, Trajectory)]
    return kept, Counter(r.reason for r in rows if isinstance(r, Dropped))


def calls_of(rows: list[Trajectory]) -> Iterator[tuple[Trajectory, ToolCall]]:
    return ((t, c) for t in rows for m in t.messages for c in m.tool_calls)


def results_of(rows: list[Trajectory]) -> list[Message]:
    return [m for t in rows for m in t.messages if m.role == "tool"]


def hard_defects(rows: list[Trajectory]) -> int:
    """Count calls of tools that are not offered, and calls that break the tool's schema."""
    count = 0
    for t, call in calls_of(rows):
        tool = next((tool for tool in t.tools or () if tool.name == call.name), None)
        count += tool is None or call.arguments is None or any(check(tool.parameters, call.arguments))
    return count


def request(items: list[Any], **more: Any) -> dict[str, Any]:
    return {"responses_create_params": {"input": "?"}, "response": {"output": items}, **more}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def called(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": "{}"}


def returned(call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": call_id}


def thought(text: str) -> dict[str, Any]:
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}


def outline(t: Trajectory) -> list[str]:
    """Write each turn as its role, thought, text and call ids."""
    return [
        f"{m.role}:{m.reasoning or ''}|{m.content}|{''.join(c.id or '' for c in m.tool_calls)}"
        for m in t.messages[1:]
    ]


@pytest.mark.parametrize(
    ("items", "turns"),
    [
        ([thought("t"), said("s"), called("a"), called("b")], ["assistant:t|s|ab"]),
        ([called("a"), thought("t"), returned("a")], ["assistant:t||a", "tool:|a|"]),
        ([called("a"), said("s"), returned("a")], ["assistant:|s|a", "tool:|a|"]),
        ([called("a"), thought("t"), called("b")], ["assistant:||a", "assistant:t||b"]),
        ([said("1"), said("2")], ["assistant:|1|", "assistant:|2|"]),
        ([returned("a"), thought("t"), said("s")], ["tool:|a|", "assistant:t|s|"]),
    ],
)
def test_items_of_one_turn_become_one_turn(tmp_path: Path, items: list[Any], turns: list[str]) -> None:
    assert outline(kept_of(tmp_path, request(items), "responses")) == turns


def test_tools_of_a_request_are_unknown_unless_an_empty_list_can_be_believed(tmp_path: Path) -> None:
    def tools(params: dict[str, Any], items: list[Any]) -> Any:
        row = {"responses_create_params": params, "response": {"output": items}}
        return kept_of(tmp_path, row, "responses").tools

    assert tools({"input": "?"}, [said("s")]) is None
    assert tools({"input": "?", "tools": []}, [said("s")]) == ()
    assert tools({"input": "?", "tools": []}, [called("a")]) is None  # an agent with tools of its own
    assert tools({"input": [], "tools": []}, [said("s")]) is None


def test_an_expected_action_is_the_answer_only_where_there_is_no_response(tmp_path: Path) -> None:
    expected = {"expected_action": {"type": "function_call", "name": "f", "arguments": '{"a": 1}'}}
    prompt = {"responses_create_params": {"input": "?"}, **expected}
    assert kept_of(tmp_path, prompt, "responses").messages[1].tool_calls[0].arguments == {"a": 1}
    rollout = kept_of(tmp_path, request([said("s")], **expected), "responses")
    assert not rollout.messages[1].tool_calls
    assert rollout.extra["unify"]["fields"] == expected


def test_a_response_repeats_no_setting_of_its_request_in_the_fields(tmp_path: Path) -> None:
    row = {
        "responses_create_params": {"input": "?", "temperature": 1.0, "top_p": None},
        "response": {"output": [said("s")], "temperature": 1.0, "model": "m"},
    }
    fields = kept_of(tmp_path, row, "responses").extra["unify"]["fields"]
    assert fields == {"responses_create_params": {"temperature": 1.0}, "response": {"model": "m"}}


@pytest.mark.parametrize("reward", [True, "1", 10**400, None, [1]])
def test_a_reward_that_is_no_number_is_kept_but_not_read(tmp_path: Path, reward: Any) -> None:
    assert number(reward) is None
    row = kept_of(tmp_path, request([said("s")], reward=reward), "responses")
    assert row.outcome is None
    assert row.extra["unify"]["fields"]["reward"] == reward


def test_parts_are_text_thought_or_a_reason_to_drop() -> None:
    found = read([{"type": "text", "text": "a", "mark": 1}, {"type": "thinking", "thinking": "t"}, "b"], "c")
    assert (found.text, found.thought, found.kept) == ("a\nb", "t", {"c[0]": {"mark": 1}})
    for part in ({"type": "image_url", "image_url": {}}, {"type": "tool_use", "id": "x"}, 7):
        with pytest.raises(BadRow, match=r"wrong-type at c\[0\]"):
            read([part], "c")


def test_a_result_in_a_step_never_goes_to_a_call_of_another_step(tmp_path: Path) -> None:
    call = {"tool_call_id": "a", "function_name": "f", "arguments": {}}
    steps = [
        {"step_id": 1, "source": "agent", "message": "", "tool_calls": [call]},
        {"step_id": 2, "source": "agent", "message": "", "observation": {"results": [{"content": "loose"}]}},
        {
            "step_id": 3,
            "source": "agent",
            "message": "",
            "tool_calls": [{**call, "tool_call_id": "b"}, {**call, "tool_call_id": "c"}],
            "observation": {"results": [{"source_call_id": "b", "content": "1"}, {"content": "2"}]},
        },
    ]
    row = {"schema_version": "ATIF-v1.8", "agent": {"name": "n", "version": "1"}, "steps": steps}
    results = results_of([kept_of(tmp_path, row, "atif")])
    assert [(m.tool_call_id, m.content) for m in results] == [(None, "loose"), ("b", "1"), ("c", "2")]


def test_an_observation_behind_a_call_is_its_result_and_behind_a_message_is_not(tmp_path: Path) -> None:
    def text(content: str, source: str) -> dict[str, Any]:
        return {"class_": "text_observation", "content": content, "source": source, "name": None}

    act = {"class_": "api_action", "function": "f", "kwargs": {}, "description": None}
    say = {"class_": "message_action", "content": "m", "description": None}
    content = [text("1", "user"), act, act, text("2", "user"), text("3", "environment"), text("4", "user")]
    row = kept_of(tmp_path, {"id": "r", "content": [*content, act, say, text("5", "user")]}, "adp")
    told = [(m.role, m.content) for m in row.messages if m.role in ("user", "tool")]
    assert told == [("user", "1"), ("tool", "2"), ("tool", "3"), ("user", "4"), ("user", "5")]
    assert [m.tool_call_id for m in row.messages if m.role == "tool"] == ["call_0", "call_1"]


def test_what_the_user_does_with_own_tools_is_kept_but_no_turn(tmp_path: Path) -> None:
    calls = [{"id": "u", "name": "restart", "arguments": {}, "requestor": "user"}]
    result = {"role": "tool", "id": "u", "content": "on", "requestor": "user"}
    run = {
        "messages": [
            {"role": "user", "content": None, "tool_calls": calls},
            result,
            {"role": "user", "content": "x"},
        ]
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"tasks": [], "simulations": [run]}), "utf-8")
    (row,) = unify([path])
    assert isinstance(row, Trajectory)
    assert [(m.role, m.content) for m in row.messages] == [("user", "x")]
    assert row.tools is None
    assert list(row.extra["unify"]["turns"]) == ["simulation.messages[0]", "simulation.messages[1]"]


def test_the_tools_of_tau_bench_are_those_of_the_domain_or_unknown(tmp_path: Path) -> None:
    def row(policy: str, name: str) -> dict[str, Any]:
        call = {"id": "a", "type": "function", "function": {"name": name, "arguments": "{}"}}
        turns = [
            {"role": "system", "content": policy},
            {"role": "assistant", "content": None, "tool_calls": [call]},
        ]
        return {"task_id": 0, "reward": 1.0, "traj": turns}

    assert kept_of(tmp_path, row("# Shop Agent Policy", "buy"), "tau_bench").tools is None
    beside = tmp_path / "beside"
    beside.mkdir()
    tools = [
        {"name": "buy", "group": "shop"},
        {"name": "fly", "group": "air"},
        {"name": "ask", "group": "air"},
    ]
    (beside / "tools.json").write_text(json.dumps(tools), "utf-8")
    for policy, name, offered in (
        ("# Shop Agent Policy", "fly", ["buy"]),
        ("Be kind.", "fly", ["fly", "ask"]),
        ("Be kind.", "swim", None),
    ):
        found = kept_of(beside, row(policy, name), "tau_bench").tools
        assert (found if found is None else [t.name for t in found]) == offered


@pytest.mark.parametrize(
    ("scores", "reward", "success"),
    [
        ({"a": {"value": "C"}}, 1.0, True),
        ({"a": {"value": "P"}}, 0.5, None),
        ({"a": {"value": False}}, 0.0, False),
        ({"a": {"value": 0.7}}, 0.7, None),
        ({"a": {"value": "C"}, "b": {"value": "I"}}, None, None),
    ],
)
def test_a_single_score_is_the_reward(tmp_path: Path, scores: Any, reward: Any, success: Any) -> None:
    sample = {"id": 1, "messages": [{"role": "user", "content": "x"}], "scores": scores}
    log = {"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [sample]}
    outcome = kept_of(tmp_path, log, "inspect_log").outcome
    assert outcome is not None
    assert (outcome.reward, outcome.success) == (reward, success)
    assert outcome.metrics == {name: score["value"] for name, score in scores.items()}


def test_a_span_means_the_same_in_every_notation(tmp_path: Path) -> None:
    call = {"type": "tool_call", "id": "a", "name": "f", "arguments": {"x": 1}}
    messages = [
        {"role": "user", "parts": [{"type": "text", "content": "?"}]},
        {"role": "assistant", "parts": [call]},
    ]
    start = "llm.input_messages."
    apart = {
        f"{start}0.message.role": "user",
        f"{start}0.message.content": "?",
        f"{start}1.message.role": "assistant",
        f"{start}1.message.tool_calls.0.tool_call.id": "a",
        f"{start}1.message.tool_calls.0.tool_call.function.name": "f",
        f"{start}1.message.tool_calls.0.tool_call.function.arguments": '{"x": 1}',
    }
    text = json.dumps(messages)
    notations: list[Any] = [
        {"gen_ai.input.messages": messages},
        {"gen_ai.input.messages": text},
        [{"key": "gen_ai.input.messages", "value": {"stringValue": text}}],
        apart,
        [{"key": key, "value": {"stringValue": value}} for key, value in apart.items()],
    ]
    found = [kept_of(tmp_path, {"attributes": a}, "otel_genai") for a in notations]
    assert len({t.fingerprint for t in found}) == 1
    assert all(detect(tmp_path / "rows.jsonl").name == "otel_genai" for _ in found)


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Path:
    return shared_data / "unify"


def written_calls(row: dict[str, Any]) -> int:
    """Count the calls of a raw row of NeMo Gym, with those that a row without a response expects."""
    response = row.get("response") or {}
    turns = [*row["responses_create_params"]["input"], *response.get("output", [])]
    count = sum(isinstance(item, dict) and item.get("type") == "function_call" for item in turns)
    if "response" not in row:
        action = row.get("expected_action") or {}
        count += len(row.get("expected_answers") or action.get("calls") or ())
        count += action.get("type") == "function_call"
    return count


def test_nemo_gym_rows_and_calls_are_all_accounted_for(raw: Path) -> None:
    rows, calls, outcomes = 0, 0, 0
    dropped: Counter[str] = Counter()
    for path in sorted((raw / "nemo-gym").rglob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if path.name == "example_questions.jsonl":
            with pytest.raises(DataError, match="no source recognises"):
                detect(path)
            continue
        assert detect(path).name == "responses", path
        rows += len(lines)
        for line, found in zip(lines, unify([path]), strict=True):
            if isinstance(found, Dropped):
                dropped[found.reason] += 1
                continue
            kept_calls = sum(len(m.tool_calls) for m in found.messages)
            assert kept_calls == written_calls(line), found.id
            calls += kept_calls
            outcomes += found.outcome is not None
            assert (found.outcome is not None) == ("reward" in line)
    assert (rows, calls, outcomes) == (265, 579, 87)
    # Rows of an agent without a prompt of its own; the model wrote one call into its text.
    assert dropped == {"empty-conversation": 117, "calls-in-text": 1}


def test_nemo_gym_calls_are_the_items_of_the_raw_rows(raw: Path) -> None:
    folder = raw / "nemo-gym"
    for name in ("resources_servers/finance_sec_search", "responses_api_agents/tau2"):
        path = folder / name / "data" / "example_rollouts.jsonl"
        written, results, said_by = [], [], []
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            turns = [*row["responses_create_params"]["input"], *row["response"]["output"]]
            written += [i["call_id"] for i in turns if i.get("type") == "function_call"]
            results += [i["call_id"] for i in turns if i.get("type") == "function_call_output"]
            said_by += [i for i in turns if i.get("role") == "assistant"]
        kept, dropped = split([path])
        assert not dropped
        assert [c.id for _, c in calls_of(kept)] == written
        assert [m.tool_call_id for m in results_of(kept)] == results
        assert sum(bool(m.content) for t in kept for m in t.messages if m.role == "assistant") == sum(
            bool(i["content"] if isinstance(i["content"], str) else i["content"][0]["text"]) for i in said_by
        )
        assert hard_defects(kept) == 0


def test_tau_bench_has_no_hard_defect_but_many_failures(raw: Path) -> None:
    rows = json.loads((raw / "tau-bench" / "gpt-4o-airline.json").read_text("utf-8"))
    kept, dropped = split([raw / "tau-bench"])
    assert (len(kept), dropped) == (len(rows), {"bad-calls": 88}) == (200, {"bad-calls": 19 + 69})
    calls = [c["id"] for r in rows for m in r["traj"] for c in m.get("tool_calls") or ()]
    assert len(list(calls_of(kept))) == len(calls) == len(results_of(kept)) == 1164
    assert hard_defects(kept) == 0
    assert {len(t.tools or ()) for t in kept} == {14}
    assert Counter(t.outcome.success for t in kept if t.outcome) == {False: 116, True: 84}
    assert all(m.tool_call_id for m in results_of(kept))


def test_tau2_bench_simulations_and_splits_have_no_hard_defect(raw: Path) -> None:
    folder = raw / "tau2-bench"
    for name, count, tools in (
        ("claude-sonnet-4-5_airline_default_gpt4.1_1trials.json", 25, {14}),
        ("toolorchestra_retail_gpt-5_1trial.json", 40, {16}),
        ("sft-v1-small.json", 61, {13, 14, 15}),
    ):
        log = json.loads((folder / name).read_text("utf-8"))
        runs = log.get("simulations") or [r for rows in log["splits"].values() for r in rows]
        kept, dropped = split([folder / name])
        assert (len(kept), len(runs), dropped) == (count, count, {})
        calls = [c["id"] for r in runs for m in r["messages"] for c in m.get("tool_calls") or ()]
        assert len(list(calls_of(kept))) == len(calls) == len(results_of(kept))
        assert hard_defects(kept) == 0
        assert {len(t.tools or ()) for t in kept} == tools
        rewards = [r.get("reward", (r.get("reward_info") or {}).get("reward")) for r in runs]
        assert [t.outcome.reward for t in kept if t.outcome] == rewards
        assert all(t.task.instruction for t in kept)


def test_all_standardised_samples_of_the_agent_data_protocol_are_read(raw: Path) -> None:
    paths = sorted((raw / "adp-samples").glob("*/sample_std.json"))
    rows = {path.parent.name: json.loads(path.read_text("utf-8")) for path in paths}
    assert len(rows) == 17
    kept, dropped = split(paths)
    assert (len(kept), dropped) == (77, {"wrong-type": 3})  # three rows of screenshots
    of_calls = [
        item
        for name, listed in rows.items()
        for row in (listed if isinstance(listed, list) else [listed])
        for item in row["content"]
        if name != "androidcontrol" and item["class_"] in ("api_action", "code_action")
    ]
    assert len(list(calls_of(kept))) == len(of_calls) == 513
    assert len(results_of(kept)) == 508  # the rows of synatra end with their call
    assert hard_defects([t for t in kept if t.tools is not None]) == 0
    by_folder = unify([raw / "adp-samples"], "adp")
    licenses = {t.source.license for t in by_folder if isinstance(t, Trajectory) and t.source}
    assert licenses == {"Apache-2.0", "MIT", "CC-BY-4.0", "CDLA-Permissive-2.0", "CC-BY-SA-4.0"}
    for path in (raw / "adp-samples").glob("*/sample_raw.json"):
        try:
            assert detect(path).name != "adp", path
        except DataError:
            pass


def test_every_sample_of_an_inspect_log_is_a_row(raw: Path) -> None:
    paths = sorted((raw / "inspect-logs").glob("*.json"))
    samples = [s for p in paths for s in json.loads(p.read_text("utf-8")).get("samples") or ()]
    notes: list[str] = []
    rows = list(unify(paths, notes=notes))
    assert len(rows) == len(samples) == 12
    assert [r.reason for r in rows if isinstance(r, Dropped)] == ["wrong-type"] * 2  # two with images
    kept = [r for r in rows if isinstance(r, Trajectory)]
    calls = [c["id"] for s in samples for m in s["messages"] for c in m.get("tool_calls") or ()]
    assert [c.id for _, c in calls_of(kept)] == calls
    assert hard_defects(kept) == 0
    assert any("no rows" in note for note in notes)


def test_the_exemplar_of_atif_is_read(raw: Path) -> None:
    kept, dropped = split([raw / "_format_exemplars" / "atif_v1_8.jsonl"])
    assert (len(kept), dropped) == (1, {})
    assert hard_defects(kept) == 0
    assert [m.role for m in kept[0].messages] == ["user", "assistant", "tool", "assistant"]
