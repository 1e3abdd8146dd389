"""Wrong answers are wrong in one thing, sorted by what really finds them, and as many as were asked for."""

from collections import Counter
from pathlib import Path

import pytest

from callwright.demo import example_tools
from callwright.errors import RunError
from callwright.study.lab import Lab, trajectories
from callwright.study.wrong import ANY, FAILING, MARK, UNMEANT, kind_of, with_mistakes


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def right(lab: Lab) -> Path:
    return lab.verb("synthesize", example_tools(), "--accept", "60", makes="rows.jsonl")


@pytest.mark.parametrize("share", [0.2, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.05, 0.4))])
def test_the_share_is_exact_and_the_requests_are_the_same(lab: Lab, right: Path, share: float) -> None:
    before = {row.id: row for row in trajectories(right)}
    after = list(trajectories(with_mistakes(lab, example_tools(), right, 7, share=share)))
    wrong = [row for row in after if MARK in row.id]
    assert len(after) == len(before)
    assert len(wrong) == round(share * len(before))
    for row in after:
        original = before[row.id.partition(MARK)[0]]
        assert row.messages[:-1] == original.messages[:-1]
        assert row.tools == original.tools
        assert (row.messages[-1] != original.messages[-1]) == (MARK in row.id)


def test_no_share_is_the_very_file(lab: Lab, right: Path) -> None:
    assert with_mistakes(lab, example_tools(), right, 7, share=0.0) == right


def test_verification_removes_what_fails_and_keeps_what_it_can_not_know(lab: Lab, right: Path) -> None:
    """The two halves of APIGen's ablation: the first is found by running the calls, the second is not."""

    def left(kinds: tuple[str, ...]) -> int:
        dirty = with_mistakes(lab, example_tools(), right, 7, kinds=kinds, share=0.2)  # type: ignore[arg-type]
        kept = lab.verb("verify", dirty, "--tools", example_tools(), makes="rows.jsonl")
        return sum(MARK in row.id for row in trajectories(kept))

    assert left(FAILING) == 0
    assert left(("grounding", "semantic")) == 12
    assert set(FAILING) | set(UNMEANT) == set(ANY)


@pytest.mark.slow
def test_other_seeds_draw_other_rows(lab: Lab, right: Path) -> None:
    drawn = [
        {row.id for row in trajectories(with_mistakes(lab, example_tools(), right, seed, share=0.2))}
        for seed in (7, 8)
    ]
    assert drawn[0] != drawn[1]


def test_too_few_rows_to_spoil_are_told(lab: Lab, right: Path) -> None:
    with pytest.raises(RunError, match="too few rows in which such a mistake can be made"):
        with_mistakes(lab, example_tools(), right, 7, kinds=("execution",), share=0.9)


@pytest.mark.parametrize(
    ("mistake", "passes", "kind"),
    [
        ("wrong-type", (False, False, False), "format"),
        ("needless-call", (False, False, False), "need"),
        ("wrong-value", (True, False, True), "grounding"),
        ("extra-call", (True, True, False), "execution"),
        ("extra-call", (True, False, False), "execution"),
        ("wrong-function", (True, True, True), "semantic"),
    ],
)
def test_a_mistake_is_of_the_kind_of_the_first_check_that_finds_it(
    mistake: str, passes: tuple[bool, ...], kind: str
) -> None:
    row = f"a{MARK}{mistake}"
    assert kind_of(row, *({row} if passed else set() for passed in passes)) == kind
    assert Counter(ANY)[kind] == 1
