"""The self-check: nothing wrong on the bundled rows, and a broken verifier does not get away with it."""

import random
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from callwright.record import Issue, Message, ToolCall, Trajectory
from callwright.toolbox import Executor, Toolbox, import_python
from callwright.verify import CHECKS, verdict
from callwright.verify.selfcheck import PLANTS, self_check
from callwright.verify.selfcheck.disguises import DISGUISES
from callwright.verify.selfcheck.specimens import FAILING, TOOLS_FILE, clean_rows, failing_rows


@pytest.fixture(scope="module")
def box() -> Toolbox:
    return import_python(TOOLS_FILE)


@pytest.mark.slow
def test_no_verdict_is_wrong_on_the_bundled_rows_and_every_defect_finds_a_place(box: Toolbox) -> None:
    with Executor(box, timeout=0.5) as executor:
        found = self_check(
            clean_rows(box.tools), failing=list(failing_rows(box.tools)), execute=executor.play, trusted=True
        )
    assert found.wrong == ()
    assert found.unfit == 0
    assert [score.name for score in found.scores if not score.planted] == []
    assert len(found.scores) == len(PLANTS) + len(FAILING)
    assert all(score.found == score.planted for score in found.scores if score.check == "grounding")
    assert found.innocent > found.clean * len(DISGUISES) // 2


def test_forty_kinds_and_more_are_planted() -> None:
    names = [plant.name for plant in PLANTS]
    assert len(names) == len(set(names))
    assert len(names) >= 40
    assert {plant.check for plant in PLANTS} >= {
        "gate", "structure", "parse", "offered", "schema", "duplicates", "expectation", "grounding",
    }  # fmt: skip


def test_a_plant_changes_its_row(box: Toolbox) -> None:
    for t in clean_rows(box.tools):
        for plant in PLANTS:
            assert repr(plant.apply(t, random.Random(1))) != repr(t), plant.name  # 3 == 3.0 == True


@pytest.mark.parametrize("blind", [name for name in CHECKS if name not in ("grounding", "observations")])
def test_a_verifier_without_one_of_its_checks_is_found_out(
    blind: str, box: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tuple(check for name, check in CHECKS.items() if name not in (blind, "gate", "grounding"))
    monkeypatch.setattr(verdict, "_LOGICAL", others)
    if blind == "gate":
        monkeypatch.setattr(verdict.gate, "check", lambda t: iter(()))
    monkeypatch.setattr(verdict, "nothing_to_find", lambda t: False)
    found = self_check(clean_rows(box.tools), trusted=True)
    assert found.wrong, f"nobody misses the check {blind!r}"


def test_a_verifier_that_objects_to_everything_is_found_out(
    box: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grumble(t: Trajectory) -> Iterator[Issue]:
        yield Issue(code="grumble", path="messages")

    monkeypatch.setattr(verdict, "_LOGICAL", (grumble,))
    monkeypatch.setattr(verdict, "nothing_to_find", lambda t: False)
    found = self_check(clean_rows(box.tools), trusted=True)
    assert any("grumble" in line for line in found.wrong)


def test_rows_of_the_users_with_errors_of_their_own_are_left_out(box: Toolbox) -> None:
    clean = list(clean_rows(box.tools))
    bad = replace(
        clean[0],
        id="bad",
        messages=(clean[0].messages[0], Message(role="assistant", tool_calls=(ToolCall(name="nope"),))),
    )
    found = self_check([bad, *clean])
    assert (found.clean, found.unfit) == (len(clean), 1)
    assert found.wrong == ()


def test_a_dialogue_that_goes_on_after_its_calls_is_made_silent_from_the_first_of_them_on(
    box: Toolbox,
) -> None:
    answered = [
        replace(
            t, messages=(*t.messages, Message(role="tool", content="17"), Message("assistant", "It is 17."))
        )
        for t in clean_rows(box.tools)
        if t.task.expects == "call" and len(t.messages[-1].tool_calls) == 1
    ]
    found = self_check(answered)
    silent = next(score for score in found.scores if score.code == "missing-call")
    assert silent.planted == silent.found == found.clean > 0
    assert found.wrong == ()


def test_the_same_rows_give_the_same_numbers(box: Toolbox) -> None:
    assert self_check(clean_rows(box.tools)) == self_check(clean_rows(box.tools))
