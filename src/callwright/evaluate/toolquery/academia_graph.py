"""A citation and collaboration graph that is made up: the same for the same seed, on every machine.

Authors work in groups, a paper has two to four of them, mostly of one group; a paper cites earlier papers,
mostly of its own group. Names, organisations, venues and titles are invented.
"""

from __future__ import annotations

from random import Random

from callwright.evaluate.toolquery.academia import Graph, Net
from callwright.record import Json

PAPERS, AUTHORS, GROUPS = 200, 150, 25
FIRST_YEAR, LAST_YEAR = 2008, 2023

_FIRST = (
    "Amara", "Benno", "Calla", "Dario", "Edda", "Farid", "Gitte", "Hanno", "Ilka", "Jorin", "Kavya",
    "Lennart", "Mirela", "Nils", "Oksana", "Pavel", "Quirin", "Rosa", "Sefa", "Tomas", "Ulla", "Veit",
    "Wanda", "Ximena", "Yusuf", "Zora",
)  # fmt: skip
_LAST = (
    "Abeling", "Brokamp", "Corvin", "Dressel", "Eklund", "Fontana", "Grell", "Hadari", "Isaksen", "Jurado",
    "Kessenich", "Lomond", "Marek", "Nyström", "Okoro", "Palander", "Quist", "Rehm", "Sandoval", "Tamura",
    "Ubach", "Vandel", "Wieck", "Xhaka", "Yilmaz", "Zeman",
)  # fmt: skip
_PLACES = (
    "Norrvik", "Eastmere", "Halden", "Port-Calder", "Lindau", "Maresol", "Tyrvo", "Kestrel-Bay",
    "Ostrava-Sul", "Brannock",
)  # fmt: skip
_KINDS = ("Institute of Technology", "University", "Research Laboratory")
_FIELDS = (
    "stream processing", "graph learning", "program synthesis", "speech enhancement", "query planning",
    "robot navigation", "medical imaging", "sparse retrieval", "network security", "protein folding",
    "traffic forecasting", "code review", "crowd sensing", "document layout", "solar scheduling",
)  # fmt: skip
_MEANS = (
    "Adaptive", "Bounded", "Contrastive", "Distilled", "Early-Exit", "Federated", "Grounded", "Hierarchical",
    "Incremental", "Lazy", "Modular", "Robust", "Sketch-Based", "Tensorised", "Weakly Supervised",
)  # fmt: skip
_OBJECTS = (
    "Alignment", "Caching", "Estimation", "Inference", "Matching", "Partitioning", "Pruning", "Ranking",
    "Sampling", "Scheduling", "Summaries", "Verification",
)  # fmt: skip
_SUBJECTS = ("Applied Inference", "Open Systems", "Data Stewardship", "Language Tools", "Physical Computing")
_VENUES = tuple(
    f"{kind} {subject}" for kind in ("Conference on", "Journal of", "Workshop on") for subject in _SUBJECTS
)


def make_graph(seed: int = 0) -> Graph:
    """Return a graph of 200 papers and 150 authors."""
    draw = Random(f"toolquery academia graph {seed}")
    authors = _authors(draw)
    names = list(authors)
    groups = [names[start::GROUPS] for start in range(GROUPS)]
    papers: dict[str, dict[str, Json]] = {}
    cites: dict[str, dict[str, dict[str, Json]]] = {}
    homes: dict[str, int] = {}
    for number in range(PAPERS):
        group = number % GROUPS
        year = FIRST_YEAR + number * (LAST_YEAR - FIRST_YEAR + 1) // PAPERS
        title, paper = _paper(draw, papers, year, _team(draw, groups, group))
        earlier = [each for each in papers if papers[each]["year"] < year]
        own = [each for each in earlier if homes[each] == group]
        cites[title] = {each: {} for each in _references(draw, own, earlier)}
        papers[title], homes[title] = paper, group
    for cited in (each for row in cites.values() for each in row):
        papers[cited]["n_citation"] += 1
    return Graph(Net(papers, cites), Net(authors, _collaborations(authors, papers)))


def _authors(draw: Random) -> dict[str, dict[str, Json]]:
    names = draw.sample([f"{first} {last}" for first in _FIRST for last in _LAST], AUTHORS)
    organisations = [f"{place} {kind}" for place in _PLACES for kind in _KINDS]
    homes = [draw.sample(organisations, 2) for _ in range(GROUPS)]
    return {
        name: {"name": name, "org": draw.choice(homes[number % GROUPS])} for number, name in enumerate(names)
    }


def _team(draw: Random, groups: list[list[str]], group: int) -> list[str]:
    team = draw.sample(groups[group], draw.randint(2, 3))
    if draw.random() < 0.3:
        guest = draw.choice(groups[(group + draw.randint(1, 3)) % GROUPS])
        team.append(guest)
    return team


def _paper(
    draw: Random, papers: dict[str, dict[str, Json]], year: int, team: list[str]
) -> tuple[str, dict[str, Json]]:
    while True:
        field = draw.choice(_FIELDS)
        title = f"{draw.choice(_MEANS)} {draw.choice(_OBJECTS)} for {field.title()}"
        if title not in papers:
            break
    venue = draw.choice(_VENUES)
    return title, {
        "authors": team,
        "year": year,
        "venue": venue,
        "n_citation": draw.randint(0, 60),
        "keywords": [field, *draw.sample([each for each in _FIELDS if each != field], draw.randint(1, 2))],
        "doc_type": "Journal" if venue.startswith("Journal") else "Conference",
    }


def _references(draw: Random, own: list[str], earlier: list[str]) -> list[str]:
    chosen = draw.sample(own, min(len(own), draw.randint(1, 3)))
    chosen += draw.sample(earlier, min(len(earlier), draw.randint(0, 3)))
    return list(dict.fromkeys(chosen))


def _collaborations(
    authors: dict[str, dict[str, Json]], papers: dict[str, dict[str, Json]]
) -> dict[str, dict[str, dict[str, Json]]]:
    edges: dict[str, dict[str, dict[str, Json]]] = {name: {} for name in authors}
    for title, paper in papers.items():
        for one in paper["authors"]:
            for other in paper["authors"]:
                if one != other:
                    edges[one].setdefault(other, {"papers": []})["papers"].append(title)
    return edges
