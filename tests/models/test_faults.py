"""A plan of faults depends on what is asked and on nothing else, and keeps its shares."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError
from callwright.models.faults import KINDS, Fault, Faults


def test_the_same_request_meets_the_same_faults_whenever_and_beside_whatever_it_is_asked() -> None:
    plan = Faults.parse("429=0.3,cut=0.3", seed=7)
    alone = [list(islice(plan.sequence(body), 20)) for body in "abc"]
    together = [plan.sequence(body) for body in "abc"]
    mixed = list(zip(*(islice(sequence, 20) for sequence in reversed(together)), strict=True))
    assert [list(one) for one in zip(*mixed, strict=True)][::-1] == alone
    assert len({tuple(one) for one in alone}) == 3
    other = Faults.parse("429=0.3,cut=0.3", seed=8)
    assert [list(islice(other.sequence(body), 20)) for body in "abc"] != alone


def test_each_kind_gets_its_share_of_the_attempts() -> None:
    plan = Faults.parse("429=0.2,cut=0.1,slow=0.05")
    drawn = Counter(
        fault.kind if fault else "ok" for k in range(4000) for fault in [next(plan.sequence(str(k)))]
    )
    for kind, share in {"429": 0.2, "cut": 0.1, "slow": 0.05, "ok": 0.65}.items():
        assert abs(drawn[kind] / 4000 - share) < 0.025


@given(st.text("ab", max_size=5), st.integers(0, 4), st.sampled_from([0.5, 0.9, 1.0]))
def test_a_request_fails_so_often_in_a_row_and_no_oftener(body: str, attempts: int, share: float) -> None:
    plan = Faults(((Fault("500"), share),), attempts=attempts)
    met = "".join("x" if fault else "." for fault in islice(plan.sequence(body), 60))
    assert "x" * (attempts + 1) not in met
    if share == 1.0:
        assert met.startswith("x" * attempts + "." + "x" * attempts)


def test_planned_faults_come_first_and_in_order() -> None:
    plan = Faults(drawn=((Fault("cut"), 1.0),), planned=(Fault("429", 2.0), None), attempts=1)
    assert list(islice(plan.sequence("a"), 5)) == [Fault("429", 2.0), None, Fault("cut"), None, Fault("cut")]


def test_plans_are_read_from_text() -> None:
    assert Faults.parse("") == Faults()
    assert Faults.parse(" 429=0.1, slow:2.5=0.05 ,wrong-schema=0.5").drawn == (
        (Fault("429", 1.0), 0.1),
        (Fault("slow", 2.5), 0.05),
        (Fault("wrong-schema", 0.0), 0.5),
    )
    assert Faults.parse("cut,ok,503:4").planned == (Fault("cut"), None, Fault("503", 4.0))
    every = Faults.parse(",".join(f"{kind}=0.1" for kind in KINDS))
    assert {fault.kind: fault.seconds for fault, _ in every.drawn} == KINDS


@pytest.mark.parametrize(
    "text",
    ["429=2", "429=0.6,cut=0.6", "418=0.1", "418", "cut,500=0.1", "ok=0.5", "cut=x", "cut:-1", "a b", "=1"],
)
def test_what_is_no_plan_is_told_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="fault") as caught:
        Faults.parse(text)
    assert "\n" not in str(caught.value)
