"""Tools under other names: everything renamed alike, the way back exact, the results of execution equal."""

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from callwright.augment import AugmentStep, policy_of
from callwright.augment.masking import mask
from callwright.formats import plain_messages
from callwright.record import (
    Json,
    Message,
    Observation,
    Preference,
    Task,
    Tool,
    ToolCall,
    Trajectory,
    decode,
    encode,
)
from callwright.toolbox.masks import mask_of
from callwright.verify import verify
from callwright.verify.execution import each

ADD = Tool(
    name="add_numbers",
    description="Like sum_all, but add_numbers takes two.",
    parameters={
        "type": "object",
        "properties": {
            "a": {"type": "integer", "default": 1, "description": "first"},
            "b": {"type": "integer", "description": "second"},
        },
        "required": ["a"],
    },
    returns={"type": "integer"},
)
NOW = Tool(name="now", description="Tell the time now.", parameters={"type": "object", "properties": {}})


def row(**changes: object) -> Trajectory:
    call = ToolCall(name="add_numbers", arguments={"a": 2, "b": 40}, id="c0")
    t = Trajectory(
        id="r",
        tools=(ADD, NOW),
        task=Task(few_shots=("add_numbers(a=1)",)),
        messages=(
            Message(role="user", content="Use add_numbers on 2 and 40, now."),
            Message(
                role="assistant",
                content="add_numbers it is.",
                reasoning="add_numbers fits.",
                tool_calls=(call,),
            ),
            Message(role="tool", content="42", tool_call_id="c0", name="add_numbers"),
            Message(role="assistant", content="42"),
        ),
    )
    return replace(t, **changes)


def masked(t: Trajectory, seed: int = 1) -> Trajectory:
    return mask(t, random.Random(seed))


def test_tools_calls_results_and_few_shots_are_renamed_alike() -> None:
    t = masked(row())
    assert t.tools is not None
    add, now = t.tools
    call = t.messages[1].tool_calls[0]
    assert add.name == call.name == t.messages[2].name
    assert set(add.parameters["properties"]) == set(call.arguments or {})
    assert add.parameters["required"] == [next(iter(add.parameters["properties"]))]
    assert list(add.parameters["properties"].values()) == list(ADD.parameters["properties"].values())
    assert t.task.few_shots == (f"{add.name}(a=1)",)
    assert t.messages[1].content == f"{add.name} it is."
    assert t.messages[1].reasoning == f"{add.name} fits."
    assert add.name in add.description
    assert "add_numbers" not in encode(replace(t, extra={}, messages=t.messages[1:])).decode()
    assert now.description == NOW.description  # a word that is a name elsewhere stays a word
    assert t.messages[0] == row().messages[0]  # what the user says is said


def test_the_way_back_is_exact_and_survives_the_wire() -> None:
    t = decode(encode(masked(row())))
    way = mask_of(t)
    assert way is not None
    for message, original in zip(t.messages, row().messages, strict=True):
        assert tuple(way.real(call) for call in message.tool_calls) == original.tool_calls
    unknown = ToolCall(name="other", arguments={"x": 1})
    assert way.real(unknown) == unknown


def test_masked_calls_are_executed_by_their_real_names_and_give_the_same() -> None:
    seen: list[ToolCall] = []

    def run(call: ToolCall) -> Observation:
        seen.append(call)
        arguments = call.arguments or {}
        return Observation(ok=True, value=arguments["a"] + arguments["b"])

    plain, other = verify(row(), execute=each(run)), verify(masked(row()), execute=each(run))
    assert {(call.name, *sorted(call.arguments or {})) for call in seen} == {("add_numbers", "a", "b")}
    assert plain.ok
    assert other.ok
    assert [o.value for o in plain.observations] == [o.value for o in other.observations] == [42]


