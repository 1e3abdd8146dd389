"""What follows from votes: majority, ties, thresholds, findings with their places, abstentions."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import row
from msgspec.structs import replace

from callwright.record import Dropped, Issue, ToolCall, Trajectory, decode, encode
from callwright.verify.judge import Opinion, StepOpinion, Unsupported, Vote, decide, settle


def votes(*opinions: Opinion | None) -> list[Vote]:
    return [Vote(f"j{k}", opinion, "" if opinion else "unclear") for k, opinion in enumerate(opinions)]


def codes(issues: tuple[Issue, ...], severity: str = "error") -> list[str]:
    return [issue.code for issue in issues if issue.severity == severity]


YES, NO = Opinion(True, 5.0), Opinion(False, 5.0, why="wrong city")


@pytest.mark.parametrize(
    ("opinions", "passes"),
    [
        ([YES], True),
        ([NO], False),
        ([YES, NO], False),
        ([YES, YES, NO], True),
        ([YES, NO, NO], False),
        ([YES, None, None], True),
        ([YES, NO, None], False),
        ([YES, YES, NO, NO], False),
        ([Opinion(rating=5.0), YES], True),
    ],
)
def test_the_majority_of_those_who_say_decides_and_a_tie_fails(
    opinions: list[Opinion | None], passes: bool
) -> None:
    decision = decide(row(), votes(*opinions))
    assert decision.passes is passes
    assert decision.keeps is passes
    assert codes(decision.issues) == ([] if passes else ["judge-rejected"])


@pytest.mark.parametrize(
    ("ratings", "mean", "kept"),
    [
        ([4], 4.0, True),
        ([3.99], 3.99, False),
        ([5, 3], 4.0, True),
        ([5, 4, 2.99], 3.9967, False),
        ([4.2, 3.8], 4.0, True),
    ],
)
def test_the_mean_rating_decides_at_the_threshold(ratings: list[float], mean: float, kept: bool) -> None:
    decision = decide(row(), votes(*(Opinion(True, rating) for rating in ratings)))
    assert decision.rating == mean
    assert codes(decision.issues) == ([] if kept else ["low-rating"])


def test_passing_does_not_make_up_for_a_low_rating_nor_the_other_way_round() -> None:
    assert codes(decide(row(), votes(Opinion(True, 1.0), Opinion(True, 2.0))).issues) == ["low-rating"]
    assert codes(decide(row(), votes(Opinion(False, 5.0))).issues) == ["judge-rejected"]
    assert codes(decide(row(), votes(Opinion(False, 1.0))).issues) == ["judge-rejected", "low-rating"]


def test_another_threshold_is_another_decision() -> None:
    assert decide(row(), votes(Opinion(True, 3.0)), min_rating=3.0).keeps
    assert not decide(row(), votes(Opinion(True, 4.5)), min_rating=5.0).keeps


@given(
    st.lists(
        st.none() | st.builds(Opinion, st.sampled_from([True, False, None]), st.integers(0, 5).map(float))
    )
)
def test_votes_count_whatever_their_order(opinions: list[Opinion | None]) -> None:
    one, other = decide(row(), votes(*opinions)), decide(row(), votes(*reversed(opinions)))
    assert (one.passes, one.rating, one.keeps) == (other.passes, other.rating, other.keeps)
    if not any(opinions):
        assert one.keeps
        assert (one.passes, one.rating, one.decided) == (None, None, False)


def test_where_all_abstain_the_row_is_kept_and_says_so() -> None:
    kept = settle(row(), decide(row(), votes(None, None)))
    assert isinstance(kept, Trajectory)
    assert codes(kept.issues, "warning") == ["judge-abstained", "judge-abstained"]
    assert kept.extra["judge"]["passes"] is None
    assert kept.extra["judge"]["rating"] is None


def test_the_text_of_an_abstention_is_kept() -> None:
    vote = Vote("j", None, "it is empty", "hm " * 2000)
    record = decide(row(), [vote]).record["votes"][0]
    assert record["abstained"] is True
    assert record["complaint"] == "it is empty"
    assert record["text"].startswith("hm hm")
    assert len(record["text"]) == 2000


def test_a_low_rated_step_is_a_warning_at_its_message() -> None:
    steps = (StepOpinion(1, 2.0), StepOpinion(2, 5.0))
    decision = decide(row(), votes(replace_steps(YES, steps), replace_steps(YES, (StepOpinion(1, 5.0),))))
    found = [issue for issue in decision.issues if issue.code == "low-rated-step"]
    assert [(issue.path, issue.severity, issue.got) for issue in found] == [("messages[1]", "warning", "3.5")]
    assert decision.keeps


def replace_steps(opinion: Opinion, steps: tuple[StepOpinion, ...]) -> Opinion:
    return Opinion(opinion.passes, opinion.rating, steps, opinion.why)


def names(*named: Unsupported, step: int = 1) -> Opinion:
    return Opinion(True, 5.0, (StepOpinion(step, None, named),))


CITY = Unsupported("city", "Oslo")
PLACE = "messages[1].tool_calls[0].arguments.city"


@pytest.mark.parametrize(
    ("opinions", "severity"),
    [
        ([names(CITY)], "error"),
        ([names(CITY), YES], "warning"),
        ([names(CITY), names(CITY), YES], "error"),
        ([names(CITY), YES, None], "warning"),
        ([names(CITY), None, None], "error"),
        ([names(CITY), names(Unsupported("", "oslo"), step=0)], "error"),
        ([names(CITY), names(Unsupported("arguments.city"), step=2)], "error"),
    ],
)
def test_a_value_that_a_majority_finds_unsupported_drops_the_row(
    opinions: list[Opinion | None], severity: str
) -> None:
    decision = decide(row(), votes(*opinions))
    found = [issue for issue in decision.issues if issue.code == "hallucinated-argument"]
    assert [(issue.path, issue.severity) for issue in found] == [(PLACE, severity)]


def test_naming_a_value_twice_is_naming_it_once() -> None:
    decision = decide(row(), votes(names(CITY, Unsupported("city")), YES, YES))
    found = [issue for issue in decision.issues if issue.code == "hallucinated-argument"]
    assert [(issue.path, issue.severity) for issue in found] == [(PLACE, "warning")]


def test_what_can_not_be_found_is_a_warning_even_if_all_name_it() -> None:
    ghost = names(Unsupported("country", "Norway"))
    decision = decide(row(), votes(ghost, ghost))
    found = [issue for issue in decision.issues if issue.code == "hallucinated-argument"]
    assert [(issue.path, issue.severity) for issue in found] == [("messages[1].tool_calls", "warning")]
    assert "country=Norway" in found[0].got


def two_calls(**second: Any) -> Trajectory:
    calls = (
        ToolCall(name="weather", arguments={"city": "Oslo", "stops": [{"to": "Bergen"}], "days": 7}),
        ToolCall(name="weather", arguments=second),
    )
    t = row()
    return replace(t, messages=(t.messages[0], replace(t.messages[1], tool_calls=calls), *t.messages[2:]))


@pytest.mark.parametrize(
    ("named", "place"),
    [
        (Unsupported("city", "Rome"), "messages[1].tool_calls[1].arguments.city"),
        (Unsupported("city"), "messages[1].tool_calls"),
        (Unsupported("days", "8"), "messages[1].tool_calls[0].arguments.days"),
        (Unsupported("DAYS"), "messages[1].tool_calls[0].arguments.days"),
        (Unsupported("to"), "messages[1].tool_calls[0].arguments.stops[0].to"),
        (Unsupported("stops", '[{"to":"Bergen"}]'), "messages[1].tool_calls[0].arguments.stops"),
        (Unsupported("", "7"), "messages[1].tool_calls[0].arguments.days"),
        (Unsupported("Bergen"), "messages[1].tool_calls[0].arguments.stops[0].to"),
    ],
)
def test_a_named_argument_is_found_where_only_one_can_be_meant(named: Unsupported, place: str) -> None:
    decision = decide(two_calls(city="Rome"), votes(names(named), YES))
    assert [issue.path for issue in decision.issues] == [place]


def test_a_dropped_row_carries_the_votes_and_the_reason() -> None:
    gone = settle(row(extra={"label": "bad"}), decide(row(), votes(NO, YES)))
    assert isinstance(gone, Dropped)
    assert (gone.stage, gone.reason, gone.path) == ("verify", "judge-rejected", "messages")
    assert "1 of 2: wrong city" in gone.detail
    back = decode(json.dumps(gone.row))
    assert back.extra["label"] == "bad"
    assert [vote["passes"] for vote in back.extra["judge"]["votes"]] == [False, True]


def test_judging_again_replaces_what_was_said_before() -> None:
    other = Issue(code="empty-result", path="messages[2]", severity="warning")
    t = replace(row(), issues=(other,))
    first = settle(t, decide(t, votes(YES, None)))
    assert isinstance(first, Trajectory)
    second = settle(first, decide(first, votes(YES)))
    assert isinstance(second, Trajectory)
    assert second.issues == (other,)
    assert len(second.extra["judge"]["votes"]) == 1
    assert settle(second, decide(second, votes(YES))) == second
    assert decode(encode(second)) == second


def test_a_vote_keeps_what_was_said_with_its_places() -> None:
    opinion = Opinion(True, 4.5, (StepOpinion(1, 4.0, (CITY,)), StepOpinion(2, 5.0)), "fine")
    assert decide(row(), [Vote("j", opinion, cut=True)]).record["votes"] == [
        {
            "judge": "j",
            "passes": True,
            "rating": 4.5,
            "steps": [{"path": "messages[1]", "score": 4.0}, {"path": "messages[3]", "score": 5.0}],
            "unsupported": [{"path": PLACE, "value": "Oslo", "found": True}],
            "why": "fine",
            "abstained": False,
            "cut": True,
        }
    ]
