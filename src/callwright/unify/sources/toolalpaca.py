"""ToolAlpaca (Apache-2.0): an API per object, many queries per API.

``{"Name", "Function_Description" | "Functions": {name: text}, "Instructions": […], "Golden_Answers":
[[{"Action", "Action_Input": "<JSON text>"}]], …}``. A row is one instruction with its golden answer; without
golden answers (the validation file) it is a bare query. Tools are read from the text that the source shows
its models: ``<description>\\nParameters: {"p": "Required. string. One of: [a, b]. …"}\\nOutput: …``.

In the training file an API has ``"Instances": [{"input", "output", "Final Thought", "intermediate_steps": [[
[action, action input, log], observation], …]}]``, and a row is one instance: a run of thoughts, calls and
results that ends with the output. Its agent could also ask the user by calling `getDetails`, which every API
offers there. A hint behind the input was written for the simulated user and is kept as
``extra["unify"]["hint"]``. The repository's files of model outputs belong to `toolalpaca_judged`.

Arguments may hold slots, ``{"id": ${id from searchAnime}}``, which is no JSON. A slot that names an earlier
call of the same answer is a reference: the value keeps its text and the call lists what it depends on.
Arguments with any other slot ("${start date}") stay unparsed, because nothing says what belongs there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import Call, call
from callwright.unify.notations.described import GET_DETAILS, tool
from callwright.unify.rows import BadRow, Element, File, Row, decode, shape
from callwright.unify.tools import Toolset, assemble

LICENSES = {"": "Apache-2.0"}
FIELDS = ("Name", "Documentation", "Function_Description", "Instructions", "Golden_Answers", "Instances")
LOSES = (
    "all other fields of the API object, such as its OpenAPI text and its authentication; of an API with "
    "instances, the instructions that none was made for."
)
SEEN = "real"
_SLOT = re.compile(r"\$\{([^{}]*)\}")
_ORIGIN = re.compile(r"\bfrom (\S+)$")
_ACTION = re.compile(r"\n[^\S\n]*(?:ASSISTANT\s*)?Action\s*\d*\s*:")
_INSTANCE_FIELDS = frozenset({"input", "output", "Final Thought", "intermediate_steps"})


class _Action(msgspec.Struct):
    Action: str
    Action_Input: Json


class _Row(msgspec.Struct):
    Instruction: str
    functions: dict[str, str]
    Golden_Answer: list[Json] | None = None


class _Instance(msgspec.Struct, rename={"thought": "Final Thought", "steps": "intermediate_steps"}):
    input: str
    output: str
    thought: str | None = None
    steps: list[Json] = []


class _Act(msgspec.Struct, array_like=True):
    action: str
    argument: Json
    log: str = ""


class _Step(msgspec.Struct, array_like=True):
    act: _Act
    observation: str


class _Run(msgspec.Struct):
    Instance: Json
    functions: dict[str, str]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise an API with instructions and the descriptions of its functions."""
    functions = value.get("Function_Description") or value.get("Functions")
    if not isinstance(functions, dict):
        return ""
    if isinstance(value.get("Instructions"), list):
        return "an API with Instructions and function descriptions"
    return (
        "an API with Instances and function descriptions" if isinstance(value.get("Instances"), list) else ""
    )


def rows(file: File) -> Iterator[Element]:
    """Yield a row per instance or instruction, numbered through the file; an API without either is a row."""
    number = 0
    for api in files.elements(file.path):
        error = api.error or _mismatch(api.value)
        for value in [api.value] if error else _of_api(api.value):
            yield Element(number, value, error)
            number += 1


def _mismatch(api: Json) -> BadRow | None:
    """Return why the object can not be taken apart into instructions, if so."""
    if not isinstance(api, dict):
        return BadRow("not-an-object", "", f"expected an API, got {type(api).__name__}")
    if api.get("Instances"):
        found = isinstance(api["Instances"], list)
        return None if found else BadRow("wrong-type", "Instances", "expected a list of instances")
    instructions, answers = api.get("Instructions"), api.get("Golden_Answers")
    if not isinstance(instructions, list):
        return BadRow("wrong-type", "Instructions", "expected a list of instructions")
    if answers is not None and (not isinstance(answers, list) or len(answers) != len(instructions)):
        return BadRow("wrong-type", "Golden_Answers", "expected one answer per instruction")
    return None


