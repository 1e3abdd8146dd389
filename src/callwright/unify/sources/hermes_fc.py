"""hermes-function-calling-v1 (Apache-2.0): ShareGPT turns with calls between ``<tool_call>`` tags.

``{"id", "conversations": [{"from": "system|human|gpt|tool", "value"}], "tools": "<JSON text>", "category",
"subcategory", "task"}``. A call is JSON or a Python dict, several may stand in one turn, and one tool turn
holds a ``<tool_response>`` for each of them. The system text offers the tools between ``<tools>`` tags: what
stands before them is the instruction, what stands behind them tells how to write a call and is the format
instruction. The `tools` column wins; where the prompt says something else, that is kept beside it. The
json-mode sets have neither: it is then unknown which tools were offered.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import tagged, tagged_results
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("id", "conversations", "tools", "category", "subcategory", "task")
LOSES = (
    "how JSON inside results is spelt; where text stood between two calls of a turn; a result's own call id."
)
SEEN = "exemplar"
_KNOWN = frozenset({"conversations", "tools"})
_TURNS = ("system", "human", "gpt", "tool")
_TURN_FIELDS = frozenset({"from", "value"})


class _Turn(msgspec.Struct, rename={"origin": "from"}):
    origin: str
    value: str


class _Row(msgspec.Struct):
    conversations: list[Json]
    tools: list[Json] | str | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise Hermes' tags in ShareGPT turns, or the data set's columns beside them."""
    turns = value.get("conversations")
    if not isinstance(turns, list) or not turns:
        return ""
    if not all(isinstance(t, dict) and t.get("from") in _TURNS for t in turns):
        return ""
    if any(_is_tagged(t["from"], t.get("value")) for t in turns):
        return "ShareGPT turns with <tools>, <tool_call> or <tool_response>"
    if isinstance(value.get("category"), str) and isinstance(value.get("subcategory"), str):
        return "ShareGPT turns with category and subcategory"
    return ""


def _is_tagged(origin: str, text: Json) -> bool:
    marks = {"system": "<tools>", "gpt": "<tool_call>", "tool": "<tool_response>"}
    return isinstance(text, str) and origin in marks and marks[origin] in text


def convert(row: Row) -> Trajectory:
    """Return the conversation."""
    raw = shape(row.value, _Row)
    turns = [shape(item, _Turn, f"conversations[{i}]") for i, item in enumerate(raw.conversations)]
    offers = ((i, tagged.offer(t.value, tagged.TOOLS)) for i, t in enumerate(turns) if t.origin == "system")
    place, offer = next(((i, found) for i, found in offers if found), (-1, None))
    column = raw.tools if raw.tools != "" else None
    if column is None and offer:
        talk = Conversation(
            row, toolset(tagged.definitions(offer.definitions, f"conversations[{place}].value"))
        )
    else:
        talk = Conversation(row, toolset(column))
    if column is not None and offer and not _same(offer.definitions, column):
        talk.notes["tools_in_prompt"] = offer.definitions
    for i, turn in enumerate(turns):
        path = f"conversations[{i}]"
        if offer and i == place:
            talk.system(offer.before)
            talk.format_instruction = offer.after
        else:
            _add(talk, turn, path)
        talk.keep(path, raw.conversations[i], _TURN_FIELDS)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _same(shown: str, tools: list[Json] | str) -> bool:
    """Tell whether the prompt offers the tools of the column."""
    try:
        return shown == tools or tagged.items(shown) == (
            tagged.items(tools) if isinstance(tools, str) else tools
        )
    except ValueError:
        return False


def _add(talk: Conversation, turn: _Turn, path: str) -> None:
    if turn.origin == "system":
        talk.system(turn.value)
    elif turn.origin == "human":
        talk.user(turn.value)
    elif turn.origin == "gpt":
        said = tagged.read(turn.value, tagged.TOOL_CALL, f"{path}.value")
        talk.assistant(said.text, said.calls, reasoning=said.reasoning, path=f"{path}.value")
    elif turn.origin == "tool":
        for result in tagged_results.responses(turn.value):
            talk.result(result.content, name=result.name)
    else:
        raise BadRow("unknown-role", f"{path}.from", f"expected one of {_TURNS}, got {turn.origin!r}")
