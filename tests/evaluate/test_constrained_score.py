"""The column of answers that were held to a grammar: beside the score, never in it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("llguidance")
pytest.importorskip("torch")

from callwright.errors import ConfigError
from callwright.evaluate.results import read_results
from callwright.evaluate.suite import cases_of, run_suite
from callwright.models import Arrived, Completion, Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import Message, Task, Tool, ToolCall, Trajectory

TOOL = Tool(
    name="light",
    parameters={"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
)
RIGHT = '<tool_call>\n{"name": "light", "arguments": {"on": true}}\n</tool_call>'


def row(number: int, tools: tuple[Tool, ...] = (TOOL,), output_format: str = "") -> Trajectory:
    call = ToolCall(name="light", arguments={"on": True})
    return Trajectory(
        id=f"r{number}",
        task=Task(output_format=output_format),
        tools=tools,
        messages=(Message(role="user", content="Light!"), Message(role="assistant", tool_calls=(call,))),
    )


class Obedient(ScriptedModel):
    """Calls rightly only when it is held to a grammar."""

    def __init__(self) -> None:
        super().__init__(lambda prompt: RIGHT if prompt.grammar else "<tool_call> light on", "obedient")
        self.held: list[str] = []

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int, seed: int = 0, arrived: Arrived | None = None
    ) -> list[Completion]:
        self.held += [prompt.grammar for prompt in prompts]
        return super().complete(prompts, max_tokens=max_tokens, arrived=arrived)


def test_the_score_is_that_of_the_free_answer_and_the_other_stands_beside_it(tmp_path: Path) -> None:
    model = Obedient()
    summary = run_suite(cases_of([row(0), row(1)]), model, tmp_path, constrain=True)
    assert summary.all.accuracy == 0.0
    assert summary.all.means["constrained"].mean == 1.0
    assert [bool(grammar) for grammar in model.held] == [False, False, True, True]
    rows = read_results(tmp_path / "results.jsonl")
    assert [each.error for each in rows] == ["malformed"] * 2
    assert [each.scores for each in rows] == [{"constrained": 1.0}] * 2
    run_suite(cases_of([row(0), row(1)]), model, tmp_path, constrain=True)
    assert len(model.held) == 4, "both kinds of answers are in the journal"


def test_without_the_wish_nothing_is_asked_twice(tmp_path: Path) -> None:
    model = Obedient()
    summary = run_suite(cases_of([row(0)]), model, tmp_path)
    assert summary.all.means == {}
    assert model.held == [""]


def test_a_row_whose_tools_make_no_grammar_has_no_such_score_and_says_why(tmp_path: Path) -> None:
    never = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 3}}}
    impossible = Tool(name="f", parameters={**never, "required": ["a"]})
    rows = [row(0), row(1, ()), row(2, (impossible,))]
    run_suite(cases_of(rows), Obedient(), tmp_path, constrain=True)
    plain, empty, unsatisfiable = read_results(tmp_path / "results.jsonl")
    assert plain.scores == {"constrained": 1.0}
    assert empty.scores == unsatisfiable.scores == {}
    assert empty.conditions["constrained"] == "not asked: no tools"
    assert "nsatisfiable" in str(unsatisfiable.conditions["constrained"])


def test_a_format_without_a_grammar_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="python"):
        run_suite(cases_of([row(0, output_format="python")]), Obedient(), tmp_path, constrain=True)
