"""The generated academia graph and its questions: the same everywhere, answerable, and not by guessing."""

import json
import pickle
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callwright.benchmarks import WORLDS
from callwright.errors import ConfigError, DataError
from callwright.evaluate.results import read_results, write_results
from callwright.evaluate.sessions import follow, recite
from callwright.evaluate.summary import summarise
from callwright.evaluate.toolquery import academia as academia_module
from callwright.evaluate.toolquery.academia import TOOLS, Graph, read_graph
from callwright.evaluate.toolquery.academia_graph import AUTHORS, PAPERS, make_graph
from callwright.evaluate.toolquery.academia_kinds import KINDS
from callwright.evaluate.toolquery.academia_questions import generated_academia, make_questions
from callwright.evaluate.toolquery.actions import Interface
from callwright.evaluate.toolquery.baselines import finish_at_once, random_calls
from callwright.evaluate.toolquery.replay import open_rows
from callwright.evaluate.toolquery.tasks import Task
from callwright.schema import check
from callwright.settings import EvaluateSettings

GRAPH = make_graph(0)


def test_the_graph_and_the_questions_are_the_same_for_the_same_seed() -> None:
    """The hash is pinned: another interpreter must draw the same, or two results can not be compared."""
    sha = generated_academia().conditions["data_sha256"]
    assert sha == generated_academia().conditions["data_sha256"]
    assert sha == {"generated": PINNED}
    assert sha != generated_academia(seed=1).conditions["data_sha256"]


PINNED = "870e524357b42e6170a8a9cf1a6d4b5373926c1c49e8edae4b86ba0726651dfd"


@pytest.mark.parametrize("seed", [0, 7])
def test_the_graph_is_one_that_could_be(seed: int) -> None:
    graph = make_graph(seed)
    papers, authors = graph.papers, graph.authors
    assert (len(papers.nodes), len(authors.nodes)) == (PAPERS, AUTHORS) == (200, 150)
    cited: dict[str, int] = dict.fromkeys(papers.nodes, 0)
    for title, references in papers.neighbours.items():
        for other in references:
            assert papers.nodes[other]["year"] < papers.nodes[title]["year"]
            cited[other] += 1
    assert all(papers.nodes[title]["n_citation"] >= count for title, count in cited.items())
    for title, paper in papers.nodes.items():
        team = paper["authors"]
        assert 2 <= len(team) == len(set(team)) <= 4
        for one in team:
            for other in set(team) - {one}:
                assert title in authors.neighbours[one][other]["papers"]
    for one, others in authors.neighbours.items():
        for other, edge in others.items():
            assert authors.neighbours[other][one] == edge
            assert all({one, other} <= set(papers.nodes[title]["authors"]) for title in edge["papers"])


def named(goal: str) -> list[str]:
    """Return the papers (in quotation marks) or authors that a question names, in order."""
    titles = [name for name in re.findall(r"'([^']+)'", goal) if name in GRAPH.papers.nodes]
    people = sorted((goal.index(name), name) for name in GRAPH.authors.nodes if name in goal)
    return titles or [name for _, name in people]


def solved_anew(kind: str, goal: str) -> Any:
    """Answer a question from the papers' records alone, by other means than the questions were made with."""
    papers = GRAPH.papers.nodes
    home = {name: node["org"] for name, node in GRAPH.authors.nodes.items()}
    names = named(goal)

    def together(name: str) -> set[str]:
        return {a for paper in papers.values() if name in paper["authors"] for a in paper["authors"]} - {name}

    def joint(one: str, other: str) -> list[str]:
        return [title for title, paper in papers.items() if {one, other} <= set(paper["authors"])]

    def top(titles: Iterable[str]) -> str:
        return max(titles, key=lambda title: int(papers[title]["n_citation"]))

    cites = GRAPH.papers.neighbours
    match kind:
        case "mutual-collaborators":
            return len(together(names[0]) & together(names[1]))
        case "top-joint-paper":
            return top(joint(*names))
        case "joint-citations":
            return sum(papers[title]["n_citation"] for title in joint(*names))
        case "colleagues":
            return sorted(other for other in together(names[0]) if home[other] == home[names[0]])
        case "organisations":
            return sorted({home[name] for name in papers[names[0]]["authors"]})
        case "closest-collaborator":
            return max(together(names[0]), key=lambda other: len(joint(names[0], other)))
        case "shared-author":
            return ["No", "Yes"][bool(set(papers[names[0]]["authors"]) & set(papers[names[1]]["authors"]))]
        case "same-venue":
            return ["No", "Yes"][papers[names[0]]["venue"] == papers[names[1]]["venue"]]
        case "top-reference":
            return top(cites[names[0]])
        case "oldest-reference":
            return min(cites[names[0]], key=lambda title: papers[title]["year"])
        case "first-author-home":
            return home[papers[top(cites[names[0]])]["authors"][0]]
        case "common-references":
            return len(cites[names[0]].keys() & cites[names[1]].keys())
    raise AssertionError(kind)


