"""A variant that lost its label is seen, whatever was lost."""

import random

import pytest
from msgspec.structs import replace

from callwright.augment import AugmentStep, label_lost, policy_of
from callwright.augment.masking import mask
from callwright.record import Dropped, Message, Preference, Task, Tool, ToolCall, Trajectory

F = Tool(name="f_one", description="Do it.", parameters={"type": "object", "properties": {"a": {}, "b": {}}})
CALL = ToolCall(name="f_one", arguments={"a": 1, "b": [2]})
ROW = Trajectory(
    id="r",
    tools=(F,),
    messages=(Message(role="user", content="?"), Message(role="assistant", tool_calls=(CALL, CALL))),
)


def with_calls(*calls: ToolCall) -> Trajectory:
    return replace(ROW, messages=(ROW.messages[0], Message(role="assistant", tool_calls=calls)))


def test_order_of_arguments_and_names_behind_a_mask_are_no_loss() -> None:
    assert label_lost(ROW, with_calls(replace(CALL, arguments={"b": [2], "a": 1}), CALL)) == ""
    assert label_lost(ROW, mask(ROW, random.Random(1))) == ""


@pytest.mark.parametrize(
    "variant",
    [
        with_calls(CALL),
        with_calls(CALL, replace(CALL, name="g")),
        with_calls(CALL, replace(CALL, arguments={"a": 1})),
        with_calls(CALL, replace(CALL, arguments={"a": 1, "b": ["2"]})),
        replace(ROW, messages=(*ROW.messages, ROW.messages[1])),
        replace(ROW, messages=ROW.messages[:1]),
        replace(ROW, task=Task(expects="call")),
        replace(ROW, task=Task(expects="no_call")),
        replace(ROW, task=Task(expects="no_call"), messages=(ROW.messages[0], Message(role="assistant"))),
        replace(mask(ROW, random.Random(1)), extra={}),
        replace(ROW, preference=Preference(rejected=ROW.messages[1], error_class="x")),
    ],
    ids=range(11),
)
def test_every_other_difference_is_a_loss(variant: Trajectory) -> None:
    assert label_lost(ROW, variant)


def test_a_variant_that_lost_its_label_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.augment.shuffle", lambda t, rng: with_calls(CALL))
    (out,) = AugmentStep(seed=1, policy=policy_of("order"), keep_original=False)([ROW])
    assert isinstance(out, Dropped)
    assert (out.id, out.stage, out.reason) == ("r#a1", "augment", "label-lost")
    assert "order" in out.detail
