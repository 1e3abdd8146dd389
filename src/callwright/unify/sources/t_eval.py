"""T-Eval's plan and review files (Apache-2.0): a file is one object, ``{query id: row}``.

Plan: ``{"meta", "ground_truth": [{"id", "prev", "name", "args"}], "origin_prompt": [{"role", "content"}]}``.
The calls of the plan become those of one turn; `prev` names the calls that one follows (`depends_on`). The
system text holds the tools as a Python list, from which they are read; what follows it is the format
instruction, for plans in JSON and in words alike. ``FinishAction``, the mark at the end of every plan, is
no tool and no call: it is kept in ``extra["unify"]["finish"]``.

Review: ``{"ground_truth": {"answer", "thought"}, "origin_prompt", …}``, a question of choice about one call:
thought and answer become the turn's reasoning and text. No tools are offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from callwright.record import Json, Trajectory
from callwright.schema import parse_type
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import Call, call
from callwright.unify.notations.literals import python_value
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.tools import Known, Toolset, assemble, make_tool, toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("ground_truth", "origin_prompt", "meta", "meta_data", "template")
LOSES = "the sentence that announces the tools of a prompt, and the layout of their list."
SEEN = "real"
_KNOWN = frozenset({"ground_truth", "origin_prompt"})
_ANNOUNCED = "You have access to the following API:\n"
_FINISH = "FinishAction"


class _Message(msgspec.Struct):
    role: str
    content: str


class _Row(msgspec.Struct):
    ground_truth: list[Json] | dict[str, Json]
    origin_prompt: list[_Message]


class _Step(msgspec.Struct):
    id: int
    prev: list[int]
    name: str
    args: Json


class _Review(msgspec.Struct):
    answer: str
    thought: str | None = None


class _Parameter(msgspec.Struct):
    name: str
    type: str = ""
    description: str = ""


class _Tool(msgspec.Struct):
    name: str
    description: str = ""
    required_parameters: list[_Parameter] = []
    optional_parameters: list[_Parameter] = []
    return_data: list[dict[str, str]] = []


def detect(value: Mapping[str, Json]) -> str:
    """Recognise entries that have a ground truth beside the original prompt."""
    entries = list(value.values())[:8]
    if entries and all(
        isinstance(e, dict) and {"ground_truth", "origin_prompt"} <= e.keys() for e in entries
    ):
        return "entries with ground_truth and origin_prompt"
    return ""


def rows(file: File) -> Iterator[Element]:
    """Yield a row per query, numbered through the file."""
    return files.entries(file, "query_id")


def convert(row: Row) -> Trajectory:
    """Return query → plan, or question → choice."""
    raw = shape(row.value, _Row)
    if isinstance(raw.ground_truth, dict):
        review = shape(raw.ground_truth, _Review, "ground_truth")
        talk = Conversation(row, toolset([]))
        _ask(talk, raw.origin_prompt)
        talk.assistant(review.answer, reasoning=(review.thought or "").strip() or None, path="ground_truth")
        talk.keep("ground_truth", raw.ground_truth, frozenset({"answer", "thought"}))
        return talk.finish(fields=other_fields(row.value, _KNOWN), expects="any")
    if not raw.origin_prompt:
        raise BadRow("missing-field", "origin_prompt[0]", "expected the prompt that holds the tools")
    tools, demanded = _described(raw.origin_prompt[0].content)
    talk = Conversation(row, tools)
    talk.format_instruction = demanded
    _ask(talk, raw.origin_prompt[1:], 1)
    steps = [shape(item, _Step, f"ground_truth[{i}]") for i, item in enumerate(raw.ground_truth)]
    finish = [step for step in steps if step.name == _FINISH]
    if finish:
        talk.notes["finish"] = [msgspec.to_builtins(step) for step in finish]
    talk.assistant("", _plan([step for step in steps if step.name != _FINISH]))
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _ask(talk: Conversation, prompt: Sequence[_Message], first: int = 0) -> None:
    for i, message in enumerate(prompt, first):
        if message.role == "system":
            talk.system(message.content)
        elif message.role == "user":
            talk.user(message.content)
        else:
            raise BadRow(
                "unknown-role", f"origin_prompt[{i}].role", f"expected system or user, got {message.role!r}"
            )


def _plan(steps: Sequence[_Step]) -> list[Call]:
    """Return the calls, each with the positions of the earlier ones that it follows."""
    position: dict[int, int] = {}
    calls = []
    for i, step in enumerate(steps):
        if not step.name:
            raise BadRow("bad-calls", f"ground_truth[{i}].name", "expected a name")
        origins = sorted({position[id] for id in step.prev if id in position})
        calls.append(call(step.name, step.args).replace(depends_on=tuple(origins)))
        position[step.id] = i
    return calls


@lru_cache(maxsize=2048)
def _described(text: str) -> tuple[Toolset, str]:
    """Return the tools of a prompt and what follows them."""
    rest = text.strip().removeprefix(_ANNOUNCED)
    line, _, demanded = rest.partition("\n")
    try:
        listed = shape(python_value(line), list[tuple[str, _Tool]], "origin_prompt[0].content")
    except (ValueError, BadRow) as error:
        raise BadRow("bad-tools", "origin_prompt[0].content", f"expected a list of tools: {error}") from None
    return assemble([_tool(tool) for _, tool in listed]), demanded.strip()


def _tool(tool: _Tool) -> Known:
    properties: dict[str, Json] = {}
    for parameter in (*tool.required_parameters, *tool.optional_parameters):
        schema: dict[str, Json] = dict(parse_type(parameter.type))
        if parameter.description:
            schema["description"] = parameter.description
        properties[parameter.name] = schema
    made: dict[str, Json] = {"type": "object", "properties": properties}
    if tool.required_parameters:
        made["required"] = [parameter.name for parameter in tool.required_parameters]
    returns = {
        "type": "object",
        "properties": {
            item["name"]: {"description": item.get("description", "")}
            for item in tool.return_data
            if "name" in item
        },
    }
    fixes = ("required and optional parameters put together",)
    return make_tool(tool.name, tool.description, made, returns if tool.return_data else None, fixes)
