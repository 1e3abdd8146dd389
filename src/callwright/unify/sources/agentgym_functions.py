"""AgentGym's function-call evaluations (MIT): the tools stand in the prompt as JSON, the calls in the text.

``{"conversations": [{"from", "value", "loss"}], "item_id", "reward", "success"}``. The first turn holds the
rules and, after "You have the following functions available:", one JSON object per tool; the tools are read
from it, the rules become the instruction and the demanded JSON the format instruction. A call is a JSON
object ``{"thought", "function_name", "arguments"}``, mostly in a fence: the thought is the turn's reasoning.
A call whose JSON is broken is kept with its text where its name can be told; any other turn stays text and
``extra["unify"]["no_action"]`` names it. `loss` is the turn's weight, `reward` and `success` the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import prompt_tools
from callwright.unify.notations.calls import Call, call
from callwright.unify.notations.dialogue import READ, Turn, expects, is_flag, is_reward, outcome, texts, turns
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape

LICENSES = {"": "MIT"}
FIELDS = ("conversations", "item_id", "reward", "success")
LOSES = "the blanks around the JSON object of a call, and its fence."
SEEN = "real"
_MARK = "You have the following functions available:"
_FORMAT = re.compile(
    r"If you want to invoke a provided function or tool, please reply in.*?(?:present\.|\Z)", re.S
)
_NAME = re.compile(r'"function_name"\s*:\s*"([^"\n]{1,200})"')


class _Row(msgspec.Struct):
    conversations: list[Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the sentence that announces the functions."""
    said = texts(value.get("conversations"), "user", 1)
    if said and _MARK in said[0] and '"function_name"' in said[0]:
        return "a prompt with functions to be called as function_name and arguments"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the run."""
    said = turns(shape(row.value, _Row).conversations, "conversations")
    described = prompt_tools.objects(said[0].text) if said else None
    if described is None:
        raise BadRow("bad-tools", "conversations[0].value", "expected tools as JSON objects in the prompt")
    talk = Conversation(row, described.tools)
    rules = described.before.replace(_MARK, "").strip() + "\n\n" + described.after
    formats = _FORMAT.search(rules)
    talk.format_instruction = formats[0].strip() if formats else ""
    talk.instruction = re.sub(r"\n{3,}", "\n\n", _FORMAT.sub("", rules)).strip()
    _play(talk, _confirmed(talk, said[1:]))
    known = {"conversations"}
    reward, success = row.value.get("reward"), row.value.get("success")
    known |= {"reward"} if is_reward(reward) else set()
    known |= {"success"} if is_flag(success) else set()
    answered = any(message.role == "assistant" for message in talk.messages)
    return talk.finish(
        fields=other_fields(row.value, frozenset(known)),
        outcome=outcome(reward, success),
        kind="env" if answered else "query",
        expects=expects(talk),
    )


def _confirmed(talk: Conversation, rest: Sequence[Turn]) -> Sequence[Turn]:
    """Return the turns without the one in which the assistant confirms the rules."""
    if [turn.speaker for turn in rest[:2]] != ["assistant", "user"] or _call(rest[0].text):
        return rest
    talk.notes["confirmed"] = rest[0].text
    talk.keep(rest[0].path, rest[0].item, READ)
    return rest[1:]


def _play(talk: Conversation, rest: Sequence[Turn]) -> None:
    waiting: list[str] = []
    for turn in rest:
        if turn.speaker == "assistant":
            found = _call(turn.text)
            if found is None:
                talk.notes.setdefault("no_action", []).append(turn.path)
                talk.assistant(turn.text, weight=turn.weight, path=turn.path)
                waiting = []
            else:
                made, thought = found
                waiting = talk.assistant("", [made], reasoning=thought, weight=turn.weight, path=turn.path)
        elif waiting:
            talk.result(turn.text, call_id=waiting.pop(0))
        elif turn.speaker == "system":
            talk.system(turn.text)
        else:
            talk.user(turn.text)
        talk.keep(turn.path, turn.item, READ)


def _call(text: str) -> tuple[Call, str | None] | None:
    """Return the call that a turn is and its thought; None for a turn that is no call."""
    written = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if written[:1] != "{" or written[-1:] != "}":
        return None
    try:
        value = decode(written)
    except ValueError as error:
        names = _NAME.findall(written)
        return (Call(names[0], None, None, written, str(error)), None) if len(names) == 1 else None
    name, thought = value.get("function_name"), value.get("thought")
    if not isinstance(name, str) or not name:
        return None
    rest = {key: item for key, item in value.items() if key not in ("function_name", "thought", "arguments")}
    if rest or not isinstance(thought, str | None):
        return Call(name, None, None, written, "expected thought, function_name and arguments"), None
    return call(name, value.get("arguments")), thought
