"""The kinds of question that are asked about an academia graph; each draws one question, or none.

Questions with two right answers are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from callwright.evaluate.toolquery.academia import Graph
from callwright.evaluate.toolquery.tasks import Step
from callwright.record import Json

_LIST = "Please answer in the form of a list ['name1', 'name2', ...]."
_NUMBER = "Please give me a number as an answer."
_YES_NO = "Please answer 'Yes' or 'No'."


class Question(NamedTuple):
    """A question, the calls that lead to its answer, and the answer."""

    goal: str
    steps: list[Step]
    answer: Json


Kind = Callable[[Graph, Random], Question | None]
"""Draws a question of one kind; None where what was drawn makes none."""


PAPERS: Step = ("loadPaperNet", {})
AUTHORS: Step = ("loadAuthorNet", {})


def _neighbours(net: str, node: str) -> Step:
    return "neighbourCheck", {"graph": net, "node": node}


def _papers(titles: Sequence[str]) -> list[Step]:
    return [("paperNodeCheck", {"node": title}) for title in titles]


def _people(names: Sequence[str]) -> list[Step]:
    return [("authorNodeCheck", {"node": name}) for name in names]


def _best(values: dict[str, int], pick: Callable[[Sequence[int]], int] = max) -> str | None:
    """Return the key of the largest (or, with `min`, smallest) value, None where two share it."""
    best = pick(list(values.values()))
    keys = [key for key, each in values.items() if each == best]
    return keys[0] if len(keys) == 1 else None


def _citations(graph: Graph, titles: Sequence[str]) -> dict[str, int]:
    return {title: graph.papers.nodes[title]["n_citation"] for title in titles}


def _author(graph: Graph, draw: Random, low: int, high: int) -> tuple[str, list[str]] | None:
    """Draw an author with `low` to `high` collaborators."""
    name = draw.choice(list(graph.authors.nodes))
    others = list(graph.authors.neighbours[name])
    return (name, others) if low <= len(others) <= high else None


def _pair(graph: Graph, draw: Random) -> tuple[str, str, list[str]] | None:
    """Draw two authors with two to four joint papers."""
    if (drawn := _author(graph, draw, 1, 20)) is None:
        return None
    one, other = drawn[0], draw.choice(drawn[1])
    joint: list[str] = graph.authors.neighbours[one][other]["papers"]
    return (one, other, joint) if 2 <= len(joint) <= 4 else None


def _citing(graph: Graph, draw: Random) -> tuple[str, list[str]] | None:
    """Draw a paper with two to five references."""
    title = draw.choice(list(graph.papers.nodes))
    cited = list(graph.papers.neighbours[title])
    return (title, cited) if 2 <= len(cited) <= 5 else None


def mutual(graph: Graph, draw: Random) -> Question | None:
    """How many collaborators two authors share."""
    if (drawn := _author(graph, draw, 3, 9)) is None:
        return None
    one, other = drawn[0], draw.choice(list(graph.authors.nodes))
    shared = len(set(drawn[1]) & set(graph.authors.neighbours[other]))
    if one == other or not shared:
        return None
    steps = [AUTHORS, _neighbours("AuthorNet", one), _neighbours("AuthorNet", other)]
    return Question(f"How many mutual collaborators do {one} and {other} have? {_NUMBER}", steps, shared)


def top_joint(graph: Graph, draw: Random) -> Question | None:
    """Which joint paper of two authors is cited most."""
    if (drawn := _pair(graph, draw)) is None or not (best := _best(_citations(graph, drawn[2]))):
        return None
    one, other, joint = drawn
    goal = f"Which of the papers that {one} and {other} wrote together has the most citations?"
    return Question(goal, _joint_steps(one, other, joint), best)


def joint_citations(graph: Graph, draw: Random) -> Question | None:
    """How many citations two authors' joint papers have."""
    if (drawn := _pair(graph, draw)) is None:
        return None
    one, other, joint = drawn
    goal = f"How many citations do the papers that {one} and {other} wrote together have in all? {_NUMBER}"
    return Question(goal, _joint_steps(one, other, joint), sum(_citations(graph, joint).values()))


def _joint_steps(one: str, other: str, joint: list[str]) -> list[Step]:
    return [AUTHORS, ("authorEdgeCheck", {"node1": one, "node2": other}), PAPERS, *_papers(joint)]


def colleagues(graph: Graph, draw: Random) -> Question | None:
    """Which collaborators are of the author's own organisation."""
    if (drawn := _author(graph, draw, 2, 6)) is None:
        return None
    name, others = drawn
    nodes = graph.authors.nodes
    same = sorted(other for other in others if nodes[other]["org"] == nodes[name]["org"])
    if not 0 < len(same) < len(others):
        return None
    steps = [AUTHORS, _neighbours("AuthorNet", name), *_people([name, *others])]
    return Question(
        f"Which collaborators of {name} belong to the same organisation as {name}? {_LIST}", steps, same
    )


