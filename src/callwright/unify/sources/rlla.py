"""ToolRL (rows from ToolACE, Apache-2.0, and xLAM, CC-BY-4.0) and its processed API-Bank (MIT).

One prompt in three wrappings: ``{"instruction", "input", "output"}`` to imitate, ``{"prompt": [system, user],
"reward_model": {"ground_truth"}, "extra_info"}`` to reinforce, and ``{"system", "user", "answer", "other"}``
to test. The system text enumerates the tools (``1. Name: …\\nDescription: …\\nParameters: {…}``) between the
task, with its steps for each turn, and the output format; it becomes instruction, tools and format
instruction. The user text holds the dialogue so far in ``<user>``, ``<think>``, ``<tool_call>`` (a call per
line), ``<response>`` and ``<obs>`` blocks. Only the last turn is to be learnt: earlier ones have weight 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import tagged, tagged_results
from callwright.unify.notations.calls import json_object
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES = {"api_processed": "MIT", "": "Apache-2.0 AND CC-BY-4.0"}
FIELDS = ("instruction", "input", "output", "prompt", "reward_model", "system", "user", "answer", "other")
LOSES = "the headings of prompt and history; how results are listed; white space at the ends of turns."
SEEN = "real"
_OFFER, _STEPS, _FORMAT = "**Available Tools**", "**Steps for Each Turn**", "**Output Format**"
_INTRODUCTION = re.compile(r"\s*In your response, you can use the following tools:\s*")
_HEADING = re.compile(r"\A\s*\*{2,3}Dialogue Records History\*\*")
_TOOL = re.compile(
    r"\s*\d+\. (?:Name: (?P<name>[^\n]*)\nDescription: |(?P<title>[^\n:]*): )(?P<about>.*?)\n"
    r"Parameters: (?P<parameters>[^\n]*)(?:\n|\Z)",
    re.S,
)
_TURNS = "user|think|tool_call|response|obs"
_RESPONSE = re.compile(r"\s*<response>(.*)</response>\s*", re.S)


class _Imitate(msgspec.Struct):
    instruction: str
    input: str
    output: str


class _Message(msgspec.Struct):
    role: str
    content: str


class _Reward(msgspec.Struct):
    ground_truth: str


class _Reinforce(msgspec.Struct):
    prompt: list[_Message]
    reward_model: _Reward
    extra_info: dict[str, Json] = {}


class _Test(msgspec.Struct):
    system: str
    user: str
    answer: dict[str, Json] | list[Json]


class _Unwrapped(NamedTuple):
    """What the three wrappings have in common, and where it stood."""

    system: str
    user: str
    answer: Json
    """The text of the last turn, or its calls."""
    places: tuple[str, str, str]
    fields: dict[str, Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the headings of the prompt in one of its three wrappings."""
    system, user = value.get("system", value.get("instruction")), value.get("user", value.get("input"))
    prompt = value.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 2 and all(isinstance(m, dict) for m in prompt):
        system, user = prompt[0].get("content"), prompt[1].get("content")
    if isinstance(system, str) and isinstance(user, str) and _OFFER in system and _HEADING.match(user):
        return f"a prompt with {_OFFER} and a history of dialogue"
    return ""


def convert(row: Row) -> Trajectory:
    """Return history → last turn."""
    raw = _unwrap(shape(row.value, dict[str, Json]))
    instruction, offer, format_instruction = _sections(raw.system, raw.places[0])
    talk = Conversation(row, _toolset(offer, raw.places[0]))
    talk.system(instruction)
    talk.format_instruction = format_instruction
    _add_history(talk, raw.user, raw.places[1])
    _add_answer(talk, raw.answer, raw.places[2])
    return talk.finish(fields=raw.fields)


def _unwrap(value: dict[str, Json]) -> _Unwrapped:
    if "reward_model" in value:
        return _of_prompt(value)
    if "answer" in value:
        test = shape(value, _Test)
        fields = other_fields(value, frozenset(_Test.__struct_fields__))
        return _Unwrapped(test.system, test.user, test.answer, ("system", "user", "answer"), fields)
    raw = shape(value, _Imitate)
    fields = other_fields(value, frozenset(_Imitate.__struct_fields__))
    return _Unwrapped(raw.instruction, raw.input, raw.output, ("instruction", "input", "output"), fields)


