"""The reference on the 765 solvable queries: what can be reached, and the queries where something can not."""

from collections import Counter
from pathlib import Path

import pytest

from callwright.evaluate.results import Result
from callwright.evaluate.sessions import recite
from callwright.evaluate.toolbench.queries import Queries, read_queries
from callwright.evaluate.toolbench.world import ToolBench


@pytest.fixture(scope="module")
def queries(shared_data: Path) -> Queries:
    return read_queries(shared_data / "toolbench")


def gold(world: ToolBench) -> list[Result]:
    return [recite(world.reset(task), world.gold(task)) for task in world.tasks]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["CoT@1", "DFS_woFilter_w2"])
def test_gold_on_all_queries_with_the_official_names(queries: Queries, method: str) -> None:
    world = ToolBench(queries, method=method)
    results = gold(world)
    assert {result.conditions["variant"] for result in results} == {f"stabletoolbench-765/simulator/{method}"}
    reasons = world.unreachable()
    assert {result.id for result in results if result.scores["gold_api_recall"] < 1} == reasons.keys()
    assert Counter(reason[:5] for reason in reasons.values()) == {"calls": 19, "6 rel": 3}
    assert sum(result.scores["gold_api_recall"] for result in results) / 765 == pytest.approx(
        0.98841, abs=1e-5
    )
    assert {result.scores["finish_rate"] for result in results} == {1.0}
    assert {result.scores["proxy_pass"] for result in results} == {1.0}
    # One query has no relevant API that a call can reach: nothing is called.
    assert [r.id for r in results if r.scores.get("valid_call_rate") != 1.0] == ["G1_instruction/27847"]
    assert sum(result.scores["failed_calls"] for result in results) == 0


@pytest.mark.slow
def test_gold_with_every_function_in_reach(queries: Queries) -> None:
    world = ToolBench(queries, method="CoT@1", official=False)
    results = gold(world)
    assert [r.id for r in results if r.scores["gold_api_recall"] < 1] == [
        "G1_instruction/11653", "G1_instruction/73529", "G2_category/79652",
    ]  # fmt: skip
    assert {result.scores["valid_call_rate"] for result in results} == {1.0}


def test_a_seed_makes_a_run_and_another_seed_another(queries: Queries) -> None:
    task = queries.queries[0]
    runs = []
    for seed in (0, 0, 1):
        world = ToolBench(queries, method="CoT@1", seed=seed)
        runs.append(recite(world.reset(task), world.gold(task)).predicted)
    assert runs[0] == runs[1] != runs[2]


def test_a_columns_name_is_the_subsets(queries: Queries) -> None:
    world = ToolBench(queries, method="CoT@1")
    columns = [world.reset(task).result().column for task in world.tasks]
    assert list(dict.fromkeys(columns)) == ["I1-inst", "I1-tool", "I1-cat", "I2-inst", "I2-cat", "I3-inst"]
    assert world.conditions["measure"] == "proxy_pass (a proxy, no judge)"
