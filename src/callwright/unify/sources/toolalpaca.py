"""ToolAlpaca (Apache-2.0), its evaluation and validation files: an API per object, many queries per API.

``{"Name", "Function_Description" | "Functions": {name: text}, "Instructions": […], "Golden_Answers":
[[{"Action", "Action_Input": "<JSON text>"}]], …}``. A row is one instruction with its golden answer; without
golden answers (the validation file) it is a bare query. Tools are read from the text that the source shows
its models: ``<description>\\nParameters: {"p": "Required. string. One of: [a, b]. …"}\\nOutput: …``.

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
from callwright.schema import parse_type
from callwright.unify import files
from callwright.unify.calls import Call, call
from callwright.unify.conversation import Conversation
from callwright.unify.rows import BadRow, Element, File, Row, decode, shape
from callwright.unify.tools import Known, Toolset, assemble, make_tool

LICENSES = {"": "Apache-2.0"}
FIELDS = ("Name", "Documentation", "Function_Description", "Instructions", "Golden_Answers")
LOSES = "all other fields of the API object, such as its OpenAPI text and its authentication."
SEEN = "real"
_TEXT = re.compile(
    r"(?P<about>.*?)\n?Parameters: (?P<parameters>\{.*?\})\s*(?:\nOutput: (?P<output>.*))?\Z", re.S
)
_ENUM = re.compile(r"One of: \[(.*?)\]")
_SLOT = re.compile(r"\$\{([^{}]*)\}")
_ORIGIN = re.compile(r"\bfrom (\S+)$")
_CLOSING = {"[": "]", "{": "}"}


class _Action(msgspec.Struct):
    Action: str
    Action_Input: Json


class _Row(msgspec.Struct):
    Instruction: str
    functions: dict[str, str]
    Golden_Answer: list[Json] | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise an API with instructions and the descriptions of its functions."""
    functions = value.get("Function_Description") or value.get("Functions")
    if isinstance(value.get("Instructions"), list) and isinstance(functions, dict):
        return "an API with Instructions and function descriptions"
    return ""


def rows(file: File) -> Iterator[Element]:
    """Yield a row per instruction, numbered through the file; an API that is no such object is one row."""
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
    instructions, answers = api.get("Instructions"), api.get("Golden_Answers")
    if not isinstance(instructions, list):
        return BadRow("wrong-type", "Instructions", "expected a list of instructions")
    if answers is not None and (not isinstance(answers, list) or len(answers) != len(instructions)):
        return BadRow("wrong-type", "Golden_Answers", "expected one answer per instruction")
    return None


def _of_api(api: dict[str, Json]) -> list[Json]:
    functions = api.get("Function_Description") or api.get("Functions")
    shared = {"API": api.get("Name"), "Category": api.get("Category"), "functions": functions}
    made = [{**shared, "Instruction": text} for text in api["Instructions"]]
    for row, answer in zip(
        made, api.get("Golden_Answers") or (), strict=False
    ):  # the validation file has none
        row["Golden_Answer"] = answer
    return made


def convert(row: Row) -> Trajectory:
    """Return query → calls, or the bare query."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, _toolset(msgspec.json.encode(raw.functions)))
    talk.user(raw.Instruction)
    if raw.Golden_Answer is not None:
        calls: list[Call] = []
        for i, item in enumerate(raw.Golden_Answer):
            action = shape(item, _Action, f"Golden_Answer[{i}]")
            calls.append(_read_call(action, [c.name for c in calls]))
        talk.assistant("", calls)
    fields = {key.lower(): row.value[key] for key in ("API", "Category") if row.value.get(key)}
    return talk.finish(fields=fields)


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
    return quoted._replace(depends_on=tuple(sorted({last[name] for name in named})))


@lru_cache(maxsize=4096)
def _toolset(functions: bytes) -> Toolset:
    described: dict[str, str] = decode(functions)
    return assemble([_tool(name, text) for name, text in described.items() if name != "components"])


def _tool(name: str, text: str) -> Known:
    parts = _TEXT.match(text)
    if not parts:
        raise BadRow("bad-tools", f"functions.{name}", "expected a text with Parameters: {…}")
    try:
        described = shape(decode(parts["parameters"]), dict[str, str], f"functions.{name}.Parameters")
    except ValueError as error:
        raise BadRow("bad-tools", f"functions.{name}.Parameters", str(error)) from None
    properties, required = {}, []
    for parameter, sentence in described.items():
        properties[parameter], needed = read_parameter(sentence)
        if needed:
            required.append(parameter)
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    output = (parts["output"] or "").strip()
    returns = {"description": output} if output else None
    return make_tool(name, parts["about"].strip(), schema, returns, ("parameters read from a text",))


def read_parameter(sentence: str) -> tuple[dict[str, Json], bool]:
    """Return schema and whether required of a text such as ``Required. string. One of: [a, b]. A letter.``"""
    rest = sentence.strip()
    needed = rest.startswith("Required.")
    rest = rest.removeprefix("Required.").strip()
    type_text, rest = _split_type(rest)
    schema: dict[str, Json] = _schema_of(type_text)
    if not schema and type_text:
        rest = sentence.strip().removeprefix("Required.").strip()  # no type: all of it is description
    enum = _ENUM.search(rest)
    if enum and schema.get("type") == "string":
        schema["enum"] = [item.strip() for item in enum[1].split(",")]
    if rest:
        schema["description"] = rest
    return schema, needed


def _split_type(text: str) -> tuple[str, str]:
    """Split ``Array[Object{…}]. Rest`` behind the type, whose brackets may hold full stops."""
    expected: list[str] = []
    for i, char in enumerate(text):
        if char in _CLOSING:
            expected.append(_CLOSING[char])
        elif expected and char == expected[-1]:
            expected.pop()
        elif char == "." and not expected:
            return text[:i], text[i + 1 :].strip()
    return "", text


def _schema_of(text: str) -> dict[str, Json]:
    if text.startswith("Object"):
        return {"type": "object"}
    if text.startswith("Array"):
        items = _schema_of(text[6:-1].strip()) if text[5:6] == "[" else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    return parse_type(text)
