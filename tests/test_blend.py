"""A blend holds every row once, leaks nothing across the split and depends on nothing but its inputs."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.augment import AugmentStep
from callwright.blend import blend, normalised
from callwright.errors import ConfigError
from callwright.record import Dropped, Message, Preference, Tool, ToolCall, Trajectory


def row(id: str, text: str, *values: int, reply: str = "") -> Trajectory:
    calls = tuple(ToolCall(name="f", arguments={"x": v}) for v in values)
    return Trajectory(
        id=id,
        tools=(Tool(name="f"),),
        messages=(
            Message(role="user", content=text),
            Message(role="assistant", content=reply, tool_calls=calls),
        ),
    )


def kept(blended: Iterator[tuple[str, Trajectory] | Dropped]) -> list[tuple[str, Trajectory]]:
    return [item for item in blended if not isinstance(item, Dropped)]


random_rows = st.lists(
    st.builds(
        lambda text, values: (text, values),
        st.sampled_from(["one", "two", "three", "four", "five"]),
        st.lists(st.integers(0, 4), max_size=2),
    ),
    max_size=30,
).map(lambda specs: [row(str(k), text, *values) for k, (text, values) in enumerate(specs)])


@settings(deadline=None)
@given(random_rows, random_rows, st.integers(0, 3), st.sampled_from([0.0, 0.3, 0.7]))
def test_every_row_comes_out_once_and_nothing_straddles(
    left: list[Trajectory], right: list[Trajectory], seed: int, holdout: float
) -> None:
    right = [replace(r, id=f"r{r.id}") for r in right]
    out = list(blend([("l", left), ("r", right)], seed=seed, holdout=holdout))
    ids = [item.id if isinstance(item, Dropped) else item[1].id for item in out]
    assert Counter(ids) == Counter(r.id for r in [*left, *right])
    sides: dict[object, set[str]] = {}
    for item in out:
        if isinstance(item, Dropped):
            continue
        side, t = item
        sides.setdefault(t.messages[0].content, set()).add(side)
        calls = frozenset(c.arguments["x"] for c in t.messages[1].tool_calls if c.arguments)
        if calls:
            sides.setdefault(calls, set()).add(side)
    assert all(len(s) == 1 for s in sides.values())
    again = list(blend([("l", left), ("r", right)], seed=seed, holdout=holdout))
    assert again == out


def test_a_duplicate_names_the_row_that_came_first() -> None:
    rows = [
        row("a", "Weather in Oslo?", 1),
        row("b", "  weather  in OSLO", 1),
        row("c", "Weather in Oslo?", 2),
    ]
    out = list(blend([("x", rows)], seed=1))
    (dropped,) = [item for item in out if isinstance(item, Dropped)]
    assert (dropped.id, dropped.reason, dropped.stage) == ("b", "duplicate", "blend")
    assert "a" in dropped.detail.split()
    assert isinstance(dropped.row, dict)


def test_equal_fingerprints_are_duplicates_whatever_the_text() -> None:
    rows = [replace(row("a", "one", 1), fingerprint="ff"), replace(row("b", "two", 2), fingerprint="ff")]
    assert [i.reason for i in blend([("x", rows)], seed=1) if isinstance(i, Dropped)] == ["duplicate"]


def test_without_calls_the_reply_and_the_offer_decide() -> None:
    rows = [
        row("a", "Weather?", reply="Which city?"),
        row("b", "Weather?", reply="I can not do that."),
        replace(row("c", "Weather?", reply="Which city?"), tools=(Tool(name="g"),)),
        row("d", "weather", reply="which city"),
    ]
    out = list(blend([("x", rows)], seed=1))
    assert {i.id for i in out if isinstance(i, Dropped)} == {"d"}


def test_true_is_not_one_and_key_order_is_nothing() -> None:
    def with_arguments(id: str, arguments: dict[str, object]) -> Trajectory:
        call = ToolCall(name="f", arguments=arguments)
        return replace(
            row(id, "go"),
            messages=(Message(role="user", content="go"), Message(role="assistant", tool_calls=(call,))),
        )

    rows = [
        with_arguments("a", {"x": 1, "y": 2}),
        with_arguments("b", {"y": 2, "x": 1}),
        with_arguments("c", {"x": True, "y": 2}),
    ]
    assert {t.id for _, t in kept(blend([("x", rows)], seed=1))} == {"a", "c"}


def test_variants_and_pairs_of_a_row_stay_on_its_side() -> None:
    rows = [row(str(k), f"question {k}", k) for k in range(200)]
    varied = [t for t in AugmentStep(seed=1, copies=2)(rows) if isinstance(t, Trajectory)]
    rejected = Preference(rejected=Message(role="assistant", content="no"), error_class="needless-refusal")
    pairs = [replace(r, id=f"{r.id}#p", preference=rejected) for r in rows]
    out = kept(blend([("v", varied), ("p", pairs)], seed=5, holdout=0.2))
    assert len(out) == 800
    sides: dict[str, set[str]] = {}
    for side, t in out:
        sides.setdefault(t.id.partition("#")[0], set()).add(side)
    assert all(len(s) == 1 for s in sides.values())


def test_the_holdout_is_about_the_share_asked_for() -> None:
    rows = [row(str(k), f"question {k}", k) for k in range(3000)]
    sides = Counter(side for side, _ in kept(blend([("x", rows)], seed=2, holdout=0.1)))
    assert 230 < sides["valid"] < 370
    assert "valid" not in {side for side, _ in kept(blend([("x", rows)], seed=2, holdout=0))}


def test_weights_say_how_often_an_input_is_drawn_and_lose_nothing() -> None:
    many = [row(f"a{k}", f"a {k}", k) for k in range(9000)]
    few = [row(f"b{k}", f"b {k}", 10**6 + k) for k in range(9000)]
    out = kept(blend([("a", many), ("b", few)], seed=2, weights={"a": 9}, holdout=0))
    share = sum(t.id.startswith("a") for _, t in out[:4000]) / 4000
    assert 0.85 < share < 0.95
    assert len(out) == 18000


def test_seeds_change_the_order_and_not_the_content() -> None:
    rows = [row(str(k), f"question {k}", k) for k in range(300)]
    one, other = (kept(blend([("x", rows)], seed=s)) for s in (1, 2))
    assert [t.id for _, t in one] != [t.id for _, t in other]
    assert {t.id for _, t in one} == {t.id for _, t in other} == {r.id for r in rows}


def test_rows_that_were_dropped_before_pass_through() -> None:
    before = Dropped(id="d", stage="verify", reason="wrong-type")
    assert before in list(blend([("x", [row("a", "one", 1), before])], seed=1))


@pytest.mark.parametrize(
    "options", [{"holdout": 1}, {"holdout": -0.1}, {"weights": {"y": 1}}, {"weights": {"x": 0}}]
)
def test_impossible_options_are_a_users_mistake(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        list(blend([("x", [])], seed=1, **options))  # type: ignore[arg-type]


def test_normalising_touches_layout_and_not_meaning() -> None:
    assert normalised(" What’s  up? ") == normalised("what’s up")
    assert normalised("ＡＢＣ") == normalised("abc")
    assert normalised("3.5") != normalised("35")
    assert normalised("-5") != normalised("5")
