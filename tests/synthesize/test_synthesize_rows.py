"""What rows come out: the calls are legal, the texts say them, and nothing depends on order."""

import itertools
from collections import Counter
from collections.abc import Sequence

import pytest
from synthesize_expressed import expresses
from synthesize_tools import HOSTILE, IMPOSSIBLE, PLAIN

from callwright import schema
from callwright.errors import ConfigError, ToolsError
from callwright.record import Dropped, Observation, Tool, ToolCall, Trajectory, encode
from callwright.synthesize import COLUMNS, STYLES, UNSEEN_TOOLS, Account, synthesize
from callwright.synthesize.families import TEST_FAMILIES, TRAIN_FAMILIES
from callwright.synthesize.grammar import candidate
from callwright.synthesize.propose import OFFERED, open_workshop
from callwright.synthesize.slots import Slot
from callwright.verify import each


def rows_of(tools: Sequence[Tool], accept: int, seed: int = 0, **options: object) -> list[Trajectory]:
    out = synthesize(tools, accept=accept, seed=seed, **options)  # type: ignore[arg-type]
    return [row for row in out if isinstance(row, Trajectory)]


def calls_of(row: Trajectory) -> tuple[ToolCall, ...]:
    return row.messages[1].tool_calls


@pytest.fixture(scope="module")
def plain() -> list[Trajectory]:
    return rows_of(PLAIN, 800, seed=4)


def test_exactly_as_many_rows_as_asked_for_are_accepted() -> None:
    account = Account()
    rows = list(synthesize(PLAIN, accept=137, seed=1, account=account))
    accepted = [r for r in rows if isinstance(r, Trajectory)]
    assert len(accepted) == account.accepted == 137
    assert account.candidates == len(rows) == 137 + sum(account.reasons.values())


def test_rows_of_other_tools_or_another_seed_have_other_ids_and_equal_runs_the_same() -> None:
    sets = [
        {r.id for r in rows_of(tools, 30, seed=s)} for tools, s in ((PLAIN, 1), (PLAIN[:3], 1), (PLAIN, 2))
    ]
    assert len(set.union(*sets)) == 90
    assert {r.id for r in rows_of(PLAIN, 30, seed=1)} == sets[0]


def test_the_limit_on_candidates_ends_a_hopeless_run() -> None:
    account = Account()
    rows = list(
        synthesize([PLAIN[0]], accept=50, seed=1, max_candidates=20, account=account, play=each(refuse_all))
    )
    assert account.accepted + sum(account.reasons.values()) == account.candidates == len(rows) == 20
    assert account.reasons["execution-failed"] > 0


def refuse_all(call: ToolCall) -> Observation:
    return Observation(ok=False, error="no", kind="raised")


def test_a_failed_call_drops_the_row_and_says_which() -> None:
    def only_weather(call: ToolCall) -> Observation:
        return Observation(ok=call.name == "get_weather", error="closed", kind="raised")

    rows = list(itertools.islice(synthesize(PLAIN, accept=40, seed=2, play=each(only_weather)), 120))
    failed = [r for r in rows if isinstance(r, Dropped) and r.reason == "execution-failed"]
    assert failed
    assert all("closed" in r.detail and r.row["id"] == r.id for r in failed)
    for row in rows:
        if isinstance(row, Trajectory):
            assert {c.name for c in calls_of(row)} <= {"get_weather"}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(plain: list[Trajectory]) -> None:
    again = rows_of(PLAIN, 800, seed=4)
    assert [encode(r) for r in again] == [encode(r) for r in plain]
    other = {r.messages[0].content for r in rows_of(PLAIN, 200, seed=5)}
    assert len(other & {r.messages[0].content for r in plain}) < 20


def test_a_candidate_depends_on_its_slot_and_what_was_accepted_alone() -> None:
    shop = open_workshop(PLAIN, seed=7, families="train", values="train")
    slots = [Slot(i, style) for i, style in enumerate([*STYLES] * 10)]
    forwards = [encode(candidate(shop, slot)) for slot in slots]
    backwards = [encode(candidate(shop, slot)) for slot in reversed(slots)]
    assert forwards == backwards[::-1]


def test_every_call_passes_its_schema_and_names_an_offered_tool(plain: list[Trajectory]) -> None:
    for row in plain:
        offered = {t.name: t for t in row.tools or ()}
        for call in calls_of(row):
            assert not list(schema.check(offered[call.name].parameters, call.arguments)), row


