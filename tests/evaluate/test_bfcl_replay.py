"""Answers in the layout of the official harness: graded, and refused with a place where they can not be."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from callwright import formats
from callwright.errors import DataError
from callwright.evaluate.bfcl.data import load
from callwright.evaluate.bfcl.gold import as_function_calls, gold_calls, gold_function_calls, gold_text
from callwright.evaluate.bfcl.memory import rows as memory
from callwright.evaluate.bfcl.multi_turn import rows as multi_turn
from callwright.evaluate.bfcl.multi_turn.world import reference_calls, written
from callwright.evaluate.bfcl.replay import read_answers, run_replay
from callwright.evaluate.bfcl.run import run_gold
from callwright.evaluate.results import read_results
from callwright.record import ToolCall


def write(path: Path, answers: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"id": i, "result": r, "latency": 0.1}) + "\n" for i, r in answers.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


def summary_of(out: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((out / "summary.json").read_text("utf-8"))
    return told


@pytest.mark.usefixtures("bfcl")
def test_a_folder_of_texts_is_graded_as_prompting(tmp_path: Path) -> None:
    model = tmp_path / "result" / "some_model"
    for category, group in (("multiple", "non_live"), ("irrelevance", "non_live"), ("live_simple", "live")):
        answers = {row.id: gold_text(row) for row in load((category,)).rows}
        write(model / group / f"BFCL_v4_{category}_result.json", answers)
    talks = {"multi_turn_base_0": [["[pwd()]", "Done."]]}
    write(model / "multi_turn" / "BFCL_v4_multi_turn_base_result.json", talks)
    write(model / "agentic" / "BFCL_v4_web_search_base_result.json", {"web_search_base_0": [["Oslo"]]})
    summary = run_replay(tmp_path / "result", tmp_path / "out")
    assert {name: (s.n, s.correct) for name, s in summary.columns.items()} == {
        "multiple": (200, 200), "irrelevance": (240, 240), "live_simple": (258, 256),
        "multi_turn_base": (1, 0),
    }  # fmt: skip
    told = summary_of(tmp_path / "out")
    assert told["mode"]["decoder"] == "text"
    assert told["other_categories"] == {"web_search_base": 1}
    assert told["unanswered"] == {"multi_turn_base": 199}
    assert told["unfair"] == {"unsatisfiable": 2}
    assert told["figures"]["v4"]["multiple"] == {"value": 1.0, "missing_as_zero": 1.0}
    assert told["figures"]["v4"]["ast_live"]["value"] is None


@pytest.mark.usefixtures("bfcl")
def test_names_are_read_as_most_calls_write_them_unless_it_is_told(tmp_path: Path) -> None:
    rows = load(("simple_java", "parallel_multiple")).rows
    dotted = {row.id: gold_function_calls(row) for row in rows}
    scored = {
        row.id: [{k.replace(".", "_"): v for k, v in c.items()} for c in dotted[row.id]] for row in rows
    }
    right = run_replay(write(tmp_path / "scored.json", scored), tmp_path / "a")
    assert (right.all.n, right.all.correct) == (300, 298)
    assert summary_of(tmp_path / "a")["mode"] == {
        "decoder": "calls",
        "output_format": "",
        "underscored": True,
    }
    kept = run_replay(write(tmp_path / "dotted.json", dotted), tmp_path / "b")
    assert kept.all.correct == 298
    assert summary_of(tmp_path / "b")["mode"]["underscored"] is False
    wrong = run_replay(tmp_path / "dotted.json", tmp_path / "c", underscored=True)
    assert wrong.all.correct < 200
    # A few that write them the other way are wrong, as they are officially.
    odd = dict(list(dotted.items())[:40])
    mixed = run_replay(write(tmp_path / "mixed.json", {**scored, **odd}), tmp_path / "d")
    assert summary_of(tmp_path / "d")["mode"]["underscored"] is True
    assert 258 <= mixed.all.correct < 298


def in_format(calls: Iterable[tuple[str, dict[str, Any]]], output_format: str) -> str:
    """Return calls as handlers of local models keep them: in the model's own words."""
    made = tuple(ToolCall(name=name, arguments=arguments) for name, arguments in calls)
    return formats.format_named(output_format).render(formats.Reply("", made)) if made else "No tool fits."


@pytest.mark.usefixtures("bfcl")
@pytest.mark.parametrize("output_format", ["json_list", "hermes"])
def test_texts_in_a_format_of_the_model_are_graded_once_it_is_named(
    output_format: str, tmp_path: Path
) -> None:
    answers = {
        row.id: in_format(((n, a) for call in gold_calls(row) for n, a in call.items()), output_format)
        for row in load(("simple_python", "parallel", "irrelevance")).rows
    }
    assert any('"math.factorial"' in text for text in answers.values())  # names keep their dots
    file = write(tmp_path / "local.json", answers)
    notes: list[str] = []
    unread = run_replay(file, tmp_path / "a", warn=notes.append)
    assert {name: s.correct for name, s in unread.columns.items()} == {
        "simple_python": 0, "parallel": 0, "irrelevance": 240,
    }  # fmt: skip
    assert "600 of the 600" in notes[0]
    assert "--output-format" in notes[0]
    assert summary_of(tmp_path / "a")["notes"] == notes
    read = run_replay(file, tmp_path / "b", output_format=output_format, warn=notes.append)
    assert (read.all.n, read.all.correct) == (840, 840)
    assert len(notes) == 1
    assert "notes" not in summary_of(tmp_path / "b")
    other = "hermes" if output_format == "json_list" else "json_list"
    assert run_replay(file, tmp_path / "c", output_format=other, warn=notes.append).all.correct == 240
    assert f"as {other}" in notes[1]


