"""A study from its plan to its page: arms over seeds, nothing made twice, every number out of the results."""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from callwright.cli import app
from callwright.errors import CallwrightError, ConfigError, RunError, RunInUse
from callwright.evaluate.results import Result
from callwright.evaluate.suite import case_of, gold_text
from callwright.progress import Display
from callwright.settings import STUDY_NAMES
from callwright.study import STUDIES, Findings, StudySettings, page, study
from callwright.study.columns import by_complexity
from callwright.study.conduct import conduct
from callwright.study.design import Arm, Contrast, Exam, Extra, Model, Study
from callwright.study.findings import ALL, Compared, findings
from callwright.study.lab import Lab, trajectories
from callwright.study.materials import Materials, first_rows
from callwright.study.plans.complexity import after_exchanges, with_offers
from callwright.study.plans.domains import without_tools
from callwright.study.plans.factors import FACTORS
from callwright.study.telling import markdown, plan

SMALL = StudySettings(rows=8, questions=9, seeds=2, bfcl=0)
NEED_DATA = {"unification", "mixture", "formats"}
runner = CliRunner()


def said(found: Findings, name: str, column: str = ALL) -> Compared:
    (one,) = [c for c in found.compared if c.name == name and c.column == column]
    return one


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "made")


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """For tests that only plan: what studies have in common is made once."""
    return Lab(tmp_path_factory.mktemp("plans") / "made")


def scripted(path: Path, rows: Iterable[object], right: Callable[[int], bool]) -> str:
    """Return a model that knows the answers of some rows."""
    lines = [
        json.dumps({"match": case.asked.messages[-1].content, "text": gold_text(case)})
        for number, case in enumerate(map(case_of, rows))  # type: ignore[arg-type]
        if right(number)
    ]
    path.write_text("\n".join([*lines, json.dumps({"match": "", "text": "I do not know."})]) + "\n", "utf-8")
    return f"scripted:{path}"


@pytest.fixture
def two_arms(lab: Lab, tmp_path: Path) -> Study:
    """One arm that knows every second answer, one that knows them all; two seeds that are alike."""
    m = Materials(lab, SMALL)
    rows = [row for row in trajectories(m.questions()) if row.messages[-1].tool_calls]
    calling = lab.path.parent / "calling.jsonl"
    calling.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    half = scripted(tmp_path / "half.jsonl", rows, lambda number: number % 2 == 0)
    whole = scripted(tmp_path / "whole.jsonl", rows, lambda number: True)
    return Study(
        name="toy", title="A toy", question="Is more more?",
        arms=[Arm("half", "knows half", lambda seed: half), Arm("whole", "knows all", lambda seed: whole)],
        exams=[Exam("calls", lambda arm, model: m.asked(calling, model), len(rows))],
        notes=["A note."],
        tables=lambda lab, seeds: [Extra("More", ("seeds",), tuple((str(seed),) for seed in seeds))],
    )  # fmt: skip


def test_a_study_compares_its_arms_and_tells_of_it(lab: Lab, two_arms: Study, tmp_path: Path) -> None:
    out = tmp_path / "toy"
    found = conduct(two_arms, lab, SMALL, out, Display())
    assert msgspec.json.decode((out / "study.json").read_bytes(), type=Findings) == found
    assert found.seeds == [7, 8]
    effect = said(found, "whole").effect
    n = effect.n
    assert effect.arm == 1
    assert effect.baseline == (n + 1) // 2 / n
    assert effect.difference == pytest.approx(effect.arm - effect.baseline)
    assert effect.low < effect.difference < effect.high
    text = markdown(found)
    assert f"| whole | {n} x 2 | 100.0 %" in text
    assert "A note." in text
    assert "| 7 |\n| 8 |" in text  # its own table, over all seeds
    written = page.write(tmp_path).read_text()
    assert "<script" not in written
    assert "A toy" in written
    assert "<circle" in written


def in_another_session(study: Study, lab: Lab) -> tuple[Study, Lab]:
    """The study with a laboratory that knows the folder only."""
    again = Lab(lab.path)
    m = Materials(again, SMALL)
    calling = lab.path.parent / "calling.jsonl"
    return replace(study, exams=[Exam("calls", lambda arm, model: m.asked(calling, model), 1)]), again


def test_a_second_run_finds_everything_and_says_the_same(lab: Lab, two_arms: Study, tmp_path: Path) -> None:
    first = conduct(two_arms, lab, SMALL, tmp_path / "toy", Display())
    study_again, again = in_another_session(two_arms, lab)
    second = conduct(study_again, again, SMALL, tmp_path / "toy", Display())
    assert all(made.reused for made in again.steps.values())
    assert second.compared == first.compared