@pytest.mark.parametrize("families", ["train", "test"])
@pytest.mark.parametrize("values", ["train", "test"])
def test_every_value_of_a_call_is_said_in_the_request(families: str, values: str) -> None:
    for row in rows_of(PLAIN, 500, seed=9, families=families, values=values):
        for call in calls_of(row):
            for name, value in (call.arguments or {}).items():
                assert expresses(row.messages[0].content, name, value), (row.messages[0].content, name, value)


def test_no_template_leftovers_reach_the_text(plain: list[Trajectory]) -> None:
    for row in plain:
        text = row.messages[0].content
        assert not any("\ue000" <= c <= "\uf8ff" for c in text)
        assert not any(
            mark in text for mark in ("{v}", "{n}", "{rest}", "  ", " ,", " .", "..", "None", "_id")
        )


def test_the_shares_of_the_styles_hold(plain: list[Trajectory]) -> None:
    found = Counter(r.extra["synthesize"]["style"] for r in plain)
    for style, share in STYLES.items():
        assert abs(found[style] / len(plain) - share) < 0.05, (style, found)


def test_styles_offer_and_call_what_they_promise(plain: list[Trajectory]) -> None:
    for row in plain:
        style = row.extra["synthesize"]["style"]
        names = [c.name for c in calls_of(row)]
        offered = [t.name for t in row.tools or ()]
        assert len(set(offered)) == len(offered)
        if style == "simple":
            assert names == offered
        if style == "multiple":
            assert len(names) == 1
            assert OFFERED[0] <= len(offered) <= OFFERED[1]
        if style == "parallel":
            assert len(names) > 1
            assert len(set(names)) == 1
            assert len({encode(c) for c in calls_of(row)}) == len(names)
        if style == "parallel_multiple":
            assert len(set(names)) == len(names) > 1
        if style == "irrelevant":
            assert not names
            assert row.task.expects == "no_call"
            assert row.messages[1].content
            assert row.extra["synthesize"].get("missing") not in offered
        elif style == "missing":
            assert not names
            assert row.task.expects == "clarify"
            wanted = row.extra["synthesize"]["missing_argument"]
            gold = next(t for t in row.tools or () if t.name == row.extra["synthesize"]["gold_tools"][0])
            assert wanted in gold.parameters["required"]
            assert row.messages[1].content
        else:
            assert row.task.expects == "call"
            assert not row.messages[1].content


def test_the_right_tool_stands_at_every_place_among_the_offered(plain: list[Trajectory]) -> None:
    places = Counter(
        [t.name for t in r.tools or ()].index(calls_of(r)[0].name)
        for r in plain
        if r.extra["synthesize"]["style"] == "multiple"
    )
    assert min(places[i] for i in range(3)) > 20


def test_no_request_comes_twice_and_none_that_is_to_be_avoided(plain: list[Trajectory]) -> None:
    texts = [r.messages[0].content for r in plain]
    assert len(set(texts)) == len(texts)
    account = Account()
    fresh = list(synthesize(PLAIN, accept=300, seed=4, avoid=set(texts), account=account))
    kept = {r.messages[0].content for r in fresh if isinstance(r, Trajectory)}
    assert len(kept) == 300
    assert not kept & set(texts)
    assert account.reasons["in-other-split"] > 0


def test_rows_use_only_the_families_of_their_split() -> None:
    assert not set(TRAIN_FAMILIES) & set(TEST_FAMILIES)
    for families, mine in (("train", TRAIN_FAMILIES), ("test", TEST_FAMILIES)):
        seen = {r.extra["synthesize"]["family"] for r in rows_of(PLAIN, 400, families=families)}
        assert seen - {"small_talk"} == set(mine)


def test_held_out_values_are_never_seen_in_training() -> None:
    def cities(values: str) -> set[str]:
        rows = rows_of(PLAIN, 500, seed=3, values=values)
        return {
            c.arguments["city"] for r in rows for c in calls_of(r) if c.arguments and "city" in c.arguments
        }

    train, test = cities("train"), cities("test")
    assert len(train) > 15
    assert len(test) > 15
    assert not train & test


