"""AgentBench's example runs for ALFWorld (Apache-2.0): a file is one object, ``{task type: run}``.

A row is one run, in one of three notations: a list of texts, household and agent by turns; one text with
``> action`` lines; a list of chat messages whose agent calls ``take_action(action)``. Every action is read by
ALFWorld's grammar, so that all three give the same tools and calls. ``think:`` and what the agent says
beside a call is its reasoning; ``Task succeeded.`` at the end is the outcome. A household's turn is a result
even where a message wrongly has the role of the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import Call, openai
from callwright.unify.notations.dialogue import expects
from callwright.unify.notations.environment_grammars import ALFWORLD
from callwright.unify.rows import BadRow, Element, File, Row, shape

LICENSES = {"": "Apache-2.0"}
FIELDS = ("react_put_0", "put", "clean", "heat", "cool", "puttwo", "examine", "naive_example")
LOSES = "the ids of the calls, which are the same for all calls of a file, and blanks at the end of a turn."
SEEN = "real"
_STARTS = re.compile(r"\A(?:Here is one example\.\s*)?You are in the middle of a room\.")
_SUCCEEDED = re.compile(r"\A\s*Task succeeded\.?\s*\Z")
_THINK = re.compile(r"\A\s*think:\s*")


class _Row(msgspec.Struct):
    task: str
    run: str | list[Json]


class _Message(msgspec.Struct):
    role: str
    content: str | None = None
    tool_calls: list[Json] | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise runs that start in the middle of a room."""
    starts = [_start(run) for run in list(value.values())[:8]]
    return "runs in the household of ALFWorld by task type" if starts and all(starts) else ""


def _start(run: Json) -> bool:
    first = run[0] if isinstance(run, list) and run else run
    text = first.get("content") if isinstance(first, dict) else first
    return isinstance(text, str) and bool(_STARTS.match(text))


def rows(file: File) -> Iterator[Element]:
    """Yield a row per run, numbered through the file."""
    number = 0
    for element in files.elements(file.path):
        error = element.error
        if error is None and not isinstance(element.value, dict):
            error = BadRow("not-an-object", "", f"expected runs, got {type(element.value).__name__}")
        runs = [element.value] if error else [{"task": k, "run": v} for k, v in element.value.items()]
        for run in runs:
            yield Element(number, run, error)
            number += 1


def convert(row: Row) -> Trajectory:
    """Return the run."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, ALFWORLD.tools)
    succeeded = False
    if isinstance(raw.run, str):
        succeeded = _play(talk, _turns(raw.run))
    elif raw.run and isinstance(raw.run[0], str):
        succeeded = _play(talk, shape(raw.run, list[str], "run"))
    else:
        succeeded = _chat(talk, raw.run)
    return talk.finish(
        fields={"task": raw.task},
        outcome=Outcome(success=True) if succeeded else None,
        expects=expects(talk),
        kind="env",
    )


def _turns(text: str) -> list[str]:
    """Return household and agent by turns, of a text in which the agent's lines start with ``>``."""
    parts = re.split(r"^> (.*)$", text, flags=re.M)
    return [part.strip() for part in parts]


def _play(talk: Conversation, turns: Sequence[str]) -> bool:
    """Add turns of which every other is the agent's, and tell whether the last one says success."""
    waiting: list[str] = []
    if len(turns) > 1 and turns[1].strip() == "OK.":  # it confirms the task and takes no turn
        talk.notes["confirmed"] = "OK."
        turns = [turns[0], *turns[2:]]
    for i, turn in enumerate(turns):
        text = turn.rstrip()
        if _SUCCEEDED.match(text) and i == len(turns) - 1:
            return True
        if i % 2:
            waiting = _act(talk, text, f"run[{i}]")
        elif waiting:
            talk.result(text, call_id=waiting[0])
        elif text:
            talk.user(text)
    return False


def _act(talk: Conversation, text: str, path: str) -> list[str]:
    if _THINK.match(text):
        return talk.assistant(_THINK.sub("", text), path=path)
    return _call(talk, text, None, path)


def _call(talk: Conversation, action: str, thought: str | None, path: str) -> list[str]:
    made = ALFWORLD.call(action) or ALFWORLD.misfit(action)
    if made is None:
        talk.notes.setdefault("misfits", {})[path] = [action]
        return talk.assistant(action, reasoning=thought, path=path)
    return talk.assistant("", [made], reasoning=thought, path=path)


def _chat(talk: Conversation, run: Sequence[Json]) -> bool:
    """Add chat messages, and tell whether the last action says success."""
    waiting: list[str] = []
    succeeded = False
    for i, item in enumerate(run):
        path = f"run[{i}]"
        message = shape(item, _Message, path)
        text = (message.content or "").rstrip()
        if message.role == "agent":
            actions = [_action(c, f"{path}.tool_calls[{n}]") for n, c in enumerate(message.tool_calls or ())]
            succeeded = i == len(run) - 1 and len(actions) == 1 and bool(_SUCCEEDED.match(actions[0]))
            waiting = _said(talk, text, [] if succeeded else actions, path)
        elif message.role in ("user", "tool"):
            if waiting:
                talk.result(text, call_id=waiting.pop(0))
            else:
                talk.user(text)
        else:
            raise BadRow(
                "unknown-role", f"{path}.role", f"expected user, agent or tool, got {message.role!r}"
            )
    return succeeded


def _said(talk: Conversation, text: str, actions: Sequence[str], path: str) -> list[str]:
    if len(actions) == 1:
        return _call(talk, actions[0], text or None, path)
    made: list[Call] = []
    for action in actions:
        call = ALFWORLD.call(action) or ALFWORLD.misfit(action)
        if call is None:
            raise BadRow("bad-calls", path, f"expected an action, got {action[:80]!r}")
        made.append(call)
    return talk.assistant("" if made else text, made, reasoning=text or None if made else None, path=path)


def _action(value: Json, path: str) -> str:
    arguments = openai(value, path).arguments or {}
    action = arguments.get("action")
    if not isinstance(action, str):
        raise BadRow("bad-calls", path, "expected an argument called action")
    return action