def test_a_result_of_the_wrong_type_is_found_behind_a_mask() -> None:
    wrong = verify(masked(row()), execute=each(lambda call: Observation(ok=True, value="forty-two")))
    assert [(issue.code, issue.path) for issue in wrong.issues] == [
        ("result-schema", "messages[1].tool_calls[0]")
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: replace(t, tools=()),
        lambda t: replace(t, tools=None),
        lambda t: replace(t, tools=(ADD, ADD)),
        lambda t: replace(t, task=Task(few_shots=("What time is it now?",))),
        masked,
    ],
    ids=["no tools", "unknown tools", "two of a name", "a word in a few-shot", "masked before"],
)
def test_what_can_not_be_renamed_for_sure_stays(spoil: Callable[[Trajectory], Trajectory]) -> None:
    t = spoil(row())
    assert masked(t, seed=2) is t


def test_what_is_not_described_keeps_its_name() -> None:
    properties = {"a": {"type": "integer"}, "b": {"type": "integer", "description": "second"}}
    bare = replace(ADD, parameters={**ADD.parameters, "properties": properties})
    t = masked(row(tools=(bare, replace(NOW, description=" "))))
    assert t.tools is not None
    assert t.tools[0].name != "add_numbers"
    assert [key == old for key, old in zip(t.tools[0].parameters["properties"], "ab", strict=True)] == [
        True,
        False,
    ]
    assert t.tools[1].name == "now"
    nothing = row(tools=(replace(bare, description="", parameters={}), replace(NOW, description="")))
    assert masked(nothing) is nothing


def test_a_model_can_read_what_masked_parameters_are_for() -> None:
    system = plain_messages(masked(row()))[0].content
    assert '"description":"second"' in system
    assert plain_messages(row())[0].content.count("second") == 0  # a signature does not tell
    only_names = row(tools=(replace(ADD, parameters={"type": "object"}), NOW))
    assert masked(only_names).task.layout == ""


def test_parameters_stay_where_a_schema_speaks_of_them_in_other_ways() -> None:
    entangled: Json = {**ADD.parameters, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    t = masked(row(tools=(replace(ADD, parameters=entangled), NOW)))
    assert t.tools is not None
    assert t.tools[0].name != "add_numbers"
    assert set(t.messages[1].tool_calls[0].arguments or {}) == {"a", "b"}


def test_a_rejected_answer_is_renamed_too() -> None:
    rejected = Message(role="assistant", tool_calls=(ToolCall(name="add_numbers", arguments={"a": 3}),))
    t = masked(row(preference=Preference(rejected=rejected, error_class="wrong-value")))
    assert t.preference is not None
    assert t.preference.rejected.tool_calls[0].name == t.messages[1].tool_calls[0].name


def test_a_mask_stays_on_what_is_made_of_a_masked_row() -> None:
    (first,) = AugmentStep(seed=1, policy=policy_of("mask"), keep_original=False)([row()])
    assert isinstance(first, Trajectory)
    (second,) = AugmentStep(seed=1, policy=policy_of("mask,order"), keep_original=False)([first])
    assert isinstance(second, Trajectory)
    assert mask_of(second) == mask_of(first) is not None
    assert second.extra["augment"]["done"] == ["order"]


def test_new_names_differ_by_row_and_seed() -> None:
    names = {masked(row(), seed).messages[1].tool_calls[0].name for seed in range(50)}
    assert len(names) == 50


def test_what_is_no_name_stays_in_the_list_of_required_ones() -> None:
    required: Json = ["a", ["x"], None]
    odd = replace(ADD, parameters={**ADD.parameters, "required": required})
    odd.parameters["properties"] = {**odd.parameters["properties"], "c": True}
    masked = mask(row(tools=(odd, NOW)), random.Random(1)).tools
    assert masked
    renamed = next(name for name, schema in masked[0].parameters["properties"].items()
                   if isinstance(schema, dict) and schema["description"] == "first")  # fmt: skip
    assert masked[0].parameters["required"] == [renamed, ["x"], None]
    assert masked[0].parameters["properties"]["c"] is True
