"""A model as generator: every pair is judged, failures get one more chance, and the counts are exact."""

import re
from collections.abc import Callable, Sequence

import pytest
from synthesize_tools import tool

from callwright.models import Completion
from callwright.record import Dropped, Episode, Observation, Played, Tool, Trajectory
from callwright.synthesize.account import Spent
from callwright.synthesize.asking import Question
from callwright.synthesize.generate import Checks, Run, budget_of
from callwright.synthesize.grammar import Grammar
from callwright.synthesize.paraphrase import Paraphraser
from callwright.synthesize.propose import open_workshop
from callwright.synthesize.seeds import Seeds
from callwright.synthesize.slots import Candidate
from callwright.synthesize.writer import Writer
from written_pairs import CITIES, pair

TEXT = {"type": "string"}
WEATHER = tool("get_weather", "Get the weather in a city.", "city day", city=TEXT, day=TEXT)
TABLE = tool("book_table", "Book a table.", "guests", guests={"type": "integer", "minimum": 1})
TOOLS = (WEATHER, TABLE)


def completion(text: str) -> Completion:
    return Completion(text, 100, 10, "stop")


class Scripted:
    """Answers questions by a function of how many came before, and remembers them."""

    def __init__(self, answer: Callable[[int, str], str]) -> None:
        self.asked: list[Question] = []
        self._answer = answer

    def __call__(self, questions: Sequence[Question]) -> list[Completion | None]:
        found: list[Completion | None] = []
        for question in questions:
            text = self._answer(len(self.asked), question.prompt.messages[-1][1])
            self.asked.append(question)
            found.append(completion(text))
        return found


def play(episodes: Sequence[Episode]) -> list[Played]:
    """Run the calls: nobody knows the weather of Atlantis."""
    return [
        Played(
            tuple(
                Observation(ok=False, kind="raised", error="ValueError: no such city")
                if (call.arguments or {}).get("city") == "Atlantis"
                else Observation(ok=True, value={"done": 1})
                for call in episode.calls
            )
        )
        for episode in episodes
    ]


def run(
    answer: Callable[[int, str], str],
    *,
    accept: int,
    styles: dict[str, float],
    tools: Sequence[Tool] = TOOLS,
    max_candidates: int = 60,
    tokens: int | None = None,
    seeds: Seeds | None = None,
) -> tuple[list[Candidate], Run, Scripted]:
    ask = Scripted(answer)
    shop = open_workshop(tools, seed=1, families="train", values="train")
    pool = seeds if seeds is not None else Seeds([], 1)
    spent = Spent()
    budget = budget_of(accept, max_candidates, tokens)
    made = Run([Writer("m", ask, shop, pool, spent)], shop, styles, Checks(play), budget, pool)
    made.account.spent["m"] = spent
    return list(made(accept)), made, ask


def kept(rows: Sequence[Candidate]) -> list[Trajectory]:
    return [row for row in rows if isinstance(row, Trajectory)]


def test_every_pair_of_an_answer_is_judged_and_the_funnel_counts_each_at_its_stage() -> None:
    """Planted: of every answer one pair is right, one is unreadable, one calls what is not there, one gives a
    wrong type, one value is made up, one call fails when it is made."""

    def answer(number: int, text: str) -> str:
        if "was refused" in text:
            return "I give up."
        city = f"{CITIES[number % 12]}{'' if number < 12 else number}"
        return "\n".join(
            [
                pair(f"Weather in {city} on Monday?", ("get_weather", {"city": city, "day": "Monday"})),
                '{"query": "no answers"}',
                pair(f"Sing {city}!", ("sing", {"song": city})),
                pair(f"A table for some people, {city}.", ("book_table", {"guests": "some people"})),
                pair(f"And tomorrow in {city}?", ("get_weather", {"city": "Paris", "day": "tomorrow"})),
                pair(f"Atlantis on Friday {number}?", ("get_weather", {"city": "Atlantis", "day": "Friday"})),
            ]
        )

    rows, made, ask = run(answer, accept=10, styles={"multiple": 1.0}, max_candidates=600)
    funnel = made.account.first.funnel().sources[0]
    asked = sum("was refused" not in q.prompt.messages[-1][1] for q in ask.asked)
    assert funnel.rows == 6 * asked - made.account.reasons["surplus"]
    assert funnel.passed == 10
    assert funnel.format["unreadable"] == funnel.format["offered"] == funnel.format["schema"] == asked
    assert funnel.format["grounding"] == asked
    assert funnel.execution == asked
    assert not made.account.repairs  # there were enough rows before
    assert len(rows) == made.account.candidates == made.account.accepted + sum(made.account.reasons.values())
    assert made.account.spent["m"].requests == len(ask.asked)
    assert "m " in made.account.text()