@pytest.mark.usefixtures("bfcl")
def test_conversations_in_a_format_of_the_model_are_replayed_once_it_is_named(tmp_path: Path) -> None:
    pytest.importorskip("mpmath")
    rows = multi_turn.load(("multi_turn_base",)).rows[:4]
    answers = {
        row.id: [
            [in_format(((c.name, c.arguments or {}) for c in calls), "json_list"), "Done."]
            for calls in reference_calls(row)
        ]
        for row in rows
    }
    file = write(tmp_path / "local.json", answers)
    notes: list[str] = []
    assert run_replay(file, tmp_path / "a", warn=notes.append).all.correct == 0
    assert "4 of the 4" in notes[0]
    assert run_replay(file, tmp_path / "b", output_format="json_list", warn=notes.append).all.correct == 4
    assert len(notes) == 1
    result = read_results(tmp_path / "b" / "results.jsonl")[0]
    assert (result.conditions["decoder"], result.conditions["output_format"]) == ("native", "json_list")


@pytest.mark.usefixtures("bfcl")
def test_the_rows_of_a_replay_are_chosen_as_those_of_a_run(tmp_path: Path) -> None:
    rows = load(("simple_python", "multiple", "irrelevance")).rows
    file = write(tmp_path / "all.json", {row.id: gold_text(row) for row in rows})
    chosen = run_replay(file, tmp_path / "a", categories=("multiple", "irrelevance"), limit=3)
    assert {name: s.n for name, s in chosen.columns.items()} == {"multiple": 3, "irrelevance": 3}
    run_gold(("multiple", "irrelevance"), tmp_path / "b", limit=3)
    ours, theirs = (read_results(tmp_path / name / "results.jsonl") for name in "ab")
    assert [result.id for result in ours] == [result.id for result in theirs]
    assert summary_of(tmp_path / "a")["unanswered"] == {}
    with pytest.raises(DataError, match="no answer to a row"):
        run_replay(file, tmp_path / "c", categories=("parallel",))


@pytest.mark.usefixtures("bfcl")
def test_text_from_a_function_calling_model_is_no_call(tmp_path: Path) -> None:
    row, other = load(("simple_python",)).rows[:2]
    answers = {row.id: gold_text(row), other.id: as_function_calls(gold_calls(other))}
    file = write(tmp_path / "mixed.json", answers)
    run_replay(file, tmp_path / "a", underscored=False)
    first, second = read_results(tmp_path / "a" / "results.jsonl")
    assert (first.error, second.correct) == ("ast_decoder:decoder_failed", True)
    assert second.conditions["decoder"] == "calls"
    run_replay(file, tmp_path / "b", function_calling=False)
    first, second = read_results(tmp_path / "b" / "results.jsonl")
    assert (first.correct, second.error) == (True, "ast_decoder:decoder_failed")
    told = summary_of(tmp_path / "b")
    assert told["unanswered"] == {"simple_python": 398}
    assert told["figures"] == {}


@pytest.mark.usefixtures("bfcl")
@pytest.mark.parametrize("answer", [None, 3, "", [], {}, [None], [{}], [[]], [{"f": 1}], "\ud800", {"a": {}}])
def test_an_answer_of_any_form_is_graded(answer: object, tmp_path: Path) -> None:
    answers = {"simple_python_0": answer, "irrelevance_0": answer, "simple_java_0": answer}
    file = write(tmp_path / "a.json", answers)
    for function_calling in (True, False):
        if not function_calling:
            pytest.importorskip("tree_sitter_java")
        out = tmp_path / str(function_calling)
        assert run_replay(file, out, function_calling=function_calling).all.n == 3


@pytest.mark.usefixtures("bfcl")
def test_an_answer_to_no_row_is_refused_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", {"simple_python_0": "x", "simple_python_4000": "x"})
    with pytest.raises(DataError, match=r"a\.json:2: an answer to no row"):
        run_replay(file, tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", r"a\.json:1: not a line of JSON"), ("[]\n", r"a\.json:1: not an answer"),
        ('{"id": "x_1"}\n', r"a\.json:1: not an answer"), ('\n{"id": 1, "result": ""}\n', r"a\.json:2"),
        ('{"id": "x_1", "result": ""}\n{"id": "x_1", "result": ""}\n', "answered twice"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_named(content: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        read_answers(tmp_path / "a.json")


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no result file"):
        read_answers(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        read_answers(tmp_path / "nothing")


@pytest.mark.slow
@pytest.mark.usefixtures("bfcl")
@pytest.mark.parametrize("fc", [False, True])
def test_conversations_and_memory_are_replayed(fc: bool, tmp_path: Path) -> None:
    pytest.importorskip("mpmath")
    answers: dict[str, Any] = {}
    for row in multi_turn.load(("multi_turn_base", "multi_turn_miss_func")).rows:
        turns = []
        for calls in reference_calls(row):
            said: Any = [{call.name: json.dumps(call.arguments)} for call in calls]
            turns.append([said if fc else written(calls, "official"), "Done."] if calls else ["Done."])
        answers[row.id] = turns
    answers |= {
        question.id: [[str({"answer": question.answer[0], "context": ""})]]
        for question in memory.load().questions
    }
    summary = run_replay(write(tmp_path / "all_result.json", answers), tmp_path / "out")
    assert {name: (s.n, s.correct) for name, s in summary.columns.items()} == {
        "multi_turn_base": (200, 200), "multi_turn_miss_func": (200, 200), "memory_kv": (155, 155),
    }  # fmt: skip
    told = summary_of(tmp_path / "out")
    assert told["figures"]["v4"]["multi_turn"]["missing_as_zero"] == 0.5
    assert told["mode"]["decoder"] == ("calls" if fc else "text")
