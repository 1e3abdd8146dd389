"""Give tools and parameters names that say nothing, so that a model has to read what they are for.

Models that know a tool by its name fail where the names change (Hammer, arXiv 2410.04587). Only what is
described loses its name, and tools whose parameters lose theirs are shown as JSON, with descriptions: what a
call has to be must still follow from what is read. New names stand in the tools, their required lists,
calls, results and few-shots. Names in prose are replaced where they can be nothing but names, such as
`get_weather`; where a few-shot uses a name that is a word, too, the row stays.
"""

from __future__ import annotations

import random
import re
from string import ascii_lowercase

import msgspec

from callwright.augment.order import properties_of
from callwright.formats.layout import layout_named
from callwright.formats.signature import TOOL_KEYS
from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.toolbox.masks import Mask, mask_of

_ENTANGLED = frozenset({
    "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "patternProperties", "propertyNames",
    "dependentRequired", "dependentSchemas", "dependencies",
})  # fmt: skip
"""Keywords at the root of a schema that speak of its properties by name, in ways not followed here."""
_WORD = re.compile(r"\w+(?:[._/:-]\w+)*")
_UNMISTAKABLE = re.compile(r"\w+(?:[._/:-]\w+)+|[a-z]+(?:[A-Z]\w*)+|\w*\d\w*")


def mask(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row under other names, with the way back; unchanged where that is not sure to work."""
    names = [tool.name for tool in t.tools or ()]
    if not names or len(set(names)) != len(names) or mask_of(t) is not None:
        return t
    fresh = _Fresh(rng, {*names, *(key for tool in t.tools or () for key in properties_of(tool))})
    new_names = {tool.name: fresh("tool") for tool in t.tools or () if tool.description.strip()}
    arguments = {
        tool.name: {key: fresh("arg") for key, schema in properties_of(tool).items() if _is_described(schema)}
        for tool in t.tools or ()
        if _is_plain(tool)
    }
    if not new_names and not any(arguments.values()):
        return t
    if any(not _UNMISTAKABLE.fullmatch(name) and _mentions(t, name) for name in new_names):
        return t
    renaming = _Renaming(new_names, arguments)
    earlier = t.extra.get("augment")
    note = {**(earlier if isinstance(earlier, dict) else {}), "mask": renaming.mask().to_json()}
    return msgspec.structs.replace(
        t,
        task=msgspec.structs.replace(
            t.task,
            few_shots=tuple(map(renaming.text, t.task.few_shots)),
            layout=_showing_descriptions(t.task.layout) if any(arguments.values()) else t.task.layout,
        ),
        tools=tuple(map(renaming.tool, t.tools or ())),
        messages=tuple(map(renaming.message, t.messages)),
        preference=t.preference
        and msgspec.structs.replace(t.preference, rejected=renaming.message(t.preference.rejected)),
        fingerprint=None,
        extra={**t.extra, "augment": note},
    )


def _showing_descriptions(layout: str) -> str:
    """Return the layout with tools as JSON: a signature shows only some descriptions."""
    known = layout_named(layout)
    return str(known if known.keys else known._replace(keys=TOOL_KEYS))


def _is_described(schema: Json) -> bool:
    return isinstance(schema, dict) and bool(str(schema.get("description") or "").strip())


def _mentions(t: Trajectory, name: str) -> bool:
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
    return any(word.search(text) for text in t.task.few_shots)


def _is_plain(tool: Tool) -> bool:
    """Tell whether a schema names its properties only in `properties` and `required`."""
    return not _ENTANGLED & set(tool.parameters)


class _Fresh:
    """New names that nothing in the row has."""

    def __init__(self, rng: random.Random, taken: set[str]) -> None:
        self._rng = rng
        self._taken = taken

    def __call__(self, kind: str) -> str:
        while True:
            name = f"{kind}_{''.join(self._rng.choices(ascii_lowercase, k=4))}"
            if name not in self._taken:
                self._taken.add(name)
                return name


class _Renaming:
    """Old names to new ones, in everything that a row holds."""

    def __init__(self, tools: dict[str, str], arguments: dict[str, dict[str, str]]) -> None:
        self._tools = tools
        self._arguments = arguments
        self._certain = {name: new for name, new in tools.items() if _UNMISTAKABLE.fullmatch(name)}

    def mask(self) -> Mask:
        """Return the way back."""
        arguments = {
            self._tools.get(name, name): {new: old for old, new in own.items()}
            for name, own in self._arguments.items()
            if own
        }
        return Mask({new: old for old, new in self._tools.items()}, arguments)

    def text(self, text: str) -> str:
        """Replace the names that can be nothing else."""
        if not any(name in text for name in self._certain):
            return text
        return _WORD.sub(lambda found: self._certain.get(found[0], found[0]), text)

    def tool(self, tool: Tool) -> Tool:
        """Rename a tool and its parameters."""
        own = self._arguments.get(tool.name, {})
        parameters = dict(tool.parameters)
        if own:
            parameters["properties"] = {
                own.get(key, key): value for key, value in properties_of(tool).items()
            }
            required = parameters.get("required")
            if isinstance(required, list):
                parameters["required"] = [
                    own.get(key, key) if isinstance(key, str) else key for key in required
                ]
        description = self.text(tool.description)
        return msgspec.structs.replace(
            tool,
            name=self._tools.get(tool.name, tool.name),
            description=description,
            parameters=parameters,
            original_name=None,
        )

    def message(self, message: Message) -> Message:
        """Rename what a message calls, and whose result it is; prose of the user stays."""
        reasoning, content = message.reasoning, message.content
        if message.role == "assistant":
            content = self.text(content)
            reasoning = None if reasoning is None else self.text(reasoning)
        return msgspec.structs.replace(
            message,
            content=content,
            reasoning=reasoning,
            tool_calls=tuple(map(self.call, message.tool_calls)),
            name=message.name and self._tools.get(message.name, message.name),
        )

    def call(self, call: ToolCall) -> ToolCall:
        """Rename a call."""
        own = self._arguments.get(call.name, {})
        return msgspec.structs.replace(
            call,
            name=self._tools.get(call.name, call.name),
            arguments=call.arguments and {own.get(key, key): value for key, value in call.arguments.items()},
            alternatives=call.alternatives
            and {own.get(key, key): value for key, value in call.alternatives.items()},
        )
