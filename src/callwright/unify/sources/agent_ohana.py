"""AgentOhana's trajectories (arXiv 2402.15506 §2.2), the format that xLAM's unified format 1.0 replaced.

``{"user_query", "model_name", "score", "other_information", "steps": [{"input", "output", "step_id",
"next_observation"}]}``. The input of a step repeats the first input and everything since, so only the first
one is read: it is what the user says, instructions of the environment included. An output is a text with
``Action: …``, the JSON of its calls, or plain words. The rating of a judge becomes the metric `score`.
Which tools were offered is not told.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import answers, react
from callwright.unify.notations.blocks import joined, written
from callwright.unify.notations.tagged import Said
from callwright.unify.rows import BadRow, Row, other_fields, shape

LICENSES: dict[str, str] = {}
FIELDS = ("user_query", "user query", "model_name", "score", "other_information", "steps")
LOSES = "the inputs of later steps, where they repeat the first one."
SEEN = "specification"
_QUERIES = ("user_query", "user query")
_STEP = frozenset({"input", "output", "next_observation"})


class _Row(msgspec.Struct):
    steps: list[Json]
    score: float | None = None


class _Step(msgspec.Struct):
    input: str
    output: str
    next_observation: Json = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a user query with steps of input and output."""
    steps = value.get("steps")
    if not isinstance(steps, list) or not any(isinstance(value.get(key), str) for key in _QUERIES):
        return ""
    if steps and all(isinstance(s, dict) and {"input", "output"} <= s.keys() for s in steps):
        return "a user query and steps with input and output"
    return ""


def convert(row: Row) -> Trajectory:
    """Return first input → outputs and observations."""
    raw = shape(row.value, _Row)
    steps = [shape(item, _Step, f"steps[{i}]") for i, item in enumerate(raw.steps)]
    talk = Conversation(row, None)
    query = next((row.value[key] for key in _QUERIES if isinstance(row.value.get(key), str)), "")
    first = steps[0].input if steps and steps[0].input else query
    talk.user(first)
    for i, step in enumerate(steps):
        path = f"steps[{i}]"
        _add(talk, step, f"{path}.output")
        derived = step.input.startswith(first)  # as it is meant to be
        known = _STEP if derived else _STEP - {"input"}
        counts = raw.steps[i].get("step_id") in (i, i + 1, None)  # the position says it already
        talk.keep(path, raw.steps[i], known | {"step_id"} if counts else known)
    used = {"steps", *(key for key in _QUERIES if row.value.get(key) == first)}
    outcome = Outcome(metrics={"score": raw.score}) if raw.score is not None else None
    fields = other_fields(row.value, frozenset(used | {"score"}))
    return talk.finish(fields=fields, outcome=outcome, kind="react" if len(steps) > 1 else None)


def _add(talk: Conversation, step: _Step, path: str) -> None:
    said = _said(step.output, path)
    ids = talk.assistant(said.text, said.calls, reasoning=said.reasoning, path=path)
    if step.next_observation not in (None, "", [], {}):
        talk.result(written(step.next_observation), call_id=ids[0] if ids else None)


def _said(output: str, path: str) -> Said:
    step = react.read(output)
    if not step.actions:
        said = answers.read(output, path)
        return said if said.calls or not step.thought else Said(step.said, [], step.thought)
    calls = []
    for action in step.actions:
        made = react.generic(action)
        if made is None:
            raise BadRow("calls-in-text", path, f"an action that can not be read: {action[:60]!r}")
        calls.append(made)
    return Said(step.said, calls, joined([step.thought or ""]))
