"""Shares hold, nothing is given twice, and what can not hold is a user's mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.blend.shares import check_shares, parse_shares, quotas
from callwright.errors import ConfigError, DataError

COUNTS = st.fixed_dictionaries({name: st.integers(1, 5000) for name in ("a", "b", "c", "d")})


@given(COUNTS, st.floats(0.01, 0.5), st.floats(0.01, 0.45), st.none() | st.integers(1, 6000))
def test_shares_hold_within_a_row_and_no_input_gives_more_than_it_has(
    counts: dict[str, int], a: float, b: float, limit: int | None
) -> None:
    given_rows = quotas(counts, {"a": a, "b": b}, limit)
    assert all(0 <= given_rows[name] <= counts[name] for name in counts)
    rest = given_rows["c"] + given_rows["d"]
    total = sum(given_rows.values())
    assert total <= (limit or 10**9)
    wanted = {"a": a, "b": b, "rest": 1 - a - b}
    got = {"a": given_rows["a"], "b": given_rows["b"], "rest": rest}
    for name, share in wanted.items():
        assert abs(got[name] - share * total) <= 3
    if limit is None:  # as large as can be: one input, or the rest, is used up but for rounding
        used = [
            counts["a"] - given_rows["a"],
            counts["b"] - given_rows["b"],
            counts["c"] + counts["d"] - rest,
        ]
        assert min(used) == 0 or min(used) <= 1


@given(COUNTS)
def test_without_shares_every_row_is_given(counts: dict[str, int]) -> None:
    assert quotas(counts, {}) == counts


def test_the_papers_rules_can_be_told() -> None:
    counts = {"apigen": 60_000, "agents": 42_600, "chat": 40_000}
    general = quotas(counts, {"chat": 0.25})
    assert general["chat"] == round(0.25 * sum(general.values()))
    fc = quotas(counts, {"apigen": 0.5})
    assert fc == {"apigen": 60_000, "agents": 30_944, "chat": 29_056}


def test_an_input_with_a_share_and_no_rows_is_named() -> None:
    with pytest.raises(DataError, match="chat"):
        quotas({"chat": 0, "tools": 5}, {"chat": 0.5})
    assert quotas({"chat": 0, "tools": 5}, {"tools": 0.5}) == {"chat": 0, "tools": 5}


@pytest.mark.parametrize("text", ["x", "x=", "=1", "x=y", "x=0", "x=0.5,x=0.5", "x=nan,x=1"])
def test_weights_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        check_shares(["x", "y"], parse_shares(text))


@pytest.mark.parametrize(
    "shares", [{"z": 0.5}, {"x": 1.5}, {"x": 0.5, "y": 0.4}, {"x": 1.0}, {"x": float("nan")}, {"x": -0.5}]
)
def test_shares_that_can_not_hold_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        check_shares(["x", "y"], shares)


def test_shares_are_read_with_spaces_and_names_with_signs() -> None:
    assert parse_shares(" a=0.25, data/b=1.jsonl=0.5 ,") == {"a": 0.25, "data/b=1.jsonl": 0.5}
    check_shares(["x", "y"], {"x": 0.3, "y": 0.7})
