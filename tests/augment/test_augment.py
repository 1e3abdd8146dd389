"""A variant means the same as its row, and only the seed and the row's id decide what it looks like."""

import pickle
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.augment import AugmentStep
from callwright.errors import ConfigError
from callwright.formats import FORMATS, Reply
from callwright.record import Json, Message, Preference, Task, Tool, ToolCall, Trajectory, encode
from callwright.verify import verify

NAMES = ("alpha", "beta", "gamma", "delta")


def tool(name: str, parameters: list[str]) -> Tool:
    properties = {p: {"type": "integer", "description": f"the {p}"} for p in parameters}
    return Tool(
        name=name, parameters={"type": "object", "properties": properties, "required": parameters[:1]}
    )


@st.composite
def trajectories(draw: st.DrawFn) -> Trajectory:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    tools = tuple(tool(n, draw(st.lists(st.sampled_from("abcde"), min_size=1, unique=True))) for n in names)
    calls = []
    for chosen in draw(st.lists(st.sampled_from(tools), max_size=3)):
        order = draw(st.permutations(list(chosen.parameters["properties"])))
        calls.append(ToolCall(name=chosen.name, arguments={p: draw(st.integers(0, 9)) for p in order}))
    text = draw(st.sampled_from(["", "Let me look.", "</tool_call>"]))
    reply = Message(role="assistant", content=text if calls else text or "No.", tool_calls=tuple(calls))
    return Trajectory(
        id=draw(st.text(max_size=5)),
        tools=tools,
        messages=(Message(role="user", content="Do it with 1 to 9."), reply),
    )


def flat(value: Json) -> Json:
    """Return a value in which the order of keys no longer shows."""
    if isinstance(value, dict):
        return sorted((k, repr(flat(v))) for k, v in value.items())
    return value


def calls_of(t: Trajectory) -> Counter[str]:
    return Counter(repr((c.name, flat(c.arguments))) for m in t.messages for c in m.tool_calls)


def tools_of(t: Trajectory) -> set[str]:
    return {repr((tool.name, tool.description, flat(tool.parameters))) for tool in t.tools or ()}


@settings(deadline=None)
@given(trajectories(), st.integers(0, 5))
def test_a_variant_offers_calls_and_verifies_the_same(t: Trajectory, seed: int) -> None:
    original, *variants = AugmentStep(seed=seed, copies=3)([t])
    assert original is t
    assert [v.id for v in variants] == [f"{t.id}#a{k}" for k in (1, 2, 3)]
    for variant in variants:
        assert isinstance(variant, Trajectory)
        assert calls_of(variant) == calls_of(t)
        assert tools_of(variant) == tools_of(t)
        assert (verify(variant).ok, verify(variant).grounding) == (verify(t).ok, verify(t).grounding)
        assert [i.code for i in verify(variant).issues] == [i.code for i in verify(t).issues]


@settings(deadline=None)
@given(st.lists(trajectories(), max_size=6, unique_by=lambda t: t.id), st.randoms())
def test_neither_order_nor_company_changes_a_byte(rows: list[Trajectory], rng: object) -> None:
    step = pickle.loads(pickle.dumps(AugmentStep(seed=3)))
    together = {row.id: encode(row) for row in step(rows)}
    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    alone = {row.id: encode(row) for t in shuffled for row in step([t])}
    assert together == alone


@settings(deadline=None)
@given(trajectories())
def test_every_format_that_is_asked_for_can_be_written_and_read(t: Trajectory) -> None:
    for variant in AugmentStep(seed=1, copies=4, format_share=1)([t]):
        assert isinstance(variant, Trajectory)
        chosen = FORMATS[variant.task.output_format or "hermes"]
        if variant.task.output_format:
            for message in variant.messages:
                if message.role == "assistant":
                    reply = chosen.parse(chosen.render(Reply(message.content, message.tool_calls)))
                    assert isinstance(reply, Reply)
                    assert [c.name for c in reply.calls] == [c.name for c in message.tool_calls]


def wide() -> Trajectory:
    tools = tuple(tool(name, list("abcde")) for name in NAMES)
    call = ToolCall(name="alpha", arguments=dict.fromkeys("abcde", 1))
    reply = Message(role="assistant", tool_calls=(call,))
    return Trajectory(id="w", tools=tools, messages=(Message(role="user", content="go 1"), reply))


def test_orders_do_change_and_arguments_follow_their_tool() -> None:
    variants = list(AugmentStep(seed=7, copies=20, keep_original=False)([wide()]))
    seen_tools, seen_parameters = set(), set()
    for variant in variants:
        assert isinstance(variant, Trajectory)
        assert variant.tools is not None
        seen_tools.add(tuple(t.name for t in variant.tools))
        alpha = next(t for t in variant.tools if t.name == "alpha")
        parameters = list(alpha.parameters["properties"])
        seen_parameters.add(tuple(parameters))
        assert list(variant.messages[1].tool_calls[0].arguments or {}) == parameters
    assert len(seen_tools) > 10
    assert len(seen_parameters) > 10


def test_the_note_says_what_was_done() -> None:
    variants = list(AugmentStep(seed=7, copies=40, keep_original=False)([wide()]))
    notes = [v.extra["augment"] for v in variants if isinstance(v, Trajectory)]
    assert {tuple(note["done"]) for note in notes} == {("order",), ("order", "format")}
    assert {note["of"] for note in notes} == {"w"}
    formats = {v.task.output_format for v in variants if isinstance(v, Trajectory)}
    assert formats == {"", "xlam", "python"}


def test_kinds_and_shares_are_obeyed() -> None:
    (only_format,) = AugmentStep(seed=1, kinds=("format",), format_share=1, keep_original=False)([wide()])
    assert isinstance(only_format, Trajectory)
    assert only_format.tools == wide().tools
    assert only_format.task.output_format
    (only_order,) = AugmentStep(seed=1, kinds=("order",), format_share=1, keep_original=False)([wide()])
    assert isinstance(only_order, Trajectory)
    assert not only_order.task.output_format


def test_a_format_that_the_source_chose_stays() -> None:
    t = replace(wide(), task=Task(output_format="xlam"))
    for variant in AugmentStep(seed=1, copies=5, format_share=1)([t]):
        assert isinstance(variant, Trajectory)
        assert variant.task.output_format == "xlam"


def test_a_rejected_answer_follows_its_tool_as_well() -> None:
    rejected = Message(
        role="assistant", tool_calls=(ToolCall(name="alpha", arguments=dict.fromkeys("abcde", 2)),)
    )
    t = replace(wide(), preference=Preference(rejected=rejected, error_class="wrong-value"), fingerprint="f")
    (variant,) = AugmentStep(seed=2, keep_original=False)([t])
    assert isinstance(variant, Trajectory)
    assert variant.preference is not None
    chosen, spoiled = variant.messages[-1].tool_calls[0], variant.preference.rejected.tool_calls[0]
    assert list(chosen.arguments or {}) == list(spoiled.arguments or {})
    assert variant.fingerprint is None


@pytest.mark.parametrize("kinds", [("ordre",), ("order", "")])
def test_an_unknown_kind_is_a_users_mistake(kinds: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="unknown augmentation"):
        AugmentStep(seed=1, kinds=kinds)
