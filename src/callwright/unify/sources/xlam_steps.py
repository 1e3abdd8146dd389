"""xLAM's unified format 1.0 (arXiv 2409.03215 §3.1): the modules of a prompt, and a list of steps.

``{"task_instruction", "format_instruction", "few_shot_examples", "tools", "query", "steps": [{"step_id",
"thought", "tool_calls": [{"name", "arguments"}], "next_observation", "user_input"}]}``, tools with flat
parameters. A step is a turn of the assistant, what came back, and what the user says next; entries that a
step does not need are empty. The thought of a step that calls is its reasoning; without calls it is what
the assistant says. Where `next_observation` is a list with one entry per call, each call gets its own
result; any other observation is one result, which belongs to the first call of the step.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.blocks import written
from callwright.unify.notations.calls import Call, openai
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape
from callwright.unify.tools import toolset

LICENSES: dict[str, str] = {}
FIELDS = ("task_instruction", "format_instruction", "few_shot_examples", "tools", "query", "steps")
LOSES = "nothing that we know of."
SEEN = "specification"
_KNOWN = frozenset(FIELDS)
_STEP = frozenset({"thought", "tool_calls", "next_observation", "user_input"})


class _Row(msgspec.Struct):
    steps: list[Json]
    query: str | None = None
    tools: list[Json] | str | None = None
    task_instruction: str | None = None
    format_instruction: str | None = None
    few_shot_examples: list[Json] | str | None = None


class _Step(msgspec.Struct):
    thought: str | None = None
    tool_calls: list[Json] | str | None = None
    next_observation: Json = None
    user_input: str | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a query with steps that think or call, beside the modules of the prompt."""
    steps = value.get("steps")
    if not isinstance(steps, list) or not isinstance(value.get("query"), str):
        return ""
    if not {"task_instruction", "tools", "format_instruction"} & value.keys():
        return ""
    if all(isinstance(s, dict) and {"thought", "tool_calls"} & s.keys() for s in steps):
        return "query and steps with thought and tool_calls"
    return ""


def convert(row: Row) -> Trajectory:
    """Return query → steps."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, toolset(raw.tools))
    if raw.task_instruction:
        talk.system(raw.task_instruction)
    talk.format_instruction = raw.format_instruction or ""
    shots = raw.few_shot_examples or []
    talk.few_shots = (shots,) if isinstance(shots, str) else tuple(map(written, shots))
    if raw.query:
        talk.user(raw.query)
    for i, item in enumerate(raw.steps):
        path = f"steps[{i}]"
        _add(talk, shape(item, _Step, path), path)
        counts = item.get("step_id") in (i + 1, None)  # the position says it already
        talk.keep(path, item, _STEP | {"step_id"} if counts else _STEP)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _add(talk: Conversation, step: _Step, path: str) -> None:
    calls = _calls(step.tool_calls, f"{path}.tool_calls")
    thought = step.thought or ""
    ids: list[str] = []
    if calls:
        ids = talk.assistant("", calls, reasoning=thought or None)
    elif thought:
        talk.assistant(thought, path=f"{path}.thought")
    seen = step.next_observation
    if isinstance(seen, list) and len(seen) == len(ids) > 1:
        for own, content in zip(ids, seen, strict=True):
            talk.result(written(content), call_id=own)
    elif seen not in (None, "", [], {}):
        talk.result(written(seen), call_id=ids[0] if ids else None)
    if step.user_input:
        talk.user(step.user_input)


def _calls(listed: list[Json] | str | None, path: str) -> list[Call]:
    """Return the calls of a list or of its JSON text."""
    found: Json = listed
    if isinstance(listed, str):
        try:
            found = decode(listed) if listed.strip() else []
        except ValueError as error:
            raise BadRow("bad-calls", path, str(error)) from None
    return [openai(item, f"{path}[{i}]") for i, item in enumerate(shape(found or [], list[Json], path))]
