"""NESTFUL (Apache-2.0): ``{"input", "output": [{"name", "arguments", "label"}]}``, nested calls.

An argument refers to an earlier result as ``$var1.key$``: the value keeps its text and the call lists the
earlier one in `depends_on`. The last entry, `var_result`, is no call but says what the answer is made of;
it is kept in ``extra["unify"]["result"]``. The tools lie beside the rows in a file with "spec" in place of
"data"; each row offers those that it calls among `DISTRACTORS` others (see `seal_tools` for why), and where
the file is absent, the tools are unknown. Of equal definitions, which the file repeats, one is offered. A
row may bring tools of its own, and both them and the output as JSON text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.store import row_seed
from callwright.unify import beside
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call, call, strings
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape
from callwright.unify.tools import Toolset, assemble, offer, toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("input", "output", "tools")
LOSES = "how a tool is reached over HTTP: method, host, endpoint and the parser of its output."
SEEN = "real"
DISTRACTORS = 4
_KNOWN = frozenset({"input", "output", "tools"})
_RESULT = "var_result"
_REFERENCE = re.compile(r"\$(\w+)")
_PARAMETERS = ("query_parameters", "path_parameters", "parameters", "arguments")


class _Row(msgspec.Struct):
    input: str
    output: list[Json] | str
    tools: list[Json] | str | None = None


class _Step(msgspec.Struct):
    name: str
    arguments: dict[str, Json] = {}
    label: str = ""


_READ = frozenset(_Step.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise an input beside labelled calls."""
    output = value.get("output")
    if not isinstance(value.get("input"), str) or "instruction" in value:
        return ""
    if isinstance(output, str):
        labelled = output.lstrip().startswith("[") and '"label"' in output and '"arguments"' in output
    elif isinstance(output, list) and output:
        labelled = all(isinstance(s, dict) and {"name", "arguments"} <= s.keys() for s in output)
        labelled = labelled and any("label" in s for s in output)
    else:
        return ""
    return "an input and an output of labelled calls" if labelled else ""


def convert(row: Row) -> Trajectory:
    """Return query → calls that refer to each other."""
    raw = shape(row.value, _Row)
    output = _listed(raw.output)
    steps = [shape(item, _Step, f"output[{i}]") for i, item in enumerate(output)]
    result = steps.pop().arguments if steps and steps[-1].name == _RESULT else None
    tools, offered = _offered(row, raw.tools, [step.name for step in steps])
    talk = Conversation(row, tools)
    talk.user(raw.input)
    talk.assistant("", _linked(steps))
    for i, item in enumerate(output):
        talk.keep(f"output[{i}]", item, _READ)
    talk.notes["offered"] = offered
    talk.notes["labels"] = [step.label for step in steps]
    if result is not None:
        talk.notes["result"] = result
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _listed(output: list[Json] | str) -> list[Json]:
    if isinstance(output, list):
        return output
    try:
        return shape(decode(output), list[Json], "output")
    except ValueError as error:
        raise BadRow("bad-calls", "output", str(error)) from None


def _linked(steps: list[_Step]) -> list[Call]:
    origin: dict[str, int] = {}
    calls = []
    for i, step in enumerate(steps):
        if not step.name:
            raise BadRow("bad-calls", f"output[{i}].name", "a call without a name")
        named = _REFERENCE.findall(" ".join(strings(step.arguments)))
        needed = sorted({origin[label] for label in named if label in origin})
        calls.append(call(step.name, step.arguments).replace(depends_on=tuple(needed)))
        if step.label:
            origin[step.label.strip("$")] = i
    return calls


def _offered(row: Row, own: list[Json] | str | None, names: list[str]) -> tuple[Toolset | None, str]:
    if own is not None:
        return toolset([_usual(tool) for tool in own] if isinstance(own, list) else own), "by the row"
    spec = f"{row.file.path.name.replace('data', 'spec')}"
    path = beside.find(row.file.path.parent, (spec,), "nestful") if spec != row.file.path.name else None
    if path is None:
        return None, "unknown"
    pool = {known.name: known for known, _ in beside.read(path, _usual)}
    gold = [pool[name] for name in dict.fromkeys(names) if name in pool]
    offered, sampled = offer(gold, [list(pool.values())], DISTRACTORS, random.Random(row_seed(0, row.id)))
    return assemble(offered), f"gold+{sampled} sampled"


def _usual(raw: Json) -> Json:
    """Return a tool of a spec with the usual field names."""
    if not isinstance(raw, dict):
        return raw
    found: dict[str, Json] = next((raw[key] for key in _PARAMETERS if isinstance(raw.get(key), dict)), {})
    parameters = {name: _parameter(spec) for name, spec in found.items()} if "type" not in found else found
    returns = raw.get("output_parameters")
    if isinstance(returns, dict) and all(isinstance(spec, dict) for spec in returns.values()):
        returns = {"type": "object", "properties": {n: _parameter(spec) for n, spec in returns.items()}}
    kept = {key: raw[key] for key in ("name", "description") if key in raw}
    return {**kept, "parameters": parameters, "returns": returns}


def _parameter(spec: Json) -> Json:
    """Return a parameter in the words of JSON Schema, and with `required` told outright."""
    if not isinstance(spec, dict):
        return spec
    schema = {key: item for key, item in spec.items() if key not in _TRANSLATED}
    values = spec.get("allowed_values") or spec.get("possible_values")
    if isinstance(values, list) and values:
        schema["enum"] = values
    if "default_value" in spec:
        schema["default"] = spec["default_value"]
    if spec.get("optional") is True:
        schema["required"] = False
    return schema


_TRANSLATED = frozenset({"allowed_values", "possible_values", "default_value", "optional"})
