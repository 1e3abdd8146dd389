"""Runs in text environments: AgentInstruct, AgentTraj-L (AgentGym), ETO, OpenManus-RL and their kin.

``{"conversations": [{"from": "human" | "gpt", "value", "loss"}], "id" | "item_id", …}`` (AgentInstruct also
comes with `role` and `content`). OpenManus-RL wraps AgentTraj-L rows into Parquet, with `data_source`, a
`prompt` of its own and copies of the conversation. `reward` and `success` are the outcome where a row has
them. The environment is told by `data_source`, by the id (``webshop_330``), or by the words of the prompt.

Each environment offers its actions as tools of kind "env" (see `environment_grammars`); the movie, weather
and to-do environments describe their tools in the prompt, and they are read from there. ``Thought:`` is the
turn's reasoning, the action its call, and what the environment answers the call's result. `loss` is the
turn's weight.

The rules at the start become the task's instruction, without the stretches that tell how to write an
action (the format instruction) and without tools that were read; the "Ok." that confirms the rules is kept
in ``extra["unify"]["confirmed"]``. Where a marked new problem follows a worked example, the example becomes
a few-shot text, unless its turns are meant for training.

Licences: AgentInstruct and OpenManus-RL Apache-2.0, AgentGym MIT; ETO has none. Movie, weather, to-do,
academia and sheet tasks go back to AgentBoard, whose data is under GPL-2.0: their rows say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import prompt_tools
from callwright.unify.notations.dialogue import READ, Turn, expects, is_flag, is_reward, outcome, texts, turns
from callwright.unify.notations.environment_grammars import described, named
from callwright.unify.notations.environments import Environment
from callwright.unify.notations.episode import Episode
from callwright.unify.rows import Row, decode, other_fields, shape
from callwright.unify.tools import Toolset

LICENSES = {"agenttuning": "Apache-2.0", "agentinstruct": "Apache-2.0", "agenttraj": "MIT"}
FIELDS = ("conversations", "item_id", "data_source", "id", "reward", "success", "extra_info")
LOSES = (
    "labels such as Thought: and the blanks around them; the wording of tools that were read from a prompt; "
    "the copies of the conversation inside of reward_model and extra_info (a copy that differs is kept)."
)
SEEN = "real"
_AGENTBOARD = frozenset({"movie", "weather", "todo", "academia", "sheet"})
_ANNOUNCED = re.compile(r"We detail name, description, [^\n]*\n\Z")
_OTHER = Environment("other")


class _Row(msgspec.Struct):
    conversations: list[Json]


class Opening(NamedTuple):
    """What comes before the task itself."""

    rules: str
    query: Turn | None
    """What is left of the turn that held the rules, if the task stands in it."""
    rest: Sequence[Turn]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise turns in an environment that the row or the prompt names."""
    said = texts(value.get("conversations"), "user", 2)
    if not said or not texts(value.get("conversations"), "assistant", 4):
        return ""
    prompt = described(said[0])
    env = named(value.get("data_source")) or named(value.get("item_id")) or named(value.get("id")) or prompt
    if env is None or (prompt is None and not env.actions):
        return ""
    answers = texts(value.get("conversations"), "assistant")
    if not any(env.step(text)[1] for text in answers):
        return ""
    return f"turns in the environment {env.name}"


def convert(row: Row) -> Trajectory:
    """Return the run."""
    said = turns(shape(row.value, _Row).conversations, "conversations")
    env = _environment(row.value, said)
    opening = _opening(said, env)
    instruction, formats, tools = _instructions(opening.rules, env)
    talk = Conversation(_licensed(row, env), tools or env.tools)
    talk.instruction = instruction
    talk.format_instruction = formats
    episode = Episode(talk, env)
    rest = _confirmed(talk, opening)
    if env.again:
        rest = _examples(talk, rest, env)
    episode.play(rest)
    talk.notes["environment"] = env.name
    fields, told = _fields(row.value)
    return talk.finish(fields=fields, outcome=told, expects=expects(talk), kind="env")


def _environment(value: Mapping[str, Json], said: Sequence[Turn]) -> Environment:
    first = next((turn.text for turn in said if turn.speaker == "user"), "")
    ids = (named(value.get(key)) for key in ("data_source", "item_id", "id"))
    return next((env for env in ids if env), None) or described(first) or _OTHER