def test_a_failure_is_mended_once_with_the_verifiers_message() -> None:
    def answer(number: int, text: str) -> str:
        if "was refused" in text:
            assert "wrong-type" in text
            assert "guests" in text
            query = re.findall(r'"query": "(A table for \d+)"', text)[-1]
            return f"[{pair(query, ('book_table', {'guests': int(query.split()[-1])}))}]"
        return pair(f"A table for {number + 2}", ("book_table", {"guests": f"{number + 2}"}))

    rows, made, _ = run(answer, accept=5, styles={"simple": 1.0}, tools=[TABLE])
    assert len(kept(rows)) == 5
    assert all(row.id.endswith("+r") for row in kept(rows))
    assert made.account.repairs["m accepted"] == 5
    assert made.account.first.funnel().sources[0].passed == 0
    failures = [row for row in rows if isinstance(row, Dropped) and row.reason == "wrong-type"]
    assert failures
    assert all(row.row["messages"][0]["content"].startswith("A table") for row in failures)


def test_a_request_for_a_tool_that_is_taken_away_is_refused() -> None:
    def answer(number: int, text: str) -> str:
        gold = re.findall(r"exactly one call of (\w+)\.", text)[0]
        if gold == "book_table":
            return pair(f"A table for {number + 2}", (gold, {"guests": number + 2}))
        return pair(
            f"Weather in {CITIES[number]} on Monday?", (gold, {"city": CITIES[number], "day": "Monday"})
        )

    rows, _, _ = run(answer, accept=8, styles={"irrelevant": 1.0})
    assert len(kept(rows)) == 8
    for row in kept(rows):
        gone = row.extra["synthesize"]["missing"]
        assert gone not in {t.name for t in row.tools or ()}
        assert row.tools
        assert row.task.expects == "no_call"
        assert not row.messages[-1].tool_calls
        assert row.messages[-1].content


def test_a_value_is_left_out_only_where_the_request_does_not_tell_it() -> None:
    def answer(number: int, text: str) -> str:
        if "was refused" in text:
            return "no"
        name = re.findall(r"Fill in (\w+)", text)[0]
        city, told = CITIES[number % 12], number % 2
        query = {
            ("city", 0): "How will the weather be on Monday?",
            ("city", 1): f"How will the weather be on Monday in {city}?",
            ("day", 0): f"How will the weather be in {city}?",
            ("day", 1): f"How will the weather be in {city} on Monday?",
        }[name, told]
        return pair(
            f"{query} {'I ask' + ' again' * number}.", ("get_weather", {"city": city, "day": "Monday"})
        )

    rows, made, _ = run(answer, accept=6, styles={"missing": 1.0}, tools=[WEATHER])
    assert len(kept(rows)) == 6
    for row in kept(rows):
        name = row.extra["synthesize"]["missing_argument"]
        assert row.task.expects == "clarify"
        assert not row.task.instruction
        assert name in row.messages[-1].content
        assert ("Monday" in row.messages[0].content) == (name == "city")
    assert made.account.reasons["tells-the-value"] > 0


def test_a_list_may_be_what_the_request_does_not_tell() -> None:
    guests = {"type": "array", "items": TEXT}
    party = tool("seat_party", "Seat a party at a table.", "guests table", guests=guests, table=TEXT)

    def answer(number: int, text: str) -> str:
        name = re.findall(r"Fill in (\w+)", text)[0]
        query = {"guests": "Seat them at table Kestrel.", "table": "Seat Umberto and Wilhelmina."}[name]
        arguments = {"guests": ["Umberto", "Wilhelmina"], "table": "Kestrel"}
        return pair(f"{query} {'I ask' + ' again' * number}.", ("seat_party", arguments))

    rows, made, _ = run(answer, accept=6, styles={"missing": 1.0}, tools=[party])
    left_out = {row.extra["synthesize"]["missing_argument"] for row in kept(rows)}
    assert left_out == {"guests", "table"}
    assert not made.account.reasons["tells-the-value"]