def _of_prompt(value: dict[str, Json]) -> _Unwrapped:
    raw = shape(value, _Reinforce)
    roles = [m.role for m in raw.prompt]
    if roles != ["system", "user"]:
        raise BadRow("unknown-role", "prompt", f"expected system and user, got {roles}")
    system, user = (m.content for m in raw.prompt)
    answer = raw.reward_model.ground_truth
    fields = other_fields(value, frozenset({"prompt", "reward_model", "extra_info"}))
    copies = {"instruction": system, "input": user, "output": answer}
    fields["extra_info"] = {k: v for k, v in raw.extra_info.items() if k not in copies or v != copies[k]}
    fields["reward_model"] = other_fields(value["reward_model"], frozenset({"ground_truth"}))
    places = ("prompt[0].content", "prompt[1].content", "reward_model.ground_truth")
    return _Unwrapped(system, user, answer, places, {k: v for k, v in fields.items() if v != {}})


def _sections(system: str, path: str) -> tuple[str, str, str]:
    """Return instruction, enumerated tools and format instruction."""
    task, offer, rest = system.partition(_OFFER)
    if not offer:
        raise BadRow("bad-tools", path, f"expected {_OFFER}")
    listed, steps, rest = rest.partition(_STEPS)
    how, form, rest = rest.partition(_FORMAT)
    return f"{task}{steps}{how}".strip(), listed, f"{form}{rest}".strip()


def _toolset(listed: str, path: str) -> Toolset | None:
    introduction = _INTRODUCTION.match(listed)
    position = introduction.end() if introduction else 0
    tools: list[Json] = []
    while found := _TOOL.match(listed, position):
        parameters = tagged.definitions(found["parameters"], path)
        tools.append(
            {
                "name": (found["name"] or found["title"] or "").strip(),
                "description": found["about"].strip(),
                "parameters": parameters[0] if parameters else {},
            }
        )
        position = found.end()
    if listed[position:].strip():
        raise BadRow("bad-tools", path, f"no tool: {listed[position:].strip()[:80]!r}")
    return toolset(tools, path)


def _add_history(talk: Conversation, text: str, path: str) -> None:
    heading = _HEADING.match(text)
    turn: dict[str, str] = {}
    asked: list[str] = []
    for kind, inner in tagged.blocks(text[heading.end() :] if heading else text, _TURNS, path):
        if turn and (kind in ("user", "obs", "think") or kind in turn):
            asked = _add_turn(talk, turn, path)
            turn = {}
        if kind == "user":
            talk.user(inner)
        elif kind == "obs":
            _add_results(talk, inner, asked)
        else:
            turn[kind] = inner
    if turn:
        _add_turn(talk, turn, path)


def _add_turn(talk: Conversation, turn: Mapping[str, str], path: str) -> list[str]:
    calls = tagged.calls_in(turn["tool_call"], path) if "tool_call" in turn else []
    thought = turn.get("think") or None
    return talk.assistant(turn.get("response", ""), calls, reasoning=thought, weight=0.0, path=path)


def _add_results(talk: Conversation, text: str, asked: list[str]) -> None:
    listed = tagged_results.listed_results(text) or []
    if not listed or any(r.arguments is not None for r in listed):  # never seen here: then all of it is kept
        listed = [tagged_results.Result(text)]
    # A single result answers a single call, also where one of them has its name cut off.
    own = asked[0] if len(asked) == len(listed) == 1 else None
    for result in listed:
        talk.result(result.content, call_id=own, name=result.name)


def _add_answer(talk: Conversation, answer: Json, path: str) -> None:
    if isinstance(answer, str):
        said = tagged.read(answer, tagged.TOOL_CALL, path)
        response = _RESPONSE.fullmatch(said.text)
        text = response[1].strip() if response else said.text
        talk.assistant(text, said.calls, reasoning=said.reasoning, path=path)
    elif isinstance(answer, list):
        talk.assistant("", [json_object(item, f"{path}[{i}]") for i, item in enumerate(answer)])
    else:
        talk.assistant("", [json_object(answer, path)])