def test_related_arguments_fit_together(plain: list[Trajectory]) -> None:
    for call in (c for r in plain for c in calls_of(r)):
        arguments = call.arguments or {}
        if call.name == "book_stay":
            assert arguments["check_in"] < arguments["check_out"]
        if call.name == "convert_money":
            assert arguments["from_currency"] != arguments["to_currency"]
        if {"min_price", "max_price"} <= set(arguments):
            assert arguments["min_price"] < arguments["max_price"]


def test_optional_arguments_are_sometimes_left_out_and_then_not_in_the_call(plain: list[Trajectory]) -> None:
    calls = [c for r in plain for c in calls_of(r) if c.name == "get_weather"]
    dated = sum("date" in (c.arguments or {}) for c in calls)
    assert 0.2 < dated / len(calls) < 0.6


def test_near_twins_are_never_offered_against_the_right_tool() -> None:
    twin = Tool(name="get_weather_2", description=PLAIN[1].description, parameters=PLAIN[1].parameters)
    twins = {"get_weather", "get_weather_2"}
    rows = rows_of((*PLAIN, twin), 400, seed=6)
    concerned = 0
    for row in rows:
        wanted = {c.name for c in calls_of(row)} | {row.extra["synthesize"].get("missing")}
        concerned += bool(wanted & twins)
        if wanted & twins:
            assert len({t.name for t in row.tools or ()} & twins) <= 1
            assert len(wanted & twins) == 1
            if not calls_of(row):
                assert not {t.name for t in row.tools or ()} & twins
    assert concerned > 50


def test_hostile_tools_are_put_into_words() -> None:
    account = Account()
    rows = [r for r in synthesize(HOSTILE, accept=400, seed=8, account=account) if isinstance(r, Trajectory)]
    assert len(rows) == 400
    assert {c.name for r in rows for c in calls_of(r)} == {t.name for t in HOSTILE}
    for row in rows:
        tools = {t.name: t for t in row.tools or ()}
        assert row.messages[0].content.strip()
        for call in calls_of(row):
            assert not list(schema.check(tools[call.name].parameters, call.arguments))


def test_tools_that_nobody_could_call_are_dropped_with_a_reason() -> None:
    account = Account()
    rows = list(
        synthesize(IMPOSSIBLE, accept=5, seed=1, styles={"simple": 1}, max_candidates=60, account=account)
    )
    assert not [r for r in rows if isinstance(r, Trajectory)]
    assert account.reasons == {"unsamplable": 60}


def test_one_tool_is_enough_for_the_styles_that_one_tool_allows() -> None:
    found = {r.extra["synthesize"]["style"] for r in rows_of(PLAIN[:1], 120)}
    assert found == {"simple", "parallel", "irrelevant", "missing"}


def test_a_tool_without_parameters_is_no_dead_end() -> None:
    rows = rows_of([Tool(name="ping", description="Ping the server.")], 5, styles={"simple": 1})
    assert all(c.arguments == {} for r in rows for c in calls_of(r))


def test_mistakes_of_the_caller_are_named() -> None:
    with pytest.raises(ToolsError, match="no tools"):
        list(synthesize([], accept=1, seed=0))
    with pytest.raises(ConfigError, match="unknown style"):
        list(synthesize(PLAIN, accept=1, seed=0, styles={"haiku": 1.0}))
    with pytest.raises(ConfigError, match="no style is possible"):
        list(synthesize(PLAIN[:1], accept=1, seed=0, styles={"multiple": 1.0}))


@pytest.mark.slow
def test_the_unseen_tools_make_rows_in_every_column() -> None:
    assert len(UNSEEN_TOOLS) == 8
    assert not {t.name for t in UNSEEN_TOOLS} & {t.name for t in PLAIN}
    for families, values in COLUMNS.values():
        rows = rows_of(UNSEEN_TOOLS, 150, families=families, values=values)
        assert len(rows) == 150
        for row in rows:
            for call in calls_of(row):
                for name, value in (call.arguments or {}).items():
                    assert expresses(row.messages[0].content, name, value), row.messages


def test_a_refusal_says_what_is_missing(plain: list[Trajectory]) -> None:
    refused = [r for r in plain if "missing" in r.extra["synthesize"]]
    answers = {r.messages[1].content for r in refused}
    assert len(answers) >= 20
    booking = [r for r in refused if r.extra["synthesize"]["missing"] == "book_stay"]
    assert booking
    assert all("hotel room" in r.messages[1].content for r in booking)
