"""BFCL through the runner: its own answers, a scripted model, the prompts, and unknown categories."""

from pathlib import Path

import pytest

from callwright import formats
from callwright.errors import ConfigError
from callwright.evaluate.bfcl.data import CATEGORIES, PYTHON_NON_LIVE, load
from callwright.evaluate.bfcl.decode import Undecodable
from callwright.evaluate.bfcl.gold import gold_calls
from callwright.evaluate.bfcl.prompt import calls_of, trajectory_of
from callwright.evaluate.bfcl.run import run_bfcl, run_gold
from callwright.evaluate.bfcl.score import judge
from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.results import read_results
from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import ToolCall

pytestmark = pytest.mark.usefixtures("bfcl")


def test_bfcls_own_answers_score_100_percent_in_the_five_categories(tmp_path: Path) -> None:
    summary = run_gold(PYTHON_NON_LIVE, tmp_path)
    assert {name: (s.n, s.correct) for name, s in summary.columns.items()} == {
        "simple_python": (400, 400), "multiple": (200, 200), "parallel": (200, 200),
        "parallel_multiple": (200, 200), "irrelevance": (240, 240),
    }  # fmt: skip


def test_the_four_live_rows_that_nobody_can_satisfy_are_the_only_wrong_gold(tmp_path: Path) -> None:
    live = tuple(name for name in CATEGORIES if name.startswith("live_") and name != "live_relevance")
    summary = run_gold(live, tmp_path)
    wrong = {name: s.n - s.correct for name, s in summary.columns.items() if s.correct < s.n}
    assert wrong == {"live_simple": 2, "live_multiple": 2}


@pytest.mark.parametrize("output_format", list(formats.FORMATS))
def test_right_answers_in_our_own_formats_are_right(output_format: str, tmp_path: Path) -> None:
    questions = load()
    gold = {}
    for row in questions.rows:
        calls = tuple(ToolCall(name=n, arguments=a) for call in gold_calls(row) for n, a in call.items())
        text = formats.format_named(output_format).render(formats.Reply("" if calls else "Sorry.", calls))
        gold[prompt_for(trajectory_of(row, output_format=output_format)).messages] = text

    def right(prompt: Prompt) -> str:
        return gold[prompt.messages]

    summary = run_bfcl(ScriptedModel(right), tmp_path, output_format=output_format)
    assert (summary.all.n, summary.all.correct) == (1240, 1240), summary.columns


def test_a_silent_model_is_right_about_irrelevance_only(tmp_path: Path) -> None:
    summary = run_bfcl(ScriptedModel(lambda prompt: "I can not."), tmp_path, limit=7)
    assert {name: (s.n, s.correct) for name, s in summary.columns.items()} == {
        **dict.fromkeys(PYTHON_NON_LIVE, (7, 0)), "irrelevance": (7, 7),
    }  # fmt: skip
    errors = {result.error for result in read_results(tmp_path / "results.jsonl") if result.error}
    assert errors == {
        "simple_function_checker:wrong_count", "multiple_function_checker:wrong_count",
        "parallel_function_checker_no_order:wrong_count",
    }  # fmt: skip


def test_malformed_text_fails_to_decode_and_counts_as_no_call() -> None:
    broken = '<tool_call>\n{"name": '
    calls = calls_of(broken)
    assert isinstance(calls, Undecodable)
    rows = load(("simple_python", "irrelevance")).rows
    assert judge(rows[0], calls) == (False, "ast_decoder:decoder_failed", "")
    assert judge(rows[-1], calls).valid


def test_system_messages_and_every_function_reach_the_prompt() -> None:
    rows = load(("live_simple", "multiple")).rows
    with_system = next(row for row in rows if row.question[0][0]["role"] == "system")
    system = prompt_for(trajectory_of(with_system)).messages[0]
    assert system[0] == "system"
    assert str(with_system.question[0][0]["content"]).strip() in system[1]
    many = next(row for row in rows if len(row.function) > 2)
    text = prompt_for(trajectory_of(many)).messages[0][1]
    assert all(f"{doc['name']}(" in text for doc in many.function)
    assert prompt_for(trajectory_of(many)).messages[-1] == ("user", many.question[0][-1]["content"])


def test_an_unknown_category_names_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="did you mean parallel_multiple"):
        load(("paralel_multiple",))


def test_the_data_hash_belongs_to_the_category() -> None:
    questions = load(("simple_python", "multiple"))
    assert set(questions.sha256) == {"simple_python", "multiple"}
    assert load(("multiple",)).sha256["multiple"] == questions.sha256["multiple"]
    assert len(set(questions.sha256.values())) == 2
