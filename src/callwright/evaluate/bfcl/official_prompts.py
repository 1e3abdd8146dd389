"""What the official harness sends to a model for a single-turn row, byte for byte.

In prompting mode that is a system message with the functions, put in front of the conversation or of its own
system message; in function-calling mode the conversation as it is, and tools for an OpenAI-compatible server.
The sentences are read out of the pinned wheel.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from callwright.evaluate.bfcl.data import Row, language_of
from callwright.evaluate.bfcl.function_docs import DocFormat, written
from callwright.evaluate.bfcl.language_hints import hinted
from callwright.evaluate.bfcl.wheel_literals import literal, literals
from callwright.record import Json

_PROMPTS = "bfcl_eval/constants/default_prompts.py"
_TYPES = "bfcl_eval/constants/type_mappings.py"
_LAYOUTS = {"plaintext": "_PLAINTEXT_SYSTEM_PROMPT_TEMPLATE", "markdown": "_MARKDOWN_SYSTEM_PROMPT_TEMPLATE"}


class Variant(NamedTuple):
    """How a prompt is worded: the axes that the format-sensitivity category varies."""

    answers: str = "python"
    """The format asked for: python, json, verbose_xml or concise_xml."""
    tagged: bool = False
    """Whether the calls are to stand between tags."""
    docs: DocFormat = "json"
    layout: str = "plaintext"
    style: str = "classic"

    @property
    def id(self) -> str:
        """Return the official name of the variant."""
        return (
            f"ret_fmt={self.answers}&tool_call_tag={self.tagged}&func_doc_fmt={self.docs}"
            f"&prompt_fmt={self.layout}&style={self.style}"
        )


DEFAULT = Variant()


def official_messages(row: Row, variant: Variant = DEFAULT) -> list[dict[str, Json]]:
    """Return the messages of prompting mode."""
    docs = hinted(row.function, language_of(row.category))
    return with_system(copy.deepcopy(row.question[0]), system_prompt(docs, variant))


def with_system(messages: list[dict[str, Json]], text: str) -> list[dict[str, Json]]:
    """Return the messages after `text`, which becomes part of a system message that opens them."""
    if messages[0]["role"] == "system":
        return [{**messages[0], "content": f"{text}\n\n{messages[0]['content']}"}, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]


def system_prompt(docs: list[dict[str, Json]], variant: Variant = DEFAULT) -> str:
    """Return the system prompt over documents that carry their language hints already."""
    texts = literals(_PROMPTS)
    style: dict[str, str] = literal(_PROMPTS, "PROMPT_STYLE_TEMPLATES")[variant.style]
    rule = style["tool_call_with_tag" if variant.tagged else "tool_call_no_tag"]
    layout: str = texts[_LAYOUTS[variant.layout]]
    return layout.format(
        persona=style["persona"],
        task=style["task"],
        tool_call_format=rule.format(
            output_format=texts["OUTPUT_FORMAT_MAPPING"][variant.answers],
            param_types=texts["PARAM_TYPE_MAPPING"][variant.answers],
        ),
        multiturn_behavior=style["multiturn_behavior"],
        available_tools=style["available_tools"].format(
            format=variant.docs, functions=written(docs, variant.docs)
        ),
    )


def official_tools(row: Row) -> list[dict[str, Json]]:
    """Return the tools of function-calling mode; a dot in a name becomes "_"."""
    docs = hinted(row.function, language_of(row.category))
    types: dict[str, str] = literal(_TYPES, "GORILLA_TO_OPENAPI")
    for doc in docs:
        doc["name"] = doc["name"].replace(".", "_")
        doc["parameters"]["type"] = "object"
        _cast(doc["parameters"]["properties"], types)
    return [{"type": "function", "function": doc} for doc in docs]


def _cast(properties: dict[str, dict[str, Json]], types: dict[str, str]) -> None:
    """Replace the documents' own types by those of JSON Schema, as deep as the official code goes."""
    for declared in properties.values():
        if declared.get("type") == "float":
            declared["format"] = "float"
            declared["description"] += " This is a float type value."
        declared["type"] = types.get(declared.get("type", "string"), "string")
        if declared["type"] not in ("array", "object"):
            continue
        if "properties" in declared:
            _cast(declared["properties"], types)
        elif "items" in declared:
            _cast_items(declared["items"], types)


def _cast_items(items: dict[str, Any], types: dict[str, str]) -> None:
    items["type"] = types[items["type"]]
    if items["type"] == "array" and "items" in items:
        items["items"]["type"] = types[items["items"]["type"]]
    elif items["type"] == "object" and "properties" in items:
        _cast(items["properties"], types)
