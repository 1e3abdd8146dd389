"""How a BFCL row is asked of a model that answers in this package's own formats.

The function documents become tools, the conversation stays as it is, and the answer is read in the model's
output format instead of BFCL's text format. What is then judged is the same: names and argument values.
Arguments of Java and JavaScript have to be strings. The official documents tell their types in descriptions
of parameters, of which signatures show some; here they stand in the description of the function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from callwright import formats, schema
from callwright.evaluate.bfcl.data import CATEGORIES, Row, language_of
from callwright.evaluate.bfcl.decode import Calls, Undecodable
from callwright.evaluate.bfcl.language_hints import hinted
from callwright.record import Json, Message, Source, Task, Tool, Trajectory


def trajectory_of(row: Row, *, output_format: str = "") -> Trajectory:
    """Return the row as a trajectory that ends with the user's request; system messages are kept."""
    expects: Any = "no_call" if CATEGORIES[row.category] == "irrelevance" else "call"
    return Trajectory(
        id=row.id,
        source=Source(dataset="bfcl_v4", split=row.category, license="Apache-2.0"),
        task=Task(expects=expects, output_format=output_format),
        tools=tuple(tool_of(doc) for doc in _documents(row)),
        messages=tuple(Message(role=m["role"], content=m["content"]) for m in row.question[0]),
    )


def _documents(row: Row) -> Sequence[dict[str, Json]]:
    language = language_of(row.category)
    if language == "python":
        return row.function
    documents = hinted(row.function, language)
    for told, doc in zip(documents, row.function, strict=True):
        types = (f"{name}: {_typed(spec)}" for name, spec in doc["parameters"]["properties"].items())
        told["description"] += f" Every argument is source text in a string. Types: {', '.join(types)}."
    return documents


def _typed(declared: dict[str, Json]) -> str:
    item = declared.get("items", {}).get("type")
    return f"{declared['type']} of {item}" if item else str(declared["type"])


def tool_of(doc: Mapping[str, Json]) -> Tool:
    """Return a function document as a tool."""
    parameters = schema.normalise(doc["parameters"])
    return Tool(
        name=doc["name"],
        description=doc.get("description", ""),
        parameters=parameters.schema,
        schema_fixes=parameters.fixes,
    )


def calls_of(text: str, *, output_format: str = "") -> Calls | Undecodable:
    """Return the calls that a model's text makes, empty for text only, or why it can not be read."""
    message = formats.reply_message(text, output_format)
    if isinstance(message, formats.Malformed):
        return Undecodable("malformed", message.reason)
    return [{call.name: dict(call.arguments or {})} for call in message.tool_calls]