def organisations(graph: Graph, draw: Random) -> Question | None:
    """Which organisations took part in a paper."""
    title = draw.choice(list(graph.papers.nodes))
    team = graph.papers.nodes[title]["authors"]
    found = sorted({graph.authors.nodes[name]["org"] for name in team})
    if len(found) < 2:
        return None
    steps = [PAPERS, *_papers([title]), AUTHORS, *_people(team)]
    return Question(f"Which organisations took part in the paper '{title}'? {_LIST}", steps, found)


def closest(graph: Graph, draw: Random) -> Question | None:
    """With whom an author wrote the most papers."""
    if (drawn := _author(graph, draw, 2, 6)) is None:
        return None
    name, others = drawn
    counts = {other: len(graph.authors.neighbours[name][other]["papers"]) for other in others}
    if not (best := _best(counts)):
        return None
    edges: list[Step] = [("authorEdgeCheck", {"node1": name, "node2": other}) for other in others]
    steps = [AUTHORS, _neighbours("AuthorNet", name), *edges]
    return Question(f"With whom did {name} write the most papers?", steps, best)


def shared_author(graph: Graph, draw: Random) -> Question | None:
    """Whether two papers have an author in common."""
    if (drawn := _citing(graph, draw)) is None:
        return None
    one, other = drawn[0], draw.choice(drawn[1])
    nodes = graph.papers.nodes
    answer = "Yes" if set(nodes[one]["authors"]) & set(nodes[other]["authors"]) else "No"
    goal = f"Do the papers '{one}' and '{other}' have an author in common? {_YES_NO}"
    return Question(goal, [PAPERS, *_papers([one, other])], answer)


def same_venue(graph: Graph, draw: Random) -> Question | None:
    """Whether two papers appeared at the same venue."""
    one, other = draw.sample(list(graph.papers.nodes), 2)
    nodes = graph.papers.nodes
    answer = "Yes" if nodes[one]["venue"] == nodes[other]["venue"] else "No"
    goal = f"Were the papers '{one}' and '{other}' published at the same venue? {_YES_NO}"
    return Question(goal, [PAPERS, *_papers([one, other])], answer)


def top_reference(graph: Graph, draw: Random) -> Question | None:
    """Which reference of a paper is cited most."""
    if (drawn := _citing(graph, draw)) is None or not (best := _best(_citations(graph, drawn[1]))):
        return None
    goal = f"Which of the papers that '{drawn[0]}' cites has the most citations?"
    return Question(goal, _reference_steps(*drawn), best)


def oldest_reference(graph: Graph, draw: Random) -> Question | None:
    """Which reference of a paper is the oldest."""
    if (drawn := _citing(graph, draw)) is None:
        return None
    years = {title: graph.papers.nodes[title]["year"] for title in drawn[1]}
    if not (best := _best(years, min)):
        return None
    goal = f"Which of the papers that '{drawn[0]}' cites was published first?"
    return Question(goal, _reference_steps(*drawn), best)


def first_author_home(graph: Graph, draw: Random) -> Question | None:
    """Where the first author of the most cited reference works."""
    if (drawn := _citing(graph, draw)) is None or not (best := _best(_citations(graph, drawn[1]))):
        return None
    first = graph.papers.nodes[best]["authors"][0]
    goal = (
        f"To which organisation does the first author of the paper belong that has the most citations among "
        f"those that '{drawn[0]}' cites?"
    )
    steps = [*_reference_steps(*drawn), AUTHORS, *_people([first])]
    return Question(goal, steps, graph.authors.nodes[first]["org"])


def common_references(graph: Graph, draw: Random) -> Question | None:
    """How many papers two papers both cite."""
    one, other = draw.sample(list(graph.papers.nodes), 2)
    cites = graph.papers.neighbours
    if not (shared := len(set(cites[one]) & set(cites[other]))):
        return None
    steps = [PAPERS, _neighbours("PaperNet", one), _neighbours("PaperNet", other)]
    return Question(f"How many papers do '{one}' and '{other}' both cite? {_NUMBER}", steps, shared)


def _reference_steps(title: str, cited: list[str]) -> list[Step]:
    return [PAPERS, _neighbours("PaperNet", title), *_papers(cited)]


KINDS: dict[str, Kind] = {
    "mutual-collaborators": mutual,
    "top-joint-paper": top_joint,
    "joint-citations": joint_citations,
    "colleagues": colleagues,
    "organisations": organisations,
    "closest-collaborator": closest,
    "shared-author": shared_author,
    "same-venue": same_venue,
    "top-reference": top_reference,
    "oldest-reference": oldest_reference,
    "first-author-home": first_author_home,
    "common-references": common_references,
}
