"""A variant means the same as its row, and only the seed and the row's id decide what it looks like."""

import pickle
import random
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.augment import DEFAULT_POLICY, OPERATIONS, AugmentStep, policy_of
from callwright.augment.output_format import can_express
from callwright.errors import ConfigError
from callwright.formats import plain_messages, reply_message
from callwright.record import Json, Message, Preference, Task, Tool, ToolCall, Trajectory, encode
from callwright.settings import AugmentSettings
from callwright.verify import verify

NAMES = ("alpha", "beta", "gamma", "delta")
SAME_NAMES = "order=1,format=0.5,keys=0.3,wording=0.5,layout=0.5,schemas=0.3"
"""Everything that changes neither calls nor tools."""
EVERYTHING = "irrelevant=0.2,unclear=0.2,distractors=0.3,mask=0.5," + SAME_NAMES
POOL = (
    Tool(name="paint_wall", description="Paint a wall in a colour.", parameters={"type": "object"}),
    Tool(name="tune_radio", description="Tune the radio to a station.", parameters={"type": "object"}),
)


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


@given(trajectories(), st.integers(0, 5))
def test_a_variant_offers_calls_and_verifies_the_same(t: Trajectory, seed: int) -> None:
    original, *variants = AugmentStep(seed=seed, copies=3, policy=policy_of(SAME_NAMES))([t])
    assert original is t
    assert [v.id for v in variants] == [f"{t.id}#a{k}" for k in (1, 2, 3)]
    for variant in variants:
        assert isinstance(variant, Trajectory)
        assert calls_of(variant) == calls_of(t)
        assert tools_of(variant) == tools_of(t)
        assert (verify(variant).ok, verify(variant).grounding) == (verify(t).ok, verify(t).grounding)
        assert [i.code for i in verify(variant).issues] == [i.code for i in verify(t).issues]


@given(st.lists(trajectories(), max_size=6, unique_by=lambda t: t.id), st.randoms())
def test_neither_order_nor_company_changes_a_byte(rows: list[Trajectory], rng: object) -> None:
    step = pickle.loads(pickle.dumps(AugmentStep(seed=3)))
    together = {row.id: encode(row) for row in step(rows)}
    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    alone = {row.id: encode(row) for t in shuffled for row in step([t])}
    assert together == alone


@given(trajectories(), st.randoms())
def test_the_calls_of_a_variant_can_be_read_from_what_is_learnt(t: Trajectory, rng: random.Random) -> None:
    assume(can_express("hermes", t))
    step = AugmentStep(seed=rng.randrange(99), copies=4, policy=policy_of(EVERYTHING), keep_original=False)
    for variant in step([t]):
        assert isinstance(variant, Trajectory)
        texts = [m.content for m in plain_messages(variant) if m.role == "assistant"]
        turns = [m for m in variant.messages if m.role == "assistant"]
        for text, turn in zip(texts, turns, strict=True):
            read = reply_message(text, variant.task.output_format)
            assert isinstance(read, Message)
            assert [(c.name, c.arguments) for c in read.tool_calls] == [
                (c.name, c.arguments) for c in turn.tool_calls
            ]
            assert read.content == turn.content.strip()


def wide() -> Trajectory:
    tools = tuple(tool(name, list("abcde")) for name in NAMES)
    call = ToolCall(name="alpha", arguments=dict.fromkeys("abcde", 1))
    reply = Message(role="assistant", tool_calls=(call,))
    return Trajectory(id="w", tools=tools, messages=(Message(role="user", content="go 1"), reply))


def told() -> Trajectory:
    """A row that every operation applies to."""
    book = Tool(
        name="book_table",
        description="Reserve seats in a restaurant.",
        parameters={
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "guests": {"type": "integer", "description": "How many."},
            },
            "required": ["city", "guests"],
        },
    )
    call = ToolCall(name="book_table", arguments={"city": "Zagreb", "guests": 14})
    asked = Message(role="user", content="Please reserve seats for 14 people tonight in Zagreb")
    return Trajectory(id="t", tools=(book,), messages=(asked, Message(role="assistant", tool_calls=(call,))))


