"""What a model is told and answers as one text: the tools in a system text, the calls in an answer.

Data sets that keep an answer as text, above all preference pairs, write its calls between tags, behind
``[TOOL_CALLS]``, or as nothing but their JSON, in a Markdown fence or not.

    >>> read('{"name": "add", "arguments": {"a": 1}}', "chosen").calls[0].name
    'add'
    >>> read('A name is {"name": "Ada"}.', "chosen").calls
    []
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from callwright.record import Json
from callwright.unify.notations import tagged
from callwright.unify.notations.calls import json_text, split_thought
from callwright.unify.notations.tagged import Said

_TAGS = (tagged.TOOL_CALL, tagged.TOOLCALL, tagged.FUNCTIONCALL)
_MISTRAL = "[TOOL_CALLS]"
_FENCED = re.compile(r"```(?:json)?[^\S\n]*\n(.*)\n[^\S\n]*```", re.S)
_LIKE_A_CALL = re.compile(r"""\[?\s*\{\s*["'](?:name|arguments|parameters|type|id|function)["']\s*:""")
_NAME = re.compile(r"""["']name["']\s*:""")
_ARGUMENTS = re.compile(r"""["'](?:arguments|parameters)["']\s*:""")
_TOOLS = re.compile(r"<tools>\s*([\[{].*?)</tools>\s*", re.S)
_LIST = re.compile(
    r"(?:(?:You have|with) access to the following tools:|^(?:Available )?[Tt]ools:)\s*(?=\[)", re.M
)
_ASKS = re.compile(
    r"For each function call,? return .*\Z|When you need to use a tool, respond with [^\n]*", re.S
)
_scan = json.JSONDecoder().raw_decode  # lenient, but only values that `toolset` reads again are used


class Told(NamedTuple):
    """A system text, taken apart."""

    instruction: str
    format_instruction: str
    tools: list[Json] | None
    """None where the text lists none."""


def read(text: str, path: str) -> Said:
    """Take an answer apart; raises `BadRow` for calls whose names can not be read."""
    thought, said = split_thought(text)
    for tag in _TAGS:
        if tag.open in said:
            return tagged.read(text, tag, path)
    body = said.strip()
    fenced = _FENCED.fullmatch(body)
    if body.startswith(_MISTRAL):
        return Said("", json_text(body.removeprefix(_MISTRAL).strip(), path), thought or None)
    if looks_like_calls(fenced[1].strip() if fenced else body):
        return Said("", json_text(fenced[1].strip() if fenced else body, path), thought or None)
    return Said(said, [], thought or None)


def looks_like_calls(text: str) -> bool:
    """Tell whether a text begins as the JSON of a call does and has both of its fields, broken or not."""
    return bool(_LIKE_A_CALL.match(text) and _NAME.search(text) and _ARGUMENTS.search(text))


def told(text: str) -> Told:
    """Take a system text apart that lists its tools as JSON; any other text is all instruction."""
    found = _TOOLS.search(text)
    if found:
        listed = tagged.definitions(found[1].rstrip(), "<tools>")
        return _told(f"{text[: found.start()]}{text[found.end() :]}", listed)
    for intro in _LIST.finditer(text):
        try:
            value, end = _scan(text, intro.end())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list) and all(
            isinstance(v, dict) and ("name" in v or "function" in v) for v in value
        ):
            return _told(f"{text[: intro.start()].rstrip()} {text[end:].lstrip()}".strip(), value)
    return Told(text, "", None)


def _told(rest: str, tools: list[Json]) -> Told:
    asked = _ASKS.search(rest)
    if not asked:
        return Told(rest.strip(), "", tools)
    left = f"{rest[: asked.start()].rstrip()}{rest[asked.end() :]}".strip()
    return Told(left, asked[0].strip(), tools)
