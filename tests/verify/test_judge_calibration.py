"""Judges against labels: every number on rows where it is known."""

import json
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import judge, row, rows, verdict

from callwright.errors import DataError
from callwright.evaluate.stats import wilson
from callwright.models import Prompt
from callwright.record import Json, Message, Trajectory
from callwright.verify.judge import Committee, Rated, calibrate
from callwright.verify.judge.calibration import best_threshold, cohens_kappa


def labelled(*labels: Json) -> list[Trajectory]:
    return [row(f"number {k}?", id=f"r{k}", extra={"label": label}) for k, label in enumerate(labels)]


def in_turn(*answers: str) -> object:
    """Return a judge that answers by the number of the row."""

    def answer(prompt: Prompt) -> str:
        return answers[int(prompt.messages[1][1].partition("number ")[2].partition("?")[0])]

    return judge(answer, f"judge of {len(answers)}")


def measured(labels: list[Json], answers: list[str]) -> Rated:
    found = calibrate(labelled(*labels), Committee([in_turn(*answers)]))  # type: ignore[list-item]
    assert found.judges[0].recall == found.committee.recall
    return found.judges[0]


PASS, FAIL, LOW = verdict(True, 5), verdict(False, 5), verdict(True, 3)


def test_recall_false_alarms_and_kappa_on_a_table_known_by_hand() -> None:
    # caught 3 of 4 bad rows (one by its rating), flagged 1 of 6 good ones
    labels: list[Json] = ["bad"] * 4 + ["good"] * 6
    rated = measured(labels, [FAIL, FAIL, LOW, PASS] + [FAIL] + [PASS] * 5)
    assert (rated.n, rated.abstained) == (10, 0)
    assert (rated.recall.hits, rated.recall.of, rated.recall.share) == (3, 4, 0.75)
    assert (rated.false_alarms.hits, rated.false_alarms.of) == (1, 6)
    assert rated.recall[3:] == pytest.approx(wilson(3, 4))
    assert rated.false_alarms[3:] == pytest.approx(wilson(1, 6))
    # observed 0.8, by chance 0.4 * 0.4 + 0.6 * 0.6 = 0.52
    assert rated.kappa == pytest.approx((0.8 - 0.52) / (1 - 0.52))


def test_labels_are_booleans_or_words_and_other_rows_are_not_asked_about() -> None:
    asked: list[Prompt] = []

    def answer(prompt: Prompt) -> str:
        asked.append(prompt)
        return PASS

    found = calibrate(labelled(True, "Good", False, "bad ", None, "unsure", 1), Committee([judge(answer)]))
    assert (found.committee.false_alarms.of, found.committee.recall.of, found.unlabelled) == (2, 2, 3)
    assert len(asked) == 4


def test_an_abstention_is_in_no_rate() -> None:
    rated = measured(["bad", "bad", "good"], ["hm", FAIL, PASS])
    assert (rated.n, rated.abstained) == (2, 1)
    assert (rated.recall.hits, rated.recall.of) == (1, 1)


def test_a_row_with_nothing_to_judge_is_an_abstention_of_the_committee() -> None:
    bare = Trajectory(id="q", messages=(Message(role="user", content="hi"),), extra={"label": True})
    found = calibrate([bare, *labelled("bad")], Committee([judge(FAIL)]))
    assert (found.committee.n, found.committee.abstained) == (1, 1)


def test_the_committee_can_be_better_than_its_judges() -> None:
    labels: list[Json] = ["bad", "bad", "bad", "good", "good", "good"]
    wrong_once = []
    for k in range(3):
        said = [FAIL] * 3 + [PASS] * 3
        said[k], said[5 - k] = PASS, FAIL
        wrong_once.append(in_turn(*said))
    found = calibrate(labelled(*labels), Committee(wrong_once))  # type: ignore[arg-type]
    assert [j.recall.hits for j in found.judges] == [2, 2, 2]
    assert (found.committee.recall.hits, found.committee.false_alarms.hits, found.committee.kappa) == (
        3,
        0,
        1.0,
    )


def test_without_labels_there_is_nothing_to_measure() -> None:
    with pytest.raises(DataError, match=r"extra\.label"):
        calibrate(rows(3), Committee([judge(PASS)]))


def test_the_threshold_separates_what_ratings_can_separate() -> None:
    ratings = [1, 2, 4, 3, 4, 5]
    rated = measured(["bad"] * 3 + ["good"] * 3, [verdict(True, rating) for rating in ratings])
    assert (rated.threshold, rated.j) == (3.0, pytest.approx(2 / 3))


ratings = st.lists(st.tuples(st.booleans(), st.integers(0, 5).map(float)), max_size=12)


@given(ratings)
def test_no_other_threshold_has_a_larger_j(given_ratings: list[tuple[bool, float]]) -> None:
    goods = [rating for good, rating in given_ratings if good]
    bads = [rating for good, rating in given_ratings if not good]
    threshold, j = best_threshold(Counter(given_ratings))
    if not goods or not bads:
        assert (threshold, j) == (None, None)
        return

    def youden(t: float) -> float:
        return sum(r < t for r in bads) / len(bads) - sum(r < t for r in goods) / len(goods)

    assert threshold is not None
    assert j == pytest.approx(youden(threshold))
    tried = [k / 2 for k in range(13)]
    assert j >= max(map(youden, tried)) - 1e-12
    assert all(youden(t) < j - 1e-12 for t in {r for r in goods + bads if r < threshold})


@given(st.tuples(*[st.integers(0, 6)] * 4))
def test_kappa_is_what_its_definition_says(table: tuple[int, int, int, int]) -> None:
    caught, missed, alarms, right = table
    pairs = [(0, 0)] * caught + [(0, 1)] * missed + [(1, 0)] * alarms + [(1, 1)] * right
    n = len(pairs)
    found = cohens_kappa(*table)
    by_chance = sum(a == b for (a, _), (_, b) in product(pairs, pairs)) / (n * n) if n else 1.0
    if by_chance == 1:
        assert found is None
    else:
        assert found == pytest.approx((sum(a == b for a, b in pairs) / n - by_chance) / (1 - by_chance))


def test_a_calibration_is_a_table_and_plain_json() -> None:
    found = calibrate(labelled("bad", "good", None), Committee([judge(verdict(True, 5), "soft")]))
    lines = found.text().splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["judge", "soft", "committee"]
    assert "0.0 % (0.0 to" in lines[1]
    assert lines[3] == "rows without a label, not asked about: 1"
    told = json.loads(json.dumps(found.to_json()))
    assert told["committee"]["recall"] == {
        "hits": 0,
        "of": 1,
        "share": 0.0,
        "low": 0.0,
        "high": pytest.approx(wilson(0, 1)[1]),
    }
