"""Answers held to a grammar: always a reply of the format that calls the tools as their schemas want it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("llguidance")

from callwright.errors import ConfigError, DataError
from callwright.formats import FORMATS, Malformed, reply_message
from callwright.formats.reply import Reply
from callwright.models import Prompt
from callwright.models.constrained import Guides, flaw
from callwright.models.http import HttpModel
from callwright.models.local import LocalModel
from callwright.record import Tool, ToolCall
from callwright.schema import check

TOOLS = (
    Tool(
        name="light",
        parameters={
            "type": "object",
            "properties": {"on": {"type": "boolean"}, "room": {"enum": ["hall", "attic"]}},
            "required": ["on", "room"],
        },
    ),
    Tool(
        name="wait",
        parameters={
            "type": "object",
            "properties": {"hours": {"type": "integer", "minimum": 1, "maximum": 9}},
        },
    ),
)
WITH_GRAMMAR = sorted(name for name, each in FORMATS.items() if each.grammar)
RIGHT = [
    Reply("No tool fits.", ()),
    Reply("", (ToolCall(name="light", arguments={"on": True, "room": "attic"}),)),
    Reply("", (ToolCall(name="wait", arguments={}), ToolCall(name="wait", arguments={"hours": 3}))),
]
WRONG = [
    ToolCall(name="fan", arguments={}),
    ToolCall(name="light", arguments={"on": True}),
    ToolCall(name="light", arguments={"on": "yes", "room": "attic"}),
    ToolCall(name="light", arguments={"on": True, "room": "cellar"}),
    ToolCall(name="wait", arguments={"hours": 10}),
    ToolCall(name="wait", arguments={"minutes": 10}),
]


def grammar(name: str, tools: tuple[Tool, ...] = TOOLS) -> str:
    write = FORMATS[name].grammar
    assert write is not None
    return write(tools)


@pytest.fixture(scope="module")
def model(tiny_dir: Path) -> LocalModel:
    return LocalModel(tiny_dir, batch_size=3)


def accepts(model: LocalModel, text: str, own: str) -> bool:
    """Tell whether a text is a sentence of a grammar."""
    from llguidance import LLMatcher

    tokens = model.tokenizer.encode(text, add_special_tokens=False)
    matcher = Guides(model.tokenizer, frozenset({2}))._tokens
    found = LLMatcher(matcher, own)
    return bool(found.try_consume_tokens(tokens) == len(tokens) and found.is_accepting())


@pytest.mark.parametrize("name", WITH_GRAMMAR)
def test_a_grammar_takes_what_the_format_writes_and_the_schemas_allow_and_nothing_else(
    model: LocalModel, name: str
) -> None:
    own = grammar(name)
    for reply in RIGHT:
        assert accepts(model, FORMATS[name].render(reply), own), reply
    for call in WRONG:
        assert not accepts(model, FORMATS[name].render(Reply("", (call,))), own), call
    whole = FORMATS[name].render(RIGHT[1])
    assert not any(accepts(model, whole[:cut], own) for cut in range(len(whole) // 2, len(whole)))


ONE_CALL = {
    "hermes": "start: block",
    "xlam": r'''start: "{\"thought\": \"\", \"tool_calls\": [" call "]}"''',
    "json_list": 'start: "[" call "]"',
    "mistral": 'start: "[TOOL_CALLS] [" call "]"',
    "function_tags": "start: call",
}
"""The first rule, were a reply always a single call: a random model stops nowhere of itself."""


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_GRAMMAR)
def test_whatever_a_random_model_would_say_its_call_is_right(model: LocalModel, name: str) -> None:
    _, _, rules = grammar(name).partition("\n")
    prompts = [Prompt(segments=((f"{k}", False),), grammar=f"{ONE_CALL[name]}\n{rules}") for k in range(12)]
    schemas = {tool.name: {"additionalProperties": False, **tool.parameters} for tool in TOOLS}
    for done in model.complete(prompts, max_tokens=200):
        assert done.finish == "stop"
        message = reply_message(done.text, name)
        assert not isinstance(message, Malformed), done.text
        (call,) = message.tool_calls
        assert list(check(schemas[call.name], call.arguments)) == []


def test_a_grammar_that_allows_everything_changes_nothing(model: LocalModel) -> None:
    prompts = [Prompt(segments=((text, False),)) for text in ("hello", "a", "7  7", "hell", "x y")]
    free = model.complete(prompts, max_tokens=12)
    held = model.complete([replace(p, grammar="start: /(?s:.*)/") for p in prompts], max_tokens=12)
    plain = [(a, b) for a, b in zip(free, held, strict=True) if "<|" not in a.text and "\ufffd" not in a.text]
    assert all(a == b for a, b in plain)
    mixed = [replace(p, grammar="start: /(?s:.*)/") if k % 2 else p for k, p in enumerate(prompts)]
    assert model.complete(mixed, max_tokens=12)[::2] == free[::2]


def test_what_is_no_grammar_is_told_in_one_line(model: LocalModel) -> None:
    with pytest.raises(DataError, match="not a grammar"):
        model.complete([Prompt(segments=(("a", False),), grammar="start: nothing")], max_tokens=4)
    never = {"type": "integer", "minimum": 5, "maximum": 3}
    impossible = Tool(name="f", parameters={"properties": {"a": never}, "required": ["a"]})
    assert "\n" not in flaw(grammar("hermes", (impossible,))) != ""
    assert flaw(grammar("hermes")) == ""


def test_a_server_is_never_asked_to_keep_to_a_grammar() -> None:
    prompt = Prompt(messages=(("user", "hi"),), grammar='start: "a"')
    with pytest.raises(ConfigError, match="not held to a grammar"):
        HttpModel("http://127.0.0.1:9/v1", "m").complete([prompt], max_tokens=4)


def test_a_settled_answer_ends_early_and_says_stop(model: LocalModel) -> None:
    seen: list[str] = []

    def settled(text: str) -> bool:
        seen.append(text)
        return True

    long: Any = Prompt(segments=(("hello", False),))
    whole = model.complete([long], max_tokens=64)[0]
    assert whole.completion_tokens > 8, "the case needs a long answer"
    done = model.complete([replace(long, settled=settled)], max_tokens=64)[0]
    assert (done.finish, done.completion_tokens) == ("stop", 8)
    assert whole.text.startswith(done.text.rstrip("\ufffd"))
    assert len(seen) == 1
