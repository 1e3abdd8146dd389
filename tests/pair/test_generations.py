"""A model's answer is rejected for what is wrong with it, and never for being right in other words."""

from collections import Counter
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from pair_rows import asking, call_row, events, saying, silent_row, weather

from callwright import formats
from callwright.models import Completion
from callwright.models.scripted import ScriptedModel
from callwright.pair import Generations, Question, pair
from callwright.record import Dropped, Episode, Message, Observation, Played, Task, ToolCall, Trajectory

ROW = asking("Weather in Oslo for 2 days?", weather("Oslo"))


def graded_as(t: Trajectory, text: str, finish: str = "stop") -> str:
    """Return what becomes of one answer."""
    source = Generations(lambda questions: [Completion(text, 1, 1, finish)], "weak")  # type: ignore[arg-type]
    (made,) = pair([t], [source])
    (outcome,) = source.outcomes
    if isinstance(made, Dropped):
        assert made.reason == outcome
    else:
        assert made.preference is not None
        assert made.preference.error_class == outcome
        assert made.extra["pair"] == {"origin": "model", "model": "weak"}
    return outcome


def said(*calls: ToolCall, output_format: str = "") -> str:
    return formats.assistant_text(saying(*calls), output_format)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (said(weather("Oslo")), "answer-is-right"),
        (said(weather("Oslo", 2.0, unit="celsius")), "answer-is-right"),
        (f"Let me see.\n{said(weather('Oslo'))}", "answer-is-right"),
        ("It rains.", "needless-refusal"),
        ("", "needless-refusal"),
        ('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Os', "malformed"),
        (f"{said(weather('Oslo'))}\nThere you go.", "malformed"),
        ("<think>never closed", "malformed"),
        (said(weather("Lima")), "wrong-value"),
        (said(events("Oslo")), "wrong-function"),
        (said(weather("Oslo"), events("Oslo")), "extra-call"),
        (said(ToolCall(name="get_weather", arguments={})), "missing-argument"),
        (said(ToolCall(name="weather")), "undefined-function"),
    ],
)
def test_an_answer_is_graded_by_what_can_be_decided(text: str, outcome: str) -> None:
    assert graded_as(ROW, text) == outcome


def test_an_answer_that_was_cut_off_is_held_against_nobody() -> None:
    assert graded_as(ROW, "It ra", "length") == "answer-cut-off"
    source = Generations(lambda questions: [None], "weak")
    (made,) = pair([ROW], [source])
    assert isinstance(made, Dropped)
    assert made.reason == "prompt-too-long"


def test_where_no_call_is_due_only_a_call_is_wrong() -> None:
    assert graded_as(silent_row(1), "Who knows.") == "answer-is-right"
    assert graded_as(silent_row(1), said(events("Oslo"))) == "needless-call"


@pytest.mark.parametrize("output_format", ["hermes", "xlam", "openai", "python", "react"])
def test_an_answer_that_can_not_be_read_stays_as_it_was_written(output_format: str) -> None:
    text = '{"tool_calls": [{"name": <tool_call> get_weather('
    if not isinstance(formats.reply_message(text, output_format), formats.Malformed):
        text = '[get_weather(city="Oslo"'
    t = replace(ROW, task=Task(expects="call", output_format=output_format))
    (made,) = pair([t], [Generations(lambda questions: [Completion(text, 1, 1, "stop")], "weak")])
    assert isinstance(made, Trajectory)
    assert made.preference is not None
    assert made.preference.error_class == "malformed"
    assert formats.rejected_text(made.preference.rejected, output_format) == text
    (call,) = made.preference.rejected.tool_calls
    assert call.parse_error


def test_a_model_is_asked_for_the_turn_that_is_to_be_preferred_with_all_before_it() -> None:
    asked: list[Question] = []

    def ask(questions: Sequence[Question]) -> list[Completion | None]:
        asked.extend(questions)
        return [Completion("No.", 1, 1, "stop") for _ in questions]

    more = (*ROW.messages, Message(role="tool", content="sunny"), Message(role="user", content="And events?"))
    t = replace(
        ROW, messages=(*more, saying(events("Oslo")), Message(role="tool", content="none"), saying(text="."))
    )
    (made,) = pair([t], [Generations(ask, "weak")])
    assert isinstance(made, Trajectory)
    (question,) = asked
    assert question.id == "row"
    assert question.prompt.messages[-1] == ("user", "And events?")
    assert "get_weather" in question.prompt.messages[0][1]
    assert len(question.prompt.messages) == 1 + len(more)
    expected = formats.segments(formats.plain_messages(made)[:-1], generation_prompt=True)
    assert question.prompt.segments == tuple((s.text, s.control) for s in expected)


def test_an_answer_that_does_the_same_when_it_runs_is_right() -> None:
    def play(episodes: Sequence[Episode]) -> list[Played]:
        return [
            Played(tuple(Observation(ok=True, value=str(c.arguments).casefold()) for c in e.calls))
            for e in episodes
        ]

    def ask(questions: Sequence[Question]) -> list[Completion]:
        return [Completion(said(weather("OSLO")), 1, 1, "stop") for _ in questions]

    for run, reason in ((None, ""), (play, "answer-is-right")):
        (made,) = pair([ROW], [Generations(ask, "weak", run)], play=run)
        assert (made.reason if isinstance(made, Dropped) else "") == reason


def test_many_rows_are_asked_about_together_and_each_comes_out_once_in_order() -> None:
    sizes: list[int] = []
    model = ScriptedModel(lambda prompt: "No idea.")

    def ask(questions: Sequence[Question]) -> list[Completion]:
        sizes.append(len(questions))
        return model.complete([q.prompt for q in questions], max_tokens=9)

    rows = [call_row(k) for k in range(150)]
    made = list(pair(rows, [Generations(ask, "weak")]))
    assert sizes == [64, 64, 22]
    assert [t.id.removesuffix("#p") for t in made] == [t.id for t in rows]
    assert Counter(type(t) for t in made) == {Trajectory: 150}
