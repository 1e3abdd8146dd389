"""TRL accepts the rows, and renders of them the very text that we train on ourselves."""

from pathlib import Path
from typing import Any

import pytest

from callwright.export import EXPORTS
from callwright.formats import chat_template, plain_messages, segments
from callwright.record import Message, Preference, Task, Tool, ToolCall, Trajectory

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CALL = ToolCall(name="get_weather", arguments={"city": "Oslo", "days": [1, "two", None]}, id="c0")
ROW = Trajectory(
    id="t",
    task=Task(instruction="Help with the weather."),
    tools=(Tool(name="get_weather", description="Get the weather.", parameters=CITY),),
    messages=(
        Message(role="user", content="Is it raining in Oslo?"),
        Message(role="assistant", content="Let me see.", reasoning="A call, then.", tool_calls=(CALL,)),
        Message(role="tool", content='{"rain": true}', tool_call_id="c0", name="get_weather"),
        Message(role="assistant", content="It is."),
    ),
)
PAIR = Trajectory(
    id="p",
    tools=ROW.tools,
    messages=ROW.messages[:2],
    preference=Preference(rejected=Message(role="assistant", content="No idea."), error_class="no-call"),
)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    transformers = pytest.importorskip("transformers")
    found = transformers.AutoTokenizer.from_pretrained(tiny_base)
    found.chat_template = chat_template()
    return found


def applied(row: dict[str, Any], tokenizer: Any) -> dict[str, str]:
    trl = pytest.importorskip("trl.data_utils")
    assert trl.is_conversational(row)
    result: dict[str, str] = trl.maybe_apply_chat_template(row, tokenizer, tools=row.get("tools"))
    return result


def ours(t: Trajectory) -> str:
    return "".join(segment.text for segment in segments(plain_messages(t)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tools", [ROW.tools, (), None], ids=["tools", "none", "unknown"])
def test_trl_renders_the_text_that_we_train_on(tools: Any, tokenizer: Any) -> None:
    t = Trajectory(id="t", task=ROW.task, tools=tools, messages=ROW.messages)
    assert applied(EXPORTS["trl"].render(t), tokenizer) == {"text": ours(t)}


@pytest.mark.filterwarnings("ignore")
def test_trl_renders_both_sides_of_a_pair(tokenizer: Any) -> None:
    row = EXPORTS["trl"].render(PAIR)
    assert set(row) == {"prompt", "chosen", "rejected", "tools"}
    text = applied(row, tokenizer)
    assert text["prompt"] + text["chosen"] == ours(PAIR)
    worse = Trajectory(
        id="w", tools=PAIR.tools, messages=(PAIR.messages[0], Message(role="assistant", content="No idea."))
    )
    assert text["prompt"] + text["rejected"] == ours(worse)


def test_unknown_tools_have_no_column_and_no_tools_an_empty_one() -> None:
    row = EXPORTS["trl"].render(Trajectory(id="t", messages=ROW.messages))
    assert "tools" not in row
    assert EXPORTS["trl"].render(Trajectory(id="t", tools=(), messages=ROW.messages))["tools"] == []