def test_answers_hold_when_they_are_worked_out_in_another_way() -> None:
    tasks = make_questions(GRAPH)
    kinds = [task.id.removeprefix("academia-").rpartition("-")[0] for task in tasks]
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(KINDS, 10)
    assert len({task.goal for task in tasks}) == len(tasks) == 120
    for kind, task in zip(kinds, tasks, strict=True):
        assert solved_anew(kind, task.goal) == task.answer == task.subgoals[-1], task.goal


def test_questions_take_several_calls_and_yes_is_no_better_a_guess_than_no() -> None:
    tasks = make_questions(GRAPH)
    for task in tasks:
        looked_up = [name for name, _ in task.solution if not name.startswith("load")]
        assert len(task.subgoals) == len(looked_up) >= 3  # two look-ups and the end
        assert len(task.solution) <= 20
    answers = [task.answer for task in tasks if task.answer in ("Yes", "No")]
    assert answers.count("Yes") == answers.count("No") == 10
    assert {task.difficulty for task in tasks} == {"easy", "hard"}


@pytest.mark.slow
@pytest.mark.parametrize("interface", ["react", "unified"])
@pytest.mark.parametrize("seed", [0, 3])
def test_every_question_is_right_by_its_own_solution(interface: Interface, seed: int) -> None:
    world = generated_academia(seed=seed, interface=interface)
    results = [recite(world.reset(task), world.gold(task)) for task in world.tasks]
    assert all(result.correct and result.scores["grounding"] == 1.0 for result in results)
    summary = summarise(results)
    assert summary.all.means["progress"].mean == 1.0
    assert set(summary.styles) == {"easy", "hard"}
    unified = "-unified" if interface == "unified" else ""
    assert results[0].conditions["variant"] == f"toolquery{unified}-academia-generated"
    assert results[0].conditions["seed"] == seed


def test_every_look_up_of_a_solution_is_worth_the_same_progress() -> None:
    world = generated_academia()
    for task in world.tasks[::7]:
        whole = list(world.gold(task))
        done = 0
        for length, (name, _) in enumerate(task.solution, 1):
            done += not name.startswith("load")
            result = recite(world.reset(task), whole[:length])
            assert result.scores["progress"] == pytest.approx(done / len(task.subgoals))
            assert result.correct == (name == "finish")
        guess = recite(world.reset(task), whole[-1:])
        assert (guess.correct, guess.scores["answer"]) == (False, 1.0)


@pytest.mark.parametrize("interface", ["react", "unified"])
def test_chance_and_a_guess_solve_nothing(interface: Interface) -> None:
    world = generated_academia(interface=interface)
    guesses = [follow(world.reset(task), finish_at_once(world)) for task in world.tasks]
    assert not any(result.correct for result in guesses)
    assert sum(result.scores["answer"] for result in guesses) == 10  # the questions whose answer is Yes
    policy = random_calls(world, 1)
    chance = [follow(world.reset(task), policy) for task in world.tasks]
    assert not any(result.correct for result in chance)
    assert all(result.scores["grounding"] == 1.0 for result in chance)  # its calls are valid ones


def test_chance_is_the_same_in_any_order_and_another_with_another_seed() -> None:
    world = generated_academia(per_kind=2)
    policy = random_calls(world, 1)
    there = {task.id: follow(world.reset(task), policy) for task in world.tasks}
    back = {task.id: follow(world.reset(task), policy) for task in reversed(world.tasks)}
    assert there == back
    live = {task.id: world.reset(task) for task in world.tasks}
    while waiting := [session for session in live.values() if session.turn() is not None]:
        for session in waiting:
            session.take(policy(session))
    assert {name: session.result() for name, session in live.items()} == there
    assert any(follow(world.reset(t), random_calls(world, 2)) != there[t.id] for t in world.tasks)


def test_results_can_be_written_and_read(tmp_path: Path) -> None:
    world = generated_academia(per_kind=1)
    results = [recite(world.reset(task), world.gold(task)) for task in world.tasks]
    write_results(tmp_path / "results.jsonl", results)
    assert read_results(tmp_path / "results.jsonl") == results


