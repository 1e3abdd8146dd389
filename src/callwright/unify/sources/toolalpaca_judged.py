"""ToolAlpaca's files of model outputs (Apache-2.0): runs of a model, as a judge was shown them.

``{API name: [{"input": [{"role", "content"}], "output", "process_correctness",
"final_response_correctness"}], "statistics"}``. The content is a text for the judge with the sections
Documentation, Task Instruction, Standard Answer and AI Assistant's Solution; a row is that solution, ``1.
Function: name / Parameters: {…} / Retruns: …`` and at last ``Final Response: …``, for the instruction. Tools
are read from the documentation, with `getDetails` as in `toolalpaca`. A run is a success where the judge says
Yes to both questions, and none where it says No to one; the verdicts are metrics. The standard answer stays
in ``extra["unify"]``. These runs belong to the evaluation set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import call
from callwright.unify.notations.described import GET_DETAILS, tool
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.tools import Toolset, assemble

LICENSES = {"": "Apache-2.0"}
FIELDS = ("statistics", "input", "output", "process_correctness", "final_response_correctness")
LOSES = "what the judge was asked, and the counts of a whole file."
SEEN = "real"
_SECTIONS = re.compile(
    r".*?^## Documentation\n(?P<tools>.*?)^## Task Instruction\n(?P<task>.*?)"
    r"^## Standard Answer\n(?P<standard>.*?)^## AI Assistant's Solution\n(?P<solution>.*?)^## Analysis\s*",
    re.S | re.M,
)
_STEP = re.compile(r"^(\d+)\. (Function|Final Response): ", re.M)
_FUNCTION = re.compile(r"(?P<name>[^\n]+)\nParameters: (?P<input>.*?)(?:\nRetruns: (?P<seen>.*))?", re.S)
_TOOL = re.compile(r"^(?=\w+: [^\n]*\nParameters: )", re.M)
_VERDICTS = {"process_correctness": "process", "final_response_correctness": "final_response"}


class _Row(msgspec.Struct):
    input: list[dict[str, Json]]
    process_correctness: str | None = None
    final_response_correctness: str | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise judged outputs by API beside the statistics of the verdicts."""
    counts = value.get("statistics")
    if not isinstance(counts, dict) or not {"process", "response"} <= counts.keys():
        return ""
    return "judged outputs by API and their statistics" if any(_are_rows(v) for v in value.values()) else ""


def _are_rows(listed: Json) -> bool:
    return isinstance(listed, list) and all(
        isinstance(v, dict) and {"input", "output"} <= v.keys() for v in listed
    )


def rows(file: File) -> Iterator[Element]:
    """Yield a row per judged output, numbered through the file."""
    number = 0
    for element in files.elements(file.path):
        apis = element.value if isinstance(element.value, dict) and element.error is None else {}
        judged = [{"API": api, **row} for api, listed in apis.items() if _are_rows(listed) for row in listed]
        for value in judged or [element.value]:
            yield Element(number, value, element.error)
            number += 1


def convert(row: Row) -> Trajectory:
    """Return instruction → calls and results → final response."""
    raw = shape(row.value, _Row)
    text = raw.input[0].get("content") if raw.input else None
    told = _SECTIONS.match(text) if isinstance(text, str) else None
    if told is None:
        raise BadRow("wrong-type", "input[0].content", "expected the sections that a judge reads")
    talk = Conversation(row, _toolset(told["tools"]))
    talk.user(told["task"].strip())
    _add_solution(talk, told["solution"].strip())
    talk.notes["standard_answer"] = told["standard"].strip()
    known = frozenset({"input", *_VERDICTS})
    return talk.finish(fields=other_fields(row.value, known), outcome=_outcome(raw), kind="react")


def _add_solution(talk: Conversation, text: str) -> None:
    before, *steps = _STEP.split(text)
    path = "input[0].content"
    if before.strip() or not steps:
        raise BadRow("calls-in-text", path, "a solution that is not made of numbered steps")
    for number, kind, said in zip(steps[::3], steps[1::3], steps[2::3], strict=True):
        if kind == "Final Response":
            talk.assistant(said.strip(), path=path)
            continue
        found = _FUNCTION.fullmatch(said.rstrip("\n"))
        if not found or not found["name"].strip():
            raise BadRow("bad-calls", path, f"step {number} of the solution has no parameters")
        made = talk.assistant("", [call(found["name"].strip(), found["input"])])
        if found["seen"] is not None:
            talk.result(found["seen"], call_id=made[0])


@lru_cache(maxsize=1024)
def _toolset(documentation: str) -> Toolset:
    entries = [entry.partition(": ") for entry in _TOOL.split(documentation) if entry.strip()]
    return assemble([*(tool(name, text.strip()) for name, _, text in entries), GET_DETAILS])


def _outcome(raw: _Row) -> Outcome | None:
    verdicts = {name: getattr(raw, field) for field, name in _VERDICTS.items()}
    said = {name: verdict for name, verdict in verdicts.items() if verdict is not None}
    if not said:
        return None
    success = False if "No" in said.values() else True if set(verdicts.values()) == {"Yes"} else None
    return Outcome(success=success, metrics=said)
