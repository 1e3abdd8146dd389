"""SWE-agent's trajectories (demonstrations: MIT) and nebius/SWE-agent-trajectories (CC-BY-4.0).

A ``.traj`` file is one row: ``{"environment", "trajectory": [{"action", "observation", "response", "thought",
"state"}], "history": [{"role", "content", "action", "thought", "tool_calls", …}], "info"}``. The
conversation is `history`, what the model saw. Steps of `trajectory` that follow the last turn of the history
are added behind it, and the last observation where the history ends before it; steps that the history
leaves out elsewhere are kept in ``extra["unify"]["steps_not_in_history"]``.

In the function-calling variant the calls are `tool_calls`; which tools were offered is then unknown.
In the others the action is one command, written in a fence or in ``<command>``: it becomes a call of the
tool `bash`, the discussion before it the turn's reasoning. A demonstration becomes a few-shot text.
`exit_status` is a metric of the outcome; the trajectory does not tell success.

nebius: ``{"trajectory": [{"role": "system" | "user" | "ai", "system_prompt", "text", "mask"}], "target",
"exit_status", …}``; the command is the last fenced block, `mask` the weight, `target` the success.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import react, shell
from callwright.unify.notations.calls import call, openai
from callwright.unify.notations.dialogue import expects
from callwright.unify.rows import BadRow, Row, other_fields, shape

LICENSES = {"nebius": "CC-BY-4.0"}
FIELDS = ("environment", "trajectory", "history", "info", "instance_id", "target")
LOSES = (
    "the response of a step in trajectory, where the history has its turn, and the copies of the prompt in "
    "its messages; the fence around a command; which agent of several wrote a turn, where all are the same."
)
SEEN = "real"
_HISTORY_KNOWN = frozenset({"history", "trajectory"})
_NEBIUS_KNOWN = frozenset({"trajectory", "target"})
_STEP_READ = frozenset({"action", "observation", "response", "thought", "messages"})


class _Traj(msgspec.Struct):
    history: list[Json]
    trajectory: list[Json] = []
    info: dict[str, Json] | None = None


class _Turn(msgspec.Struct):
    role: str
    content: str | list[Json] | None
    action: str | None = None
    thought: str | None = None
    tool_calls: list[Json] | None = None
    tool_call_ids: list[str] | None = None
    is_demo: bool | None = None
    agent: str | None = None
    message_type: str | None = None


_TURN_READ = frozenset(_Turn.__struct_fields__)


class _Step(msgspec.Struct):
    action: str
    observation: str | None = None
    thought: str | None = None


class _Nebius(msgspec.Struct):
    trajectory: list[Json]
    target: bool | None = None


class _Said(msgspec.Struct):
    role: str
    text: str | None = None
    system_prompt: str | None = None
    mask: bool | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the history of an agent, or a trajectory of texts with a mask."""
    history, steps = value.get("history"), value.get("trajectory")
    if isinstance(history, list) and any(
        isinstance(t, dict) and "action" in t and "role" in t for t in history
    ):
        return "a history whose turns have a role and an action"
    first = steps[0] if isinstance(steps, list) and steps else None
    if isinstance(first, dict) and {"role", "text", "system_prompt"} <= first.keys():
        return "a trajectory of turns with text and system_prompt"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the run."""
    if isinstance(row.value, dict) and "history" not in row.value:
        return _nebius(row)
    raw = shape(row.value, _Traj)
    turns = [shape(item, _Turn, f"history[{i}]") for i, item in enumerate(raw.history)]
    calling = any(turn.tool_calls is not None for turn in turns)
    talk = Conversation(row, None if calling else shell.tools())
    waiting: list[str] = []
    for i, turn in enumerate(turns):
        waiting = _add(talk, turn, waiting, f"history[{i}]")
        talk.keep(f"history[{i}]", raw.history[i], _TURN_READ)
    _more(talk, raw, [t.action for t in turns if t.role == "assistant" and not t.is_demo], waiting)
    status = (raw.info or {}).get("exit_status")
    told = Outcome(metrics={"exit_status": status}) if status is not None else None
    return talk.finish(
        fields=other_fields(row.value, _HISTORY_KNOWN), outcome=told, expects=expects(talk), kind="env"
    )


def _add(talk: Conversation, turn: _Turn, waiting: list[str], path: str) -> list[str]:
    """Add a turn of the history and return the ids of the calls that wait for a result."""
    text = _text(turn.content, f"{path}.content")
    if turn.is_demo:
        talk.few_shots = (*talk.few_shots, text)
    elif turn.role == "system":
        talk.system(text)
    elif turn.role == "assistant":
        return _act(talk, turn, text, path)
    elif turn.role in ("user", "tool"):
        return _observe(talk, text, turn.tool_call_ids or [], waiting, asked=turn.role == "user")
    else:
        raise BadRow(
            "unknown-role", f"{path}.role", f"expected system, user, assistant or tool, got {turn.role!r}"
        )
    return waiting


def _act(talk: Conversation, turn: _Turn, text: str, path: str) -> list[str]:
    if turn.tool_calls is not None:
        calls = [openai(item, f"{path}.tool_calls[{i}]") for i, item in enumerate(turn.tool_calls)]
        return talk.assistant(text, calls, path=f"{path}.content")
    command = (turn.action or "").strip("\n")
    if not command:
        talk.notes.setdefault("no_action", []).append(path)
        return talk.assistant(text, path=f"{path}.content")
    thought = (turn.thought or "").strip() or None
    return talk.assistant("", [shell.command(command)], reasoning=thought, path=path)


def _observe(
    talk: Conversation, text: str, ids: Sequence[str], waiting: list[str], *, asked: bool
) -> list[str]:
    """Add what came back; the rest of the calls that wait goes on waiting."""
    if ids:
        talk.result(text, call_id=ids[0])
        return waiting[1:]
    if waiting:
        talk.result(text, call_id=waiting[0])
        return waiting[1:]
    if asked:
        talk.user(text)
    else:
        talk.result(text)
    return waiting


def _more(talk: Conversation, raw: _Traj, actions: list[str | None], waiting: list[str]) -> None:
    """Add the steps of the trajectory that the history does not have."""
    steps = [shape(item, _Step, f"trajectory[{i}]") for i, item in enumerate(raw.trajectory)]
    for i, item in enumerate(raw.trajectory):
        talk.keep(f"trajectory[{i}]", item, _STEP_READ)
    at, left_out = 0, []
    for i, step in enumerate(steps):
        if at < len(actions) and (actions[at] or "").strip("\n") == step.action.strip("\n"):
            at += 1
            last = i == len(steps) - 1
            if last and at == len(actions) and waiting and step.observation:
                talk.result(step.observation, call_id=waiting[0])
        elif at == len(actions):
            _step(talk, step, f"trajectory[{i}]")
        else:
            left_out.append(raw.trajectory[i])
    if left_out:
        talk.notes["steps_not_in_history"] = left_out


def _step(talk: Conversation, step: _Step, path: str) -> None:
    """Add a step that only the trajectory has: a bare word names a tool, where the calls are `tool_calls`."""
    command = step.action.strip("\n")
    bare = talk.tools is None and re.fullmatch(r"\w{1,99}", command)
    made = call(command, None) if bare else shell.command(command)
    ids = talk.assistant("", [made], reasoning=step.thought or None, path=path)
    if step.observation:
        talk.result(step.observation, call_id=ids[0])


def _nebius(row: Row) -> Trajectory:
    raw = shape(row.value, _Nebius)
    talk = Conversation(row, shell.tools())
    waiting: list[str] = []
    for i, item in enumerate(raw.trajectory):
        path = f"trajectory[{i}]"
        said = shape(item, _Said, path)
        if said.role == "system":
            talk.system(said.system_prompt or said.text or "")
        elif said.role == "ai":
            waiting = _written(talk, said, path)
        elif said.role == "user":
            waiting = _observe(talk, said.text or "", [], waiting, asked=True)
        else:
            raise BadRow("unknown-role", f"{path}.role", f"expected system, user or ai, got {said.role!r}")
        talk.keep(path, item, frozenset(_Said.__struct_fields__))
    status = row.value.get("exit_status")
    told = None
    if raw.target is not None or status is not None:
        told = Outcome(success=raw.target, metrics={"exit_status": status} if status is not None else {})
    return talk.finish(
        fields=other_fields(row.value, _NEBIUS_KNOWN), outcome=told, expects=expects(talk), kind="env"
    )


def _written(talk: Conversation, said: _Said, path: str) -> list[str]:
    weight = None if said.mask is None else float(said.mask)
    text = said.text or ""
    found = react.fenced(text)
    if found is None or not found[1].strip():
        talk.notes.setdefault("no_action", []).append(path)
        return talk.assistant(text, weight=weight, path=f"{path}.text")
    before, code, after = found
    return talk.assistant(
        after.strip(), [shell.command(code)], reasoning=before or None, weight=weight, path=f"{path}.text"
    )


def _text(content: str | list[Json] | None, path: str) -> str:
    if isinstance(content, list):
        return "\n".join(shape(part, _Part, f"{path}[{i}]").text for i, part in enumerate(content))
    return content or ""


class _Part(msgspec.Struct):
    text: str
    type: str = "text"
