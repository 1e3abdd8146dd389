"""A world of questions about an academia graph that take several calls, each with its solution.

A question's subgoals are what the calls of its solution give, the loading of a net apart, and the answer. As
in AgentBoard, success needs all of them: whoever guesses, or gets there another way, keeps the progress of
what was looked up, and the score "answer" tells whether the answer alone was right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random

import msgspec

from callwright.evaluate.toolquery.academia import Graph, academia, play
from callwright.evaluate.toolquery.academia_graph import make_graph
from callwright.evaluate.toolquery.academia_kinds import KINDS, Kind, Question
from callwright.evaluate.toolquery.actions import Interface
from callwright.evaluate.toolquery.tasks import Task
from callwright.evaluate.toolquery.toolspecs import FINISH
from callwright.evaluate.toolquery.world import DEFAULT_STEPS, ToolQuery

PER_KIND = 10
"""Questions of each kind."""


def generated_academia(
    *,
    seed: int = 0,
    per_kind: int = PER_KIND,
    interface: Interface = "react",
    output_format: str = "",
    max_steps: int = DEFAULT_STEPS,
) -> ToolQuery:
    """Return generated questions about a generated graph; needs no data."""
    graph = make_graph(seed)
    tasks = make_questions(graph, seed, per_kind)
    digest = hashlib.sha256(msgspec.json.encode([graph, tasks])).hexdigest()
    return ToolQuery(
        tasks,
        {"academia": academia(graph)},
        variant="academia-generated",
        about={
            "data_sha256": {"generated": digest},
            "seed": seed,
            "subgoals": "every look-up and the answer",
        },
        interface=interface,
        output_format=output_format,
        max_steps=max_steps,
    )


def make_questions(graph: Graph, seed: int = 0, per_kind: int = PER_KIND) -> list[Task]:
    """Return `per_kind` questions of each kind about a graph, no two alike."""
    tasks = []
    for name, kind in KINDS.items():
        draw = Random(f"toolquery academia questions {seed} {name}")
        for number, question in enumerate(_distinct(kind, graph, draw, per_kind)):
            tasks.append(_task(f"academia-{name}-{number}", question, graph))
    return tasks


def _distinct(kind: Kind, graph: Graph, draw: Random, wanted: int) -> Iterator[Question]:
    """Yield questions with different goals; "Yes" and "No" in turn where these are the answers."""
    asked: set[str] = set()
    for _ in range(200 * wanted):
        if len(asked) == wanted:
            return
        question = kind(graph, draw)
        if question is None or question.goal in asked:
            continue
        if question.answer in ("Yes", "No") and (question.answer == "Yes") == bool(len(asked) % 2):
            continue
        asked.add(question.goal)
        yield question


def _task(id: str, question: Question, graph: Graph) -> Task:
    outcomes = play(graph, question.steps)
    found = [
        outcome.value
        for (name, _), outcome in zip(question.steps, outcomes, strict=True)
        if not name.startswith("load")
    ]
    return Task(
        id=id,
        domain="academia",
        goal=question.goal,
        subgoals=(*found, question.answer),
        answer=question.answer,
        difficulty="hard" if len(found) > 2 else "easy",
        solution=(*question.steps, (FINISH, {"answer": question.answer})),
        solved=True,
    )
