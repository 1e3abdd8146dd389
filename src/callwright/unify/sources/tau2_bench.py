"""tau2-bench (MIT): simulations of an agent, a user and the tools of a domain.

A file of results is ``{"info", "tasks": […], "simulations": [{"messages", "reward_info", …}]}``: a row is
one simulation, together with its task and the info. A call is ``{"id", "name", "arguments": {},
"requestor"}``, a result names it by `id`. The policy that the agent was given is in the info and becomes the
instruction. The tools are those of the info, else of tau2-bench's ``tools.json``, beside the rows or in
``tools/tau2-bench``; else they are unknown. A file for fine-tuning is ``{"splits": {"train": [{"messages",
"tools", "reward"}]}}``: a row is one conversation.

In some domains the user has tools too. The agent sees neither these calls nor their results, so they are no
turns of the conversation: they are kept in the extra fields under the turn's path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify import beside, files
from callwright.unify.conversation import Conversation
from callwright.unify.notations import turns
from callwright.unify.notations.blocks import number, outcome
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.sources.tau_bench import TOOL_FILES, by_domain, succeeded
from callwright.unify.tools import Toolset, toolset

LICENSES = {"": "MIT"}
FIELDS = ("info", "tasks", "simulations", "splits", "timestamp")
LOSES = "when the file was written; tasks that no simulation of the file ran."
SEEN = "real"
_RUN, _TASK, _INFO, _SPLIT = "simulation", "task", "info", "split"


class _Conversation(msgspec.Struct):
    messages: list[Json]
    tools: list[Json] | None = None


class _Environment(msgspec.Struct):
    domain_name: str = ""
    policy: str = ""
    tool_defs: dict[str, dict[str, Json]] | None = None


class _Info(msgspec.Struct):
    environment_info: _Environment = msgspec.field(default_factory=_Environment)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a file of results or of splits."""
    if isinstance(value.get("simulations"), list) and isinstance(value.get("tasks"), list):
        return "tasks and simulations"
    splits = value.get("splits")
    if isinstance(splits, dict) and splits and all(map(_are_conversations, splits.values())):
        return "splits of conversations with messages"
    return ""


def _are_conversations(rows: Json) -> bool:
    return isinstance(rows, list) and all(isinstance(r, dict) and "messages" in r for r in rows[:2])


def rows(file: File) -> Iterator[Element]:
    """Yield a row per simulation or conversation, numbered through the file."""
    number = 0
    for element in files.elements(file.path):
        value = element.value
        fits = isinstance(value, dict) and bool(detect(value))
        bad = element.error or BadRow("missing-field", "simulations", "expected simulations or splits")
        for row in _of_file(value) if fits else [value]:
            yield Element(number, row, None if fits else bad)
            number += 1


def _of_file(value: dict[str, Json]) -> Iterator[Json]:
    if "simulations" in value:
        tasks = {str(t.get("id")): t for t in value["tasks"] if isinstance(t, dict)}
        for run in value["simulations"]:
            task = tasks.get(str(run.get("task_id"))) if isinstance(run, dict) else None
            yield {_RUN: run, _TASK: task, _INFO: value.get("info")}
        return
    for split, conversations in value["splits"].items():
        for conversation in conversations:
            yield {_SPLIT: split, "conversation": conversation}


def convert(row: Row) -> Trajectory:
    """Return the conversation with its reward."""
    value = shape(row.value, dict[str, Json])
    if _RUN in value:
        return _simulation(row, value)
    body = shape(value.get("conversation"), dict[str, Json], "conversation")
    raw = shape(body, _Conversation, "conversation")
    talk = Conversation(row, toolset(raw.tools, "conversation.tools"))
    for i, item in enumerate(raw.messages):
        turns.add(talk, item, f"conversation.messages[{i}]")
    reward = number(body.get("reward"))
    read = {"messages", "tools"} if reward is None else {"messages", "tools", "reward"}
    fields = {_SPLIT: value.get(_SPLIT), **other_fields(body, frozenset(read))}
    return talk.finish(fields=fields, outcome=outcome(reward, succeeded(reward)))


def _simulation(row: Row, value: dict[str, Json]) -> Trajectory:
    run = shape(value[_RUN], dict[str, Json], _RUN)
    raw = shape(run, _Conversation, _RUN)
    info = value.get(_INFO)
    about = shape(info if info is not None else {}, _Info, _INFO).environment_info
    talk = Conversation(row, _offered(row, about))
    if about.policy:
        talk.system(about.policy)
    for i, item in enumerate(raw.messages):
        _add(talk, item, f"{_RUN}.messages[{i}]")
    judged = run.get("reward_info")
    judged = judged if isinstance(judged, dict) else {}
    reward, parts = number(judged.get("reward")), judged.get("reward_breakdown")
    given = outcome(reward, succeeded(reward), parts if isinstance(parts, dict) else None)
    fields = {_RUN: other_fields(run, frozenset({"messages"})), _TASK: value.get(_TASK), _INFO: _about(info)}
    return talk.finish(fields=fields, outcome=given)


def _about(info: Json) -> Json:
    """Return the info without policy and tools, which the trajectory has."""
    environment = info.get("environment_info") if isinstance(info, dict) else None
    if not isinstance(environment, dict):
        return info
    return {**info, "environment_info": other_fields(environment, frozenset({"policy", "tool_defs"}))}


def _offered(row: Row, about: _Environment) -> Toolset | None:
    if about.tool_defs:
        return toolset([_definition(*item) for item in about.tool_defs.items()], "info.tool_defs")
    path = beside.find(row.file.path.parent, TOOL_FILES, "tau2-bench")
    return by_domain(path).get(about.domain_name) if path and about.domain_name else None


def _definition(name: str, body: Mapping[str, Json]) -> Json:
    """Return tau2's own form of a signature, with `doc` and `params`, as the usual one."""
    rest = other_fields(body, frozenset({"doc", "params"}))
    return {"name": name, "description": body.get("doc"), "parameters": body.get("params"), **rest}


def _add(talk: Conversation, item: Json, path: str) -> None:
    """Add a message of a simulation, unless it belongs to the user's own tools."""
    message = shape(item, dict[str, Json], path)
    grouped = message.get("tool_messages")
    if message.get("role") == "tool" and isinstance(grouped, list):
        for i, inner in enumerate(grouped):
            _add(talk, inner, f"{path}.tool_messages[{i}]")
        talk.keep(path, message, frozenset({"role", "tool_messages"}))
    elif message.get("role") == "tool" and message.get("requestor") == "user":
        talk.keep(path, message, frozenset())
    elif message.get("role") == "tool":
        linked = {"tool_call_id": message.get("id"), **message}
        turns.add(talk, linked, path, known=frozenset({"id", "requestor"}))
    elif message.get("role") == "user" and message.get("tool_calls") and not message.get("content"):
        talk.keep(path, message, frozenset())
    else:
        turns.add(talk, _without_requestor(message), path)


def _without_requestor(message: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a message whose calls do not say that the assistant makes them, which it is the message of."""
    calls = message.get("tool_calls")
    if message.get("role") != "assistant" or not isinstance(calls, list):
        return message
    said = frozenset({"requestor"})
    own = [
        c if not isinstance(c, dict) or c.get("requestor") == "user" else other_fields(c, said) for c in calls
    ]
    return {**message, "tool_calls": own}
