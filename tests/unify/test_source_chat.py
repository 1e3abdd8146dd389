"""Chat as the APIs of OpenAI and Anthropic log it: layouts that share much, and are told apart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callwright.record import Dropped, Trajectory, encode
from callwright.schema import check
from callwright.unify import detect, unify

GOLDEN = Path(__file__).parent.parent / "golden"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
RAIN = {"name": "rain", "description": "Tell where it rains.", "input_schema": SCHEMA}
ASKED = {"role": "user", "content": "Bergen and Oslo?"}


def rows_of(folder: Path, rows: list[Any], source: str = "auto") -> list[Trajectory | Dropped]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return list(unify([path], source))


def kept_of(folder: Path, row: Any, source: str = "anthropic") -> Trajectory:
    (found,) = rows_of(folder, [row], source)
    assert isinstance(found, Trajectory), found
    return found


def dropped_of(folder: Path, row: Any) -> Dropped:
    (found,) = rows_of(folder, [row], "anthropic")
    assert isinstance(found, Dropped), found
    return found


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def use(own: str, city: str = "Bergen") -> dict[str, Any]:
    return {"type": "tool_use", "id": own, "name": "rain", "input": {"city": city}}


def result(own: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": own, "content": content, **more}


def says(content: Any, role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "content": content}


def request(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "tools": [RAIN], **more, "messages": [ASKED, *messages]}


def outline(t: Trajectory) -> list[tuple[str, str, list[str | None]]]:
    """Write each turn as its role, its text, and the ids of its calls or of the call that it answers."""
    ids = ([c.id for c in m.tool_calls] if m.role != "tool" else [m.tool_call_id] for m in t.messages)
    return [(m.role, m.content, own) for m, own in zip(t.messages, ids, strict=True)]


def in_openai_style() -> dict[str, Any]:
    calls = [
        {"id": own, "function": {"name": "rain", "arguments": json.dumps({"city": city})}}
        for own, city in (("a", "Bergen"), ("b", "Oslo"))
    ]
    return {
        "messages": [
            says("Be brief.", "system"),
            ASKED,
            {**says("I look."), "reasoning_content": "Two calls.", "tool_calls": calls},
            {**says("yes", "tool"), "tool_call_id": "b"},
            {**says("no", "tool"), "tool_call_id": "a"},
            says("And Voss?", "user"),
            says("Ask again."),
        ],
        "tools": [{"function": {"name": "rain", "description": RAIN["description"], "parameters": SCHEMA}}],
    }


def test_a_conversation_means_the_same_in_both_layouts(tmp_path: Path) -> None:
    thought = {"type": "thinking", "thinking": "Two calls.", "signature": "Eq"}
    row = request(
        says([thought, text("I look."), use("a"), use("b", "Oslo")]),
        says([result("b", [text("yes")]), result("a", "no"), text("And Voss?")], "user"),
        says([text("Ask again.")]),
        system="Be brief.",
    )
    ours, other = kept_of(tmp_path, row), kept_of(tmp_path, in_openai_style(), "openai_chat")
    assert outline(ours) == outline(other)
    assert ours.fingerprint == other.fingerprint
    assert ours.task == other.task
    assert ours.tools == other.tools


def test_rows_with_calls_and_plain_ones_of_a_log_are_all_kept(tmp_path: Path) -> None:
    plain = request(says("Ask again."), system="Be brief.")
    untooled = {"messages": [ASKED, says("Ask again.")], "system": "Be brief."}
    called = request(says([use("a")]), says([result("a", "yes")], "user"), system="Be brief.")
    found = rows_of(tmp_path, [untooled, plain, called, untooled, untooled])
    assert detect(tmp_path / "rows.jsonl").name == "anthropic"
    assert [type(row) for row in found] == [Trajectory] * 5
    tasks = [row.task for row in found if isinstance(row, Trajectory)]
    assert [task.expects for task in tasks] == ["any", "no_call", "call", "any", "any"]
    assert {task.instruction for task in tasks} == {"Be brief."}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASKED, says([text("Ask again.")])], "system": "Be brief."},
        in_openai_style(),
        {**in_openai_style(), "tools": [RAIN]},
        {"messages": [ASKED, {**says(""), "function_call": {"name": "rain", "arguments": "{}"}}]},
    ],
)
def test_rows_that_openai_could_have_written_are_openai_chat(tmp_path: Path, row: Any) -> None:
    (found,) = rows_of(tmp_path, [row])
    assert isinstance(found, Trajectory)
    assert found.id.startswith("openai_chat/")


@pytest.mark.parametrize(
    "row",
    [
        request(),
        {"messages": [ASKED, says([use("a")])]},
        {"messages": json.dumps([ASKED, says([use("a")])]), "tools": json.dumps([RAIN])},
        {"messages": [ASKED], "system": [text("Be brief.")]},
        {"messages": [ASKED], "tools": [{"type": "bash_20250124", "name": "bash"}]},
        {"messages": [ASKED], "response": says([text("Yes.")])},
        {"request": request()},
        {"request": {"body": request()}, "response": None},
    ],
)
def test_rows_that_only_anthropic_could_have_written_are_anthropic(tmp_path: Path, row: Any) -> None:
    (found,) = rows_of(tmp_path, [row])
    assert isinstance(found, Trajectory)
    assert found.id.startswith("anthropic/")


IMAGE = {"type": "image", "source": {"type": "base64", "data": "iVBORw0KGgo="}}


@pytest.mark.parametrize(
    ("message", "reason", "place"),
    [
        (says([text("See:"), IMAGE], "user"), "wrong-type", "content[1].type"),
        (says([{"type": "document", "source": {}}], "user"), "wrong-type", "content[0].type"),
        (says([result("a", [text("See:"), IMAGE])], "user"), "wrong-type", "content[0].content[1]"),
        (
            says([{"type": "server_tool_use", "id": "s", "name": "web_search"}]),
            "wrong-type",
            "content[0].type",
        ),
        (says([{"type": "web_search_tool_result", "content": []}]), "wrong-type", "content[0].type"),
        (says([{"type": "mcp_tool_use", "id": "s", "name": "x"}]), "wrong-type", "content[0].type"),
        (says([{"text": "no type"}]), "wrong-type", "content[0].type"),
        (says([use("a")], "user"), "wrong-type", "content[0].type"),
        (says([result("a", "yes")]), "wrong-type", "content[0].type"),
        (says([{"type": "thinking", "thinking": "hm"}], "user"), "wrong-type", "content[0].type"),
        (says([{"type": "text", "text": None}]), "wrong-type", "content[0].text"),
        (says([{**use("a"), "name": None}]), "bad-calls", "content[0].name"),
        (
            says([{"type": "tool_result", "content": "yes"}], "user"),
            "missing-field",
            "content[0].tool_use_id",
        ),
        (says("yes", "tool"), "unknown-role", "role"),
        ({**says("I look."), "tool_calls": [{"id": "a"}]}, "bad-calls", "tool_calls"),
        (says(7), "wrong-type", "content"),
    ],
)
def test_what_is_not_read_drops_the_row_and_names_its_place(
    tmp_path: Path, message: Any, reason: str, place: str
) -> None:
    found = dropped_of(tmp_path, request(message))
    assert (found.reason, found.path) == (reason, f"messages[1].{place}")


def test_results_and_texts_of_a_user_are_turns_in_the_order_of_their_blocks(tmp_path: Path) -> None:
    blocks = [result("b", "1", is_error=True), result("a", None, is_error=False), text("And"), text("now?")]
    t = kept_of(tmp_path, request(says([use("a"), text("I look."), use("b")]), says(blocks, "user")))
    assert outline(t)[1:] == [
        ("assistant", "I look.", ["a", "b"]),
        ("tool", "1", ["b"]),
        ("tool", "", ["a"]),
        ("user", "And\nnow?", []),
    ]
    assert t.extra["unify"]["turns"] == {"messages[2].content[0]": {"is_error": True}}


@pytest.mark.parametrize(
    "answer",
    [
        {"response": says([text("Yes.")])},
        {"response": {"content": "Yes."}},
        {"response": json.dumps(says([text("Yes.")]))},
        {"response": {"status_code": 200, "body": says([text("Yes.")])}},
        {"response": {"status_code": 200, "body": json.dumps(says([text("Yes.")]))}},
    ],
)
@pytest.mark.parametrize("form", ["beside", "request", "text", "body"])
def test_the_response_is_the_last_turn_in_every_form(tmp_path: Path, form: str, answer: Any) -> None:
    asked: Any = request(system="Be brief.")
    forms = {
        "beside": asked,
        "request": {"request": asked},
        "text": {"request": json.dumps(asked)},
        "body": {"request": {"url": "/v1/messages", "body": asked}},
    }
    t = kept_of(tmp_path, {**forms[form], **answer})
    assert outline(t) == [("user", ASKED["content"], []), ("assistant", "Yes.", [])]
    assert t.task.instruction == "Be brief."
    assert t.task.expects == "no_call"


def test_a_response_goes_on_with_what_was_begun_and_is_not_read_twice(tmp_path: Path) -> None:
    def told(begun: Any, answer: Any) -> list[tuple[str, str, list[str | None]]]:
        return outline(kept_of(tmp_path, {**request(says(begun)), "response": says(answer)}))[1:]

    assert told("Yes, in", [text(" Bergen.")]) == [("assistant", "Yes, in Bergen.", [])]
    assert told([text("I look.")], [use("a")]) == [("assistant", "I look.", ["a"])]
    assert told("Yes.", [text("Yes.")]) == [("assistant", "Yes.", [])]
    assert told([use("a")], [use("a")]) == [("assistant", "", ["a"])]


def test_an_error_is_no_answer_and_a_stream_is_not_taken_for_none(tmp_path: Path) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    t = kept_of(tmp_path, {**request(), "response": error})
    assert t.task.kind == "query"
    assert t.extra["unify"]["fields"]["response"] == error
    for response in (
        "event: message_start",
        {"status_code": 200, "body_raw": "event: message_start"},
        {"id": 1},
    ):
        found = dropped_of(tmp_path, {**request(), "response": response})
        assert (found.reason, found.path) == ("missing-field", "response.content")


def test_settings_and_the_reason_to_stop_are_kept_among_the_fields(tmp_path: Path) -> None:
    choice = {"type": "any", "disable_parallel_tool_use": True}
    response = {**says([use("a")]), "type": "message", "stop_reason": "max_tokens", "stop_sequence": None}
    row = {
        "request": request(tool_choice=choice),
        "response": response,
        "reward": 1,
        "success": True,
        "run": 7,
    }
    t = kept_of(tmp_path, row)
    assert t.extra["unify"]["fields"] == {
        "request": {"model": "m", "max_tokens": 9, "tool_choice": choice},
        "response": {"stop_reason": "max_tokens"},
        "run": 7,
    }
    assert t.outcome is not None
    assert (t.outcome.reward, t.outcome.success) == (1.0, True)


def test_a_tool_without_a_schema_takes_the_arguments_that_are_known_of_it_and_others(tmp_path: Path) -> None:
    tools = [
        {"type": "bash_20250124", "name": "bash"},
        {"type": "planner_20990101", "name": "plan", "limit": 3},
        {"type": "custom", **RAIN},
        {"type": "mcp_toolset", "mcp_server_name": "s"},
    ]
    t = kept_of(tmp_path, request(tools=tools))
    assert t.tools is not None
    assert [tool.name for tool in t.tools] == ["bash", "plan", "rain"]
    assert list(t.tools[0].parameters["properties"]) == ["command", "restart"]
    assert t.tools[2].parameters == SCHEMA
    for tool in t.tools[:2]:
        assert not list(check(tool.parameters, {"command": "ls", "new": 1}))
    assert t.extra["unify"]["fields"]["tools"] == [tools[0], tools[1], tools[3]]


def test_what_a_server_offers_is_unknown_and_so_are_tools_that_are_not_told(tmp_path: Path) -> None:
    servers = [{"type": "mcp_toolset", "mcp_server_name": "s"}]
    assert kept_of(tmp_path, request(tools=servers)).tools is None
    assert kept_of(tmp_path, {"messages": [ASKED]}).tools is None
    assert kept_of(tmp_path, request(tools=[])).tools == ()


def words(value: Any) -> Iterator[str]:
    """Yield the texts of a row that are neither a role, a kind of block, nor a mark of the cache."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in ("role", "type", "cache_control"):
                yield from words(item)
    elif isinstance(value, list):
        for item in value:
            yield from words(item)
    elif isinstance(value, str):
        yield value


def test_no_text_of_a_kept_row_is_lost() -> None:
    path = GOLDEN / "anthropic" / "raw.jsonl"
    raws = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    kept = 0
    for raw, row in zip(raws, unify([path]), strict=True):
        if isinstance(row, Trajectory):
            kept += 1
            found = "\n".join(words(json.loads(encode(row))))
            assert not [word for word in words(raw) if word not in found]
    assert kept == 6


def test_a_system_text_beside_the_messages_is_the_instruction(tmp_path: Path) -> None:
    def instruction(*messages: Any, system: Any = "Be brief.") -> str:
        row = {"messages": [*messages, ASKED], "system": system}
        t = kept_of(tmp_path, row, "openai_chat")
        fields = t.extra.get("unify", {}).get("fields", {})
        assert ("system" in fields) == (not isinstance(system, str))
        return t.task.instruction

    assert instruction() == "Be brief."
    assert instruction(says("Be brief.", "system")) == "Be brief."
    assert instruction(says("Be kind.", "developer")) == "Be brief.\n\nBe kind."
    assert instruction(says("Be kind.", "system"), system={"os": "x"}) == "Be kind."
    assert instruction(says("Be kind.", "system"), system="") == "Be kind."
