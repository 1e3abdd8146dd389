"""AgentBench's task files (Apache-2.0): a query with its gold answer, no run of an agent.

Database: ``{"description", "label", "table", "add_description", "type", …}``; operating system:
``{"description", "create", "evaluation", …}``. Both are bare queries in the environment whose actions they
offer; answer, table and checks are kept as fields.

Knowledge graph: ``{"question", "entities", "actions": ["get_relations(m.09rl290)", …], "answer", …}``. The
gold actions become the calls of one turn, in order; an argument ``#0`` refers to the first action that
makes a variable, and so on, and the call lists what it depends on. The actions name entities by their
Freebase ids, so the query ends with the names and ids that the row gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call
from callwright.unify.notations.environment_grammars import DATABASE, KNOWLEDGE_GRAPH, OPERATING_SYSTEM
from callwright.unify.rows import BadRow, Row, other_fields, shape

LICENSES = {"": "Apache-2.0"}
FIELDS = (
    "description",
    "label",
    "create",
    "table",
    "evaluation",
    "question",
    "entities",
    "actions",
    "answer",
)
LOSES = "nothing that we know of."
SEEN = "real"
_TASK_KNOWN = frozenset({"description", "add_description"})
_KG_KNOWN = frozenset({"question", "entities", "actions"})
_VARIABLE = re.compile(r"#(\d+)")
_MAKES_VARIABLE = frozenset({"get_neighbors", "intersection", "argmax", "argmin", "count"})


class _Task(msgspec.Struct):
    description: str
    add_description: str = ""


class _Question(msgspec.Struct):
    question: str
    entities: dict[str, str]
    actions: list[str]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise one of the three kinds of tasks."""
    if isinstance(value.get("description"), str):
        if isinstance(value.get("table"), dict) and "label" in value:
            return "a description with a table and a label"
        if isinstance(value.get("evaluation"), dict) and isinstance(value.get("create"), dict):
            return "a description with create and evaluation"
    if isinstance(value.get("question"), str) and isinstance(value.get("actions"), list):
        return "a question with entities and gold actions" if isinstance(value.get("entities"), dict) else ""
    return ""


def convert(row: Row) -> Trajectory:
    """Return the query, or the question with its gold calls."""
    if isinstance(row.value, dict) and "question" in row.value:
        return _knowledge_graph(row)
    task = shape(row.value, _Task)
    env = DATABASE if "table" in row.value else OPERATING_SYSTEM
    talk = Conversation(row, env.tools)
    talk.user("\n".join(part for part in (task.description, task.add_description) if part))
    talk.notes["environment"] = env.name
    return talk.finish(fields=other_fields(row.value, _TASK_KNOWN), kind="query")


def _knowledge_graph(row: Row) -> Trajectory:
    raw = shape(row.value, _Question)
    talk = Conversation(row, KNOWLEDGE_GRAPH.tools)
    entities = ", ".join(f"{name} ({id})" for name, id in raw.entities.items())
    talk.user(f"{raw.question}\nEntities: [{entities}]")
    talk.notes["environment"] = KNOWLEDGE_GRAPH.name
    talk.notes["entities"] = raw.entities
    if raw.actions:
        talk.assistant("", _linked(raw.actions))
    return talk.finish(fields=other_fields(row.value, _KG_KNOWN), kind="env" if raw.actions else "query")


def _linked(actions: Sequence[str]) -> list[Call]:
    """Return the calls, each with the positions of the ones that make its variables."""
    makers: list[int] = []
    calls = []
    for i, action in enumerate(actions):
        made = KNOWLEDGE_GRAPH.call(action) or KNOWLEDGE_GRAPH.misfit(action)
        if made is None:
            raise BadRow("bad-calls", f"actions[{i}]", f"expected an action, got {action[:80]!r}")
        numbers = {int(n[:6]) for n in _VARIABLE.findall(action)}
        origins = sorted({makers[n] for n in numbers if n < len(makers)})
        calls.append(made.replace(depends_on=tuple(origins)))
        if made.name in _MAKES_VARIABLE:
            makers.append(i)
    return calls