def test_accepted_rows_are_shown_as_examples_from_then_on() -> None:
    def answer(number: int, text: str) -> str:
        return pair(f"A table for {number + 2}", ("book_table", {"guests": number + 2}))

    _, _, ask = run(answer, accept=150, styles={"simple": 1.0}, tools=[TABLE], max_candidates=400)
    shown = ["Examples of the form" in q.prompt.messages[-1][1] for q in ask.asked]
    assert not any(shown[:20])
    assert any(shown[64:])


def test_a_run_ends_within_its_budget_of_tokens_and_says_so() -> None:
    def answer(number: int, text: str) -> str:
        return pair(f"A table for {number + 2}", ("book_table", {"guests": number + 2}))

    _, made, ask = run(
        answer, accept=500, styles={"simple": 1.0}, tools=[TABLE], max_candidates=9999, tokens=11_000
    )
    assert 5_000 < made.account.spent["m"].tokens <= 11_000
    assert made.account.stopped == "the budget of tokens is spent"
    assert len(ask.asked) == made.account.accepted


def test_the_same_answers_make_the_same_rows() -> None:
    def answer(number: int, text: str) -> str:
        return pair(f"A table for {number + 2}", ("book_table", {"guests": number + 2}))

    first, _, one = run(answer, accept=100, styles={"simple": 1.0}, tools=[TABLE], max_candidates=200)
    second, _, two = run(answer, accept=100, styles={"simple": 1.0}, tools=[TABLE], max_candidates=200)
    assert first == second
    assert one.asked == two.asked


def test_a_paraphrase_is_kept_only_where_every_value_is_still_said() -> None:
    def answer(number: int, text: str) -> str:
        request = text.rpartition("\n\n")[2]
        return f"By the way: {request}" if number % 2 else "Please do what I have in mind, as usual."

    ask = Scripted(answer)
    shop = open_workshop(TOOLS, seed=1, families="train", values="train")
    spent = Spent()
    rephraser = Paraphraser("grammar+m", ask, Grammar(shop), spent)
    made = Run([rephraser], shop, {"simple": 1.0}, Checks(play), budget_of(20, 200))
    made.account.spent["grammar+m"] = spent
    rows = list(made(20))
    assert len(kept(rows)) == 20
    assert all(row.messages[0].content.startswith("By the way: ") for row in kept(rows))
    assert all(row.messages[0].content.endswith(row.extra["synthesize"]["paraphrased"]) for row in kept(rows))
    assert made.account.reasons["ungrounded-value"] > 0
    assert made.account.first.funnel().sources[0].source == "grammar+m"


def test_several_generators_take_turns() -> None:
    def answer(number: int, text: str) -> str:
        return pair(f"A table for {number + 2}", ("book_table", {"guests": number + 2}))

    shop = open_workshop(TOOLS, seed=1, families="train", values="train")
    seeds, spent = Seeds([], 1), Spent()
    writer = Writer("m", Scripted(answer), shop, seeds, spent)
    made = Run([Grammar(shop), writer], shop, {"simple": 1.0}, Checks(play), budget_of(40, 200), seeds)
    made.account.spent["m"] = spent
    rows = kept(list(made(40)))
    assert len(rows) == 40
    assert 10 < made.account.generators["m"] < 30
    assert {row.source.adapter for row in rows if row.source} == {"grammar", "m"}


@pytest.mark.parametrize("answer", ["", "sorry", '[{"query": "x"'])
def test_an_answer_without_a_pair_is_kept_as_unreadable(answer: str) -> None:
    rows, made, _ = run(lambda number, text: answer, accept=3, styles={"simple": 1.0}, max_candidates=10)
    assert not kept(rows)
    assert set(made.account.reasons) == {"unreadable"}
    assert all(isinstance(row, Dropped) and row.row["text"] == answer for row in rows)
    assert made.account.stopped == "the budget of candidates is spent"