def test_the_tools_are_the_specifications_and_solutions_fit_them(shared_data: Path) -> None:
    specs = json.loads((shared_data / "toolquery" / "tool_specs" / "academia_raw.json").read_text("utf-8"))
    listed = specs["tool_set_message"]
    official = {spec["name"]: spec["parameters"].get("properties", {}) for spec in listed}
    ours = {tool.name: tool.parameters["properties"] for tool in TOOLS}
    assert {name: list(each) for name, each in ours.items()} == {
        name: list(each) for name, each in official.items()
    }
    assert ours["neighbourCheck"]["graph"]["enum"] == official["neighbourCheck"]["graph"]["enum"]


def test_solutions_fit_the_tools_schemas() -> None:
    schemas = {tool.name: tool.parameters for tool in TOOLS}
    for task in make_questions(GRAPH, per_kind=2):
        for name, arguments in task.solution:
            assert not list(check(schemas[name], arguments))


# A graph and rows of the user's own


def as_rows(tasks: list[Task], path: Path) -> Path:
    rows = [
        {
            "task": "tool-query", "id": number, "goal": task.goal, "subgoals": task.subgoals,
            "additional_info": {"answer": task.answer, "init_config": None, "tool": "academia"},
            "difficulty": "hard",
        }
        for number, task in enumerate(tasks)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def as_file(graph: Graph, path: Path) -> Path:
    path.write_bytes(msgspec.json.encode(graph))
    return path


def test_rows_in_agentboards_layout_are_answered_over_a_graph_file(tmp_path: Path) -> None:
    tasks = make_questions(GRAPH, per_kind=2)
    graph = as_file(GRAPH, tmp_path / "graph.json")
    world = open_rows(as_rows(tasks, tmp_path / "test.jsonl"), graph=graph, max_steps=30)
    assert world.conditions["variant"] == "toolquery-rows"
    assert world.conditions["subgoals"] == "as in the rows"
    assert world.conditions["date_and_place"] == "to be asked for"
    assert set(world.conditions["data_sha256"]) == {"rows", "graph"}
    for row, task in zip(world.tasks, tasks, strict=True):
        result = recite(world.reset(row), [world.say(*step) for step in task.solution])
        assert (result.correct, result.scores["answer"]) == (True, 1.0)
    with pytest.raises(ConfigError, match=r"no graph.*academia\.json"):
        open_rows(tmp_path / "test.jsonl")


def test_the_graph_is_found_under_the_name_that_its_instructions_give_it(tmp_path: Path) -> None:
    written = re.search(r'open\("(\S+)", "w"\)', str(academia_module.__doc__))
    assert written is not None
    as_rows(make_questions(GRAPH, per_kind=1), tmp_path / "test.jsonl")
    settings = EvaluateSettings(categories="rows", data=tmp_path)
    name = re.escape(written[1])
    with pytest.raises(DataError, match=rf"{name}: can not be read.*{name}"):
        WORLDS["toolquery"](settings)
    as_file(GRAPH, tmp_path / written[1])
    (world,) = WORLDS["toolquery"](settings).worlds
    assert "graph" in world.conditions["data_sha256"]


def test_pickles_and_broken_graphs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "paper_net.pkl"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(DataError, match="pickles are not loaded"):
        read_graph(path)
    with pytest.raises(DataError, match="can not be read"):
        read_graph(tmp_path / "absent.json")
    torn = Graph(msgspec.structs.replace(GRAPH.papers, neighbours={"A": {"B": {}}}), GRAPH.authors)
    with pytest.raises(DataError, match="not there"):
        read_graph(as_file(torn, tmp_path / "torn.json"))
    graph, sha256 = read_graph(as_file(GRAPH, tmp_path / "whole.json"))
    assert graph == GRAPH
    assert len(sha256) == 64


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{", "not a ToolQuery row"),
        ('{"id": 1, "goal": "?"}', "subgoals"),
        ('{"id": 1, "goal": "?", "subgoals": [], "additional_info": {"tool": "academia"}}', "no subgoals"),
        ('{"id": 1, "goal": "?", "subgoals": [1], "additional_info": {"tool": "sheet"}}', "sheet"),
        ('{"id": 1, "goal": "?", "subgoals": [1], "additional_info": {"tool": "weather"}}', "without date"),
    ],
)
def test_rows_that_are_none_are_named(tmp_path: Path, row: str, why: str) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(f"{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=why) as caught:
        open_rows(path)
    assert caught.value.place == f"{path}:1"


def test_rows_have_ids_of_their_own(tmp_path: Path) -> None:
    path = as_rows(make_questions(GRAPH, per_kind=1)[:1], tmp_path / "test.jsonl")
    path.write_text(path.read_text("utf-8") * 2, encoding="utf-8")
    with pytest.raises(DataError, match="same id"):
        open_rows(path)
