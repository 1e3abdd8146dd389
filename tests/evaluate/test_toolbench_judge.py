"""Judged measures: every rule of a vote, the rates that votes add up to, and reading what judges write."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import pstdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import DataError, ModelError
from callwright.evaluate.answers import Asker, opened
from callwright.evaluate.toolbench.judge import better, coin, majority, poll, vote
from callwright.evaluate.toolbench.judge_prompts import JudgePrompts, own_prompts, read_prompts, read_verdict
from callwright.evaluate.toolbench.layout import Run, run_of
from callwright.evaluate.toolbench.rates import pass_rate, solvable_pass_rate, win_rate
from callwright.models import Completion, Prompt
from callwright.models.scripted import ScriptedModel

GIVEN = json.dumps({"return_type": "give_answer", "final_answer": "42"})
GAVE_UP = json.dumps({"return_type": "give_up_and_restart"})


def run(query: str = "q", final: str = GIVEN, last: str = "Finish", steps: int = 1) -> Run:
    details: list[Any] = [
        {"role": "tool", "message": {"name": last, "arguments": final, "response": ""}, "next": []}
    ]
    for number in range(steps):
        call = {"name": f"f{number}", "arguments": "{}", "response": '{"error": "", "response": 1}'}
        details = [{"role": "tool", "message": call, "next": details}]
    answer = {"method": "CoT@1", "total_steps": steps + 1, "final_answer": final, "answer_details": details}
    return run_of({"query": query, "available_tools": [{"name": "f0"}], "answer": answer}, "here")


class Judge:
    """Answers each kind of question with what the test wants, and notes what was asked."""

    def __init__(self, **verdicts: str) -> None:
        self.verdicts = verdicts
        self.asked: list[str] = []
        self.name = "judge"

    def reply(self, prompt: Prompt) -> str:
        text = prompt.messages[0][1]
        kind = "better" if "Answer 1:" in text else "task" if '"available_tools"' in text else "answer"
        if kind == "answer" and '"answer_details"' in text:
            kind = "whole"
        self.asked.append(kind)
        return self.verdicts.get(kind, "Unsure")


@contextmanager
def asking(judge: Callable[[Prompt], str], folder: Path) -> Iterator[Asker]:
    with opened(folder / "votes.jsonl") as book:
        yield Asker(ScriptedModel(judge, "judge"), book, max_tokens=200, fingerprint="judge-1")


@pytest.mark.parametrize(
    ("of", "verdicts", "passed", "asked"),
    [
        # The last step is no Finish: failed, and nobody is asked.
        (run(last="f9"), {}, {False}, []),
        (run(), {"answer": "Solved"}, {True}, ["answer"]),
        (run(), {"answer": "Unsolved", "task": "Solvable"}, {False}, ["answer", "task"]),
        (run(), {"answer": "Unsolved", "task": "Unsure"}, {True, False}, ["answer", "task"]),
        (run(), {"answer": "Unsolved", "task": "Unsolvable"}, {True}, ["answer", "task"]),
        (run(), {"answer": "Unsure", "whole": "Solved"}, {True}, ["answer", "whole"]),
        (run(), {"whole": "Unsolved", "task": "Solvable"}, {False}, ["answer", "whole", "task"]),
        (run(), {"whole": "Unsure", "task": "Solvable"}, {True, False}, ["answer", "whole", "task"]),
        (run(), {"whole": "Unsure", "task": "Unsure"}, {True, False}, ["answer", "whole", "task"]),
        (run(), {"whole": "Unsure", "task": "Unsolvable"}, {True}, ["answer", "whole", "task"]),
        # No answer, or one that gives up, is Unsolved without a question about it.
        (run(final=GAVE_UP), {"task": "Solvable"}, {False}, ["task"]),
        (run(final=GAVE_UP), {"task": "Unsolvable"}, {True}, ["task"]),
        (run(final=""), {"task": "Solvable"}, {False}, ["task"]),
        # A judge that says nothing readable is unsure.
        (run(), {"answer": "?", "whole": "?", "task": "?"}, {True, False}, ["answer", "whole", "task"]),
    ],
)
def test_a_vote_of_the_pass_rate(
    of: Run, verdicts: dict[str, str], passed: set[bool], asked: list[str], tmp_path: Path
) -> None:
    judge = Judge(**verdicts)
    with asking(judge.reply, tmp_path) as asker:
        polled = poll({str(n): vote(of, own_prompts(), coin(n)) for n in range(20)}, asker)
    assert {each.passed for each in polled.votes.values()} == passed
    assert judge.asked == [kind for kind in asked for _ in range(20)]


def test_the_printed_pass_rate_lets_ties_pass_and_the_table_flips_a_coin(tmp_path: Path) -> None:
    """Votes 2 to 2: the n-th vote on a query gets the n-th reply."""
    runs = {f"q{number}": run(f"q{number}") for number in range(40)}
    seen: dict[str, int] = {}

    def tied(prompt: Prompt) -> str:
        text = prompt.messages[0][1]
        if '"available_tools"' in text:
            return "Solvable"
        seen[text] = seen.get(text, 0) + 1
        return "Solved" if seen[text] <= 2 else "Unsolved"

    with asking(tied, tmp_path) as asker:
        found = pass_rate(runs, asker, own_prompts(), votes=4, seed=1)
        again = pass_rate(runs, asker, own_prompts(), votes=4, seed=1)
        other = pass_rate(runs, asker, own_prompts(), votes=4, seed=2)
    assert found.rate == 1.0
    assert {majority(each.passed for each in votes) for votes in found.votes.values()} == {0}
    assert 5 < sum(found.labels.values()) < 35
    assert again == found
    assert other.labels != found.labels
    assert other.rate == 1.0


def test_coins_are_seeded(tmp_path: Path) -> None:
    runs = {f"q{number}": run(f"q{number}") for number in range(30)}
    judge = Judge(answer="Unsolved", task="Unsure")
    with asking(judge.reply, tmp_path) as asker:
        one, same, two = (pass_rate(runs, asker, own_prompts(), seed=seed) for seed in (5, 5, 6))
        reversed_order = pass_rate(dict(reversed(runs.items())), asker, own_prompts(), seed=5)
    assert one == same
    assert one.passed == reversed_order.passed
    assert one.passed != two.passed


def test_the_solvable_pass_rate_counts_unsure_as_a_half(tmp_path: Path) -> None:
    runs = {name: run(name) for name in ("yes", "half", "no")} | {"stopped": run("stopped", last="f1")}

    def judge(prompt: Prompt) -> str:
        text = prompt.messages[0][1]
        word = next(name for name in ("yes", "half", "no") if f"\n{name}\n" in text)
        return {"yes": "Solved", "half": "Unsure", "no": "Unsolved"}[word]

    with asking(judge, tmp_path) as asker:
        found = solvable_pass_rate(runs, asker, own_prompts())
    assert found.runs == (0.375, 0.375, 0.375)
    assert (found.mean, found.deviation) == (0.375, 0.0)
    assert found.worth == {"yes": 1.0, "half": 0.5, "no": 0.0, "stopped": 0.0}


def test_the_solvable_pass_rate_has_a_deviation_over_its_runs(tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    def wavering(prompt: Prompt) -> str:
        text = prompt.messages[0][1]
        seen[text] = seen.get(text, 0) + 1
        return "Solved" if seen[text] == 1 else "Unsolved"

    with asking(wavering, tmp_path) as asker:
        found = solvable_pass_rate({"a": run("a"), "b": run("b")}, asker, own_prompts())
    assert found.runs == (1.0, 0.0, 0.0)
    assert found.mean == pytest.approx(1 / 3)
    assert found.deviation == pytest.approx(pstdev([1, 0, 0]))


def test_both_pass_rates_count_the_same_votes_and_a_vote_is_never_asked_twice(tmp_path: Path) -> None:
    judge = Judge(answer="Solved")
    with asking(judge.reply, tmp_path) as asker:
        pass_rate({"a": run()}, asker, own_prompts())
        assert len(judge.asked) == 4
        solvable_pass_rate({"a": run()}, asker, own_prompts())
        assert len(judge.asked) == 4
    with opened(tmp_path / "votes.jsonl") as book:
        model = ScriptedModel(judge.reply, "judge")
        asker = Asker(model, book, max_tokens=200, fingerprint="judge-1")
        pass_rate({"a": run()}, asker, own_prompts())
        assert len(judge.asked) == 4, "the journal on the disk knows"
        pass_rate({"a": run("another query")}, asker, own_prompts())
        assert len(judge.asked) == 8
        other = Asker(model, book, max_tokens=200, fingerprint="judge-2")
        pass_rate({"a": run()}, other, own_prompts())
    assert len(judge.asked) == 12, "another judge votes anew"


def test_votes_on_a_run_are_answers_of_their_own_drawn_as_tooleval_draws_them(tmp_path: Path) -> None:
    asked: list[Prompt] = []

    def judge(prompt: Prompt) -> str:
        asked.append(prompt)
        return "Solved"

    with asking(judge, tmp_path) as asker:
        pass_rate({"a": run()}, asker, own_prompts(), votes=4)
        solvable_pass_rate({"a": run()}, asker, own_prompts(), votes=3)
        assert {prompt.temperature for prompt in asked} == {0.2}
        assert [prompt.sample for prompt in asked] == [0, 1, 2, 3]
        assert len({repr(prompt) for prompt in asked}) == 4
        labels = {"a": True}
        win_rate({"a": run()}, {"a": run(steps=2)}, (labels, labels), asker, own_prompts(), votes=2)
    compared = [prompt for prompt in asked if "Answer 1:" in prompt.messages[0][1]]
    assert [prompt.sample for prompt in compared] == [0, 1]


def test_an_outage_is_no_vote(tmp_path: Path) -> None:
    class Down(ScriptedModel):
        def complete(self, prompts: Any, **options: Any) -> list[Completion]:
            raise ModelError("down")

    with opened(tmp_path / "votes.jsonl") as book, pytest.raises(ModelError):
        pass_rate({"a": run()}, Asker(Down([]), book, max_tokens=9, fingerprint="x"), own_prompts())


@pytest.mark.parametrize(
    ("first", "second", "choice", "wins"),
    [
        ("Solved", "Unsolved", "0", False),
        ("Unsolved", "Solved", "0", True),
        ("Unsure", "Unsolved", "1", False),
        ("Unsure", "Solved", "0", True),
        ("Solved", "Solved", '{"index": 1}', True),
        ("Solved", "Solved", '{"index": 0}', False),
        ("Unsolved", "Unsolved", "Answer 1", True),
    ],
)
def test_a_comparison_goes_by_status_and_then_by_choice(
    first: str, second: str, choice: str, wins: bool, tmp_path: Path
) -> None:
    final = {name: GIVEN.replace("42", name) for name in ("first", "second")}

    def judge(prompt: Prompt) -> str:
        text = prompt.messages[0][1]
        return choice if "Answer 1:" in text else first if "first" in text else second

    with asking(judge, tmp_path) as asker:
        ballot = better(run(final=final["first"]), run(final=final["second"]), own_prompts(), coin(1))
        assert poll({"a": ballot}, asker).votes == {"a": wins}


def test_the_win_rate(tmp_path: Path) -> None:
    reference = {name: run(name) for name in ("lost", "won", "close", "twins", "only reference")}
    candidate = {name: run(name, steps=3) for name in ("lost", "won", "close", "only candidate")}
    candidate["twins"] = reference["twins"]
    passed = ({"lost": True, "won": False}, {"lost": False, "won": True})
    judge = Judge(answer="Solved", better='{"reason": "…", "index": 1}')
    with asking(judge.reply, tmp_path) as asker:
        outcomes = [
            win_rate(reference, candidate, passed, asker, own_prompts(), votes=2, seed=seed)
            for seed in range(12)
        ]
    for found in outcomes:
        decided = {key: value for key, value in found.outcomes.items() if key != "twins"}
        assert decided == {"lost": -1, "won": 1, "close": 1, "only reference": -1, "only candidate": 1}
        assert found.win + found.lose + found.tie == pytest.approx(1.0)
    # Nobody is asked about two equal runs; coins decide, so all three outcomes occur.
    assert {found.outcomes["twins"] for found in outcomes} == {-1, 0, 1}


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ('{"reason": "all there", "answer_status": "Solved"}', "Solved"),
        ('```json\n{"answer_status": "Unsolved"}\n```', "Unsolved"),
        ("answer_status: unsure", "Unsure"),
        ("**answer_status** = `Solved`", "Solved"),
        ('First I thought "answer_status": "Solved", but "answer_status": "Unsolved"', "Unsolved"),
        ("Solved", "Solved"),
        ("It is unsolved.", "Unsolved"),
        ("It could be Solved or Unsolved. Unsure.", "Unsure"),
        ("Neither solved nor unsolved, I would say", None),
        ("resolved", None),
        ("", None),
        ("{" * 5000, None),
    ],
)
def test_verdicts_are_read_tolerantly(reply: str, verdict: str | None) -> None:
    assert read_verdict("check_answer_status", reply) == verdict


@pytest.mark.parametrize(
    ("reply", "index"),
    [
        ('{"index": 1}', "1"),
        ("index: 0", "0"),
        ("Answer_1 is better", None),
        ("Answer 1", "1"),
        ("2", None),
        ("0.1", None),
    ],
)
def test_choices_are_read_tolerantly(reply: str, index: str | None) -> None:
    assert read_verdict("select_better_answer", reply) == index


@given(st.text())
def test_reading_a_verdict_never_raises(reply: str) -> None:
    assert read_verdict("check_task_solvable", reply) in {None, "Solvable", "Unsolvable", "Unsure"}


def test_what_is_judged_is_no_template() -> None:
    text = own_prompts().ask("check_answer_status", query="{answer} {x}", answer="{query}").messages[0][1]
    assert "{answer} {x}" in text
    assert "{query}" in text


def test_the_official_prompts_are_used_verbatim(shared_data: Path) -> None:
    folder = shared_data / "toolbench/tooleval"
    prompts = read_prompts(folder)
    template = (folder / "template.txt").read_text(encoding="utf-8")
    assert prompts.name == "official:tooleval"
    assert prompts.sha256 != own_prompts().sha256
    for text in prompts.texts.values():
        assert text in template
    asked = prompts.ask("select_better_answer", query="Q?", answer_0="A0", answer_1="A1").messages[0][1]
    filled = prompts.texts["select_better_answer"].replace("{query}", "Q?")
    assert asked.startswith(filled.replace("{answer_0}", "A0").replace("{answer_1}", "A1"))
    assert asked.endswith('{"reason": "…", "index": 0 | 1}')


def test_a_folder_without_the_prompts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"template\.txt"):
        read_prompts(tmp_path)
    text = "<function>\n<name>check_answer_status</name>\n<description>x</description>\n</function>"
    (tmp_path / "template.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="expected parse_answer_status"):
        read_prompts(tmp_path)


def test_own_prompts_hold_a_place_for_all_that_is_asked() -> None:
    prompts: JudgePrompts = own_prompts()
    assert {name: text.count("{") for name, text in prompts.texts.items()} == {
        "check_answer_status": 2, "parse_answer_status": 2,
        "check_task_solvable": 1, "select_better_answer": 3,
    }  # fmt: skip
