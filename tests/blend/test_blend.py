"""A blend holds every row once, leaks nothing across the split and depends on nothing but its inputs."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.augment import AugmentStep
from callwright.blend import Tally, blend, normalised
from callwright.errors import ConfigError
from callwright.record import Dropped, Message, Preference, Source, Tool, ToolCall, Trajectory


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


def test_rows_of_files_that_were_made_apart_get_ids_of_their_own() -> None:
    """What comes behind a blend knows rows by their id: two that share one are neither scored nor paired."""
    left = [row("a", "one", 1), row("a~2", "two", 2), row("b", "three", 3)]
    right = [row("a", "four", 4), row("b", "five", 5), row("a", "six", 6)]
    out = {t.messages[0].content: t for _, t in kept(blend([("l", left), ("r", right)], seed=1, near=0))}
    assert {text: t.id for text, t in out.items()} == {
        "one": "a", "two": "a~2", "three": "b", "four": "a~3", "five": "b~2", "six": "a~4",
    }  # fmt: skip
    assert {text: t.extra.get("blend") for text, t in out.items() if t.extra} == {
        "four": {"id": "a"}, "five": {"id": "b"}, "six": {"id": "a"},
    }  # fmt: skip


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


def test_kin_stay_on_one_side_whatever_became_of_request_and_calls() -> None:
    rows = [row(str(k), f"question {k}", k) for k in range(200)]
    asking = Message(role="assistant", content="Which one?")
    kin = [
        replace(
            r,
            id=f"{r.id}#a1",
            messages=(Message(role="user", content=f"something else {r.id}"), asking),
            extra={"augment": {"of": r.id, "root": r.id, "copy": 1}},
        )
        for r in rows
    ]
    out = kept(blend([("r", rows), ("k", kin)], seed=5, holdout=0.2))
    sides: dict[str, set[str]] = {}
    for side, t in out:
        sides.setdefault(t.id.partition("#")[0], set()).add(side)
    assert len(out) == 400
    assert all(len(s) == 1 for s in sides.values())
    assert len(set().union(*sides.values())) == 2


def test_the_holdout_is_about_the_share_asked_for() -> None:
    rows = [row(str(k), f"question {k}", k) for k in range(3000)]
    sides = Counter(side for side, _ in kept(blend([("x", rows)], seed=2, holdout=0.1)))
    assert 230 < sides["valid"] < 370
    assert "valid" not in {side for side, _ in kept(blend([("x", rows)], seed=2, holdout=0))}


def test_weights_are_shares_and_what_is_too_much_is_dropped_by_chance() -> None:
    many = [row(f"a{k}", f"a {k}", k) for k in range(3000)]
    few = [row(f"b{k}", f"b {k}", 10**6 + k) for k in range(300)]
    out = list(blend([("a", many), ("b", few)], seed=2, weights={"b": 0.25}, holdout=0))
    ids = [t.id for _, t in kept(iter(out))]
    assert Counter(i[0] for i in ids) == {"a": 900, "b": 300}
    left = [item for item in out if isinstance(item, Dropped)]
    assert {item.reason for item in left} == {"over-weight"}
    assert Counter([*ids, *(item.id for item in left)]) == Counter(r.id for r in [*many, *few])
    drawn = sorted(int(i[1:]) for i in ids if i[0] == "a")
    assert 1300 < sum(drawn) / len(drawn) < 1700  # from all of the file, not from its beginning
    assert abs(sum(i[0] == "b" for i in ids[:400]) / 400 - 0.25) < 0.08  # mixed, not one after the other


def test_a_limit_keeps_the_proportions() -> None:
    inputs = [
        (name, [row(f"{name}{k}", f"{name} {k}", k) for k in range(n)]) for name, n in (("a", 30), ("b", 60))
    ]
    out = kept(blend(inputs, seed=2, limit=30, holdout=0))
    assert Counter(t.id[0] for _, t in out) == {"a": 10, "b": 20}


def test_seeds_change_the_order_and_not_the_content() -> None:
    rows = [row(str(k), f"question {k}", k) for k in range(300)]
    one, other = (kept(blend([("x", rows)], seed=s)) for s in (1, 2))
    assert [t.id for _, t in one] != [t.id for _, t in other]
    assert {t.id for _, t in one} == {t.id for _, t in other} == {r.id for r in rows}


def test_rows_that_were_dropped_before_pass_through() -> None:
    before = Dropped(id="d", stage="verify", reason="wrong-type")
    assert before in list(blend([("x", [row("a", "one", 1), before])], seed=1))


@pytest.mark.parametrize(
    "options",
    [
        {"holdout": 1},
        {"holdout": -0.1},
        {"weights": {"y": 1}},
        {"weights": {"x": 0}},
        {"weights": {"x": 0.5}},
        {"near": 1.1},
        {"overlap": 0},
        {"limit": 0},
        {"max_per_structure": 0},
    ],
)
def test_impossible_options_are_a_users_mistake(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        list(blend([("x", [])], seed=1, **options))  # type: ignore[arg-type]


def test_two_inputs_need_two_names() -> None:
    with pytest.raises(ConfigError, match="two inputs of one name"):
        list(blend([("x", []), ("x", [])], seed=1))


# --- near-duplicates and structures


LONG = "could you please tell me what the weather will be like tomorrow in the city of"


def weather(id: str, text: str, **arguments: object) -> Trajectory:
    call = ToolCall(name="get_weather", arguments=arguments)
    messages = (Message(role="user", content=text), Message(role="assistant", tool_calls=(call,)))
    return Trajectory(id=id, tools=(Tool(name="get_weather"),), messages=messages)


def reasons(rows: list[Trajectory], **options: object) -> dict[str, str]:
    out = blend([("x", rows)], seed=1, holdout=0, **options)  # type: ignore[arg-type]
    return {item.id: item.reason for item in out if isinstance(item, Dropped)}


def test_other_words_for_the_same_call_are_near_duplicates_and_other_values_never() -> None:
    rows = [
        weather("first", f"{LONG} Oslo", city="Oslo"),
        weather("almost", f"Hi, {LONG} Oslo?", city="oslo"),
        weather("paris", f"{LONG} Paris", city="Paris"),
        weather("unit", f"{LONG} Oslo now", city="Oslo", unit="C"),
        weather("else", "Oslo: rain or shine?", city="Oslo"),
    ]
    assert reasons(rows, near=0.8) == {"almost": "near-duplicate"}
    assert reasons(rows, near=0.95) == {}
    assert reasons(rows) == {}


def test_a_long_value_counts_as_wording_and_a_number_as_a_fact() -> None:
    body = "dear Ann the meeting on the new budget is moved to Monday at noon in the large room upstairs"
    rows = [
        weather("first", "send it", body=body, to="ann@example.com"),
        weather("almost", "send it", body=f"{body} best", to="ann@example.com"),
        weather(
            "other", "send it", body=body.replace("Monday at noon", "Friday early"), to="ann@example.com"
        ),
        weather("bob", "send it", body=body, to="bob@example.com"),
        weather("often", "send it", body=body, to="ann@example.com", times=2),
    ]
    assert reasons(rows, near=0.8) == {"almost": "near-duplicate"}


def test_without_calls_the_figures_and_the_offer_set_rows_apart() -> None:
    text = (
        "a train leaves the station at noon and goes for {} hours at the same speed, so how far does it get"
    )
    reply = "It gets as far as its speed and the hours say."
    rows = [row(id, text.format(n), reply=reply) for id, n in (("a", 3), ("b", 4))]
    rows += [replace(row("c", text.format(3) + " then", reply=reply), tools=(Tool(name="g"),))]
    rows += [row("d", text.format(3) + " then", reply=reply)]
    assert reasons(rows, near=0.8) == {"d": "near-duplicate"}


def test_variants_and_pairs_are_no_near_duplicates_and_follow_their_kin() -> None:
    first = [weather(f"r{k}", f"{LONG} place {chr(97 + k)}", city=f"p{k}") for k in range(26)]
    copies = [
        replace(
            weather(f"r{k}#a1", f"Hi, {LONG} place {chr(97 + k)}", city=f"p{k}"),
            extra={"augment": {"copy": 1}},
        )
        for k in range(26)
    ]
    rejected = Preference(rejected=Message(role="assistant", content="no"), error_class="needless-refusal")
    pairs = [
        replace(weather(f"r{k}#p", f"{LONG} place {chr(97 + k)} ok", city=f"p{k}"), preference=rejected)
        for k in range(26)
    ]
    out = kept(blend([("a", first), ("b", copies), ("c", pairs)], seed=3, holdout=0.4, near=0.8))
    assert len(out) == 78
    sides: dict[str, set[str]] = {}
    for side, t in out:
        sides.setdefault(t.id.partition("#")[0], set()).add(side)
    assert all(len(s) == 1 for s in sides.values())


def test_almost_the_same_words_bring_variants_to_one_side_though_request_and_calls_differ() -> None:
    body = (
        "dear Ann the meeting on the new budget is moved to Monday at noon in the large room upstairs number"
    )
    rows = []
    for k in range(40):
        rows.append(weather(f"r{k}", f"send mail {k}", body=f"{body} a{k} b{k} c{k}", to=f"ann{k}"))
        copy = weather(f"r{k}#a1", f"send mail {k}", body=f"{body} a{k} b{k} c{k} now", to=f"ann{k}")
        rows.append(
            replace(copy, messages=(Message(role="user", content=f"Send this mail {k}"), *copy.messages[1:]))
        )
        rows[-1] = replace(rows[-1], extra={"augment": {"copy": 1}})
    out = kept(blend([("x", rows)], seed=3, holdout=0.4, near=0.7))
    sides = {t.id: side for side, t in out}
    assert len(sides) == 80
    assert {sides[f"r{k}"] for k in range(40)} == {"train", "valid"}
    assert all(sides[f"r{k}"] == sides[f"r{k}#a1"] for k in range(40))


words = st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=14).map(" ".join)


@settings(max_examples=60)
@given(st.lists(words, min_size=2, max_size=14), st.integers(0, 5), st.sampled_from([0.5, 0.8, 1.0]))
def test_no_two_rows_that_stay_are_near_duplicates(texts: list[str], seed: int, near: float) -> None:
    rows = [weather(str(k), text, city="Oslo") for k, text in enumerate(texts)]
    out = list(blend([("x", rows)], seed=seed, holdout=0, near=near))
    shingles = {
        t.id: {tuple(w[i : i + 3]) for w in [t.messages[0].content.split()] for i in range(len(w) - 2)}
        for _, t in kept(iter(out))
    }
    for a in shingles:
        for b in shingles:
            if a < b:
                overlap = len(shingles[a] & shingles[b]) / len(shingles[a] | shingles[b])
                assert overlap < near
    assert {item.reason for item in out if isinstance(item, Dropped)} <= {"duplicate", "near-duplicate"}


@given(random_rows, st.randoms(use_true_random=False))
def test_what_stays_says_the_same_in_whatever_order_the_rows_come(
    rows: list[Trajectory], rng: object
) -> None:
    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    said = [
        {
            (t.messages[0].content, repr(t.messages[1].tool_calls))
            for _, t in kept(blend([("x", r)], seed=1, holdout=0))
        }
        for r in (rows, shuffled)
    ]
    assert said[0] == said[1]


@given(random_rows, st.integers(0, 50), st.integers(51, 99))
def test_the_seed_never_decides_which_of_two_duplicates_stays(
    rows: list[Trajectory], one: int, two: int
) -> None:
    stay = [{t.id for _, t in kept(blend([("x", rows)], seed=s, holdout=0, near=0.8))} for s in (one, two)]
    assert stay[0] == stay[1]


def test_calls_that_did_not_parse_differ_in_their_text() -> None:
    def unparsed(id: str, raw: str) -> Trajectory:
        call = ToolCall(name="f", arguments=None, raw=raw, parse_error="not JSON")
        messages = (Message(role="user", content="go"), Message(role="assistant", tool_calls=(call,)))
        return Trajectory(id=id, messages=messages)

    rows = [unparsed("a", "{x: 1"), unparsed("b", "{x: 2"), unparsed("c", "{x: 1")]
    assert reasons(rows) == {"c": "duplicate"}


def walked(id: str, said: str, *seen: str) -> Trajectory:
    call = ToolCall(name="move_forward", arguments={})
    turns = [
        m
        for text in seen
        for m in (Message(role="assistant", tool_calls=(call,)), Message(role="tool", content=text))
    ]
    return Trajectory(id=id, messages=(Message(role="user", content=said), *turns))


ROOM = "In front of you in this room there is a {} 1 right in front of you {} steps away and a {} wall"


def test_equal_actions_in_another_room_are_another_row() -> None:
    goal = "Your goal is to go to the red ball that is somewhere in front of you in one of the rooms"
    rows = [
        walked("first", goal, ROOM.format("red ball", 4, "grey"), ROOM.format("red ball", 3, "grey")),
        walked(
            "again", f"{goal}, please", ROOM.format("red ball", 4, "grey"), ROOM.format("red ball", 3, "grey")
        ),
        walked("other", f"{goal} now", "You see a blue box, a green key and a door", "You see an open door"),
        walked("blind", f"{goal} then", "", ""),
    ]
    assert reasons(rows, near=0.8) == {"again": "near-duplicate", "blind": "near-duplicate"}


def test_equal_answers_of_a_tool_bring_no_rows_together() -> None:
    page = " ".join(f"line {k} of a very long page about the weather" for k in range(40))
    rows = [walked("a", f"{LONG} Oslo", page), walked("b", "Oslo: rain or shine?", page)]
    assert reasons(rows, near=0.8) == {}


def test_a_word_that_is_spelled_out_is_a_fact() -> None:
    def guess(id: str, word: str) -> Trajectory:
        return weather(id, "Welcome to the game of Wordle, guess a hidden word of five letters", word=word)

    rows = [guess("a", "v y i n g"), guess("b", "a u d i o"), guess("c", "V Y I N G")]
    assert reasons(rows, near=0.8) == {"c": "near-duplicate"}


def test_a_structure_may_be_capped() -> None:
    rows = [weather(f"c{k}", f"weather in {k}", city=f"p{k}") for k in range(5)]
    rows += [weather(f"i{k}", f"weather of {k}", city=k) for k in range(2)]  # another type
    rows += [weather("u", "weather of u", city="u", unit="C")]  # another argument
    rows += [Trajectory(id=f"t{k}", messages=(Message(role="user", content=f"chat {k}"),)) for k in range(5)]
    rows += [replace(rows[0], id="c0#a1", extra={"augment": {"copy": 1}})]  # a variant fills no place
    assert reasons(rows, max_per_structure=2) == dict.fromkeys(("c2", "c3", "c4"), "over-structure")


def test_a_row_that_json_can_not_hold_goes_out_as_it_came_in() -> None:
    broken = row("a", "lone \ud800 surrogate", 1)
    out = kept(blend([("x", [broken, row("b", "fine", 2)])], seed=1, near=0.8))
    assert broken in [t for _, t in out]
    assert len(out) == 2


# --- the tally


def test_the_tally_adds_up_and_says_what_met_what() -> None:
    licensed = [
        replace(
            row(f"a{k}", f"{LONG} {k}", k), source=Source("d", license="CC-BY-NC-4.0", noncommercial=True)
        )
        for k in range(20)
    ]
    again = [row(f"b{k}", f"{LONG} {k}", k) for k in range(5)] + [
        row(f"c{k}", f"new {k}", 100 + k) for k in range(10)
    ]
    tally = Tally()
    before = Dropped(id="d", stage="verify", reason="wrong-type")
    out = list(blend([("a", licensed), ("b", [*again, before])], seed=1, weights={"a": 0.4}, tally=tally))
    told = tally.to_json()
    assert len(out) == 36
    assert told["inputs"]["a"]["rows_in"] == 20
    assert told["inputs"]["b"]["reasons"] == {"duplicate": 5, "wrong-type": 1}
    assert told["inputs"]["a"]["reasons"] == {"over-weight": 14}
    for counts in told["inputs"].values():
        assert (
            counts["rows_in"]
            == counts["kept"] + counts["dropped"]
            == counts["train"] + counts["valid"] + sum(counts["reasons"].values())
        )
    assert told["met"] == [{"reason": "duplicate", "dropped": "b", "kept": "a", "rows": 5}]
    assert told["licences"] == {
        "CC-BY-NC-4.0": {"rows": 6, "noncommercial": True},
        "unknown": {"rows": 10, "noncommercial": False},
    }
    assert told["noncommercial"] == 6
    assert round(told["inputs"]["a"]["share"], 3) == 0.375
    text = tally.table()
    for part in (
        "over-weight 14",
        "5 of b against a: duplicate",
        "6 rows may not be used commercially",
        "37.5%",
    ):
        assert part in text


def test_normalising_touches_layout_and_not_meaning() -> None:
    assert normalised(" What’s  up? ") == normalised("what’s up")
    assert normalised("ＡＢＣ") == normalised("abc")
    assert normalised("3.5") != normalised("35")
    assert normalised("-5") != normalised("5")