def test_a_changed_arm_is_made_anew_and_no_other(lab: Lab, two_arms: Study, tmp_path: Path) -> None:
    conduct(two_arms, lab, SMALL, tmp_path / "toy", Display())
    unchanged, again = in_another_session(two_arms, lab)
    none = scripted(tmp_path / "none.jsonl", [], lambda number: False)
    changed = replace(unchanged, arms=[unchanged.arms[0], Arm("whole", "forgot it", lambda seed: none)])
    found = conduct(changed, again, SMALL, tmp_path / "toy", Display())
    (fresh,) = [made for made in again.steps.values() if not made.reused]
    assert "none.jsonl" in fresh.command
    effect = said(found, "whole").effect
    assert (effect.baseline, effect.arm) == ((effect.n + 1) // 2 / effect.n, 0)


def test_what_another_process_is_at_is_left_for_later(
    lab: Lab, two_arms: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes with one study, each makes the models that the other one is not making."""
    alone = conduct(two_arms, lab, SMALL, tmp_path / "toy", Display())
    taken: list[str] = []
    half, whole = (arm.model for arm in two_arms.arms)

    def held(seed: int) -> Model:
        taken.append(f"half {seed}")
        if len(taken) < 9:
            raise RunInUse("the run is in use by process 1")
        return half(seed)

    def free(seed: int) -> Model:
        taken.append(f"whole {seed}")
        return whole(seed)

    arms = [two_arms.arms[0]._replace(model=held), two_arms.arms[1]._replace(model=free)]
    monkeypatch.setattr(sys.modules[conduct.__module__], "_PAUSE", 0.0)
    found = conduct(replace(two_arms, arms=arms), lab, SMALL, tmp_path / "toy", Display())
    assert taken[:5] == ["half 7", "whole 7", "half 7", "half 8", "whole 8"]
    assert taken[5:] == ["half 7", "half 8", "half 7", "half 8", "half 7"]
    assert found.compared == alone.compared
    assert found.seeds == [7, 8]


def results(arms: dict[str, list[bool]]) -> dict[str, dict[int, list[Result]]]:
    return {
        arm: {
            seed: [
                Result(id=f"r{i}", column="ab"[i % 2], correct=ok, strict=ok) for i, ok in enumerate(right)
            ]
            for seed in (7, 8)
        }
        for arm, right in arms.items()
    }


def test_a_contrast_is_the_mean_of_its_arms_against_the_mean_of_the_others() -> None:
    arms = {"--": [False] * 4, "-+": [True, False] * 2, "+-": [True] * 4, "++": [True] * 4}
    toy = Study(
        name="toy", title="", question="", exams=[],
        arms=[Arm(name, "", lambda seed: "") for name in arms],
        contrasts=[
            Contrast("first", ["--", "-+"], ["+-", "++"]),
            Contrast("second", ["--", "+-"], ["-+", "++"]),
        ],
        contrasts_only=True,
    )  # fmt: skip
    found = findings(toy, SMALL, {"exam": results(arms)}, {}, "0")
    assert said(found, "first").effect.difference == pytest.approx(0.75)
    assert said(found, "second").effect.difference == pytest.approx(0.25)
    assert said(found, "second", "a").effect.difference == pytest.approx(0.5)
    assert {c.name for c in found.compared} == {"first", "second"}


def test_an_exam_with_other_rows_for_another_seed_is_refused() -> None:
    broken = results({"x": [True] * 4})
    broken["x"][8].pop()
    toy = Study(name="toy", title="", question="", exams=[], arms=[Arm("x", "", lambda seed: "")])
    with pytest.raises(RunError, match="seed 8"):
        findings(toy, SMALL, {"exam": broken}, {}, "0")


def test_the_command_line_names_the_studies_without_loading_them() -> None:
    assert tuple(STUDIES) == STUDY_NAMES


@pytest.mark.parametrize("name", sorted(set(STUDIES) - NEED_DATA))
def test_every_study_on_tools_can_be_planned_on_a_bare_machine(name: str, shared_lab: Lab) -> None:
    planned = STUDIES[name](Materials(shared_lab, SMALL))
    names = [arm.name for arm in planned.arms]
    assert planned.name == name
    assert len(set(names)) == len(names)
    assert f"{len(names)} arms x 2 seeds" in plan(planned, SMALL, shared_lab)
    for contrast in planned.contrasts:
        assert set(contrast.low) | set(contrast.high) <= set(names)


@pytest.mark.parametrize("name", sorted(NEED_DATA))
def test_studies_on_public_rows_say_what_they_need(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--data"):
        study(name, tmp_path / "out", SMALL, Display(), only_plan=True)


def test_the_design_of_factors_is_balanced_and_every_two_factors_are_orthogonal(lab: Lab) -> None:
    arms = [arm.name for arm in STUDIES["factors"](Materials(lab, SMALL)).arms]
    signs = [[1 if sign == "+" else -1 for sign in name] for name in arms]
    assert len(set(arms)) == 16
    for a in range(len(FACTORS)):
        assert sum(row[a] for row in signs) == 0
        for b in range(a):
            assert sum(row[a] * row[b] for row in signs) == 0
            for c in range(b):  # resolution V: no main effect or pair is mixed with another pair
                assert abs(sum(row[a] * row[b] * row[c] for row in signs)) < 16


def test_questions_are_the_same_with_every_offer_and_after_every_exchange(lab: Lab) -> None:
    m = Materials(lab, SMALL)
    rows = list(trajectories(m.questions()))
    offered = list(with_offers(rows, levels=(1, 4, 10), number=2, tools=str(m.tools)))
    assert [len(row.tools or ()) for row in offered] == [1, 4, 10] * 2
    for row in offered:
        assert {call.name for call in row.messages[-1].tool_calls} <= {tool.name for tool in row.tools or ()}
    talks = list(after_exchanges(rows, levels=(0, 1, 2), number=2, tools=str(m.tools)))
    for alone, once, twice in (talks[:3], talks[3:]):
        assert alone.messages[-2:] == once.messages[-2:] == twice.messages[-2:]
        assert sum(m.role == "user" for m in twice.messages) == 3
        shown = [m for m in twice.messages if m.role == "tool"]
        assert shown
        assert all(message.content != "null" for message in shown)
        case_of(twice)


def test_a_group_that_is_left_out_is_neither_offered_nor_called(lab: Lab) -> None:
    rows = list(trajectories(Materials(lab, SMALL).questions()))
    gone = {call.name for row in rows[:4] for call in row.messages[-1].tool_calls}
    kept = list(without_tools(rows, names=sorted(gone)))
    assert 0 < len(kept) < len(rows)
    for row in kept:
        assert not gone & {tool.name for tool in row.tools or ()}
        assert not gone & {call.name for call in row.messages[-1].tool_calls}


def test_too_few_rows_are_no_smaller_study(lab: Lab) -> None:
    rows = list(trajectories(Materials(lab, SMALL).questions()))
    with pytest.raises(RunError, match="too few rows for the study"):
        list(first_rows(rows, number=len(rows) + 1))


@pytest.mark.parametrize(
    ("gold", "column"),
    [
        ([], "no call"),
        ([{"name": "f", "arguments": {"a": 1}}], "one call, 1 or 2 arguments"),
        ([{"name": "f", "arguments": {"a": 1, "b": 2, "c": 3}}], "one call, 3 arguments or more"),
        ([{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}], "several calls"),
    ],
)
def test_questions_are_grouped_by_what_they_take(gold: list[object], column: str) -> None:
    assert by_complexity(Result(id="a", column="", correct=True, strict=True, gold=gold)) == column  # type: ignore[arg-type]


def test_the_verb_plans_and_names_what_it_does_not_know(tmp_path: Path) -> None:
    told = runner.invoke(app, ["study", "verification", "-o", str(tmp_path / "out"), "--plan"])
    assert told.exit_code == 0
    assert "7 arms x 3 seeds" in told.output
    assert not (tmp_path / "out" / "verification").exists()
    wrong = runner.invoke(app, ["study", "verificaton", "-o", str(tmp_path / "out")])
    assert isinstance(wrong.exception, CallwrightError)
    assert "verification" in str(wrong.exception)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_study_with_real_trainings_runs_once(tmp_path: Path) -> None:
    """The embedded model, two arms, two seeds; then again: seconds, and the same numbers."""
    settings = StudySettings(rows=8, questions=6, seeds=2, max_tokens=32)
    first = study("size", tmp_path / "out", settings, Display())
    assert first is not None
    assert [cost.steps > 0 for cost in first.costs["smollm2-135m, trained"]] == [True, True]
    (takes,) = first.tables
    assert [row[0] for row in takes.rows] == ["smollm2-135m, untrained", "smollm2-135m, trained"]
    assert all(int(row[1].replace(",", "")) > 200 for row in takes.rows)
    marks = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "made").rglob("done.json")}
    second = study("size", tmp_path / "out", settings, Display())
    assert second is not None
    assert second.compared == first.compared
    assert {path: path.stat().st_mtime_ns for path in marks} == marks
