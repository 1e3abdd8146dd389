"""A folder for the Hugging Face hub: Parquet whose messages and tools are `datasets.Json()`, and its card.

`load_dataset(folder)` gives back each message and each tool as it was, because a value of type Json is text
in the file: no column of the arguments of all rows is made, so that no nulls are invented and no types are
mixed. `datasets` reads such text with a parser that fails at integers beyond 64 bits (rows that hold one
are dropped) and may miss the last digit of a float that has more than 15.
"""

from __future__ import annotations

from typing import Any, Literal

from callwright.export.chat import definitions, json_text
from callwright.export.layout import (
    ABOUT_THE_CALLS,
    ABOUT_THE_TASK,
    ABOUT_THE_TOOLS,
    Losses,
    Unexpressible,
)
from callwright.export.trl import chat_messages
from callwright.record import Json, Trajectory

CONTAINER: Literal["folder"] = "folder"
LOSES = Losses(
    (
        "issues",
        "fingerprint",
        "extra",
        *ABOUT_THE_TASK,
        "task.few_shots",
        *ABOUT_THE_TOOLS,
        *ABOUT_THE_CALLS,
        "outcome.metrics",
        "preference",
    ),
    "Of the source, data set and licence are kept; examples become part of the system text; of a preference "
    "pair the chosen answer is written. As `datasets` reads them, floats may differ in their last digit.",
)
COLUMNS: dict[str, str] = {
    # column → its kind, a key of `_FEATURES`
    "id": "string",
    "messages": "list of Json",
    "tools": "list of Json",
    "reward": "float64",
    "success": "bool",
    "dataset": "string",
    "license": "string",
}
_FEATURES: dict[str, Json] = {
    "string": {"dtype": "string", "_type": "Value"},
    "float64": {"dtype": "float64", "_type": "Value"},
    "bool": {"dtype": "bool", "_type": "Value"},
    "list of Json": {"feature": {"_type": "Json"}, "_type": "List"},
}


def render(t: Trajectory) -> dict[str, Json]:
    """Return the row; messages and tools are lists of JSON texts, as the file holds them."""
    messages = chat_messages(t)
    for i, message in enumerate(t.messages):
        if message.weight is not None:
            messages[i - len(t.messages)]["weight"] = message.weight
    tools = None if t.tools is None else definitions(t.tools)
    for path, value in (("messages", messages), ("tools", tools)):
        _check_numbers(value, path)
    return {
        "id": t.id,
        "messages": [json_text(message) for message in messages],
        "tools": None if tools is None else [json_text(tool) for tool in tools],
        "reward": t.outcome.reward if t.outcome else None,
        "success": t.outcome.success if t.outcome else None,
        "dataset": t.source.dataset if t.source else None,
        "license": t.source.license if t.source else None,
    }


def _check_numbers(value: Json, path: str) -> None:
    stack: list[tuple[Json, str]] = [(value, path)]
    while stack:
        item, place = stack.pop()
        if isinstance(item, dict):
            stack.extend((child, f"{place}.{key}") for key, child in item.items())
        elif isinstance(item, list):
            stack.extend((child, f"{place}[{i}]") for i, child in enumerate(item))
        elif isinstance(item, int) and not -(1 << 63) <= item < 1 << 64:
            raise Unexpressible("number-too-big", place, str(item)[:60])


def schema(arrow: Any) -> Any:
    """Return the schema of the file, with the features that `datasets` looks for in its metadata."""
    kinds = {
        "string": arrow.string(),
        "float64": arrow.float64(),
        "bool": arrow.bool_(),
        "list of Json": arrow.list_(arrow.field("item", arrow.json_())),
    }
    features = {name: _FEATURES[kind] for name, kind in COLUMNS.items()}
    fields = [arrow.field(name, kinds[kind]) for name, kind in COLUMNS.items()]
    return arrow.schema(fields, metadata={"huggingface": json_text({"info": {"features": features}})})
