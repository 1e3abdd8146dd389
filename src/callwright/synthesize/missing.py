"""Requests that lack a value which their tool needs: the right answer is to ask for it.

The request is made for a copy of the tool without that parameter, so that nothing in its wording can hint at
the value; offered is the whole tool.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from callwright.record import Json, Tool
from callwright.synthesize.wording import Subject, subject_of

_QUESTIONS = (
    "What {name} should I use?",
    "Which {name} do you have in mind?",
    "I still need the {name}. What is it?",
    "Could you tell me the {name}?",
    "Sure, what is the {name}?",
    "The {name} is missing. What should it be?",
    "Before I can do that, please tell me the {name}.",
    "I can do that as soon as I know the {name}.",
)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A tool without one of the parameters that it needs."""

    subject: Subject
    """The tool as a request sees it."""
    whole: Subject
    name: str
    """The parameter that is left out."""


def shortened(whole: Subject) -> Iterator[Shortened]:
    """Yield the tool without each required parameter that a person could forget to tell."""
    for name in askable(whole.tool):
        yield Shortened(subject_of(_without(whole.tool, name)), whole, name)


def askable(tool: Tool) -> Iterator[str]:
    """Yield the required parameters that have neither a default nor a list of values."""
    required, properties = tool.parameters.get("required"), tool.parameters.get("properties")
    if not isinstance(required, list) or not isinstance(properties, dict) or len(required) < 2:
        return
    for name in required:
        about = properties.get(name)
        if isinstance(about, dict) and not _goes_without_saying(about):
            yield name


def _goes_without_saying(about: dict[str, Json]) -> bool:
    return "default" in about or "enum" in about or "const" in about or about.get("type") == "boolean"


def _without(tool: Tool, name: str) -> Tool:
    parameters = {
        **tool.parameters,
        "properties": {key: value for key, value in tool.parameters["properties"].items() if key != name},
        "required": [key for key in tool.parameters["required"] if key != name],
    }
    return msgspec.structs.replace(tool, parameters=parameters)


def question(subject: Subject, name: str, rng: random.Random) -> str:
    """Return an answer that asks for the value of a parameter."""
    label = next((p.label for p in subject.params if p.name == name), name.replace("_", " "))
    return rng.choice(_QUESTIONS).format(name=label)
