"""Runs written as text: what an action means, what prompts tell, and that no real call is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from callwright.record import Dropped, Json, ToolCall, Trajectory
from callwright.unify import SOURCES, unify
from callwright.unify.notations import prompt_tools, react
from callwright.unify.notations.environment_grammars import (
    ALFWORLD,
    BABYAI,
    DATABASE,
    ENVIRONMENTS,
    KNOWLEDGE_GRAPH,
    MIND2WEB,
    OPERATING_SYSTEM,
    SCIWORLD,
    SQLGYM,
    TEXTCRAFT,
    TODO,
    WEBSHOP,
    WORDLE,
    described,
    named,
)
from callwright.unify.notations.environments import Environment
from callwright.unify.rows import BadRow, Element, File, Row


def convert(source: str, value: Json, stem: str = "x") -> Trajectory:
    file = File(Path(f"{stem}.jsonl"), f"{stem}.jsonl", stem)
    return SOURCES[source].convert(Row(value, 0, file, f"{source}/{stem}/0", ""))


def chat(*texts: str) -> list[Json]:
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


# --- the grammars -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "action", "name", "arguments"),
    [
        (WEBSHOP, "search[red kettle [steel]] ", "search", {"keywords": "red kettle [steel]"}),
        (WEBSHOP, "click[]", "click", {"value": ""}),
        (ALFWORLD, "put cup 1 in/on desk 1", "put", {"object": "cup 1", "receptacle": "desk 1"}),
        (ALFWORLD, "GO TO desk 1", "go_to", {"receptacle": "desk 1"}),
        (OPERATING_SYSTEM, "bash\n\n```bash\nls\ncd /\n```", "bash", {"code": "ls\ncd /"}),
        (OPERATING_SYSTEM, "answer(f(x) = 2)", "answer", {"answer": "f(x) = 2"}),
        (OPERATING_SYSTEM, "finish", "finish", {}),
        (DATABASE, "Operation\n```sql\nSELECT 1;\n```", "operation", {"sql": "SELECT 1;"}),
        (DATABASE, 'Answer\nFinal Answer: ["a", 2]', "answer", {"answer": ["a", 2]}),
        (KNOWLEDGE_GRAPH, "intersection(#1,#2)", "intersection", {"variable1": "#1", "variable2": "#2"}),
        (
            KNOWLEDGE_GRAPH,
            "get_neighbors(A, b, c.d)",
            "get_neighbors",
            {"variable": "A, b", "relation": "c.d"},
        ),
        (MIND2WEB, "Answer: B.\nAction: CLICK", "choose", {"choice": "B", "operation": "CLICK"}),
        (BABYAI, "toggle and go through red door 1", "toggle_and_go_through", {"door": "red door 1"}),
        (BABYAI, "pickup red key 1", "pick_up", {"object": "red key 1"}),
        (SCIWORLD, "use axe on wood", "use", {"object": "axe", "target": "wood"}),
        (SCIWORLD, "use stove", "use", {"object": "stove"}),
        (SCIWORLD, "2", "choose", {"number": 2}),
        (SQLGYM, "```sql\nSELECT a\n```", "execute_sql", {"sql": "SELECT a"}),
        (TEXTCRAFT, "get 3 oak log", "get", {"count": 3, "object": "oak log"}),
        (TEXTCRAFT, "get oak log", "get", {"object": "oak log"}),
        (WORDLE, "c o u l d", "guess", {"word": "c o u l d"}),
        (TODO, 'get with Action Input: {"id": "7"}', "get", {"id": "7"}),
        (TODO, "finish with Action Input: {'answer': ['a']}", "finish", {"answer": ["a"]}),
    ],
)
def test_an_action_becomes_the_call_of_its_tool(
    env: Environment, action: str, name: str, arguments: dict[str, Json]
) -> None:
    made = env.call(action)
    assert made is not None
    assert (made.name, made.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("env", "action", "name"),
    [
        (ALFWORLD, "put cup 1", "put"),
        (ALFWORLD, "go towards desk 1", None),
        (BABYAI, "toggle: go through", "toggle"),
        (TEXTCRAFT, "craft a boat", "craft"),
        (KNOWLEDGE_GRAPH, "get_neighbors(#1)", "get_neighbors"),
        (WEBSHOP, "think[what next?]", "think"),
        (WEBSHOP, "I would click on it.", None),
        (WORDLE, "could", "guess"),
        (SCIWORLD, "sing a song", None),
    ],
)
def test_an_action_that_does_not_fit_is_kept_if_its_name_can_be_told(
    env: Environment, action: str, name: str | None
) -> None:
    assert env.call(action) is None
    kept = env.misfit(action)
    assert (kept.name if kept else None) == name
    assert kept is None or kept.arguments is not None or (kept.raw == action and kept.parse_error)


@pytest.mark.parametrize("env", [e for e in ENVIRONMENTS.values() if e.actions], ids=lambda e: e.name)
def test_every_environment_offers_its_actions_as_tools_of_kind_env(env: Environment) -> None:
    assert env.tools is not None
    assert [tool.kind for tool in env.tools.tools] == ["env"] * len(env.actions)
    assert all(tool.description for tool in env.tools.tools)
    assert list(env.tools.names) == [action.name for action in env.actions]


def test_environments_are_told_by_id_and_by_prompt() -> None:
    names = ["webshop_330", "webshop_[12]", "lmrlgym_maze_4", "todo", "os_7", "q_7", None]
    assert [env.name if (env := named(id)) else None for id in names] == [
        "webshop", "webshop", "maze", "todo", "os", None, None,
    ]  # fmt: skip
    found = described("Hello. You are web shopping. Go.")
    assert found is WEBSHOP
    assert described("You are a helpful assistant.") is None


# --- the codec --------------------------------------------------------------------------------------------


def test_a_step_has_thought_actions_and_words() -> None:
    step = react.read("Well.\nThought: First a.\nAction: search[a]\nThought: Then b.\nAction: search[b]")
    assert step == react.Step("First a.\n\nThen b.", ("search[a]", "search[b]"), "Well.")
    inside = react.read("<think>Action: search[no]</think>Action: search[yes]")
    assert inside == react.Step("Action: search[no]", ("search[yes]",), "")


@pytest.mark.parametrize(
    ("action", "name", "arguments"),
    [
        ('add\nAction Input: {"a": 1}', "add", {"a": 1}),
        ("look up\nAction Input: the word", "look up", {"input": "the word"}),
        ("search[a [b]]", "search", {"input": "a [b]"}),
        ("add(a=1, b='x')", "add", {"a": 1, "b": "x"}),
        ("add(1, 2)", "add", {"input": "1, 2"}),
        ("add()", "add", {}),
        ("submit", "submit", {}),
    ],
)
def test_notations_that_need_no_grammar(action: str, name: str, arguments: dict[str, Json]) -> None:
    made = react.generic(action)
    assert made is not None
    assert (made.name, made.arguments) == (name, arguments)
    assert react.generic("I would rather not.") is None


def test_a_block_inside_of_a_block_belongs_to_the_outer_one() -> None:
    text = "I write.\n```\nedit 1:1\n```python\nx\n```\nend\n```\nDone"
    assert react.fenced(text) == ("I write.", "edit 1:1\n```python\nx\n```\nend", "\nDone")
    assert react.fenced("no ```inline``` block") is None


def test_function_tags_are_typed_by_the_tool() -> None:
    body = "(1) n (integer, required): N.\n  (2) s (string, optional): S.\n"
    read = prompt_tools.numbered(
        f"---- BEGIN FUNCTION #1: f ----\nDescription: F.\n\nParameters:\n  {body}---- END FUNCTION #1 ----\n"
    )
    assert read is not None
    text = "Now.\n<function=f>\n<parameter=n>3</parameter>\n<parameter=s>4</parameter>\n</function>"
    said, calls = react.function_tags(text, read.tools)
    assert (said, calls[0].name, calls[0].arguments) == ("Now.", "f", {"n": 3, "s": "4"})


def test_tools_in_a_prompt_are_read_with_types_and_choices() -> None:
    text = "Rules.\nName: f(a, b)\nDescription: F.\nParameters:\n- a (Type: number): A.\n"
    text += "- b (Type: string, Enum: [x, y])\nReturns:\nsomething\n\nMore."
    read = prompt_tools.listed(text)
    assert read is not None
    assert (read.before, read.after) == ("Rules.\n", "More.")
    tool = read.tools.tools[0]
    assert tool.parameters["required"] == ["a", "b"]
    assert tool.parameters["properties"]["b"] == {"type": "string", "enum": ["x", "y"]}
    assert tool.returns == {"description": "something"}


# --- decisions of the sources -----------------------------------------------------------------------------


def test_the_reward_at_the_end_of_an_episode_is_the_outcome_and_no_message() -> None:
    turns = chat("Q?", "Thought: A.\nAction: finish[a]", "Observation: Episode finished, reward = False")
    row = convert("react_text", {"messages": turns})
    assert row.outcome is not None
    assert (row.outcome.reward, row.outcome.success) == (0.0, False)
    assert [m.role for m in row.messages] == ["user", "assistant"]


def test_react_text_knows_tools_only_where_one_grammar_fits_all_actions() -> None:
    for actions, tools in (
        (["search[a]", "finish[b]"], {"search", "finish"}),
        (["search[a]", "lookup[b]"], {"search", "lookup", "finish"}),
        (["search[a]", "click[b]"], {"search", "click"}),
        (["search[a]", "sail[b]"], None),
    ):
        texts = [part for a in actions for part in (f"Thought: t\nAction: {a}", "Observation: o")]
        row = convert("react_text", {"messages": chat("Q?", *texts)})
        assert (None if row.tools is None else {tool.name for tool in row.tools}) == tools
        assert sum(len(m.tool_calls) for m in row.messages) == 2


def test_rules_become_the_instruction_and_a_worked_example_a_few_shot() -> None:
    rules = "You use linux(ubuntu) operating system.\nNow, my problem is:\n\nList it."
    again = "Now, I will start a new problem in a new OS. My problem is:\n\nCount it."
    turns = chat(rules, "Think: a\n\nAct: answer(1)", again, "Think: b\n\nAct: answer(2)")
    row = convert("environment", {"id": "os_1", "conversations": turns})
    assert row.task.instruction == "You use linux(ubuntu) operating system."
    assert row.task.few_shots == ("user: List it.\n\nassistant: Think: a\n\nAct: answer(1)",)
    assert [m.content for m in row.messages] == ["Count it.", ""]
    trained = [{**turn, "loss": True} if turn["role"] == "assistant" else turn for turn in turns]
    row = convert("environment", {"id": "os_1", "conversations": trained})
    assert row.task.few_shots == ()
    assert [c.arguments for m in row.messages for c in m.tool_calls] == [{"answer": "1"}, {"answer": "2"}]


def test_loss_is_the_weight_and_the_origin_decides_the_licence() -> None:
    turns: list[Json] = [
        {"from": "human", "value": "Goal: x", "loss": None},
        {"from": "gpt", "value": "Thought: a\n\nAction: f with Action Input: {}", "loss": True},
        {"from": "human", "value": "Observation: 1", "loss": None},
        {"from": "gpt", "value": "Thought: b\n\nAction: f with Action Input: {}", "loss": False},
    ]
    row = convert("environment", {"item_id": "weather_1", "conversations": turns})
    assert [m.weight for m in row.messages if m.role == "assistant"] == [1.0, 0.0]
    assert row.source is not None
    assert row.source.license == "GPL-2.0"
    assert row.tools is None  # the prompt that describes them is missing
    assert row.messages[2].content == "1"


def test_a_copy_of_the_conversation_is_left_out_and_another_text_kept() -> None:
    turns = chat("Goal: x", "Action: move left")
    row = {"data_source": "maze", "conversations": turns, "reward_model": {"ground_truth": json.dumps(turns)}}
    assert convert("environment", row).extra["unify"]["fields"]["reward_model"] == {}
    row["reward_model"] = {"ground_truth": "[]", "style": "rule"}
    assert convert("environment", row).extra["unify"]["fields"]["reward_model"] == row["reward_model"]


def test_swe_agent_adds_the_steps_that_the_history_lacks() -> None:
    step = {"observation": "o", "response": "r", "thought": "t", "state": "{}"}
    history: list[Json] = [
        {"role": "user", "content": "Fix.", "agent": "main"},
        {"role": "assistant", "content": "t", "thought": "t", "action": "ls\n", "agent": "main"},
        {"role": "user", "content": "a.py", "agent": "main"},
    ]
    row = convert(
        "swe_agent",
        {"history": history, "trajectory": [{**step, "action": a} for a in ("cd\n", "ls\n", "submit\n")]},
    )
    commands = [c.arguments for m in row.messages for c in m.tool_calls]
    assert commands == [{"command": "ls"}, {"command": "submit"}]
    assert [m.content for m in row.messages if m.role == "tool"] == ["a.py", "o"]
    assert [s["action"] for s in row.extra["unify"]["steps_not_in_history"]] == ["cd\n"]


def test_gold_actions_of_a_knowledge_graph_depend_on_the_makers_of_their_variables() -> None:
    actions = [
        "get_relations(m.1)",
        "get_neighbors(m.1,a.b)",
        "get_relations(#0)",
        "argmax(#0,c)",
        "count(#1)",
    ]
    row = convert("agentbench", {"question": "q?", "entities": {"A": "m.1"}, "actions": actions})
    assert [c.depends_on for c in row.messages[1].tool_calls] == [
        (),
        (),
        ("call_1",),
        ("call_1",),
        ("call_3",),
    ]
    assert row.messages[0].content == "q?\nEntities: [A (m.1)]"


def test_an_unclosed_tag_drops_the_row_instead_of_losing_the_call() -> None:
    with pytest.raises(BadRow, match="calls-in-text"):
        convert(
            "swe_messages", {"messages": chat("Fix.", "<function=f>\n<parameter=a>1"), "instance_id": "i"}
        )
    with pytest.raises(BadRow, match="calls-in-text"):
        convert("codeact", {"conversations": chat("Do.", "<execute>print(1)")})


# --- real data --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Path:
    return shared_data / "unify"


def kept(paths: list[Path], source: str) -> list[Trajectory]:
    rows = list(unify(paths, source))
    assert not [r for r in rows if isinstance(r, Dropped)]
    return [r for r in rows if isinstance(r, Trajectory)]


def calls(rows: list[Trajectory]) -> list[ToolCall]:
    return [c for t in rows for m in t.messages for c in m.tool_calls]


def unknown(rows: list[Trajectory]) -> int:
    return sum(
        c.name not in {tool.name for tool in t.tools or ()}
        for t in rows
        for m in t.messages
        for c in m.tool_calls
    )


def test_fireact_keeps_every_action_and_reward(raw: Path) -> None:
    chats = sorted((raw / "fireact" / "data" / "finetune" / "gpt_format").glob("*.jsonl"))
    texts = sorted((raw / "fireact" / "data" / "finetune" / "alpaca_format").glob("*.json"))
    rows = kept([*chats, *texts], "react_text")
    messages = [json.loads(line)["messages"] for f in chats for line in f.read_text("utf-8").splitlines()]
    outputs = [row["output"] for f in texts for row in json.loads(f.read_text("utf-8"))]
    said = [m["content"] for row in messages for m in row if m["role"] == "assistant"]
    written = sum(text.count("\nAction: ") for text in [*said, *outputs])
    written += sum(text.startswith("Action: ") for text in [*said, *outputs])
    assert len(rows) == len(messages) + len(outputs) == 3200
    assert len(calls(rows)) == written == 7528
    assert unknown(rows) == 0
    assert all(c.arguments is not None for c in calls(rows))
    assert all(t.outcome is not None and t.outcome.reward is not None for t in rows)
    without = [p for t in rows for p in t.extra.get("unify", {}).get("no_action", [])]
    assert len(without) == 6  # turns that only think, or that answer in the environment's place


def test_fireact_runs_agree_with_their_own_scores(raw: Path) -> None:
    rows = kept(sorted((raw / "fireact" / "trajs").glob("*.json")), "fireact_trajs")
    assert (len(rows), len(calls(rows)), unknown(rows)) == (450, 750, 0)
    assert all(t.outcome and t.outcome.success == t.outcome.metrics["em"] for t in rows)
    assert all("traj_by_line" not in t.extra["unify"]["fields"] for t in rows)


def parquet_rows(path: Path) -> Iterator[Element]:
    parquet = pytest.importorskip("pyarrow.parquet")
    for number, value in enumerate(parquet.read_table(path).to_pylist()):
        yield Element(number, value)


@pytest.mark.slow
def test_every_trained_turn_of_openmanus_is_a_call_or_is_named(raw: Path) -> None:
    files = sorted((raw / "openmanus-rl").rglob("*.parquet"))
    rows = total = trained = found = left = misfits = 0
    for path in files:
        file = File(path, path.name, path.parent.name)
        for element in parquet_rows(path):
            t = SOURCES["environment"].convert(Row(element.value, element.number, file, f"e/{rows}", ""))
            assert SOURCES["environment"].detect(element.value)
            rows += 1
            total += unknown([t])
            trained += sum(bool(turn["loss"]) for turn in element.value["conversations"])
            found += sum(bool(m.tool_calls) for m in t.messages)
            left += len(t.extra["unify"].get("no_action", []))
            misfits += len(t.extra["unify"].get("misfits", {}))
            assert t.task.instruction
    assert (rows, total) == (3639, 0)
    assert found + left + misfits == trained == 19333
    assert (left, misfits) == (1, 6)


def test_agent_instruct_keeps_its_actions(raw: Path) -> None:
    folders = [
        raw / "adp-samples" / f"agenttuning_{n}"
        for n in ("alfworld", "db", "kg", "os", "webshop", "mind2web")
    ]
    rows = kept([f / "sample_raw.json" for f in folders], "environment")
    assert (len(rows), unknown(rows)) == (30, 0)
    assert all(t.source and t.source.license == "Apache-2.0" for t in rows)
    by_kind = {f.name: 0 for f in folders}
    for t in rows:
        by_kind[next(n for n in by_kind if n.endswith(f"_{t.extra['unify']['environment']}"))] += len(
            calls([t])
        )
    assert by_kind == {
        "agenttuning_alfworld": 84, "agenttuning_db": 5, "agenttuning_kg": 35, "agenttuning_os": 19,
        "agenttuning_webshop": 17, "agenttuning_mind2web": 5,
    }  # fmt: skip
    shots = [t for t in rows if t.task.few_shots]
    assert {t.extra["unify"]["environment"] for t in shots} == {"os", "kg"}


def test_agentgym_evaluations_have_tools_and_outcomes(raw: Path) -> None:
    rows = kept(sorted((raw / "agentgym").glob("*.jsonl")), "agentgym_functions")
    assert (len(rows), len(calls(rows))) == (1401, 0)  # the model under test never called anything
    assert all(t.tools is not None and [x.name for x in t.tools] == ["search", "click"] for t in rows)
    assert all(t.outcome is not None and t.outcome.reward == 0 for t in rows)


def test_swe_agent_keeps_every_action(raw: Path) -> None:
    files = sorted((raw / "swe-agent-demos").rglob("*.traj"))
    rows = kept(files, "swe_agent")
    assert len(rows) == len(files) == 22
    left = sum(len(t.extra.get("unify", {}).get("steps_not_in_history", [])) for t in rows)
    written = 0
    for path in files:
        value = json.loads(path.read_text("utf-8"))
        history = [h for h in value["history"] if h["role"] == "assistant" and not h.get("is_demo")]
        written += max(len(value.get("trajectory", [])), len(history))
    assert len(calls(rows)) + left == written
    assert left == 1
    nebius = kept([raw / "adp-samples" / "nebius_SWE-agent-trajectories" / "sample_raw.json"], "swe_agent")
    assert (len(nebius), len(calls(nebius)), unknown(nebius)) == (5, 49, 0)


@pytest.mark.parametrize(
    ("folder", "rows", "made", "strangers"),
    [("swe-smith", 5, 116, 0), ("mini-coder", 1, 8, 1), ("swe-gym_openhands_sampled_trajectories", 5, 87, 0)],
)
def test_coding_agents_keep_every_call(raw: Path, folder: str, rows: int, made: int, strangers: int) -> None:
    path = raw / "adp-samples" / folder / "sample_raw.json"
    value = json.loads(path.read_text("utf-8"))
    found = kept([path], "swe_messages")
    said = [m for row in value for m in row["messages"] if m["role"] == "assistant"]
    written = sum(len(m.get("tool_calls") or ()) for m in said)
    written += sum((m["content"] or "").count("</function>") for m in said if not m.get("tool_calls"))
    written += sum("```bash\n" in (m["content"] or "") for m in said if folder == "mini-coder")
    assert (len(found), len(calls(found))) == (rows, made)
    assert made == written
    assert unknown(found) == strangers
    assert all(t.outcome is not None and t.outcome.success for t in found)


def test_codeact_keeps_code_and_answers(raw: Path) -> None:
    path = raw / "adp-samples" / "codeactinstruct" / "sample_raw.json"
    rows = kept([path], "codeact")
    said = [
        m["content"]
        for r in json.loads(path.read_text("utf-8"))
        for m in r["conversations"]
        if m["role"] == "assistant"
    ]
    assert len(calls(rows)) == sum(s.count("</execute>") + s.count("</solution>") for s in said) == 18


def test_agentbench_tasks_and_prompts(raw: Path) -> None:
    folder = raw / "agentbench"
    graphs = [folder / "dev.json", folder / "std.json"]
    rows = kept([*graphs, folder / "training.json", folder / "standard.jsonl"], "agentbench")
    assert len(rows) == 1470
    actions = sum(len(r["actions"]) for f in graphs for r in json.loads(f.read_text("utf-8")))
    assert len(calls(rows)) == actions == 1162
    assert sum(t.task.kind == "query" for t in rows) == 1300
    runs = kept(sorted(folder.glob("alfworld*.json")), "alfworld_prompts")
    assert (len(runs), unknown(runs)) == (97, 0)
    assert not any("misfits" in t.extra["unify"] for t in runs)
    assert all(c.arguments is not None for c in calls(runs))


def test_t_eval_plans_keep_calls_and_order(raw: Path) -> None:
    files = [raw / "t-eval" / f"{n}_v1.json" for n in ("plan_json", "plan_str", "review_str")]
    rows = kept(files, "t_eval")
    plans = [e for f in files[:2] for e in json.loads(f.read_text("utf-8")).values()]
    steps = [s for e in plans for s in e["ground_truth"] if s["name"] != "FinishAction"]
    assert (len(rows), len(calls(rows))) == (1593, len(steps)) == (1593, 5320)
    assert unknown(rows[:1106]) == 0
    assert [len(c.depends_on) for c in calls(rows)] == [len(set(s["prev"])) for s in steps]
    assert all(t.tools == () for t in rows[1106:])


def test_a_long_action_full_of_commas_is_no_action_of_several_arguments() -> None:
    hostile = "get_neighbors(" + "," * 40_000 + ")"  # the end of each argument was tried at every comma
    for env in ENVIRONMENTS.values():
        assert not env.fits([hostile])
    assert ENVIRONMENTS["kg"].fits(["get_neighbors(#1, people.person.parents)"])