def test_orders_do_change_and_arguments_follow_their_tool() -> None:
    variants = list(AugmentStep(seed=7, copies=20, policy=policy_of("order"), keep_original=False)([wide()]))
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


def test_the_note_says_what_was_done_and_where_it_comes_from() -> None:
    step = AugmentStep(seed=7, copies=40, policy=policy_of("order=1,format=0.5"), keep_original=False)
    variants = [v for v in step([wide()]) if isinstance(v, Trajectory)]
    notes = [v.extra["augment"] for v in variants]
    assert {tuple(note["done"]) for note in notes} == {("order",), ("order", "format")}
    assert {(note["of"], note["root"], note["seed"]) for note in notes} == {("w", "w", 7)}
    assert [note["copy"] for note in notes] == list(range(1, 41))
    assert len({v.task.output_format for v in variants}) > 8
    (again,) = AugmentStep(seed=8, policy=policy_of("order"), keep_original=False)([variants[0]])
    assert isinstance(again, Trajectory)
    assert (again.extra["augment"]["of"], again.extra["augment"]["root"]) == ("w#a1", "w")


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_happens_where_it_is_asked_for_and_only_there(name: str) -> None:
    def done(policy: str) -> list[str]:
        step = AugmentStep(seed=1, policy=policy_of(policy), keep_original=False, pool=POOL)
        (variant,) = step([told()])
        assert isinstance(variant, Trajectory)
        return variant.extra["augment"]["done"]

    assert done(f"{name}=1") == [name]
    assert done(f"{name}=0") == []
    others = ",".join(other for other in OPERATIONS if other != name)
    assert name not in done(others)


def test_an_operation_does_not_change_the_luck_of_the_others() -> None:
    def shares(policy: str) -> list[bool]:
        step = AugmentStep(seed=1, copies=60, policy=policy_of(policy), keep_original=False)
        return ["layout" in v.extra["augment"]["done"] for v in step([wide()]) if isinstance(v, Trajectory)]

    assert shares("layout=0.5") == shares("order=1,format=1,layout=0.5")


def test_formats_can_be_chosen() -> None:
    step = AugmentStep(seed=1, copies=30, policy=policy_of("format"), formats=("xml", "toml"))
    formats = {v.task.output_format for v in step([wide()]) if isinstance(v, Trajectory)}
    assert formats == {"", "xml", "toml"}
    with pytest.raises(ConfigError, match="unknown output format"):
        AugmentStep(seed=1, formats=("xml", "jason"))


def test_a_format_that_the_source_chose_stays() -> None:
    t = replace(wide(), task=Task(output_format="xlam"))
    for variant in AugmentStep(seed=1, copies=5, policy=policy_of("format"))([t]):
        assert isinstance(variant, Trajectory)
        assert variant.task.output_format == "xlam"


def test_a_rejected_answer_follows_its_tool_as_well() -> None:
    rejected = Message(
        role="assistant", tool_calls=(ToolCall(name="alpha", arguments=dict.fromkeys("abcde", 2)),)
    )
    t = replace(wide(), preference=Preference(rejected=rejected, error_class="wrong-value"), fingerprint="f")
    (variant,) = AugmentStep(seed=2, policy=policy_of("order"), keep_original=False)([t])
    assert isinstance(variant, Trajectory)
    assert variant.preference is not None
    chosen, spoiled = variant.messages[-1].tool_calls[0], variant.preference.rejected.tool_calls[0]
    assert list(chosen.arguments or {}) == list(spoiled.arguments or {})
    assert variant.fingerprint is None


@pytest.mark.parametrize(
    "text", ["ordre=1", "order=2", "order=-0.1", "order=nan", "order=", "order=1,order=1", "order 1", "=1"]
)
def test_a_policy_that_can_not_be_meant_is_a_users_mistake(text: str) -> None:
    with pytest.raises(ConfigError, match="not a policy"):
        policy_of(text)


def test_the_usual_policy_is_the_one_of_the_command_line() -> None:
    assert AugmentSettings().policy == DEFAULT_POLICY
    assert all(getattr(policy_of(DEFAULT_POLICY), name) > 0 for name in OPERATIONS)
