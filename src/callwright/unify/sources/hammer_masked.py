"""Hammer's training rows (CC-BY-4.0, masked from xlam-function-calling-60k): a prompt and a fenced answer.

Row: ``{"instruction", "input", "output"}``. The instruction has the sections that xLAM prompts have, each
between ``[BEGIN OF …]`` and ``[END OF …]``: task instruction, available tools (JSON), format instruction
and query. The output is a JSON list of calls in a fence; an empty list says that no tool fits. Names of
tools and parameters are masked on purpose, so nothing about them is repaired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import json_text
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "CC-BY-4.0"}
FIELDS = ("instruction", "input", "output")
LOSES = "the marks around the sections, and the fence around the answer."
SEEN = "real"
_KNOWN = frozenset({"instruction", "input", "output"})
_SECTION = re.compile(r"\[BEGIN OF ([A-Z -]{1,40})\](.*?)\[END OF \1\]", re.S)
_FENCED = re.compile(r"\s*```(?:json)?(.*?)```\s*", re.S)
_TASK, _TOOLS, _FORMAT, _QUERY = "TASK INSTRUCTION", "AVAILABLE TOOLS", "FORMAT INSTRUCTION", "QUERY"


class _Row(msgspec.Struct):
    instruction: str
    output: str
    input: str = ""


def detect(value: Mapping[str, Json]) -> str:
    """Recognise an instruction with xLAM's sections of tools and query beside an output."""
    instruction = value.get("instruction")
    if not isinstance(instruction, str) or not isinstance(value.get("output"), str):
        return ""
    if all(f"[BEGIN OF {section}]" in instruction for section in (_TOOLS, _QUERY)):
        return "instruction with the sections of an xLAM prompt, and an output"
    return ""


def convert(row: Row) -> Trajectory:
    """Return query → calls."""
    raw = shape(row.value, _Row)
    sections = _sections(raw.instruction)
    talk = Conversation(row, toolset(sections[_TOOLS].strip(), f"instruction.{_TOOLS}"))
    if sections.get(_TASK):
        talk.system(sections[_TASK].strip())
    talk.format_instruction = sections.get(_FORMAT, "").strip()
    query = sections[_QUERY].strip()
    talk.user(f"{query}\n\n{raw.input}" if raw.input else query)
    fenced = _FENCED.fullmatch(raw.output)
    listed = (fenced[1] if fenced else raw.output).strip()
    if not fenced and not listed.startswith("["):
        talk.assistant(raw.output, path="output")
        return talk.finish(fields=other_fields(row.value, _KNOWN))
    calls = json_text(listed, "output")
    talk.assistant("", calls, path="output")
    return talk.finish(fields=other_fields(row.value, _KNOWN), expects="call" if calls else "no_call")


def _sections(text: str) -> dict[str, str]:
    """Return the sections by name; raises `BadRow` for a text that has others, or anything beside them."""
    found: dict[str, str] = {}
    for name, content in _SECTION.findall(text):
        if name not in (_TASK, _TOOLS, _FORMAT, _QUERY) or name in found:
            raise BadRow("calls-in-text", "instruction", f"a section that is not read: {name}")
        found[name] = content
    for name in (_TOOLS, _QUERY):
        if name not in found:
            raise BadRow("missing-field", f"instruction.{name}", "the section is absent or not closed")
    rest = _SECTION.sub("", text).strip()
    if rest:
        raise BadRow("wrong-type", "instruction", f"text outside of the sections: {rest[:80]!r}")
    return found
