"""Seal-Tools (Apache-2.0): ``{"id", "query", "calling": [{"api", "parameters", "responses"}]}``.

The tools lie in a file of their own, ``tool.jsonl`` (flat parameters, `required` beside them). A row names
only the tools that it needs, so choosing among just those would be trivial: each row offers them among
`DISTRACTORS` others, sampled from the same field first and seeded by the row's id, in shuffled order;
``extra["unify"]["offered"]`` says how many. A nested call keeps its reference ("API_call_0", a name from an
earlier call's `responses`) as the value and lists the earlier call in `depends_on`.

Two other layouts of the same rows are read, too. In the old format a line is ``[call, …, query]``; as its
rows are lists, such a file is read only if the source is named. In the fine-tuning format, ``{"id",
"conversations": [human, gpt]}``, the human's text holds the task, the output format, the offered tools and
the query, and the gpt's text the calls, both as Python lists; there the row's own tools are offered.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.record import Json, Trajectory
from callwright.store import row_seed
from callwright.unify import beside, files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import Call, call, strings
from callwright.unify.notations.literals import python_value
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.tools import Known, Toolset, assemble, offer, toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("id", "query", "calling", "conversations")
LOSES = "the field that a tool of the file beside belongs to; it only decides which distractors are offered."
SEEN = "real"
DISTRACTORS = 4
TOOL_FILES = ("tool.jsonl", "tools.jsonl")
_KNOWN = frozenset({"query", "calling"})
_REFERENCE = re.compile(r"API_call_\d+")
_PROMPT = re.compile(
    r"(?P<task>.*?)\n(?P<format>Output format: .*?)\n\nInput:\n"
    r'api_list = (?P<tools>\[.*\])\ntask_instruction = "(?P<query>.*)"\nOutput:\s*\Z',
    re.S,
)


class _Call(msgspec.Struct):
    api: str
    parameters: dict[str, Json]
    responses: list[str] = []


class _Row(msgspec.Struct):
    query: str
    calling: list[Json]


class _Turn(msgspec.Struct, rename={"origin": "from"}):
    origin: str
    value: str


class Pool(NamedTuple):
    """All tools of the data set, by name, by field and by the field's first part."""

    by_name: Mapping[str, Known]
    field_of: Mapping[str, str]
    by_field: Mapping[str, list[Known]]
    by_area: Mapping[str, list[Known]]
    everything: list[Known]

    def nearest(self, fields: list[str]) -> Iterator[list[Known]]:
        """Yield the tools of these fields, of their areas, and all."""
        yield [k for field in dict.fromkeys(fields) for k in self.by_field[field]]
        yield [k for area in dict.fromkeys(map(_area, fields)) for k in self.by_area[area]]
        yield self.everything


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a query beside calls that have an api and parameters, or the prompt for fine-tuning."""
    turns = value.get("conversations")
    if isinstance(turns, list) and turns and isinstance(turns[0], dict):
        text = turns[0].get("value")
        if isinstance(text, str) and "\napi_list = [" in text and '\ntask_instruction = "' in text:
            return "a prompt with api_list and task_instruction"
        return ""
    old = value.get("")
    if isinstance(old, list) and len(old) > 1 and isinstance(old[-1], str) and _are_calls(old[:-1]):
        return "a list of calls, with api and parameters, and the query"
    calling = value.get("calling")
    if not isinstance(value.get("query"), str) or not isinstance(calling, list) or not calling:
        return ""
    return 'a query and "calling" with api and parameters' if _are_calls(calling) else ""


def _are_calls(calling: list[Json]) -> bool:
    calls = [c for part in calling for c in (part if isinstance(part, list) else [part])]
    return all(isinstance(c, dict) and {"api", "parameters"} <= c.keys() for c in calls)


def rows(file: File) -> Iterator[Element]:
    """Yield the rows; one of the old format is given the fields of the new one."""
    for element in files.elements(file.path):
        value = element.value
        if isinstance(value, list) and value and isinstance(value[-1], str) and element.error is None:
            calling = [c for part in value[:-1] for c in (part if isinstance(part, list) else [part])]
            yield Element(element.number, {"query": value[-1], "calling": calling})
        else:
            yield element


def convert(row: Row) -> Trajectory:
    """Return query → calls, the tools offered among distractors."""
    if isinstance(row.value, dict) and "conversations" in row.value:
        return _of_prompt(row)
    raw = shape(row.value, _Row)
    calling = [shape(item, _Call, f"calling[{i}]") for i, item in enumerate(raw.calling)]
    tools, sampled = _offered(row, [c.api for c in calling])
    talk = Conversation(row, tools)
    talk.user(raw.query)
    talk.assistant("", _linked(calling))
    talk.notes["offered"] = f"gold+{sampled} sampled"
    talk.notes["responses"] = [c.responses for c in calling]
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _of_prompt(row: Row) -> Trajectory:
    listed = shape(row.value["conversations"], list[Json], "conversations")
    turns = [shape(item, _Turn, f"conversations[{i}]") for i, item in enumerate(listed)]
    if [turn.origin for turn in turns] != ["human", "gpt"]:
        raise BadRow("unknown-role", "conversations", "expected a human's turn and a gpt's")
    told = _PROMPT.fullmatch(turns[0].value)
    if not told:
        raise BadRow("wrong-type", "conversations[0].value", "expected api_list and task_instruction")
    definitions = _written(told["tools"], "bad-tools", "conversations[0].value")
    talk = Conversation(row, toolset([_usual(tool) for tool in definitions], "api_list"))
    talk.system(told["task"])
    talk.format_instruction = told["format"]
    talk.user(told["query"])
    path = "conversations[1].value"
    written = enumerate(_written(turns[1].value.strip(), "bad-calls", path))
    calling = [shape(item, _Call, f"{path}[{i}]") for i, item in written]
    talk.assistant("", _linked(calling))
    talk.notes["responses"] = [c.responses for c in calling]
    for i, item in enumerate(listed):
        talk.keep(f"conversations[{i}]", item, frozenset({"from", "value"}))
    return talk.finish(fields=other_fields(row.value, frozenset({"conversations"})))


def _written(text: str, reason: str, path: str) -> list[Json]:
    """Return a list that was written as Python."""
    try:
        return shape(python_value(text), list[Json], path)
    except ValueError as error:
        raise BadRow(reason, path, str(error)) from None


def _linked(calling: list[_Call]) -> list[Call]:
    """Return the calls, each with the positions of the earlier ones that its arguments refer to."""
    origin: dict[str, int] = {}
    calls = []
    for i, item in enumerate(calling):
        named = _REFERENCE.findall(" ".join(strings(item.parameters)))
        sources = sorted({origin[name] for name in named if name in origin})
        calls.append(call(item.api, item.parameters).replace(depends_on=tuple(sources)))
        origin.update((name, i) for name in item.responses)
    return calls


def _offered(row: Row, names: list[str]) -> tuple[Toolset, int]:
    pool = _pool(_tool_file(row.file.path.parent))
    gold = [pool.by_name[name] for name in dict.fromkeys(names) if name in pool.by_name]
    nearest = pool.nearest([pool.field_of[k.name] for k in gold])
    offered, sampled = offer(gold, nearest, DISTRACTORS, random.Random(row_seed(0, row.id)))
    return assemble(offered), sampled


def _tool_file(folder: Path) -> Path:
    found = beside.find(folder, TOOL_FILES, "seal-tools")
    if found is None:
        raise DataError(
            "the tools of Seal-Tools are missing",
            place=str(folder),
            expected=TOOL_FILES[0],
            hint="put the data set's tool.jsonl beside its rows or into tools/seal-tools next to them",
        )
    return found


@lru_cache(maxsize=4)
def _pool(path: Path) -> Pool:
    by_field, by_area = defaultdict(list), defaultdict(list)
    by_name, field_of = {}, {}
    for known, raw in beside.read(path, _usual):
        field = str(raw.get("field", ""))
        by_name[known.name] = known
        field_of[known.name] = field
        by_field[field].append(known)
        by_area[_area(field)].append(known)
    return Pool(by_name, field_of, by_field, by_area, list(by_name.values()))


def _area(field: str) -> str:
    return field.partition("/")[0]


def _usual(raw: Json) -> Json:
    if not isinstance(raw, dict) or "api_name" not in raw:
        return raw
    rest = {key: value for key, value in raw.items() if key not in ("api_name", "api_description")}
    return {**rest, "name": raw["api_name"], "description": raw.get("api_description")}
