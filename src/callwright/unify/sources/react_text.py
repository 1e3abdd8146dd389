"""ReAct text: FireAct (MIT) and other runs whose turns say ``Thought: … Action: …`` as plain text.

Two layouts. Chat: ``{"messages": [{"role", "content"}]}``, where a user's ``Observation: …`` answers the
action before it. One text: ``{"instruction", "input", "output"}``, where the output is the whole run.

``Thought:`` becomes the reasoning of its turn and the action a call. Actions such as ``search[Oslo]``
are read by the grammar of FireAct (search, finish), HotpotQA (with lookup) or WebShop, the first that fits
all actions of the row, and the row then offers these tools. Other actions are read as they are written
(``Action: name`` with ``Action Input: …``, ``name[input]``, ``name(a=1)``); which tools were offered is
then unknown. ``Episode finished, reward = 1`` at the end is no answer but the outcome. A turn
without an action stays text; ``extra["unify"]["no_action"]`` names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import react
from callwright.unify.notations.dialogue import Turn, expects, texts, turns
from callwright.unify.notations.environment_grammars import FIREACT, HOTPOTQA, WEBSHOP
from callwright.unify.notations.environments import Environment
from callwright.unify.notations.episode import Episode
from callwright.unify.rows import BadRow, Row, other_fields, shape

LICENSES = {"fireact": "MIT", "hotpotqa": "MIT", "multitask": "MIT"}
FIELDS = ("messages", "instruction", "input", "output")
LOSES = "labels such as Thought: and the blanks around them; whether a reward was written as 1 or True."
SEEN = "real"
OTHER = Environment("react")
_KNOWN = frozenset({"messages", "instruction", "input", "output"})


class _Chat(msgspec.Struct):
    messages: list[Json]


class _Text(msgspec.Struct):
    instruction: str
    output: str
    input: str = ""


def detect(value: Mapping[str, Json]) -> str:
    """Recognise steps of thought and action in the turns of the assistant, or in one text."""
    if not _is_run(value):
        return ""
    output = value.get("output")
    if isinstance(value.get("instruction"), str) and isinstance(output, str):
        return "a run of Thought and Action in one text" if output.startswith("Thought:") else ""
    return "messages with Thought and Action as text"


def _is_run(value: Mapping[str, Json]) -> bool:
    if "messages" in value:
        said = texts(value["messages"], "assistant")
    else:
        said = [t for t in (value.get("output"),) if isinstance(t, str)]
    steps = [react.read(text) for text in said]
    acting = [step for step in steps if step.actions and react.generic(step.actions[0])]
    return bool(acting) and all(step.thought for step in acting[:1])


def convert(row: Row) -> Trajectory:
    """Return the run."""
    if isinstance(row.value, dict) and "messages" in row.value:
        said = turns(shape(row.value, _Chat).messages, "messages")
    else:
        raw = shape(row.value, _Text)
        asked = f"{raw.instruction}\n\n{raw.input}" if raw.input else raw.instruction
        said = run(asked, raw.output, "output")
    return converse(row, said, other_fields(row.value, _KNOWN))


def converse(row: Row, said: Sequence[Turn], fields: Mapping[str, Json]) -> Trajectory:
    """Return the trajectory of the turns of one run."""
    env = environment(said)
    episode = Episode(Conversation(row, env.tools), env)
    rest = list(said)
    if rest and rest[-1].speaker in ("user", "result") and episode.ends(rest[-1].text):
        rest.pop()
    episode.play(rest)
    talk = episode.talk
    return talk.finish(fields=fields, outcome=episode.outcome, expects=expects(talk), kind="react")


def environment(said: Sequence[Turn]) -> Environment:
    """Return the first environment that all actions of these turns fit."""
    actions = [a for turn in said if turn.speaker == "assistant" for a in react.read(turn.text).actions]
    return next((env for env in (FIREACT, HOTPOTQA, WEBSHOP) if env.fits(actions)), OTHER)


def run(asked: str, text: str, path: str) -> list[Turn]:
    """Return the turns of a run in one text: one per thought with its action, one per observation."""
    said = [Turn("user", asked, None, path, {})]
    step: list[str] = []
    for kind, body in react.sections(text):
        if kind == "observation":
            said += _step(step, path)
            said.append(Turn("user", f"Observation: {body}", None, path, {}))
            step = []
        else:
            label = {"thought": "Thought: ", "action": "Action: "}.get(kind, "")
            step.append(f"{label}{body}")
    said += _step(step, path)
    if len(said) == 1:
        raise BadRow("empty-conversation", path, "no step of thought and action")
    return said


def _step(parts: Sequence[str], path: str) -> list[Turn]:
    return [Turn("assistant", "\n".join(parts), None, path, {})] if parts else []
