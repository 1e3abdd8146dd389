"""Searches that a model ran over its own actions: ToolBench's chains of attempts and search trees.

A node is a thought, the name of an action, or that action's input with what came back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from callwright.record import Json
from callwright.unify.notations.calls import Call, call
from callwright.unify.notations.thoughts import Run
from callwright.unify.rows import BadRow, shape


class _Node(msgspec.Struct):
    node_type: str
    description: str
    observation: str | None = None
    finished: bool = False
    children: list[Json] = []


def add_attempt(run: Run, tree: Mapping[str, Json] | None, trys: Sequence[Mapping[str, Json]]) -> bool:
    """Add the last attempt, the last chain or the branch of the tree that finished or came last, if any."""
    if trys:
        place = f"trys[{len(trys) - 1}].chain"
        chain = shape(trys[-1].get("chain") or [], list[Json], place)
        nodes = [(shape(item, _Node, f"{place}[{i}]"), f"{place}[{i}]") for i, item in enumerate(chain)]
    else:
        nodes = list(_branch((tree or {}).get("tree")))[1:]  # the root is where the run starts
    action = ""
    for node, path in nodes:
        if node.node_type == "Thought":
            run.think(node.description, path)
        elif node.node_type == "Action" and not action:
            action = node.description
        elif node.node_type == "Action Input" and action:
            made = run.act(call(action, node.description))
            action = ""
            if node.observation is not None:
                run.talk.result(node.observation, call_id=made[0])
        else:
            raise BadRow("bad-calls", path, f"a node {node.node_type!r} where none can be")
    if action:
        run.act(Call(action, None, raw="", parse_error="the run ended before the arguments"))
    return bool(nodes)


def _branch(root: Json) -> Iterator[tuple[_Node, str]]:
    item, path = root, "tree.tree"
    while isinstance(item, dict):
        node = shape(item, _Node, path)
        yield node, path
        done = [i for i, c in enumerate(node.children) if isinstance(c, dict) and c.get("finished") is True]
        chosen = done[-1] if done else len(node.children) - 1
        item = node.children[chosen] if node.children else None
        path = f"{path}.children[{chosen}]"
