"""Which rows are measured and not trained on: whole groups, by seed and group alone, never all."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from callwright.train.holdout import MOST, set_aside


class Asked(NamedTuple):
    group: bytes
    number: int
    calls: bool = True


rows = st.lists(st.integers(0, 30), min_size=1, max_size=300).map(
    lambda groups: [Asked(bytes([g]), i) for i, g in enumerate(groups)]
)


@given(rows=rows, share=st.floats(0, 1), seed=st.integers(0, 5), order=st.randoms())
def test_groups_stay_whole_and_the_order_of_rows_does_not_matter(
    rows: list[Asked], share: float, seed: int, order: object
) -> None:
    kept, held = set_aside(rows, share, seed)
    assert sorted([*kept, *held]) == sorted(rows)
    assert {r.group for r in kept}.isdisjoint(r.group for r in held)
    assert kept
    assert len(held) <= min(round(share * len(rows)), MOST)
    order.shuffle(rows)  # type: ignore[attr-defined]
    assert {r.group for r in set_aside(rows, share, seed)[1]} == {r.group for r in held}


def test_about_the_share_is_set_aside_and_another_seed_takes_others() -> None:
    many = [Asked(i.to_bytes(2), i) for i in range(1000)]
    one, other = (set_aside(many, 0.02, seed)[1] for seed in (1, 2))
    assert len(one) == len(other) == 20
    assert one != other
    assert set_aside(many, 0.0, 1)[1] == []
