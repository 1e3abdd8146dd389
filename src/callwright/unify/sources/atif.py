"""Agent Trajectory Interchange Format (ATIF) 1.0 to 1.8, as Harbor and other agents write it.

Row: ``{"schema_version": "ATIF-v1.8", "session_id", "agent": {"name", "version", "model_name",
"tool_definitions"}, "steps": […], "final_metrics", "extra", …}``. A step is ``{"step_id", "source": system |
user | agent, "message", "reasoning_content", "tool_calls": [{"tool_call_id", "function_name", "arguments"}],
"observation": {"results": [{"source_call_id", "content"}]}}``; its results become turns of their own.
Without `tool_definitions` it is unknown which tools were offered.

A result that names no call belongs to the oldest call of its step that still lacks one; in a step without
calls it is a result of no call. A step that was copied from an earlier trajectory as context has weight 0.
Times, metrics and all other fields of steps, calls and results are kept under their path; trajectories of
other agents inside a trajectory stay in the fields and make no rows. A step with an image drops the row.
What callwright itself exported is restored whole, id and source included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json, Message, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.blocks import joined, read
from callwright.unify.notations.calls import Call, call, split_thought
from callwright.unify.notations.own_atif import restored
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES: dict[str, str] = {}
FIELDS = ("schema_version", "session_id", "agent", "steps", "final_metrics")
LOSES = "where one text part ends. Rows with images are dropped."
SEEN = "exemplar"
_KNOWN = frozenset({"agent", "steps"})


class _Agent(msgspec.Struct):
    tool_definitions: list[Json] | None = None


class _Row(msgspec.Struct):
    steps: list[Json]
    agent: _Agent = msgspec.field(default_factory=_Agent)


class _Observation(msgspec.Struct):
    results: list[Json] = []


class _Step(msgspec.Struct):
    source: str
    message: Json = None
    reasoning_content: str | None = None
    tool_calls: list[Json] | None = None
    observation: _Observation | None = None
    is_copied_context: bool | None = None


class _Call(msgspec.Struct):
    function_name: str
    arguments: Json = None
    tool_call_id: str | None = None


class _Result(msgspec.Struct):
    content: Json = None
    source_call_id: str | None = None


_IN_STEP = frozenset(_Step.__struct_fields__) - {"is_copied_context"}
_IN_CALL = frozenset(_Call.__struct_fields__)
_IN_RESULT = frozenset(_Result.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the version of the format, or an agent with steps that have a source."""
    steps = value.get("steps")
    if not isinstance(steps, list):
        return ""
    version = value.get("schema_version")
    if isinstance(version, str) and version.startswith("ATIF"):
        return f"steps of {version[:20]}"
    numbered = bool(steps) and all(isinstance(s, dict) and {"step_id", "source"} <= s.keys() for s in steps)
    return "an agent and steps with step_id and source" if numbered and "agent" in value else ""


def convert(row: Row) -> Trajectory:
    """Return the conversation, each result as a turn behind its step."""
    raw = shape(row.value, _Row)
    if own := restored(row.value):
        return own
    talk = Conversation(row, toolset(raw.agent.tool_definitions, "agent.tool_definitions"))
    for i, item in enumerate(raw.steps):
        _add(talk, item, f"steps[{i}]")
    agent = row.value.get("agent", {})
    fields = other_fields(row.value, _KNOWN)
    about = other_fields(agent, frozenset({"tool_definitions"}))
    return talk.finish(fields={**fields, "agent": about} if about else fields)


def _add(talk: Conversation, item: Json, path: str) -> None:
    step = shape(item, _Step, path)
    found = read(step.message, f"{path}.message")
    found.keep(talk)
    ids: list[str] = []
    if step.source == "agent":
        calls = [
            _read_call(talk, entry, f"{path}.tool_calls[{i}]")
            for i, entry in enumerate(step.tool_calls or ())
        ]
        thought, text = split_thought(found.text)
        ids = talk.assistant(
            text,
            calls,
            reasoning=joined([t for t in (step.reasoning_content, found.thought, thought) if t]),
            weight=0.0 if step.is_copied_context else None,
            path=f"{path}.message",
        )
    elif step.tool_calls:
        raise BadRow("bad-calls", f"{path}.tool_calls", f"calls of a step of {step.source[:40]!r}")
    elif step.source == "user":
        talk.user(found.text)
    elif step.source == "system":
        talk.system(found.text)
    else:
        raise BadRow("unknown-role", f"{path}.source", f"got {step.source[:40]!r}")
    if step.observation is not None:
        _results(talk, item["observation"], ids, f"{path}.observation")
    unread = () if step.source == "agent" else ("reasoning_content",)
    talk.keep(path, item, _IN_STEP.difference(unread))


def _read_call(talk: Conversation, entry: Json, path: str) -> Call:
    if not isinstance(entry, dict) or not isinstance(entry.get("function_name"), str):
        raise BadRow("bad-calls", f"{path}.function_name", "expected a call with a name")
    found = shape(entry, _Call, path)
    if not found.function_name:
        raise BadRow("bad-calls", f"{path}.function_name", "expected a name, got nothing")
    talk.keep(path, entry, _IN_CALL)
    return call(found.function_name, found.arguments, found.tool_call_id or None)


def _results(talk: Conversation, observation: Mapping[str, Json], ids: Sequence[str], path: str) -> None:
    """Add the results of a step whose calls have these ids."""
    items = [
        shape(item, _Result, f"{path}.results[{i}]") for i, item in enumerate(observation.get("results", ()))
    ]
    named = {result.source_call_id for result in items}
    unnamed = iter([own for own in ids if own not in named])
    for i, result in enumerate(items):
        place = f"{path}.results[{i}]"
        found = read(result.content, f"{place}.content")
        found.keep(talk)
        own = result.source_call_id or next(unnamed, None)
        if own:
            talk.result(found.text, call_id=own)
        else:  # `result` would give it to an open call of an earlier step
            talk.messages.append(Message(role="tool", content=found.text))
        talk.keep(place, observation["results"][i], _IN_RESULT)
    talk.keep(path, observation, frozenset({"results"}))
