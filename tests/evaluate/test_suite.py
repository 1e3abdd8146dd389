"""A suite end to end: rows, a scripted model, results, summary, comparison of two runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from callwright import formats
from callwright.errors import DataError, ModelError
from callwright.evaluate.answers import Answer
from callwright.evaluate.compare import compare, compare_files, table
from callwright.evaluate.results import Result, read_results, write_results
from callwright.evaluate.suite import (
    case_of,
    cases_of,
    gold_text,
    grade_answer,
    grade_text,
    run_gold,
    run_suite,
    some_of,
)
from callwright.evaluate.summary import summarise
from callwright.models import Completion, Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import Dropped, Message, Source, Task, Tool, ToolCall, Trajectory

WEATHER = Tool(
    name="weather",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}},
        "required": ["city"],
    },
)
CITIES = ("Paris", "Rome", "Oslo", "Łódź", "São Paulo", "O'Hare")


def row(number: int, city: str, column: str, output_format: str = "", **arguments: Any) -> Trajectory:
    call = ToolCall(name="weather", arguments={"city": city, **arguments})
    return Trajectory(
        id=f"{column}-{number}",
        task=Task(expects="call", output_format=output_format),
        tools=(WEATHER,),
        messages=(
            Message(role="user", content=f"Weather in {city}?"),
            Message(role="assistant", tool_calls=(call,)),
        ),
        extra={"suite": {"column": column, "style": "terse" if number % 2 else "chatty"}},
    )


def quiet_row(number: int) -> Trajectory:
    return Trajectory(
        id=f"irrelevant-{number}",
        task=Task(expects="no_call"),
        tools=(WEATHER,),
        messages=(Message(role="user", content=f"Tell joke {number}."),),
        extra={"suite": {"column": "irrelevant"}},
    )


def suite() -> list[Trajectory]:
    names = tuple(formats.FORMATS)
    rows = [row(i, city, "seen", names[i % len(names)]) for i, city in enumerate(CITIES)]
    rows += [row(i, city, "held-out", days=i + 2) for i, city in enumerate(CITIES)]
    return rows + [quiet_row(i) for i in range(4)]


def always_paris(prompt: Prompt) -> str:
    reply = formats.Reply("", (ToolCall(name="weather", arguments={"city": "Paris", "days": 1}),))
    return formats.FORMATS[formats.DEFAULT_FORMAT].render(reply)


def test_the_suites_own_answers_score_100_percent(tmp_path: Path) -> None:
    summary = run_gold(cases_of(suite()), tmp_path)
    assert (summary.all.n, summary.all.correct, summary.all.strict) == (16, 16, 16)
    assert list(summary.columns) == ["seen", "held-out", "irrelevant"]
    assert {name: score.n for name, score in summary.styles.items()} == {"chatty": 6, "terse": 6}


def test_a_model_is_asked_graded_and_summed_up(tmp_path: Path) -> None:
    summary = run_suite(cases_of(suite()), ScriptedModel(always_paris), tmp_path)
    results = {result.id: result for result in read_results(tmp_path / "results.jsonl")}
    assert (results["seen-0"].correct, results["seen-0"].strict) == (True, False), "the default was stated"
    assert (results["held-out-0"].error, results["held-out-0"].where) == ("wrong-value", "weather.days")
    assert results["irrelevant-0"].error == "needless-call"
    assert results["irrelevant-0"].request == "Tell joke 0."
    assert results["seen-3"].correct is False
    assert summary.all.correct == 1
    assert summary.columns["irrelevant"].errors == {"needless-call": 4}
    saved = json.loads((tmp_path / "summary.json").read_text())
    assert saved["all"]["correct"] == 1
    assert saved["model"] == "scripted"


def test_the_prompt_ends_before_the_answer_and_shows_the_tools() -> None:
    prompts: list[Prompt] = []

    def look(prompt: Prompt) -> str:
        prompts.append(prompt)
        return ""

    case = case_of(row(0, "Paris", "seen"))
    ScriptedModel(look).complete([prompt_of(case)], max_tokens=9)
    assert [role for role, _ in prompts[0].messages] == ["system", "user"]
    assert "weather(city: string" in prompts[0].messages[0][1]
    assert prompts[0].segments[-1][0].endswith("assistant\n")


def prompt_of(case: Any) -> Prompt:
    from callwright.evaluate.prompting import prompt_for

    return prompt_for(case.asked)


def test_the_last_calling_turn_is_graded_and_what_precedes_it_is_the_prompt() -> None:
    base = row(0, "Paris", "seen")
    second = ToolCall(name="weather", arguments={"city": "Rome"})
    messages = (
        *base.messages,
        Message(role="tool", content="sunny", tool_call_id="call_0"),
        Message(role="assistant", tool_calls=(second,)),
        Message(role="tool", content="rain"),
        Message(role="assistant", content="Sunny in Paris, rain in Rome."),
    )
    case = case_of(Trajectory(id="m", tools=(WEATHER,), messages=messages))
    assert case.gold == (second,)
    assert [m.role for m in case.asked.messages] == ["user", "assistant", "tool"]


def test_column_and_style_may_come_from_synthesis() -> None:
    base = row(0, "Paris", "seen")
    made = Trajectory(
        id="s", tools=(WEATHER,), messages=base.messages, extra={"synthesize": {"style": "parallel"}}
    )
    assert case_of(made)[2:] == ("all rows", "parallel")
    split = Trajectory(id="s", source=Source(dataset="d", split="test"), messages=base.messages)
    assert case_of(split).column == "test"
    both = {"suite": {"column": "held-out"}, "synthesize": {"style": "parallel", "column": "seen"}}
    assert case_of(Trajectory(id="s", messages=base.messages, extra=both))[2:] == ("held-out", "parallel")


def test_a_row_that_says_nothing_about_the_answer_is_refused() -> None:
    with pytest.raises(DataError, match="without an answer"):
        case_of(Trajectory(id="a", messages=(Message(role="user", content="hi"),)))
    with pytest.raises(DataError, match=r"x\.jsonl:3"):
        cases_of([Dropped(id="a", stage="read", reason="not-a-trajectory", path="x.jsonl:3")])


def test_rows_of_one_id_are_refused_for_answers_are_known_by_it() -> None:
    twice = [row(0, "Paris", "seen"), row(1, "Rome", "seen"), row(0, "Oslo", "seen")]
    with pytest.raises(DataError, match=r"two rows have the same id.*'seen-0'.*blend"):
        cases_of(twice)


def test_a_limit_takes_rows_of_each_column_evenly_spread_and_in_their_order() -> None:
    rows = [row(i, city, column) for i, city in enumerate(CITIES) for column in ("seen", "held-out")]
    cases = cases_of([*rows, quiet_row(0)])
    chosen = [case.asked.id for case in some_of(cases, 2)]
    assert chosen == ["seen-0", "held-out-0", "seen-3", "held-out-3", "irrelevant-0"]
    assert some_of(cases, None) == cases == some_of(cases, 6)


def test_text_that_can_not_be_read_is_malformed_even_where_no_call_is_right() -> None:
    broken = '<tool_call>\n{"name": "weather", "argum'
    for case in (case_of(row(0, "Paris", "seen")), case_of(quiet_row(0))):
        result = grade_text(case, broken)
        assert (result.correct, result.error, result.predicted) == (False, "malformed", None)


def test_a_prompt_that_was_too_long_is_never_right() -> None:
    result = grade_answer(case_of(quiet_row(0)), Answer("irrelevant-0", "", "", finish="too-long"))
    assert (result.correct, result.error) == (False, "prompt-too-long")


def test_an_outage_leaves_no_results(tmp_path: Path) -> None:
    class Gone(ScriptedModel):
        def complete(self, prompts: Any, **_: Any) -> list[Completion]:  # type: ignore[override]
            raise ModelError("the server is gone")

    with pytest.raises(ModelError):
        run_suite(cases_of(suite()), Gone([]), tmp_path)
    assert not (tmp_path / "results.jsonl").exists()
    assert not (tmp_path / "summary.json").exists()


def test_results_survive_the_file_whatever_the_model_wrote(tmp_path: Path) -> None:
    arguments = '{"city": "\\ud800\\u0000", "days": 1e30}'
    call = f'<tool_call>\n{{"name": "weather", "arguments": {arguments}}}\n</tool_call>'
    results = [
        grade_text(case_of(row(0, "Łódź", "seen")), call),
        Result(id="b", column="c", correct=True, strict=True),
    ]
    write_results(tmp_path / "r.jsonl", results)
    assert read_results(tmp_path / "r.jsonl") == results


def test_a_line_that_is_no_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(
        '{"id": "a", "column": "c", "correct": true, "strict": true}\n{"id": 3}\n'
    )
    with pytest.raises(DataError, match=r"r\.jsonl:2"):
        read_results(tmp_path / "r.jsonl")


def test_two_runs_are_compared_row_by_row(tmp_path: Path) -> None:
    cases = cases_of(suite())
    run_suite(cases, ScriptedModel(always_paris), tmp_path / "before")
    run_gold(cases, tmp_path / "after")
    comparison = compare_files(tmp_path / "before", tmp_path / "after" / "results.jsonl")
    assert comparison.all.fixed == 15
    assert comparison.all.broken == 0
    assert comparison.columns["irrelevant"].difference == 1.0
    assert comparison.columns["held-out"].p == pytest.approx(2 / 2**6)
    assert len(comparison.fixed) == 15
    assert compare_files(tmp_path / "before", tmp_path / "after", measure="strict").all.fixed == 16
    lines = table(comparison).splitlines()
    assert len(lines) == 7
    assert lines[-3].split()[:4] == ["all", "16", "6.2", "100.0"]
    assert lines[-2].startswith("16 rows show a difference of ")
    assert lines[-2].endswith("for one of 93.8 it takes 6.")
    assert lines[-1] == "Not the same in both runs: max_tokens (512 → None)."


def test_what_the_runs_do_not_have_in_common_is_told_and_the_model_is_no_news() -> None:
    def made(**conditions: Any) -> list[Result]:
        about = [{**conditions, "prompt_sha256": f"{i}{conditions['mode']}"} for i in "ab"]
        return [
            Result(id=i, column="c", correct=True, strict=True, conditions=told)
            for i, told in zip("ab", about, strict=True)
        ]

    before, after = made(model="x", mode="native", seed=1), made(model="y", mode="official", seed=1)
    assert compare(before, after).conditions == {
        "mode": "native → official",
        "prompt_sha256": "in 2 of 2 rows",
    }
    assert compare(before, made(model="z", mode="native", seed=1)).conditions == {}


def test_runs_over_different_rows_are_refused_with_the_first_difference() -> None:
    rows = [Result(id=i, column="c", correct=True, strict=True, request=i) for i in "abc"]
    assert compare(rows, rows[::-1]).all.difference == 0
    with pytest.raises(DataError, match="b is missing from the second"):
        compare(rows, [rows[0], rows[2]])
    with pytest.raises(DataError, match="a is missing from the first"):
        compare(rows[1:], rows)
    other = Result(id="b", column="c", correct=True, strict=True, request="changed")
    with pytest.raises(DataError, match=r"b: .*request differs"):
        compare(rows, [rows[0], other, rows[2]])


def test_a_summary_of_nothing_is_zero_and_claims_nothing() -> None:
    summary = summarise([])
    assert (summary.all.n, summary.all.accuracy, summary.all.low, summary.all.high) == (0, 0.0, 0.0, 1.0)


def test_gold_is_written_in_the_rows_own_format() -> None:
    assert gold_text(case_of(row(0, "Paris", "seen", "python"))) == '[weather(city="Paris")]'
