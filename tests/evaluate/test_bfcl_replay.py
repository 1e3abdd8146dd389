"""Answers in the layout of the official harness: graded, and refused with a place where they can not be."""

import json
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import DataError
from callwright.evaluate.bfcl.data import load
from callwright.evaluate.bfcl.gold import as_function_calls, gold_calls, gold_function_calls, gold_text
from callwright.evaluate.bfcl.memory import rows as memory
from callwright.evaluate.bfcl.multi_turn import rows as multi_turn
from callwright.evaluate.bfcl.multi_turn.world import reference_calls, written
from callwright.evaluate.bfcl.replay import read_answers, run_replay
from callwright.evaluate.results import read_results


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
def test_function_calls_have_underscores_unless_told_otherwise(tmp_path: Path) -> None:
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
    wrong = run_replay(write(tmp_path / "dotted.json", dotted), tmp_path / "b")
    assert wrong.all.correct < 200
    kept = run_replay(tmp_path / "dotted.json", tmp_path / "c", underscored=False)
    assert kept.all.correct == 298


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
