"""tau-bench's historical trajectories (MIT): an agent, a simulated user and the tools of an airline or shop.

Row: ``{"task_id", "reward", "info", "traj": [OpenAI messages], "trial"}``. The tools are not in the file:
they are taken from tau-bench's ``tools.json``, beside the rows or in ``tools/tau-bench``, if it is there;
else it is unknown what was offered. The system text names the domain ("# Airline Agent Policy"), else the
calls do. A run succeeded if its reward is 1. The few-shot files, ``{"messages_display": text}``, print a
call as "assistant: None": nobody can tell any more which call it was, and these rows are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify import beside
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import turns
from callwright.unify.notations.blocks import number, outcome
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Known, Toolset, assemble

LICENSES = {"": "MIT"}
FIELDS = ("task_id", "reward", "info", "traj", "trial", "messages_display")
LOSES = "where one text part ends. Few-shot dialogues are dropped: their calls are not in the file."
SEEN = "real"
TOOL_FILES = ("tools.json", "tools.jsonl")
_DISPLAY = "messages_display"
_POLICY = re.compile(r"^#+ *(\w+) agent policy", re.IGNORECASE | re.MULTILINE)


class _Row(msgspec.Struct):
    traj: list[Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a task with a trajectory of messages, or a printed dialogue."""
    if "task_id" in value and turns.roles_fit(value.get("traj")):
        return "task_id and a traj of chat messages"
    if isinstance(value.get(_DISPLAY), str) and len(value) == 1:
        return "nothing but messages_display"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the conversation, its reward and the tools of its domain."""
    if isinstance(row.value, dict) and isinstance(row.value.get(_DISPLAY), str):
        detail = "a printed dialogue: it does not say which calls were made"
        raise BadRow("bad-calls", _DISPLAY, detail)
    raw = shape(row.value, _Row)
    talk = Conversation(row, offered(row.file.path.parent, raw.traj))
    for i, item in enumerate(raw.traj):
        turns.add(talk, item, f"traj[{i}]")
    reward = number(row.value.get("reward"))
    read = frozenset({"traj"} if reward is None else {"traj", "reward"})
    return talk.finish(fields=other_fields(row.value, read), outcome=outcome(reward, succeeded(reward)))


def succeeded(reward: float | None) -> bool | None:
    """Tell whether a run succeeded: its reward is 1, apart from rounding."""
    return None if reward is None else abs(reward - 1.0) < 1e-6


def offered(folder: Path, messages: list[Json]) -> Toolset | None:
    """Return the tools of the domain that the first system text or else the calls tell."""
    path = beside.find(folder, TOOL_FILES, "tau-bench")
    if path is None:
        return None
    domains = by_domain(path)
    named = next((d for d in map(_domain, messages) if d in domains), "")
    called = {name for item in messages for name in _called(item)}
    fitting = [d for d in domains if called and called <= set(domains[d].names)]
    if not named and len(fitting) == 1:
        named = fitting[0]
    return domains.get(named)


def _domain(message: Json) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str) or message.get("role") != "system":
        return ""
    found = _POLICY.search(content)
    return found[1].lower() if found else ""


def _called(message: Json) -> list[str]:
    entries = message.get("tool_calls") if isinstance(message, dict) else None
    bodies = [e.get("function") for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    names = [body.get("name") for body in bodies if isinstance(body, dict)]
    return [name for name in names if isinstance(name, str)]


@lru_cache(maxsize=4)
def by_domain(path: Path) -> Mapping[str, Toolset]:
    """Return the tools that an agent may call, per domain; what the user may call is left out."""
    groups: dict[str, list[Known]] = {}
    for known, raw in beside.read(path, _usual):
        if raw.get("caller", "agent") == "agent":
            groups.setdefault(str(raw.get("group", "")).lower(), []).append(known)
    return {group: assemble(tools) for group, tools in groups.items()}


def _usual(raw: Json) -> Json:
    return raw
