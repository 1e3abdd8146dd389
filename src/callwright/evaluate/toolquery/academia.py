"""The academia tools over a citation graph and a collaboration graph, as AgentBoard's tools answer.

A graph file is JSON, because AgentBoard's pickles are never loaded here. Whoever has them converts them once,
where networkx is installed and the file is trusted, and puts the result, `GRAPH`, beside ``test.jsonl``::

    import json, pickle
    load = lambda name: pickle.load(open(f"academia/raw/{name}.pkl", "rb"))
    title, author = load("id2title_dict"), load("id2author_dict")
    def plain(net, name, edge):
        return {"nodes": {name[i]: dict(net.nodes[i]) for i in net},
                "neighbours": {name[i]: {name[j]: edge(net.edges[i, j]) for j in net.neighbors(i)}
                               for i in net}}
    papers = lambda e: {**e, "collaborative_papers": [title[p] for p in e["collaborative_papers"]]}
    json.dump({"papers": plain(load("paper_net"), title, dict),
               "authors": plain(load("author_net"), author, papers)}, open("academia.json", "w"))
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from callwright.errors import DataError
from callwright.evaluate.toolquery.outcomes import Answer, Domain, Outcome, failed, value
from callwright.evaluate.toolquery.tasks import Step
from callwright.evaluate.toolquery.toolspecs import CHECK, FINISH
from callwright.record import Json, Tool

GRAPH = "academia.json"
"""The name of the graph file in a folder of data."""
HOW = f"pickles are not loaded; callwright.evaluate.toolquery.academia says how {GRAPH} is made of them"


class Net(msgspec.Struct, frozen=True):
    """A graph whose nodes are names; neighbours in the order in which a tool lists them."""

    nodes: dict[str, dict[str, Json]]
    neighbours: dict[str, dict[str, dict[str, Json]]]
    """Node → neighbour → what is known about the edge. Both directions stand here where both count."""


class Graph(msgspec.Struct, frozen=True):
    """Papers that cite papers, authors who worked with authors."""

    papers: Net
    authors: Net


def read_graph(path: Path) -> tuple[Graph, str]:
    """Return the graph in a JSON file and the file's sha256; raises DataError for anything else."""
    try:
        content = path.read_bytes()
    except OSError as error:
        said = error.strerror or str(error)
        raise DataError("can not be read", place=str(path), got=said, hint=HOW) from None
    try:
        graph = msgspec.json.decode(content, type=Graph)
    except (ValueError, RecursionError) as error:
        raise DataError("not a graph in JSON", place=str(path), got=str(error), hint=HOW) from None
    for net in (graph.papers, graph.authors):
        for node, others in net.neighbours.items():
            for name in (node, *others):
                if name not in net.nodes:
                    raise DataError("an edge to a node that is not there", place=str(path), got=name)
    return graph, hashlib.sha256(content).hexdigest()


def _tool(name: str, description: str, *parameters: str, **enums: list[str]) -> Tool:
    properties: dict[str, Json] = {
        each: {"type": "string", **({"enum": enums[each]} if each in enums else {})} for each in parameters
    }
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if parameters:
        schema["required"] = list(parameters)
    return Tool(name=name, description=description, parameters=schema, kind="env")


_NETS = ["PaperNet", "AuthorNet"]
_ANSWER: dict[str, Json] = {
    "type": "object",
    "properties": {"answer": {"type": ["string", "number", "array"]}},
    "required": ["answer"],
}
TOOLS = (
    _tool("loadPaperNet", "Load PaperNet, in which papers point to the papers that they cite."),
    _tool("loadAuthorNet", "Load AuthorNet, in which authors are connected who wrote a paper together."),
    _tool(
        "neighbourCheck",
        "List the neighbours of a node: the papers that a paper cites, or an author's collaborators.",
        "graph", "node", graph=_NETS,
    ),
    _tool("paperNodeCheck", "Return authors, year, venue, citations, keywords, type of a paper.", "node"),
    _tool("authorNodeCheck", "Return name and organisation of an author.", "node"),
    _tool("authorEdgeCheck", "Return the papers that two authors wrote together.", "node1", "node2"),
    _tool("paperEdgeCheck", "Return what is known of the citation between two papers.", "node1", "node2"),
    _tool(CHECK, "List the names of the tools."),
    Tool(name=FINISH, description="Answer the question and end the task.", parameters=_ANSWER, kind="env"),
)  # fmt: skip


def academia(graph: Graph) -> Domain:
    """Return the academia tools over a graph."""
    return Domain(
        name="academia",
        tools=TOOLS,
        begin=lambda task: Desk(graph).answer,
        some_call=_some_call(graph),
        hint="Load a net before you look into it. Papers and authors are named by their full names.",
    )


class Desk:
    """One session's view of a graph: the nets that it has loaded."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._loaded: set[str] = set()

    def answer(self, name: str, arguments: Json) -> Outcome:
        """Answer a call of one of the seven tools; raises for arguments that are missing."""
        if name in ("loadPaperNet", "loadAuthorNet"):
            net = name.removeprefix("load")
            self._loaded.add(net)
            return value(f"{net} is loaded.")
        if name == "neighbourCheck":
            return self._neighbours(arguments["graph"], arguments["node"])
        net = "PaperNet" if name.startswith("paper") else "AuthorNet"
        if name.endswith("NodeCheck"):
            return self._refused(net, arguments["node"]) or value(self._net(net).nodes[arguments["node"]])
        return self._edge(net, arguments["node1"], arguments["node2"])

    def _net(self, net: str) -> Net:
        return self._graph.papers if net == "PaperNet" else self._graph.authors

    def _refused(self, net: str, *nodes: Json) -> Outcome | None:
        """Return why nothing can be said about the nodes of a net, None if something can."""
        if net not in self._loaded:
            return failed(f"Please load the {net} first.")
        for node in nodes:
            if not isinstance(node, str) or node not in self._net(net).nodes:
                return failed(f"There is no node named {node} in the {net}.")
        return None

    def _neighbours(self, net: Json, node: Json) -> Outcome:
        if not isinstance(net, str) or net not in _NETS:
            return failed(f"There is no graph named {net}.")
        return self._refused(net, node) or value(list(self._net(net).neighbours.get(node, ())))

    def _edge(self, net: str, one: Json, other: Json) -> Outcome:
        if refused := self._refused(net, one, other):
            return refused
        edge = self._net(net).neighbours.get(one, {}).get(other)
        return failed(f"There is no edge between {one} and {other}.") if edge is None else value(edge)


def _some_call(graph: Graph) -> Callable[[Random], Step]:
    papers, authors = list(graph.papers.nodes), list(graph.authors.nodes)

    def draw_call(draw: Random) -> Step:
        tool = draw.choice(TOOLS[:-1])
        net = draw.choice(_NETS)
        of_papers = tool.name.startswith("paper") or (tool.name == "neighbourCheck" and net == "PaperNet")
        nodes = papers if of_papers else authors
        return tool.name, {
            name: net if name == "graph" else draw.choice(nodes) for name in tool.parameters["properties"]
        }

    return draw_call


def play(graph: Graph, steps: list[Step]) -> list[Outcome]:
    """Return what a session's calls give, one after another."""
    answer: Answer = Desk(graph).answer
    return [answer(name, arguments) for name, arguments in steps]
