"""BFCL through the runner: its own answers, a scripted model, the prompts, and unknown categories."""

import json
import sys
from pathlib import Path

import pytest

from callwright import formats
from callwright.errors import ConfigError, ExtraMissing
from callwright.evaluate.bfcl.data import PYTHON_NON_LIVE, SINGLE_TURN, expanded, load
from callwright.evaluate.bfcl.decode import Undecodable
from callwright.evaluate.bfcl.gold import gold_calls, gold_text
from callwright.evaluate.bfcl.gold_source import as_strings
from callwright.evaluate.bfcl.official_prompts import official_messages
from callwright.evaluate.bfcl.prompt import calls_of, trajectory_of
from callwright.evaluate.bfcl.run import prompt_of, run_bfcl, run_gold
from callwright.evaluate.bfcl.score import judge
from callwright.evaluate.bfcl.syntax_tree import _parser
from callwright.evaluate.bfcl.unfair import UNSATISFIABLE
from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.results import read_results
from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import ToolCall
from callwright.store import sha256_text

pytestmark = pytest.mark.usefixtures("bfcl")


def test_bfcls_own_answers_score_100_percent_in_the_five_categories(tmp_path: Path) -> None:
    summary = run_gold(PYTHON_NON_LIVE, tmp_path)
    assert {name: (s.n, s.correct) for name, s in summary.columns.items()} == {
        "simple_python": (400, 400), "multiple": (200, 200), "parallel": (200, 200),
        "parallel_multiple": (200, 200), "irrelevance": (240, 240),
    }  # fmt: skip


def test_of_all_3641_rows_only_six_can_not_be_satisfied_and_they_are_named(tmp_path: Path) -> None:
    summary = run_gold(SINGLE_TURN, tmp_path)
    assert (summary.all.n, summary.all.correct) == (3641, 3635)
    wrong = {result.id for result in read_results(tmp_path / "results.jsonl") if not result.correct}
    assert wrong == set(UNSATISFIABLE)
    named = [json.loads(line) for line in (tmp_path / "unfair.jsonl").read_text("utf-8").splitlines()]
    assert {row["id"]: (row["reasons"], bool(row["detail"])) for row in named} == dict.fromkeys(
        wrong, (["unsatisfiable"], True)
    )
    told = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert told["unfair"] == {"unsatisfiable": 6}
    overall = told["figures"]["v4"]["overall"]
    assert overall["value"] is None
    assert round(overall["missing_as_zero"], 4) == 0.2995
    assert round(told["figures"]["v4"]["ast_non_live"]["value"], 4) == 0.9983


@pytest.mark.slow
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


def test_the_official_prompt_is_asked_and_read_officially(tmp_path: Path) -> None:
    questions = load(("multiple", "irrelevance"))
    gold = {str(official_messages(row)): gold_text(row) for row in questions.rows}

    def right(prompt: Prompt) -> str:
        return gold[str([{"role": role, "content": content} for role, content in prompt.messages])]

    summary = run_bfcl(
        ScriptedModel(right), tmp_path, ("multiple", "irrelevance"), prompting="official", max_tokens=9
    )
    assert (summary.all.n, summary.all.correct) == (440, 440)
    first, *others = read_results(tmp_path / "results.jsonl")
    prompt = prompt_of(questions.rows[0], "official")
    assert "".join(text for text, _ in prompt.segments).count(prompt.messages[0][1]) == 1
    assert first.conditions == {
        "variant": "bfcl_v4/multiple", "data_sha256": questions.sha256["multiple"], "decoder": "text",
        "output_format": None, "names": "as given", "prompting": "official", "max_tokens": 9, "limit": None,
        "seed": 0, "prompt_sha256": sha256_text(repr(prompt.messages)),
    }  # fmt: skip
    assert len({result.conditions["prompt_sha256"] for result in [first, *others]}) > 430


def test_java_and_javascript_are_asked_with_strings_in_our_own_format(tmp_path: Path) -> None:
    categories = ("simple_java", "simple_javascript")
    gold = {}
    for row in load(categories).rows:
        calls = as_strings(row, gold_calls(row))
        reply = formats.Reply("", tuple(ToolCall(name=n, arguments=a) for c in calls for n, a in c.items()))
        gold[prompt_of(row, "native").messages] = formats.format_named("").render(reply)
    model = ScriptedModel(lambda prompt: gold[prompt.messages])
    summary = run_bfcl(model, tmp_path, categories)
    assert {name: s.correct for name, s in summary.columns.items()} == {
        "simple_java": 98, "simple_javascript": 50,
    }  # fmt: skip
    told = [messages[0][1] for messages in gold]
    assert "Types: productName: String, recommendStatus: integer, pageSize: integer" in told[23]
    assert any("ArrayList of String" in text for text in told)


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


def test_collections_stand_for_their_categories() -> None:
    assert expanded(["non_python", "simple_java", "live_relevance"]) == [
        "simple_java", "simple_javascript", "live_relevance",
    ]  # fmt: skip
    assert expanded(["single_turn"]) == list(SINGLE_TURN)
    assert sorted(expanded(["non_live", "live"])) == sorted(expanded(["python", "non_python"]))
    assert expanded(["no_such"]) == ["no_such"]


def test_a_missing_decoder_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    _parser.cache_clear()
    asked: list[Prompt] = []

    def answer(prompt: Prompt) -> str:
        asked.append(prompt)
        return ""

    with pytest.raises(ExtraMissing):
        run_bfcl(ScriptedModel(answer), tmp_path, ("simple_java",), prompting="official", limit=1)
    assert asked == []
    _parser.cache_clear()


def test_the_data_hash_belongs_to_the_category() -> None:
    questions = load(("simple_python", "multiple"))
    assert set(questions.sha256) == {"simple_python", "multiple"}
    assert load(("multiple",)).sha256["multiple"] == questions.sha256["multiple"]
    assert len(set(questions.sha256.values())) == 2
