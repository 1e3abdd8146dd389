"""Every benchmark by name: the reference, policies and models, with what was run told on every row."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from callwright import assets
from callwright.benchmarks import WORLDS, prepare
from callwright.errors import ConfigError, DataError, UserError
from callwright.evaluate.bfcl.data import load
from callwright.evaluate.bfcl.gold import gold_calls
from callwright.evaluate.results import read_results
from callwright.evaluate.summary import Summary
from callwright.evaluate.toolbench.replay import predictions
from callwright.grading import replay, win_rate_of
from callwright.models.scripted import ScriptedModel
from callwright.record import Message, Tool, ToolCall, Trajectory, encode
from callwright.scoring import score
from callwright.settings import EvaluateSettings

needs_bfcl = pytest.mark.skipif(not assets.present(assets.BFCL), reason="the BFCL wheel is not in the cache")
POLICIES = {
    "webshop": ("random", "rule", "rule-options"),
    "toolquery": ("finish", "random"),
    "taubench": ("refuse",),
}


def run(benchmark: str, out: Path, spec: str, **told: Any) -> Summary:
    return score(benchmark, out, EvaluateSettings(**told), spec, lambda done, total: None)


def script(path: Path, text: str) -> str:
    path.write_text(json.dumps({"match": "", "text": text}) + "\n", encoding="utf-8")
    return f"scripted:{path}"


@pytest.mark.parametrize("benchmark", WORLDS)
def test_the_reference_is_right_on_what_needs_no_data(benchmark: str, tmp_path: Path) -> None:
    summary = run(benchmark, tmp_path, "gold")
    assert summary.all.correct == summary.all.n > 10
    assert all("home" in variant or "generated" in variant for variant in summary.variants)
    rows = read_results(tmp_path / "results.jsonl")
    assert len({row.id for row in rows}) == summary.all.n
    for row in rows:
        assert row.conditions["model"] == "gold"
        assert {"variant", "data_sha256", "prompt_sha256"} <= row.conditions.keys(), row.conditions
        assert row.scores


@pytest.mark.slow
@pytest.mark.parametrize(
    ("benchmark", "policy"), [(name, policy) for name, each in POLICIES.items() for policy in each]
)
def test_policies_play_without_a_model(benchmark: str, policy: str, tmp_path: Path) -> None:
    summary = run(benchmark, tmp_path, f"policy:{policy}", limit=8)
    assert summary.all.n == 8
    assert summary.all.correct < 8 or policy == "rule-options"  # the home shop holds no product twice
    assert run(benchmark, tmp_path, f"policy:{policy}", limit=8) == summary


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", WORLDS)
def test_a_model_that_only_talks_gets_little_and_is_asked_once(benchmark: str, tmp_path: Path) -> None:
    model = script(tmp_path / "talk.jsonl", "I am not sure.")
    told = {"limit": 5} if benchmark == "toolbench" else {"limit": 5, "max_steps": 4}
    summary = run(benchmark, tmp_path / "out", model, **told)
    assert summary.all.n == 5
    assert summary.all.correct <= 1
    journal = (tmp_path / "out" / "answers.jsonl").read_bytes()
    assert journal.count(b"\n") >= 5
    assert run(benchmark, tmp_path / "out", model, **told) == summary
    assert (tmp_path / "out" / "answers.jsonl").read_bytes() == journal


def test_a_model_can_play_the_user(tmp_path: Path) -> None:
    agent = script(tmp_path / "agent.jsonl", "How can I help?")
    user = script(tmp_path / "user.jsonl", "Never mind. ###STOP###")
    told = {"categories": "home", "limit": 3, "simulator": user}
    summary = run("taubench", tmp_path / "out", agent, **told)
    assert summary.variants[0].endswith("/model-user")
    assert (tmp_path / "out" / "simulator.jsonl").read_bytes().count(b"\n") == 3
    assert read_results(tmp_path / "out" / "results.jsonl")[0].conditions["simulator"] == user


def test_a_judge_votes_on_toolbench_and_on_nothing_else(tmp_path: Path) -> None:
    agent = script(tmp_path / "agent.jsonl", "The answer is 42.")
    judge = script(tmp_path / "judge.jsonl", '{"answer_status": "Solved", "task_status": "Solvable"}')
    summary = run("toolbench", tmp_path / "out", agent, limit=2, max_tokens=64, judge=judge, mode="CoT@1")
    told = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["judged"]
    assert told["judge"] == judge
    assert 0 <= told["pass_rate"] <= 1
    assert summary.all.correct == round(told["pass_rate"] * 2)
    with pytest.raises(ConfigError, match="nothing for a judge"):
        run("toolquery", tmp_path / "other", agent, limit=1, judge=judge)


def test_runs_made_elsewhere_are_graded(tmp_path: Path) -> None:
    run("toolbench", tmp_path / "a", "gold", limit=6)
    rows = read_results(tmp_path / "a" / "results.jsonl")
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(predictions(rows)), encoding="utf-8")
    summary = replay("toolbench", answers, tmp_path / "b", EvaluateSettings())
    assert summary.all.n == 6
    assert summary.all.means["finish_rate"].mean == 1.0
    with pytest.raises(ConfigError, match="no layout"):
        replay("webshop", answers, tmp_path / "c", EvaluateSettings())


def test_only_webshop_is_prepared_and_from_downloads_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to prepare"):
        prepare("bfcl", tmp_path / "out", EvaluateSettings(), lambda n: None)
    with pytest.raises(ConfigError, match="--data"):
        prepare("webshop", tmp_path / "out", EvaluateSettings(), lambda n: None)
    with pytest.raises(UserError, match="items_shuffle"):
        prepare("webshop", tmp_path / "out", EvaluateSettings(data=tmp_path), lambda n: None)


def test_every_trial_is_a_row_and_pass_hat_k_is_told(tmp_path: Path) -> None:
    assert run("taubench", tmp_path / "gold", "gold", trials=3).all.n == 36
    run("taubench", tmp_path / "none", "policy:refuse", trials=2)
    for name, k, mean in (("gold", 3, 1.0), ("none", 2, 2 / 12)):
        told = json.loads((tmp_path / name / "summary.json").read_text("utf-8"))["pass_hat"]
        assert [each["k"] for each in told] == list(range(1, k + 1))
        assert [each["tasks"] for each in told] == [12] * k
        assert told[-1]["mean"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("benchmark", "spec", "told", "said"),
    [
        ("webshop", "gold", {"categories": "homme"}, "homme"),
        ("webshop", "gold", {"categories": "1k-synthetic"}, "--data"),
        ("webshop", "gold", {"mode": "react"}, "princeton"),
        ("toolbench", "gold", {"mode": "CoT@0"}, "DFSDT"),
        ("toolquery", "gold", {"categories": "replay"}, "--data"),
        ("taubench", "gold", {"categories": "retail", "data": Path("nowhere")}, "nowhere"),
        ("taubench", "policy:rule", {}, "policy:refuse"),
        ("toolbench", "policy:rule", {}, "a model"),
        ("bfcl", "policy:rule", {}, "episodes"),
        ("bfcl", "gold", {"mode": "fc"}, "official"),
        ("bfcl", "gold", {"categories": "format_sensitivity"}, "no reference"),
        ("bfcl", "gold", {"categories": "multi_tun"}, "multi_turn"),
        ("webshop", "", {}, "--model or --gold"),
        ("webshop", "gold", {"trials": 2}, "taubench"),
        ("webshop", "gold", {"tools": Path("t.py")}, "the benchmark suite"),
        ("webshop", "gold", {"output_format": "nosuch"}, "unknown output format"),
        ("webshop", "gold", {"mode": "princeton/text", "output_format": "xlam"}, "as the benchmark wants"),
        ("toolbench", "gold", {"max_steps": 3}, "--max-steps: has no effect on toolbench"),
        ("toolquery", "gold", {"simulator": "smollm2-135m"}, "toolbench | taubench"),
        ("toolquery", "gold", {"mode": "react", "output_format": "xlam"}, "as the benchmark wants"),
        ("toolquery", "gold", {"categories": "replay,replay-all"}, "one of them"),
        ("taubench", "gold", {"simulator": "smollm2-135m"}, "--simulator"),
        ("taubench", "gold", {"categories": "home,home"}, "named twice"),
        ("taubench", "gold", {"categories": ","}, "no part of the benchmark"),
        ("bfcl", "gold", {"categories": " , "}, "no part of the benchmark"),
        ("bfcl", "gold", {"categories": "multiple,multiple"}, "named twice"),
        ("bfcl", "gold", {"data": Path("x")}, "--data: has no effect on bfcl"),
        ("bfcl", "smollm2-135m", {"mode": "official", "output_format": "xlam"}, "as the benchmark wants"),
        ("bfcl", "smollm2-135m", {"mode": "native", "categories": "format_sensitivity"}, "official ones"),
        ("suite", "gold", {"categories": "irrelevant"}, "--categories: has no effect on suite"),
    ],
)
def test_what_can_not_be_meant_is_said(
    benchmark: str, spec: str, told: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r".") as caught:
        run(benchmark, tmp_path, spec, **told)
    assert said in str(caught.value)
    assert not (tmp_path / "results.jsonl").exists()
    if "--data" in said:
        assert isinstance(caught.value, ConfigError)


def test_the_win_rate_of_two_toolbench_runs_is_a_judges_word(tmp_path: Path) -> None:
    first, second = (script(tmp_path / f"{name}.jsonl", f"I am {name}.") for name in ("first", "second"))
    for spec, name in ((first, "a"), (second, "b")):
        run("toolbench", tmp_path / name, spec, limit=4, mode="CoT@1")
    told = {"answer_status": "Unsolved", "task_status": "Solvable", "index": 0}
    judge = script(tmp_path / "judge.jsonl", json.dumps(told))
    won = win_rate_of(tmp_path / "a", tmp_path / "b", judge)
    assert won.win + won.lose + won.tie == pytest.approx(1.0)
    assert len(won.outcomes) == 4
    assert won.unreadable == 0
    assert "of 4" in won.told
    journals = [(tmp_path / name / "judge.jsonl").read_bytes() for name in "ab"]
    assert win_rate_of(tmp_path / "a", tmp_path / "b", judge) == won
    assert [(tmp_path / name / "judge.jsonl").read_bytes() for name in "ab"] == journals
    files = [tmp_path / name / "results.jsonl" for name in "ab"]
    assert win_rate_of(*files, judge) == won
    assert [(tmp_path / name / "judge.jsonl").read_bytes() for name in "ab"] == journals


def suite_file(path: Path, columns: Sequence[str] = ("a", "b"), each: int = 4) -> Path:
    rows = [
        Trajectory(
            id=f"{column}-{number}",
            tools=(Tool(name="f"),),
            messages=(
                Message(role="user", content=f"Add {number} to {column}."),
                Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={}),)),
            ),
            extra={"suite": {"column": column}},
        )
        for column in columns
        for number in range(each)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    return path


RIGHT = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'


@pytest.mark.parametrize(
    "told",
    [
        {"categories": "foo"}, {"data": Path("x")}, {"output_format": "xlam"}, {"max_steps": 3},
        {"trials": 2}, {"simulator": "smollm2-135m"}, {"judge": "smollm2-135m"}, {"tools": Path("t.py")},
    ],
)  # fmt: skip
def test_a_file_of_suite_rows_takes_no_option_that_it_would_ignore(
    told: dict[str, Any], tmp_path: Path
) -> None:
    suite = suite_file(tmp_path / "s.jsonl")
    with pytest.raises(ConfigError, match=r"has no effect on|nothing for a judge|played once") as caught:
        run(str(suite), tmp_path / "out", "gold", **told)
    assert caught.value.place == "--" + next(iter(told)).replace("_", "-")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("who", ["gold", "model"])
def test_a_limit_of_a_file_of_suite_rows_is_for_each_column(who: str, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "s.jsonl")
    spec = "gold" if who == "gold" else script(tmp_path / "m.jsonl", RIGHT)
    summary = run(str(suite), tmp_path / "out", spec, limit=3)
    assert {name: (s.n, s.correct) for name, s in summary.columns.items()} == {"a": (3, 3), "b": (3, 3)}
    assert run(str(suite), tmp_path / "all", spec).all.n == 8


def test_a_suite_without_a_row_is_no_score(tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "s.jsonl", columns=())
    for spec in ("gold", script(tmp_path / "m.jsonl", RIGHT)):
        with pytest.raises(DataError, match=r"s\.jsonl: no row to score"):
            run(str(suite), tmp_path / "out", spec)


@pytest.mark.parametrize("name", ["results.jsonl", "answers.jsonl"])
@pytest.mark.parametrize("who", ["gold", "model"])
def test_a_run_is_not_written_over_the_rows_that_it_reads(name: str, who: str, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "own" / name)
    before = suite.read_bytes()
    spec = "gold" if who == "gold" else script(tmp_path / "m.jsonl", RIGHT)
    with pytest.raises(ConfigError, match="would overwrite the rows it reads"):
        run(str(suite), tmp_path / "own", spec)
    assert suite.read_bytes() == before


def test_a_script_that_says_something_else_is_asked_anew(tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "s.jsonl")
    spec = script(tmp_path / "m.jsonl", RIGHT)
    assert run(str(suite), tmp_path / "out", spec).all.correct == 8
    script(tmp_path / "m.jsonl", "No.")
    assert run(str(suite), tmp_path / "out", spec).all.correct == 0


@needs_bfcl
def test_a_limit_of_bfcls_own_answers_is_for_each_category(tmp_path: Path) -> None:
    summary = run("bfcl", tmp_path, "gold", limit=2, categories="simple_python,multiple")
    assert {name: s.n for name, s in summary.columns.items()} == {"simple_python": 2, "multiple": 2}


@needs_bfcl
def test_bfcls_answers_made_elsewhere_are_read_in_the_format_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []
    for row in load(("simple_python", "multiple")).rows:
        calls = [{"name": n, "arguments": a} for call in gold_calls(row) for n, a in call.items()]
        lines.append(json.dumps({"id": row.id, "result": json.dumps(calls)}))
    file = tmp_path / "BFCL_v4_some_result.json"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def replayed(**told: Any) -> Summary:
        return replay("bfcl", file, tmp_path / "out", EvaluateSettings(**told))

    assert replayed().all.correct == 0
    said = capsys.readouterr().err
    assert "600 of the 600" in said
    assert "--output-format" in said
    assert replayed(output_format="json_list").all.correct == 600
    few = replayed(output_format="json_list", limit=2, categories="multiple")
    assert (few.all.n, few.all.correct, list(few.columns)) == (2, 2, ["multiple"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("benchmark", "told", "said"),
    [
        ("bfcl", {"output_format": "nosuch"}, "unknown output format"),
        ("bfcl", {"categories": "simple_pyton"}, "did you mean simple_python"),
        ("bfcl", {"mode": "official"}, "--mode"),
        ("bfcl", {"judge": "smollm2-135m"}, "nothing for a judge"),
        ("toolbench", {"categories": "home"}, "--categories"),
        ("toolbench", {"output_format": "xlam"}, "--output-format"),
        ("toolbench", {"judge": "nosuchmodel"}, "no such model"),
    ],
)
def test_a_replay_takes_no_option_that_it_would_ignore(
    benchmark: str, told: dict[str, Any], said: str, tmp_path: Path
) -> None:
    (tmp_path / "answers.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        replay(benchmark, tmp_path / "answers.json", tmp_path / "out", EvaluateSettings(**told))
    assert not (tmp_path / "out").exists()


def test_a_limit_holds_for_toolbenchs_runs_made_elsewhere(tmp_path: Path) -> None:
    run("toolbench", tmp_path / "a", "gold", limit=6)
    answers = tmp_path / "answers.json"
    told = predictions(read_results(tmp_path / "a" / "results.jsonl"))
    answers.write_text(json.dumps(told), encoding="utf-8")
    assert replay("toolbench", answers, tmp_path / "b", EvaluateSettings(limit=2)).all.n == 2
    answers.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="no run to grade"):
        replay("toolbench", answers, tmp_path / "c", EvaluateSettings())


@pytest.mark.parametrize("judge", ["nosuchmodel", "scripted:no.jsonl", "empty"])
def test_a_judge_that_is_not_there_is_missed_before_anything_is_asked(judge: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    agent = script(tmp_path / "agent.jsonl", "The answer is 42.")
    spec = str(tmp_path / judge) if judge == "empty" else judge
    with pytest.raises(UserError, match=judge.removeprefix("scripted:")):
        run("toolbench", tmp_path / "out", agent, limit=1, judge=spec)
    assert not (tmp_path / "out").exists()


def test_what_was_played_is_kept_where_the_judge_fails(tmp_path: Path) -> None:
    agent = script(tmp_path / "agent.jsonl", RIGHT.replace('"f"', '"Finish"').replace("{}", FINISHED))
    (tmp_path / "judge.jsonl").write_text("", encoding="utf-8")
    told = {"limit": 2, "mode": "CoT@1", "judge": f"scripted:{tmp_path / 'judge.jsonl'}"}
    with pytest.raises(DataError, match="no answer left"):
        run("toolbench", tmp_path / "out", agent, **told)
    assert len(read_results(tmp_path / "out" / "results.jsonl")) == 2
    assert "judged" not in json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))


FINISHED = '{"return_type": "give_answer", "final_answer": "42"}'


@pytest.mark.parametrize(
    ("told", "variant", "tagger"),
    [
        ({"mode": "agentboard/text"}, "agentboard", "fallback"),
        ({"mode": "princeton"}, "princeton", "fallback"),
    ],
)
def test_rules_and_interface_of_the_shop_are_told_by_its_mode(
    told: dict[str, Any], variant: str, tagger: str
) -> None:
    (world,) = WORLDS["webshop"](EvaluateSettings(**told)).worlds
    assert world.conditions["variant"] == f"webshop-home/{variant}"
    assert world.conditions["tagger"] == tagger
    assert world.conditions["interface"] == ("text" if "text" in told["mode"] else "tool-calls")


@pytest.mark.slow
def test_a_split_of_the_shop_is_part_of_its_name(shared_data: Path) -> None:
    data = shared_data / "webshop"
    settings = EvaluateSettings(data=data, categories="1k-synthetic/dev,1k-synthetic")
    dev, test = WORLDS["webshop"](settings).worlds
    assert (dev.conditions["split"], len(dev.tasks)) == ("dev", 1000)
    assert (test.conditions["split"], len(test.tasks)) == ("test", 500)
    with pytest.raises(ConfigError, match="no such part"):
        WORLDS["webshop"](EvaluateSettings(categories="home/dev"))


@pytest.mark.parametrize(
    ("spec", "told", "said"),
    [
        ("http://127.0.0.1:9/v1#m", {}, "only a local model"),
        ("gold", {}, "only a local model"),
        ("smollm2-135m", {"categories": "format_sensitivity"}, "not held to a grammar"),
    ],
)
def test_where_answers_can_not_be_held_to_a_grammar_it_is_said_at_once(
    spec: str, told: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said):
        run("bfcl", tmp_path, spec, mode="constrained", **told)


def test_what_a_url_hides_is_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = "http://ada:secret@127.0.0.1:9/v1?key=hidden#m"
    agent = ScriptedModel(lambda _: "I am done.", "m")
    judge = ScriptedModel(lambda _: '{"answer_status": "Solved", "task_status": "Solvable"}', "m")
    monkeypatch.setattr("callwright.scoring.model_of", lambda spec, **_: agent)
    monkeypatch.setattr("callwright.grading.model_of", lambda spec: judge)
    run("toolbench", tmp_path, spec, mode="CoT@1", limit=1, judge=spec, simulator=spec)
    told = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    shown = "http://127.0.0.1:9/v1#m"
    assert told["model"] == told["fingerprint"] == told["simulator"] == told["judged"]["judge"] == shown
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret" not in written
    assert b"hidden" not in written
