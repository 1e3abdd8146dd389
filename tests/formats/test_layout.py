"""Parts of the prompt: set apart in six styles, in any order, with tools as signatures or JSON."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.errors import ConfigError
from callwright.formats import plain_messages, system_text
from callwright.formats.layout import PARTS, STYLES, USUAL, Layout, layout_named
from callwright.formats.signature import TOOL_KEYS
from callwright.record import Message, Task, Tool, Trajectory

layouts = st.builds(
    Layout,
    st.sampled_from(sorted(STYLES)),
    st.permutations(PARTS).map(tuple),
    st.one_of(st.just(()), st.permutations(TOOL_KEYS).map(tuple)),
)
TOOLS = (Tool(name="now", description="Tell the time.", parameters={"type": "object"}),)
TASK = Task(instruction="Be exact.", format_instruction="Answer in verse.", few_shots=("a -> b", "c -> d"))
TEXTS = {
    "task": "Be exact.",
    "tools": "now() - Tell the time.",
    "format": "Answer in verse.",
    "examples": "a -> b\n\nc -> d",
}


@given(layouts)
def test_the_name_of_a_layout_leads_back_to_it(layout: Layout) -> None:
    assert layout_named(str(layout)) == layout


def test_the_usual_layout_has_no_name() -> None:
    assert str(USUAL) == ""
    assert layout_named("") is USUAL


@pytest.mark.slow
@settings(max_examples=2_000)
@given(layouts)
def test_every_part_stands_there_once_whole_and_in_order(layout: Layout) -> None:
    text = system_text(replace(TASK, layout=str(layout)), TOOLS)
    told = {**TEXTS, "tools": text_of_tools(layout)}
    places = [text.index(told[part]) for part in layout.order]
    assert places == sorted(places)
    assert all(text.count(each) == 1 for each in told.values())
    assert text == "\n\n".join(layout.framed(part, told[part]) for part in layout.order)


def text_of_tools(layout: Layout) -> str:
    if not layout.keys:
        return TEXTS["tools"]
    whole = {"name": "now", "description": "Tell the time.", "parameters": {"type": "object"}}
    return json.dumps({key: whole[key] for key in layout.keys}, separators=(",", ":"))


@given(layouts)
def test_every_style_but_the_plain_ones_tells_its_parts_apart(layout: Layout) -> None:
    if layout.style in ("plain", "sections"):
        return
    frames = [layout.framed(part, "X") for part in (*PARTS, "query")]
    assert len(set(frames)) == len(frames)
    for one, other in itertools.permutations(frames, 2):
        assert one.split("X")[0] != other.split("X")[0]


def test_the_frames_of_the_paper_are_written_as_its_client_writes_them() -> None:
    text = system_text(Task(instruction="Go.", layout="begin"), TOOLS)
    assert text.startswith(
        "[BEGIN OF TASK INSTRUCTION]\nGo.\n[END OF TASK INSTRUCTION]\n\n[BEGIN OF AVAILABLE TOOLS]\n"
    )
    assert "[START OF AVAILABLE TOOLS]" in system_text(Task(layout="brackets"), TOOLS)


def test_the_query_is_framed_and_results_are_not() -> None:
    t = Trajectory(
        id="a",
        task=Task(layout="tags"),
        messages=(Message(role="user", content="Hi"), Message(role="tool", content="1")),
    )
    assert [m.content for m in plain_messages(t)[1:]] == [
        "<query>\nHi\n</query>",
        "<tool_response>\n1\n</tool_response>",
    ]


FRAMED = sorted(set(STYLES) - {"plain", "sections"})
pieces = [Layout(style).framed(part, "") for style in FRAMED for part in (*PARTS, "query")]
hostile = st.lists(st.one_of(st.sampled_from(pieces), st.text(max_size=5)), max_size=4).map("".join)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(st.sampled_from(FRAMED), st.permutations(PARTS), st.tuples(hostile, hostile, hostile))
def test_texts_that_fit_can_be_read_out_of_their_frames(
    style: str, order: list[str], texts: tuple[str, str, str]
) -> None:
    layout = Layout(style, tuple(order))  # type: ignore[arg-type]
    if not layout.fits(texts):
        return
    task = Task(instruction=f"i{texts[0]}", format_instruction=f"f{texts[1]}", few_shots=(f"x{texts[2]}",))
    whole = system_text(replace(task, layout=str(layout)), TOOLS)
    told = {
        "task": task.instruction.strip(),
        "format": task.format_instruction.strip(),
        "examples": f"x{texts[2]}",
    }
    for part, text in told.items():
        before, after = layout.framed(part, "\0").split("\0")
        assert whole.count(before.strip()) == 1
        if after:
            assert whole.split(before)[1].split(after)[0] == text


@pytest.mark.parametrize("style", FRAMED)
def test_a_text_that_holds_a_mark_of_the_style_does_not_fit(style: str) -> None:
    layout = Layout(style)
    assert layout.fits(["Nothing special", "[OF]", "query"])
    for part in (*PARTS, "query"):
        mark = layout.framed(part, "").strip().split("\n")[-1]
        assert not layout.fits(["fine", f"so {mark} it ends"])


@pytest.mark.parametrize(
    "text",
    [
        "boxes",
        "tags:tool",
        "tags:task+task",
        "tags::name",
        "tags::name+name+parameters",
        ":task",
        "tags:a:b:c",
    ],
)
def test_any_other_text_is_a_mistake(text: str) -> None:
    with pytest.raises(ConfigError, match="unknown layout"):
        layout_named(text)