def _of_api(api: dict[str, Json]) -> list[Json]:
    functions = api.get("Function_Description") or api.get("Functions")
    shared = {"API": api.get("Name"), "Category": api.get("Category"), "functions": functions}
    if api.get("Instances"):
        return [{**shared, "Instance": instance} for instance in api["Instances"]]
    made = [{**shared, "Instruction": text} for text in api["Instructions"]]
    for row, answer in zip(
        made, api.get("Golden_Answers") or (), strict=False
    ):  # the validation file has none
        row["Golden_Answer"] = answer
    return made


def convert(row: Row) -> Trajectory:
    """Return query → calls, the run of an instance, or the bare query."""
    if isinstance(row.value, dict) and "Instance" in row.value:
        return _of_instance(row)
    raw = shape(row.value, _Row)
    talk = Conversation(row, _toolset(msgspec.json.encode(raw.functions)))
    talk.user(raw.Instruction)
    if raw.Golden_Answer is not None:
        calls: list[Call] = []
        for i, item in enumerate(raw.Golden_Answer):
            action = shape(item, _Action, f"Golden_Answer[{i}]")
            calls.append(_read_call(action, [c.name for c in calls]))
        talk.assistant("", calls)
    return talk.finish(fields=_fields(row.value))


def _fields(value: Mapping[str, Json]) -> dict[str, Json]:
    return {key.lower(): value[key] for key in ("API", "Category") if value.get(key)}


def _of_instance(row: Row) -> Trajectory:
    raw = shape(row.value, _Run)
    instance = shape(raw.Instance, _Instance, "Instance")
    tools = _toolset(msgspec.json.encode(raw.functions), with_details=True)
    talk = Conversation(row, tools)
    request, hint, about = instance.input.rpartition("\nHint: ")
    talk.user(request if hint else about)
    if hint:
        talk.notes["hint"] = about
    for i, item in enumerate(instance.steps):
        path = f"Instance.intermediate_steps[{i}]"
        step = shape(item, _Step, path)
        name = step.act.action.strip()
        if not name:
            raise BadRow("bad-calls", f"{path}[0][0]", "an action without a name")
        made = talk.assistant("", [call(name, step.act.argument)], reasoning=_thought(step.act.log))
        talk.result(step.observation, call_id=made[0])
    final = instance.thought.strip().removeprefix("Thought:").strip() if instance.thought else None
    talk.assistant(instance.output, reasoning=final or None, path="Instance.output")
    talk.keep("Instance", raw.Instance, _INSTANCE_FIELDS)
    return talk.finish(fields=_fields(row.value), kind="react" if instance.steps else None)


def _thought(log: str) -> str | None:
    """Return what stands before the action in the log of a step."""
    before = _ACTION.split(f"\n{log}", maxsplit=1)[0].strip()
    return before.removeprefix("Thought:").strip() or None


def _read_call(action: _Action, earlier: list[str]) -> Call:
    plain = call(action.Action, action.Action_Input)
    text = action.Action_Input
    if plain.arguments is not None or not isinstance(text, str):
        return plain
    slots = _SLOT.findall(text)
    origins = [_ORIGIN.search(slot) for slot in slots]
    named = [o[1] for o in origins if o and o[1] in earlier]
    if not slots or len(named) < len(slots):
        return plain
    quoted = call(action.Action, _SLOT.sub(lambda slot: msgspec.json.encode(slot[0]).decode(), text))
    if quoted.arguments is None:
        return plain
    last = {name: i for i, name in enumerate(earlier)}
    return quoted.replace(depends_on=tuple(sorted({last[name] for name in named})))


@lru_cache(maxsize=4096)
def _toolset(functions: bytes, *, with_details: bool = False) -> Toolset:
    described: dict[str, str] = decode(functions)
    listed = [tool(name, text) for name, text in described.items() if name != "components"]
    return assemble([*listed, GET_DETAILS] if with_details else listed)