def _opening(said: Sequence[Turn], env: Environment) -> Opening:
    """Split the rules off, where the first turn surely holds them."""
    start = next((i for i, turn in enumerate(said) if turn.speaker == "user"), len(said))
    before, rest = list(said[:start]), list(said[start:])
    first = rest[0] if rest else None
    if first is None or described(first.text) is None:
        return Opening("", None, said)
    found = re.search(env.query, first.text) if env.query else None
    if found:
        rules, query = first.text[: found.start()], first._replace(text=first.text[found.end() :])
        return Opening(rules, query, [*before, query, *rest[1:]])
    answered = [turn.speaker for turn in rest[1:3]] == ["assistant", "user"]
    if answered and not env.step(rest[1].text)[1]:
        return Opening(first.text, None, [*before, *rest[1:]])
    return Opening("", None, said)


def _instructions(rules: str, env: Environment) -> tuple[str, str, Toolset | None]:
    """Return what tells the task, what tells the format of an answer, and the tools that were described."""
    read = prompt_tools.listed(rules) if rules and not env.actions else None
    text = f"{_ANNOUNCED.sub('', read.before)}{read.after}" if read else rules
    formats = []
    for pattern in env.formats if rules else ():
        for found in list(re.finditer(pattern, text, re.S))[:1]:
            formats.append(found[0].strip())
            text = text[: found.start()] + text[found.end() :]
    return re.sub(r"\n{3,}", "\n\n", text).strip(), "\n\n".join(formats), read.tools if read else None


def _confirmed(talk: Conversation, opening: Opening) -> list[Turn]:
    """Return the turns without the one in which the assistant confirms the rules."""
    rest = list(opening.rest)
    if opening.rules and opening.query is None:
        at = next(i for i, turn in enumerate(rest) if turn.speaker == "assistant")
        confirmation = rest.pop(at)
        talk.notes["confirmed"] = confirmation.text
        talk.keep(confirmation.path, confirmation.item, READ)
    return rest


def _examples(talk: Conversation, rest: list[Turn], env: Environment) -> list[Turn]:
    """Move worked examples, behind which a new problem is announced, to the few-shot texts."""
    shots = []
    while True:
        marks = [i for i, t in enumerate(rest) if i and t.speaker == "user" and re.match(env.again, t.text)]
        if not marks or any(turn.weight for turn in rest[: marks[0]]):
            break
        shots.append("\n\n".join(f"{turn.speaker}: {turn.text}" for turn in rest[: marks[0]]))
        first = rest[marks[0]]
        rest = [first._replace(text=re.sub(env.again, "", first.text, count=1)), *rest[marks[0] + 1 :]]
    talk.few_shots = tuple(shots)
    return rest


def _fields(value: Mapping[str, Json]) -> tuple[dict[str, Json], Outcome | None]:
    known = {"conversations"}
    reward, success = value.get("reward"), value.get("success")
    known |= {"reward"} if is_reward(reward) else set()
    known |= {"success"} if is_flag(success) else set()
    fields = other_fields(value, frozenset(known))
    for key, inner in (("reward_model", "ground_truth"), ("extra_info", "conversations")):
        held = fields.get(key)
        if isinstance(held, dict) and _copies(held.get(inner), value["conversations"]):
            fields[key] = {k: v for k, v in held.items() if k != inner}
    return fields, outcome(reward, success)


def _copies(text: Json, conversation: Json) -> bool:
    if not isinstance(text, str) or text[:1] != "[":
        return False
    try:
        return bool(decode(text) == conversation)
    except ValueError:
        return False


def _licensed(row: Row, env: Environment) -> Row:
    """Return the row with the licence that its layout tells, where its file's name does not."""
    if env.name in _AGENTBOARD:
        return msgspec.structs.replace(row, license="GPL-2.0")
    if row.license:
        return row
    if "data_source" in row.value or row.value.keys() == {"id", "conversations"}:
        return msgspec.structs.replace(row, license="Apache-2.0")
    return msgspec.structs.replace(row, license="MIT" if "item_id" in row.value else "")
