"""The Jinja template against `plain_messages` and `segments`: the same bytes, the same loss mask."""

import json
from pathlib import Path
from typing import Any

import pytest
from format_strategies import conversations, tools
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callwright.formats import (
    DEFAULT_INSTRUCTION,
    FAMILIES,
    FORMATS,
    chat_template,
    plain_messages,
    segments,
    signature,
)
from callwright.formats.signature import SPELLS_OUT
from callwright.record import Message, Tool, ToolCall, Trajectory

hub = pytest.importorskip("transformers.utils.chat_template_utils")

TEMPLATES = {name: chat_template(name) for name in FAMILIES}
SLOW = dict.fromkeys(set(FAMILIES) - {"chatml"}, pytest.mark.slow)


def openai_tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def openai_message(message: Message, *, as_text: bool = False) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        out["reasoning_content"] = message.reasoning
    if message.tool_calls:
        out["tool_calls"] = [
            {
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(call.arguments, ensure_ascii=False)
                    if as_text
                    else call.arguments,
                },
            }
            for call in message.tool_calls
        ]
    return out


def rendered(
    messages: list[dict[str, Any]],
    offered: list[dict[str, Any]] | None,
    *,
    prompt: bool = False,
    family: str = "chatml",
) -> tuple[str, list[tuple[int, int]]]:
    """What `tokenizer.apply_chat_template` renders, and the spans that it marks as generated."""
    texts, spans = hub.render_jinja_template(
        conversations=[messages],
        tools=offered,
        chat_template=TEMPLATES[family],
        return_assistant_tokens_mask=True,
        add_generation_prompt=prompt,
    )
    return texts[0], spans[0]


def of(schema: Any, **root: Any) -> Tool:
    return Tool(name="f", parameters={"properties": {"x": schema}, **root})


def nested(depth: int) -> Any:
    return {"type": "array", "items": nested(depth - 1)} if depth else {"type": "string"}


def chain(length: int) -> Any:
    definitions: Any = {f"D{i}": {"properties": {"x": {"$ref": f"#/$defs/D{i + 1}"}}} for i in range(length)}
    return {**definitions, f"D{length}": {"type": "string"}}


def ours(t: Trajectory, *, prompt: bool = False, family: str = "chatml") -> str:
    pieces = segments(plain_messages(t), generation_prompt=prompt, family=family)
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("family", [pytest.param(name, marks=SLOW.get(name, ())) for name in FAMILIES])
@settings(max_examples=100)
@given(t=conversations, prompt=st.booleans(), as_text=st.booleans())
def test_the_template_writes_our_bytes(family: str, t: Trajectory, prompt: bool, as_text: bool) -> None:
    offered = None if t.tools is None else [openai_tool(tool) for tool in t.tools]
    messages = [openai_message(message, as_text=as_text) for message in t.messages]
    text, spans = rendered(messages, offered, prompt=prompt, family=family)
    assert text == ours(t, prompt=prompt, family=family)
    learnt = "".join(text[start:end] for start, end in spans)
    weighted = [m._replace(weight=1.0) for m in plain_messages(t)]  # Transformers knows no weights
    pieces = segments(weighted, generation_prompt=prompt, family=family)
    assert learnt == "".join(piece.text for piece in pieces if piece.supervised)


@settings(max_examples=150)
@given(tool=tools)
@example(tool=of({"anyOf": [nested(depth) for depth in range(12)]}))
@example(tool=of({"$ref": "#/$defs/D0"}, **{"$defs": chain(6)}))
@example(tool=of({"items": {"allOf": [{"type": "string"}, {"enum": ["a"]}]}}))
def test_the_template_computes_our_signature(tool: Tool) -> None:
    # Not in the grammar: `nullable: 1` and schema words of the wrong type, where Jinja's tests are looser.
    text, _ = rendered([], [openai_tool(tool)])
    assert text == ours(Trajectory(id="a", tools=(tool,)))


