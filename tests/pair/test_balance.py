"""What is chosen keeps classes and lengths even, and says so; what nobody can even out is dropped or told."""

from collections import Counter

import pytest
from pair_rows import asking, call_row, events, saying, silent_row, weather

from callwright.models import Completion
from callwright.pair import Balance, Candidate, Corruptions, Generations, pair
from callwright.pair.balance import FEW
from callwright.pair.candidate import Origin
from callwright.record import Dropped, Trajectory

ROW = asking("Weather in Oslo?", weather("Oslo"))


def candidate(error_class: str, longer: int = 0, origin: Origin = "corruption") -> Candidate:
    return Candidate(ROW, saying(events("Oslo")), error_class, origin, longer)


def choose(balance: Balance, *candidates: Candidate) -> Candidate:
    first = balance.ordered(candidates)[0]
    balance.add(first)
    return first


def test_the_least_used_class_comes_first() -> None:
    balance = Balance()
    offered = [candidate("wrong-value"), candidate("extra-call"), candidate("wrong-type")]
    for _ in range(30):
        choose(balance, *offered)
    assert set(balance.classes.values()) == {10}


def test_lengths_are_kept_even_where_a_class_comes_in_both() -> None:
    balance = Balance()
    for _ in range(20):
        choose(balance, candidate("wrong-value", 1), candidate("wrong-value", -1))
    assert balance.guess() == 0.5


def test_lengths_are_kept_even_by_classes_that_come_in_one() -> None:
    balance = Balance()
    always_longer = ("wrong-type", "extra-call", "undefined-argument")
    for _ in range(200):
        choose(balance, *(candidate(name, 1) for name in always_longer), candidate("missing-argument", -1))
    assert balance.guess() < 0.6
    assert max(balance.classes.values()) < 0.5 * balance.pairs


def test_who_calls_is_kept_even_although_rows_without_a_call_allow_one_class_only() -> None:
    balance = Balance()
    others = ("wrong-type", "extra-call", "missing-argument", "wrong-value")
    for k in range(300):
        if k % 3 == 0:
            choose(balance, candidate("needless-call", 1))
        else:
            calling = [candidate(name, (-1) ** k) for name in others]
            choose(balance, candidate("needless-refusal", -1), *calling, candidate("wrong-value", 1, "model"))
    assert balance.classes["needless-call"] == 100
    assert 75 <= balance.classes["needless-refusal"] <= 100
    assert balance.guess_by_calling() < 0.55
    assert min(balance.classes[name] for name in others) > 10


def test_real_mistakes_come_first_as_long_as_their_class_is_not_far_ahead() -> None:
    balance = Balance()
    for k in range(100):
        made_up = [candidate(name, (-1) ** k) for name in ("wrong-type", "extra-call", "wrong-value")]
        choose(balance, candidate("wrong-function", (-1) ** k, "model"), *made_up)
    share = balance.classes["wrong-function"] / 100
    assert 0.3 <= share <= 0.4
    assert balance.made["wrong-function", "model"] == balance.classes["wrong-function"]


def test_a_class_with_its_full_share_gets_no_more() -> None:
    def refuse(questions: object) -> list[Completion]:
        return [Completion("No.", 1, 1, "stop") for _ in range(len(questions))]  # type: ignore[arg-type]

    rows = [call_row(k) for k in range(60)]
    balance = Balance(0.5)
    made = list(pair(rows, [Generations(refuse, "weak")], balance=balance))
    assert Counter(t.reason for t in made if isinstance(t, Dropped)) == {"class-is-full": 60 - FEW}
    balance = Balance(0.5)
    made = list(pair(rows, [Generations(refuse, "weak"), Corruptions(1)], balance=balance))
    assert balance.pairs == 60
    assert balance.classes["needless-refusal"] <= 20


def test_rows_that_allow_one_class_only_are_dropped_from_its_share_on() -> None:
    rows = [*[call_row(k) for k in range(20)], *[silent_row(k) for k in range(40)]]
    made = list(pair(rows, [Corruptions(1)], balance=Balance(0.5)))
    kept = [t for t in made if isinstance(t, Trajectory)]
    assert 2 * sum(t.task.expects == "no_call" for t in kept) <= len(kept) + 1
    assert all(t.reason == "class-is-full" for t in made if isinstance(t, Dropped))
    assert len(list(pair(rows, [Corruptions(1)], balance=Balance(1.0)))) == 60


@pytest.mark.parametrize(("longer", "guess"), [((1, 1, 1, -1), 0.75), ((1, -1, 0, 0), 0.5), ((), 0.5)])
def test_the_report_tells_what_length_gives_away(longer: tuple[int, ...], guess: float) -> None:
    balance = Balance()
    for sign in longer:
        balance.add(candidate("wrong-value", sign, "failure"))
    told = balance.to_json()
    assert told["length"]["guess"] == balance.guess() == guess
    assert told["pairs"] == sum(
        told["length"][word] for word in ("rejected_longer", "as_long", "rejected_shorter")
    )
    if not longer:
        assert balance.text() == "no pair could be made"
    else:
        wrong = told["classes"]["wrong-value"]
        assert wrong["failure"] == wrong["pairs"] == len(longer)
        assert "wrong-value" in balance.text()
