"""CoT@n and DFSDT: by hand on small scripts, and the tree against a second telling of its walk."""

import json
from collections.abc import Sequence
from random import Random

import pytest
from toolbench_walk import API, FUNCTION, Said, Walk, act, answer, give_up, random_script

from callwright.errors import ConfigError
from callwright.evaluate.toolbench.apis import offer
from callwright.evaluate.toolbench.environment import Environment
from callwright.evaluate.toolbench.search import Node, Search, method_named
from callwright.evaluate.toolbench.simulator import Simulator
from callwright.models import Prompt
from callwright.record import Message


class Played:
    """A search with scripted replies, as far as they go."""

    def __init__(
        self, method: str, said: Sequence[Said], *, max_depth: int = 12, max_calls: int = 200
    ) -> None:
        self.asked: list[tuple[Message, ...]] = []
        environment = Environment(offer([API]), cache=None, backend=Simulator())
        self.search = Search(environment, self._ask, max_depth=max_depth, max_calls=max_calls)
        steps = self.search.run(method_named(method))
        self.used = 0
        self.over = False
        try:
            next(steps)
            for each in said:
                self.used += 1
                steps.send(each.text)
        except StopIteration:
            self.over = True

    def _ask(self, messages: Sequence[Message]) -> Prompt:
        self.asked.append(tuple(messages))
        return Prompt()

    def told_others(self) -> list[bool]:
        return [bool(messages) and messages[-1].role == "user" for messages in self.asked]


def size(node: Node) -> int:
    return 1 + sum(map(size, node.children))


def kinds(node: Node | None) -> list[str]:
    return [each.kind for each in node.path()] if node else []


def test_a_chain_ends_with_its_answer() -> None:
    played = Played("CoT@1", [act(1, "think"), answer("5")])
    assert played.over
    end = played.search.end(Random(0))
    assert kinds(end) == ["Thought", "Action", "Action Input", "Action", "Action Input"]
    assert end is not None
    assert json.loads(end.text) == {"return_type": "give_answer", "final_answer": "5"}
    assert [message.role for message in played.asked[1]] == ["assistant", "tool"]


def test_thoughts_actions_and_inputs_count_for_the_depth_of_a_chain() -> None:
    # Six bare calls fill twelve nodes; an answer as the sixth still counts.
    assert Played("CoT@1", [act()] * 6).over
    assert not Played("CoT@1", [act()] * 5).over
    assert Played("CoT@1", [*[act()] * 5, answer()]).search.answers
    # With thoughts a call takes three nodes.
    assert Played("CoT@1", [act(1, "hm")] * 4).over
    assert Played("CoT@1", [Said("only a thought")] * 12).used == 12


@pytest.mark.parametrize("last", [give_up(), Said(broken=True)])
def test_a_chain_that_gives_up_is_tried_again(last: Said) -> None:
    assert Played("CoT@1", [act(), last]).over
    assert not Played("CoT@2", [act(), last]).over
    played = Played("CoT@2", [act(), last, act(), answer("9")])
    assert played.over
    assert len(played.search.roots) == 2
    assert played.search.answers == [played.search.end(Random(0))]


def test_without_an_answer_one_of_the_chains_is_drawn() -> None:
    played = Played("CoT@3", [give_up()] * 3)
    drawn = {played.search.end(Random(seed)) for seed in range(40)}
    assert drawn == set(played.search.leaves)
    assert len(drawn) == 3


def test_after_giving_up_the_tree_is_left_by_two_replies() -> None:
    # root → a → b → gives up: b gets no second child, a does, and is told what was tried.
    played = Played("DFSDT", [act(1), act(2), give_up()])
    assert len(played.asked) == 4
    assert played.told_others() == [False, False, False, True]
    tried = played.asked[3][-1].content
    assert json.dumps({"x": 2}) in json.loads(tried[tried.index("[") : tried.rindex("]") + 1])[0]["arguments"]


def test_after_a_pruned_node_the_tree_is_left_by_one_reply() -> None:
    played = Played("DFSDT", [act(1), act(2), Said(broken=True)])
    assert [len(messages) for messages in played.asked] == [0, 2, 4, 4]
    # A reply that nobody could read is no action: nothing is told.
    assert played.told_others() == [False] * 4


def test_the_message_about_other_branches_is_not_handed_down() -> None:
    played = Played("DFSDT", [act(1), give_up(), act(2), act(3)])
    assert played.told_others()[:2] == [False, False]
    told = played.told_others().index(True)
    below = played.asked[told + 1]
    assert all(message.role != "user" for message in below)


def test_the_first_answer_ends_the_search() -> None:
    played = Played("DFSDT", [act(1), give_up(), answer("yes"), act(2)])
    assert played.over
    assert played.used == 3
    assert len(played.search.answers) == 1


def test_the_call_that_reaches_the_limit_is_not_used() -> None:
    played = Played("DFSDT", [act(1), act(2), answer()], max_calls=3)
    assert played.over
    assert played.search.asked == 3
    assert not played.search.answers


def test_only_the_first_call_of_a_reply_counts() -> None:
    both = act(1).text + "\n" + act(2).text
    environment = Environment(offer([API]), cache=None, backend=Simulator())
    search = Search(environment, lambda messages: Prompt())
    steps = search.run(method_named("CoT@1"))
    next(steps)
    steps.send(both)
    assert search.unused_calls == 1
    assert search.last is not None
    assert json.loads(search.last.text) == {"x": 1}


def test_a_function_that_does_not_exist_is_named_so_in_the_conversation() -> None:
    played = Played("CoT@1", [Said(name="other", arguments={})])
    said, result = played.asked[1]
    assert said.tool_calls[0].name == "invalid_hallucination_function_name"
    assert "No such function name: other" in result.content
    assert FUNCTION not in result.content


@pytest.mark.slow
@pytest.mark.parametrize("method", ["DFS_woFilter_w2", "DFS_woFilter_w1", "DFS_woFilter_w3"])
@pytest.mark.parametrize("max_calls", [5, 40, 200])
def test_the_tree_grows_as_the_walk_told_a_second_time(method: str, max_calls: int) -> None:
    for seed in range(60):
        script = random_script(seed)
        walk = Walk(script, width=int(method[-1]), max_depth=12, max_calls=max_calls)
        played = Played(method, script, max_calls=max_calls)
        assert played.over
        assert played.used == played.search.asked == walk.asked
        assert played.told_others() == walk.told_others
        assert [node.text for node in played.search.answers] == walk.answers
        assert [node.text for node in played.search.given_up] == walk.given_up
        assert size(played.search.roots[0]) == walk.root.size()


@pytest.mark.parametrize("name", ["CoT", "CoT@0", "DFS", "DFS_w2", "DFS_woFilter_w0", "", "cot@1"])
def test_an_unknown_method(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown search method"):
        method_named(name)


def test_dfsdt_is_the_tree_of_width_two() -> None:
    assert method_named("DFSDT") == method_named("DFS_woFilter_w2")