@pytest.mark.parametrize("mark", SPELLS_OUT)
def test_the_template_shows_the_descriptions_that_a_signature_shows(mark: str) -> None:
    tool = of({"type": "string", "description": f"so {mark} so"})
    assert "(so " in signature(tool)
    assert signature(tool) in rendered([], [openai_tool(tool)])[0]


def test_the_template_computes_our_signatures_of_real_tools(shared_data: Any) -> None:
    paths = (shared_data / "tools" / "toucan-mcp").glob("*.jsonl")
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()[::10]]
    offered = [
        Tool(name=r["name"], description=r["description"] or "", parameters=r["input_schema"] or {})
        for r in rows
    ]
    text, _ = rendered([], [openai_tool(tool) for tool in offered])
    lines = text.split("# Tools\n")[1].split("\n\n")[0].split("\n")
    assert lines == [signature(tool) for tool in offered]


def test_the_template_repeats_our_instructions() -> None:
    assert f"'{DEFAULT_INSTRUCTION}'" in TEMPLATES["chatml"]
    assert f"'{FORMATS['hermes'].instruction}'" in TEMPLATES["chatml"]


def test_the_template_takes_what_endpoints_send() -> None:
    call = ToolCall(name="now", arguments={"zone": "UTC"})
    t = Trajectory(
        id="a",
        tools=(Tool(name="now"),),
        messages=(
            Message(role="user", content="What time is it?"),
            Message(role="assistant", tool_calls=(call, ToolCall(name="now"))),
            Message(role="tool", content="12:00"),
        ),
    )
    asked = {
        "role": "user",
        "content": [{"type": "text", "text": "What time "}, {"type": "text", "text": "is it?"}],
    }
    answered = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "now", "arguments": '{"zone": "UTC"}'}},
            {"name": "now", "arguments": ""},
        ],
    }
    observed = {"role": "tool", "tool_call_id": "1", "content": "12:00"}
    flat = {"name": "now"}
    assert rendered([asked, answered, observed], [flat])[0] == ours(t)


@pytest.mark.slow
@given(t=conversations)
def test_no_tools_and_an_empty_list_of_tools_read_alike(t: Trajectory) -> None:
    messages = [openai_message(message) for message in t.messages]
    assert rendered(messages, None) == rendered(messages, [])


# --- the frames of others

OFFICIAL = {"llama3": "llama3", "qwen": "qwen2_5"}
"""Our families and the templates of their makers, as TRL carries them."""


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_developer_is_the_system(family: str) -> None:
    says = [{"role": "user", "content": "hi"}, {"role": "system", "content": "Now in French."}]
    messages = [{"role": "system", "content": "Be brief."}, *says, {"role": "user", "content": "on"}]
    renamed = [{**m, "role": m["role"].replace("system", "developer")} for m in messages]
    assert rendered(renamed, None, family=family) == rendered(messages, None, family=family)


@pytest.mark.parametrize("family", sorted(OFFICIAL))
@settings(max_examples=50)
@given(
    said=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="<|>")).map(str.strip), max_size=4),
    prompt=st.booleans(),
)
def test_a_plain_conversation_is_framed_as_its_makers_frame_it(
    family: str, said: list[str], prompt: bool
) -> None:
    folder = Path(pytest.importorskip("trl").__file__).parent / "chat_templates"
    turns = [Message(role="assistant" if i % 2 else "user", content=text) for i, text in enumerate(said)]
    t = Trajectory(id="a", messages=(Message(role="system", content="Be brief."), *turns))
    official, _ = hub.render_jinja_template(
        conversations=[[openai_message(message) for message in t.messages]],
        chat_template=(folder / f"{OFFICIAL[family]}.jinja").read_text("utf-8"),
        add_generation_prompt=prompt,
        bos_token="<|begin_of_text|>",
    )
    assert ours(t, prompt=prompt, family=family) == official[0]
