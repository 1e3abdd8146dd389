"""WebShop as a benchmark: the reference's ceiling, interfaces, hostile replies, conditions, baselines."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ConfigError, DataError
from callwright.evaluate.results import Result, read_results, write_results
from callwright.evaluate.sessions import TOO_LONG, follow, recite
from callwright.evaluate.webshop.asking import Interface, actions_in
from callwright.evaluate.webshop.gold import gold_actions, wanted_values
from callwright.evaluate.webshop.policies import chance, policies
from callwright.evaluate.webshop.reward import reward
from callwright.evaluate.webshop.session import Mode
from callwright.evaluate.webshop.variants import SYNTHETIC_1K, VARIANTS
from callwright.evaluate.webshop.world import STEPS, WebShop, open_world

MODES: tuple[Mode, ...] = ("princeton", "agentboard")
INTERFACES: tuple[Interface, ...] = ("tool-calls", "text")
POLICIES = policies()


@pytest.fixture(scope="module")
def home() -> WebShop:
    return open_world()


@pytest.fixture(scope="module")
def text_home() -> WebShop:
    return open_world(interface="text")


@pytest.fixture(scope="module")
def synthetic(shared_data: Path) -> WebShop:
    return open_world("1k-synthetic", shared_data / "webshop", tagger="words", interface="text")


@pytest.fixture(scope="module")
def everything(shared_data: Path) -> WebShop:
    return open_world("1k-synthetic", shared_data / "webshop", split="all", tagger="words")


def mean(results: list[Result], name: str) -> float:
    return sum(result.scores[name] for result in results) / len(results)


# --- the reference


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interface", INTERFACES)
def test_the_reference_earns_everything_at_home(mode: Mode, interface: Interface) -> None:
    world = open_world(mode=mode, interface=interface)
    results = [recite(world.reset(goal), world.gold(goal)) for goal in world.tasks]
    assert 40 <= len(results) <= 80
    assert {result.column for result in results} == {f"webshop-home/{mode}"}
    assert len({result.style for result in results}) >= 6
    assert len({result.id for result in results}) == len(results)
    for result in results:
        assert (result.correct, result.error, result.where) == (True, "", "")
        assert result.scores["reward"] == result.scores["progress"] == 1
        assert result.scores["invalid"] == 0
        assert result.predicted["asin"] == result.gold["asin"]


def test_goals_are_the_originals(everything: WebShop, shared_data: Path) -> None:
    frozen = json.loads(
        gzip.decompress((shared_data / "webshop" / "synthetic_goals_6910_seed233order.json.gz").read_bytes())
    )
    assert len(everything.tasks) == 6910
    for goal, row in zip(everything.tasks, frozen, strict=True):
        assert goal.asin == row["asin"]
        assert goal.instruction == row["instruction_text"]
        assert dict(goal.wanted.options) == row["goal_options"]  # type: ignore[arg-type]
        assert list(goal.wanted.attributes) == row["attributes"]
        assert goal.wanted.price_upper == row["price_upper"]
    prices = json.loads((shared_data / "webshop" / "product_prices_1000.json").read_bytes())
    catalogue = everything.shop.catalogue
    assert {catalogue.names[n]: catalogue.product(n).price for n in range(1000)} == prices


def test_the_ceiling_of_the_synthetic_goals_is_the_documented_one(everything: WebShop) -> None:
    world = everything
    rewards = []
    for goal in world.tasks:
        number = world.shop.catalogue.number(goal.asin)
        assert number is not None
        product = world.shop.product(number)
        values = wanted_values(product, goal.wanted)
        rewards.append(reward(product, goal.wanted, values, world.shop.tagger).total)
    assert sum(rewards) / 6910 == pytest.approx(0.9896, abs=5e-5)
    assert sum(r == 1 for r in rewards) / 6910 == pytest.approx(0.9337, abs=5e-5)


def test_the_reference_reaches_that_ceiling_by_acting(synthetic: WebShop) -> None:
    results = [recite(synthetic.reset(goal), synthetic.gold(goal)) for goal in synthetic.tasks[:100]]
    for result, goal in zip(results, synthetic.tasks, strict=False):
        number = synthetic.shop.catalogue.number(goal.asin)
        assert number is not None
        product = synthetic.shop.product(number)
        values = wanted_values(product, goal.wanted)
        assert result.scores["reward"] == reward(product, goal.wanted, values, synthetic.shop.tagger).total


def test_the_human_goals_are_thirteen(shared_data: Path) -> None:
    world = open_world("1k-human13", shared_data / "webshop")
    results = [recite(world.reset(goal), world.gold(goal)) for goal in world.tasks]
    assert [result.correct for result in results] == [True] * 13
    assert world.conditions["variant"] == "webshop-1k-human13/princeton"


# --- baselines


@pytest.mark.slow
def test_the_rule_scores_what_is_documented(synthetic: WebShop) -> None:
    results = [follow(synthetic.reset(goal), POLICIES["rule"]) for goal in synthetic.tasks]
    assert len(results) == 500
    assert mean(results, "reward") == pytest.approx(0.566, abs=5e-4)
    assert sum(result.correct for result in results) / 500 == 0.022


def test_baselines_stand_in_the_order_of_what_they_know(text_home: WebShop) -> None:
    scores = {
        name: mean([follow(text_home.reset(goal), policy) for goal in text_home.tasks], "reward")
        for name, policy in POLICIES.items()
    }
    assert scores["random"] < scores["rule"] < scores["rule-options"] < 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", POLICIES)
def test_baselines_do_only_what_can_be_done(mode: Mode, name: str) -> None:
    world = open_world(mode=mode)
    for goal in world.tasks[:20]:
        result = follow(world.reset(goal), POLICIES[name])
        assert result.scores["invalid"] <= (mode == "agentboard") * result.scores["steps"]
        assert result.scores["steps"] <= STEPS[mode]


def test_chance_is_seeded(text_home: WebShop) -> None:
    goal = text_home.tasks[3]
    first, again = (follow(text_home.reset(goal), chance(1)).text for _ in range(2))
    assert first == again
    assert {follow(text_home.reset(goal), chance(seed)).text for seed in range(4)} != {first}


# --- what an agent is shown, and how it answers


def test_the_prompt_states_the_goal_the_page_and_what_can_be_done(home: WebShop) -> None:
    session = home.reset(home.tasks[0])
    turn = session.turn()
    assert turn is not None
    assert turn == session.turn()
    assert turn.who == "agent"
    system, user = turn.prompt.messages
    assert "search(" in system[1]
    assert "click(" in system[1]
    assert home.tasks[0].instruction in user[1]
    assert user[1].endswith("[SEP] Search\n\nYou can search.")
    session.take(session.say("search", home.tasks[0].instruction))
    after = session.turn()
    assert after is not None
    roles = [role for role, _ in after.prompt.messages]
    assert roles == ["system", "user", "assistant", "tool"]
    assert "You can click:\nback to search\nnext >\n" in after.prompt.messages[-1][1]
    # What was said before stays as it was, so that a prefix can be shared.
    assert after.prompt.messages[:2] == turn.prompt.messages


def test_text_prompts_offer_no_tools(text_home: WebShop) -> None:
    session = text_home.reset(text_home.tasks[0])
    turn = session.turn()
    assert turn is not None
    assert "search[keywords]" in turn.prompt.messages[0][1]
    assert "# Tools" not in turn.prompt.messages[0][1]


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("search[red cup]", "search[red cup]"),
        ("Thought: I could search[a] first.\nAction: click[Buy Now]", "click[Buy Now]"),
        ("action:search[ b ] then click[c]", "search[b]"),
        ("<think>search[a]</think>\nCLICK [d]", "click[d]"),
        ("I click[size [eu] 40] now", "click[size [eu] 40]"),
        ("click[a\nb]", None),
        ("I could search[a]. Action: none", None),
        ("search(red)", None),
        ("", None),
    ],
)
def test_actions_are_found_behind_thoughts(reply: str, action: str | None) -> None:
    message, actions = actions_in(reply, "text")
    assert [str(each) for each in actions] == ([action] if action else [])
    assert message.content == reply


def test_replies_without_an_action_cost_a_step_and_are_answered(home: WebShop) -> None:
    session = home.reset(home.tasks[0])
    session.take("I would like to look around.")
    session.take('<tool_call>\n{"name": "fly", "arguments": {}}\n</tool_call>')
    session.take('<tool_call>\n{"name": "click", "arguments": {"element": ["x"]}}\n</tool_call>')
    session.take("<tool_call>{")
    turn = session.turn()
    assert turn is not None
    said = [content for role, content in turn.prompt.messages if role in ("user", "tool")]
    assert said[1].startswith("No action was found in the reply.")
    assert "There is no tool 'fly'" in said[2]
    assert "There is no tool 'click' with such arguments" in said[3]
    assert said[4].startswith("No action was found in the reply.")
    result = session.result()
    assert (result.scores["steps"], result.scores["invalid"], result.error) == (4, 4, "gave-up")


def test_all_calls_of_a_reply_are_taken_in_order_up_to_the_limit() -> None:
    world = open_world(steps=3)
    goal = world.tasks[0]
    everything = "\n".join(world.gold(goal))
    session = world.reset(goal)
    session.take(everything)
    assert session.turn() is None
    assert session.result().scores["steps"] == 3
    assert session.result().error == "gave-up"
    # Calls are written one after another, so replies put together are one reply with all calls.
    roomy = open_world().reset(goal)
    roomy.take(everything)
    assert roomy.result().correct


def test_a_prompt_that_is_too_long_ends_the_episode(home: WebShop) -> None:
    session = home.reset(home.tasks[0])
    session.take(TOO_LONG)
    assert session.turn() is None
    session.take("search[a]")
    assert session.result().error == "prompt-too-long"
    assert session.result().scores["steps"] == 0


def test_a_wrong_purchase_says_what_is_wrong_with_it(text_home: WebShop) -> None:
    for goal in text_home.tasks:
        if goal.wanted.options:
            session = text_home.reset(goal)
            for name, argument in gold_actions(text_home.shop, goal, "princeton"):
                if argument not in {value for _, value in map(_pair, goal.wanted.options)}:
                    session.take(session.say(name, argument))
            result = session.result()
            assert (result.correct, result.error, result.where) == (False, "wrong-answer", "options")
            assert 0 < result.scores["reward"] < 1
            return
    pytest.fail("no goal with options")


def _pair(option: str | tuple[str, str]) -> tuple[str, str]:
    return option if isinstance(option, tuple) else ("", option)


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<tool_call>" * 50,
            "search[" * 5000,
            "search[" + "_" * 5000 + "]",
            "click[\ud800]",
            "\ud800<think>",
            '<tool_call>\n{"name": "search", "arguments": {"keywords": "\\ud800"}}\n</tool_call>',
            '<tool_call>\n{"name": "search", "arguments": ' + "[" * 3000 + "]" * 3000 + "}\n</tool_call>",
            '<tool_call>\n{"name": "click", "arguments": {"element": "next >", "more": 1e999}}\n</tool_call>',
            "search[<r>]",
            "search[<c>]",
            "click[buy now]",
            "None",
        ]
    ),
)


@settings(max_examples=60)
@given(
    st.lists(HOSTILE, max_size=6),
    st.sampled_from(MODES),
    st.sampled_from(INTERFACES),
    st.sampled_from(["", "xlam", "python"]),
)
def test_no_reply_breaks_an_episode(
    replies: list[str], mode: Mode, interface: Interface, output_format: str
) -> None:
    world = _worlds(mode, interface, output_format)
    session = world.reset(world.tasks[0])
    for reply in replies:
        session.turn()
        session.take(reply)
    result = session.result()
    assert session.turn() is None or result.error == "gave-up"
    assert 0 <= result.scores["reward"] <= result.scores["progress"] <= 1
    assert json.loads(json.dumps(result.conditions)) == result.conditions


_OPENED: dict[tuple[str, str, str], WebShop] = {}


def _worlds(mode: Mode, interface: Interface, output_format: str) -> WebShop:
    key = (mode, interface, output_format)
    if key not in _OPENED:
        _OPENED[key] = open_world(mode=mode, interface=interface, output_format=output_format)
    return _OPENED[key]


@pytest.mark.parametrize("output_format", ["hermes", "xlam", "python"])
def test_every_output_format_can_play(output_format: str) -> None:
    world = open_world(output_format=output_format)
    assert all(recite(world.reset(goal), world.gold(goal)).correct for goal in world.tasks[:10])
    assert world.conditions["output_format"] == output_format


def test_episodes_side_by_side_are_those_one_by_one(home: WebShop) -> None:
    goals = home.tasks[:8]
    alone = [recite(home.reset(goal), home.gold(goal)) for goal in goals]
    sessions = [(home.reset(goal), list(home.gold(goal))) for goal in goals]
    for step in range(max(len(replies) for _, replies in sessions)):
        for session, replies in reversed(sessions):
            if step < len(replies):
                session.take(replies[step])
    assert [session.result() for session, _ in sessions] == alone


# --- conditions and complaints


def test_every_result_tells_what_it_depends_on(home: WebShop, tmp_path: Path) -> None:
    result = recite(home.reset(home.tasks[0]), [])
    told = result.conditions
    assert told["variant"] == "webshop-home/princeton"
    assert {"split", "data_sha256", "tagger", "max_steps", "prompt_sha256", "price_seed"} <= set(told)
    assert told["tagger"] == "fallback"
    write_results(tmp_path / "results.jsonl", [result])
    assert read_results(tmp_path / "results.jsonl") == [result]


def test_what_changes_a_score_changes_the_conditions() -> None:
    def conditions(**changed: object) -> str:
        return json.dumps(open_world(**changed).conditions, sort_keys=True)  # type: ignore[arg-type]

    seen = {
        conditions(),
        conditions(mode="agentboard"),
        conditions(interface="text"),
        conditions(tagger="words"),
        conditions(steps=3),
        conditions(output_format="xlam"),
    }
    assert len(seen) == 6


def test_the_home_shop_is_the_same_on_every_machine(home: WebShop) -> None:
    assert home.conditions["data_sha256"] == {
        "catalogue": "b9196ba7d8d967f69b2f487b8da15a91894e96f3c26f57acd7926ad5f874a7a4",
        "goals": "3bc35ca135134f227d48c86769bf93b9531bd833e2162e4e69531bd31c1f66e5",
    }


def test_splits_are_the_official_ones(synthetic: WebShop, shared_data: Path) -> None:
    dev = open_world("1k-synthetic", shared_data / "webshop", split="dev")
    assert [goal.id for goal in (synthetic.tasks[0], synthetic.tasks[-1])] == ["synthetic_0", "synthetic_499"]
    assert [goal.id for goal in (dev.tasks[0], dev.tasks[-1])] == ["synthetic_500", "synthetic_1499"]
    assert (synthetic.conditions["split"], dev.conditions["split"]) == ("test", "dev")
    assert synthetic.conditions["data_sha256"]["goals"] == SYNTHETIC_1K
    assert open_world(split="dev").conditions["split"] == "all"


def test_mistakes_are_named(tmp_path: Path) -> None:
    for wrong, match in (
        ({"variant": "webshop"}, "no such variant"),
        ({"mode": "ucl"}, "no such mode"),
        ({"interface": "json"}, "no such interface"),
        ({"split": "valid"}, "no such split"),
        ({"steps": 0}, "without a step"),
        ({"tagger": "x"}, "unknown tagger"),
        ({"output_format": "x"}, "unknown output format"),
        ({"variant": "1k-synthetic"}, "needs data"),
    ):
        with pytest.raises(ConfigError, match=match):
            open_world(**wrong)
    for variant in VARIANTS[1:]:
        with pytest.raises(DataError, match=r"missing|no prepared catalogue"):
            open_world(variant, tmp_path)


def test_other_data_is_not_taken_for_the_synthetic_set(shared_data: Path, tmp_path: Path) -> None:
    rows = json.loads((shared_data / "webshop" / "items_shuffle_1000.json").read_bytes())
    (tmp_path / "items_shuffle_1000.json").write_text(json.dumps(rows[:50]), encoding="utf-8")
    told = (shared_data / "webshop" / "items_ins_v2_1000.json").read_bytes()
    (tmp_path / "items_ins_v2_1000.json").write_bytes(told)
    with pytest.raises(DataError, match="not the goals of this variant"):
        open_world("1k-synthetic", tmp_path)
