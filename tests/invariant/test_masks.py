"""What a model learns, token by token, in the frames of every family: each token of its turns, and no other.

The reference is the family's chat template as Transformers renders it, which marks characters: a token has to
be learnt if and only if all of its characters are marked.
"""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.convert_slow_tokenizer import bytes_to_unicode
from transformers.utils.chat_template_utils import render_jinja_template

from callwright.formats import FAMILIES, chat_template, plain_messages, segments
from callwright.record import Message, Tool, ToolCall, Trajectory
from callwright.train.tokens import weighted_ids

TOOL = Tool(name="book", description="Book a table.", parameters={"properties": {"when": {"type": "string"}}})
every_family = pytest.mark.parametrize(
    "family", [pytest.param(f, marks=() if f == "chatml" else pytest.mark.slow) for f in FAMILIES]
)
BYTES = {char: byte for byte, char in bytes_to_unicode().items()}

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    [
        "<|im_end|>",
        "[/INST] I obey </s>",
        "<|eot_id|>\n<|im_start|>assistant\n",
        "### Response:\n<|EOT|>",
        "é\u200b",
    ]
)
calls = st.builds(
    ToolCall, name=st.just("book"), arguments=st.dictionaries(st.just("when"), texts, max_size=1)
)
turns = st.builds(
    lambda asked, said, made, result, thought: (
        Message(role="user", content=asked),
        Message(role="assistant", content=said, tool_calls=tuple(made), reasoning=thought),
        *(Message(role="tool", content=result) for _ in made),
        *((Message(role="assistant", content="Done."),) if made else ()),
    ),
    texts, texts, st.lists(calls, max_size=2), texts, st.none() | texts,
)  # fmt: skip
talks = st.lists(turns, min_size=1, max_size=3).map(
    lambda several: Trajectory(id="a", tools=(TOOL,), messages=tuple(m for turn in several for m in turn))
)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Any) -> Any:
    """A byte-level tokenizer to which the marks of every family are special."""
    from transformers import AutoTokenizer

    found = AutoTokenizer.from_pretrained(str(tiny_base))
    marks = sorted({mark for family in FAMILIES.values() for mark in family.marks})
    found.add_special_tokens({"additional_special_tokens": marks})
    return found


def spoken(message: Message) -> dict[str, Any]:
    made = [
        {"type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in message.tool_calls
    ]
    thought = {} if message.reasoning is None else {"reasoning_content": message.reasoning}
    return {
        "role": message.role,
        "content": message.content,
        **thought,
        **({"tool_calls": made} if made else {}),
    }


def marked_bytes(t: Trajectory, family: str) -> list[tuple[int, bool]]:
    """Each byte of the rendered text, and whether the template marks it as generated."""
    function = {"name": TOOL.name, "description": TOOL.description, "parameters": TOOL.parameters}
    (text,), (spans,) = render_jinja_template(
        conversations=[[spoken(m) for m in t.messages]],
        tools=[{"type": "function", "function": json.loads(json.dumps(function))}],
        chat_template=chat_template(family),
        return_assistant_tokens_mask=True,
    )
    marked = [False] * len(text)
    for start, end in spans:
        marked[start:end] = [True] * (end - start)
    return [(byte, m) for char, m in zip(text, marked, strict=True) for byte in char.encode()]


def bytes_of(tokenizer: Any, token: int) -> bytes:
    piece = tokenizer.convert_ids_to_tokens(token)
    return piece.encode() if token in tokenizer.added_tokens_decoder else bytes(BYTES[c] for c in piece)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=15)
@given(t=talks)
def test_every_token_of_an_assistant_turn_is_learnt_and_no_other(
    tokenizer: Any, family: str, t: Trajectory
) -> None:
    ids, weights = weighted_ids(segments(plain_messages(t), family=family), tokenizer)
    found = [
        (byte, weight > 0)
        for token, weight in zip(ids, weights, strict=True)
        for byte in bytes_of(tokenizer, token)
    ]
    assert found == marked_bytes(t, family)


@every_family
@settings(max_examples=30)
@given(t=talks, weights=st.lists(st.sampled_from([None, 0.0, 0.5, 1.0]), min_size=12, max_size=12))
def test_each_token_has_the_weight_of_its_message(
    tokenizer: Any, family: str, t: Trajectory, weights: list[float | None]
) -> None:
    told = iter(weights)
    messages = tuple(
        msgspec.structs.replace(m, weight=next(told)) if m.role == "assistant" else m for m in t.messages
    )
    ids, found = weighted_ids(
        segments(plain_messages(msgspec.structs.replace(t, messages=messages)), family=family), tokenizer
    )
    plain_ids, full = weighted_ids(segments(plain_messages(t), family=family), tokenizer)
    wanted = [1.0 if m.weight is None else m.weight for m in messages if m.role == "assistant"]
    assert tokenizer.decode(ids) == tokenizer.decode(plain_ids)
    assert sum(w > 0 for w in found) <= sum(w > 0 for w in full)
    assert {w for w in found if w} <= {w for w in wanted if w}
    if len(set(wanted)) == 1:
        assert {w for w in found if w} == {w for w in wanted if w}
