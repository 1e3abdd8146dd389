"""Conversations over tools with a state: what is kept does what its blueprint says, and nothing else."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from callwright.record import Dropped, Episode, Message, ToolCall, Trajectory, encode
from callwright.synthesize.bindings import MADE, Bindings, fit, may_hold, words_of
from callwright.synthesize.dialogue import Conversations
from callwright.synthesize.dialogue.blueprints import Blueprints
from callwright.synthesize.dialogue.person import someone
from callwright.synthesize.dialogue.rollout import calls_of, slip, told
from callwright.synthesize.facts import Fact, Known, facts_of
from callwright.synthesize.params import parameters
from callwright.toolbox import Limits
from callwright.verify import verify
from callwright.worlds import World, open_world

HOME = "tau:home"
ORDERS = {
    "orders": {"#W1": {"status": "open", "user_id": "u1"}, "#W2": {"status": "sent", "user_id": "u2"}},
    "users": {"u1": {"email": "a@b.c", "orders": ["#W1"]}, "u2": {"email": "d@e.f", "orders": ["#W2"]}},
}


def made(world: World, accept: int, seed: int = 1) -> tuple[list[Trajectory], Conversations]:
    with world.caller(Limits()) as calls:
        talks = Conversations(world, calls.play, seed=seed)
        rows = list(talks(accept, 4 * accept))
    assert len(rows) == talks.talks.candidates == talks.talks.accepted + sum(talks.talks.reasons.values())
    return [row for row in rows if isinstance(row, Trajectory)], talks


@pytest.fixture(scope="module")
def world() -> World:
    return open_world(HOME)


@pytest.fixture(scope="module")
def rows(world: World) -> list[Trajectory]:
    return made(world, 30)[0]


def test_as_many_conversations_as_asked_for_are_kept(rows: list[Trajectory]) -> None:
    assert len(rows) == 30
    assert len({row.messages[0].content for row in rows}) > 20


def test_the_calls_of_a_conversation_leave_the_state_that_its_blueprint_tells(
    world: World, rows: list[Trajectory]
) -> None:
    changed = 0
    with world.caller(Limits()) as calls:
        for row in rows:
            blueprint = row.extra["synthesize"]["blueprint"]
            played = calls.play([Episode(calls_of(row.messages), row.extra.get("state"))])[0]
            assert msgspec.to_builtins(list(played.changes)) == blueprint["changes"]
            shown = [m.content for m in row.messages if m.role == "tool"]
            assert [told(seen) for seen in played.observations] == shown
            gold = [(a["name"], a["arguments"]) for turn in blueprint["turns"] for a in turn["actions"]]
            learned = [(c.name, c.arguments) for m in row.messages if m.weight != 0.0 for c in m.tool_calls]
            assert learned == gold
            changed += bool(blueprint["changes"])
    assert changed > 10


def test_what_was_to_be_told_is_told(rows: list[Trajectory]) -> None:
    outputs = 0
    for row in rows:
        texts = [m.content for m in row.messages if m.role == "assistant" and not m.tool_calls]
        for turn in row.extra["synthesize"]["blueprint"]["turns"]:
            outputs += len(turn["outputs"])
            assert all(any(out in text for text in texts) for out in turn["outputs"])
    assert outputs > 10


def test_a_call_that_changes_something_is_announced_and_agreed_to(rows: list[Trajectory]) -> None:
    for row in rows:
        writes = {
            a["name"]
            for t in row.extra["synthesize"]["blueprint"]["turns"]
            for a in t["actions"]
            if a["writes"]
        }
        for place, message in enumerate(row.messages):
            if message.tool_calls and message.tool_calls[0].name in writes and message.weight != 0.0:
                assert row.messages[place - 1].role == "user"
                assert row.messages[place - 2].content.endswith("Shall I go ahead?")


def test_a_mistake_is_refused_by_the_world_and_mended_in_the_next_turn(world: World) -> None:
    found = 0
    for row in made(world, 20, seed=5)[0]:
        for place, message in enumerate(row.messages):
            if message.weight == 0.0:
                found += 1
                wrong = message.tool_calls[0]
                right = next(m for m in row.messages[place + 2 :] if m.tool_calls)
                assert row.messages[place + 1].content.startswith("Error")
                assert right.weight is None
                assert right.tool_calls[0].name == wrong.name
                assert right.tool_calls[0].arguments != wrong.arguments
    assert found > 1


def test_a_missing_argument_is_asked_for_and_then_told(world: World) -> None:
    found = 0
    for row in made(world, 25, seed=3)[0]:
        for turn in row.extra["synthesize"]["blueprint"]["turns"]:
            if turn["kind"] != "missing-argument":
                continue
            found += 1
            texts = [m.content for m in row.messages]
            place = texts.index(turn["request"])
            assert row.messages[place + 1].role == "assistant"
            assert not row.messages[place + 1].tool_calls
            assert row.messages[place + 2].role == "user"
    assert found > 1


def test_a_wish_without_a_tool_is_refused_and_the_tool_is_not_offered(world: World) -> None:
    found = 0
    for row in made(world, 20, seed=4)[0]:
        if "missing-tool" in row.extra["synthesize"]["turns"]:
            found += 1
            assert len(row.tools or ()) == len(world.tools) - 1
    assert found > 0


def test_every_row_passes_verify_and_the_same_seed_makes_the_same_bytes(
    world: World, rows: list[Trajectory]
) -> None:
    with world.caller(Limits()) as calls:
        assert all(verify(row, execute=calls.play).ok for row in rows)
    assert [encode(row) for row in made(world, 30)[0]] == [encode(row) for row in rows]


@pytest.mark.slow
def test_the_example_with_a_state_makes_conversations_in_isolation() -> None:
    library = open_world(str(Path(__file__).parents[2] / "examples" / "library.py"))
    rows, talks = made(library, 6)
    assert len(rows) == 6
    assert talks.talks.writes > 0
    assert {row.extra["verify"]["isolation"] for row in rows} <= {"bwrap", "landlock", "process", "monty"}


def test_facts_are_named_by_what_they_are() -> None:
    found = {(fact.pattern, " ".join(fact.words)): fact.value for fact in facts_of(ORDERS)}
    assert found["orders.*", "order id"] == "#W2"
    assert found["orders.*.status", "order status"] == "sent"
    assert found["users.*", "user id"] == "u2"
    assert found["users.*.orders[]", "order"] == "#W2"


@pytest.mark.parametrize("data", [ORDERS, {"Shop": ORDERS}])
def test_people_know_what_is_theirs_and_no_key(data: dict[str, object]) -> None:
    for seed in range(4):
        person = someone(data, random.Random(seed))
        assert person is not None
        values = {fact.value for fact in facts_of(person.known)}
        mine, other = ("1", "2") if "a@b.c" in values else ("2", "1")
        assert f"#W{mine}" in values
        assert f"#W{other}" not in values
        assert person.others == {f"u{other}"}
        assert person.thing == "user"


def test_bindings_learn_what_works() -> None:
    param = parameters({"properties": {"order_id": {"type": "string"}}})[0]
    known = Known([Fact("bad.order_id", ("order", "id"), "x"), Fact("orders.*", ("order", "id"), "#W1")])
    bindings, rng = Bindings(), random.Random(1)
    before = Counter(bindings.draw("f", param, known, rng).value for _ in range(200))  # type: ignore[union-attr]
    assert 60 < before["x"] < 140
    for _ in range(20):
        bindings.learn("f", [("order_id", "bad.order_id")], worked=False)
        bindings.learn("f", [("order_id", "orders.*")], worked=True)
    after = Counter(bindings.draw("f", param, known, rng).value for _ in range(200))  # type: ignore[union-attr]
    assert after["x"] < 10
    assert bindings.rate("f", "order_id", MADE) == 0.5


def test_a_fact_fits_by_words_and_type() -> None:
    count, shelf = parameters({"properties": {"count": {"type": "integer"}, "shelf": {"enum": ["a", "b"]}}})
    assert fit(words_of("f", count), Fact("n", ("book", "count"), 3)) == 0.7
    assert fit(count.words, Fact("n", ("title",), 3)) == 0.0
    name = parameters({"properties": {"name": {"type": "string"}}})[0]
    assert fit(words_of("find_member", name), Fact("n", ("member", "name"), "Ann")) == 1.0
    assert may_hold(count, 3)
    assert not may_hold(count, True)
    assert not may_hold(count, "3")
    assert may_hold(shelf, "a")
    assert not may_hold(shelf, "c")


@pytest.mark.parametrize("arguments", [{"id": "A-12"}, {"n": 3}, {"ids": ["x1"]}, {"id": "A", "n": 2.5}])
def test_a_slip_is_another_call_of_the_same_tool(arguments: dict[str, object]) -> None:
    call, rng = ToolCall(name="f", arguments=arguments), random.Random(2)
    slips: Iterator[ToolCall | None] = (slip(call, rng) for _ in range(50))
    wrong = [one for one in slips if one is not None]
    assert len(wrong) > 20
    assert all(one.name == "f" and one.arguments != arguments for one in wrong)
    assert all(set(one.arguments or {}) == set(arguments) for one in wrong)


def test_no_slip_where_there_is_nothing_to_get_wrong() -> None:
    assert slip(ToolCall(name="f"), random.Random(1)) is None


def test_a_hopeless_world_ends_with_reasons() -> None:
    library = open_world(HOME)
    tools = tuple(tool for tool in library.tools if tool.name == "pay_fine")
    poor = World("poor", tools, "", library.caller, lambda state: {}, states=(None,))
    with poor.caller(Limits()) as calls:
        talks = Conversations(poor, calls.play, seed=1)
        rows = list(talks(2, 5))
    assert all(isinstance(row, Dropped) and row.reason == "no-walk" for row in rows)
    assert talks.talks.reasons == {"no-walk": 5}


def test_messages_alternate_as_a_chat_does(rows: list[Trajectory]) -> None:
    for row in rows:
        assert row.messages[0].role == "user"
        assert row.messages[-1].role == "assistant"
        for before, message in zip(row.messages, row.messages[1:], strict=False):
            assert _may_follow(before, message), (before, message)


def _may_follow(before: Message, message: Message) -> bool:
    if message.role == "tool":
        return bool(before.tool_calls) and message.tool_call_id == before.tool_calls[0].id
    if message.role == "user":
        return before.role == "assistant" and not before.tool_calls
    return before.role in ("user", "tool")


def test_which_of_several_is_meant_goes_unsaid_only_of_what_was_just_talked_about(world: World) -> None:
    """A user who was shown two books says which one goes back, unless it is the one of the last call."""
    with world.caller(Limits()) as calls:
        blueprints = Blueprints(world, calls.play, seed=5)
        blueprints.rehearse()
        drawn = [blueprints.draw(k) for k in range(60)]
    silent = told = 0
    for actions in ([a for turn in one.turns for a in turn.actions] for one in drawn):
        before, shown = None, [set[str]()]
        for action in actions:
            book = (action.call.arguments or {}).get("book_id")
            choice = next((books for books in reversed(shown) if book in books), set[str]())
            if action.call.name == "give_back" and action.origins["book_id"] == "seen":
                assert len(choice) <= 1 or book == before
                silent += 1
            elif action.call.name == "give_back" and len(choice) > 1:
                told += 1
            before = book or before
            value = action.observation.value
            if isinstance(value, dict) and "loans" in value:
                shown.append(set(value["loans"]))
    assert silent > 2
    assert told > 5


def test_rows_follow_from_the_tools_and_the_seed_and_not_from_what_the_world_is_called(world: World) -> None:
    rows, _ = made(world, 5)
    assert made(replace(world, name="by another path"), 5)[0] == rows
    assert all(row.source and row.source.split == "train-train" for row in rows)
    others = made(world, 5, seed=2)[0], made(replace(world, sha256="of other tools"), 5)[0]
    ids = [{row.id for row in each} for each in (rows, *others)]
    assert all(len(each) == 5 for each in ids)
    assert len(set.union(*ids)) == 15
    assert all("train-train" in row_id for row_id in ids[0])
