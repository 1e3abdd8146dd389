"""Trajectories and their parts for property tests: every field, hostile text, arguments of any JSON.

`trajectories()` draws whole rows. `shape` bounds the conversation to what a layout can hold at all, so that a
law about the layout is tested on rows and not on refusals.
"""

import string
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from hypothesis import strategies as st

from callwright.record import Message, Outcome, Preference, Source, Task, Tool, ToolCall, Trajectory
from callwright.schema import normalise

Shape = Literal["free", "alternating", "single"]

TRICKY = [
    "", " ", "\n", "null", "[]", "{}", '{"name": "x"}', '"', "'", "\\", "\\u003c", "a\tb\r\nc",
    "\x00\x1f\x7f", "\u2028\ufeff", "größe", "鍵 🗝", "e\u0301", "-1", "True",
    "{{ x }}", "| a |", "<b>", "Thought: none",
]  # fmt: skip
MARKED = ["<tool_call>", "</tool_call>", "<tools>", "<tool_response>", "</think>", "<think>", "[TOOL_CALLS]"]
"""What has a meaning in one layout or other."""
KEYS = ["type", "properties", "name", "arguments", "$ref", "required", "", "a", "from", "größe", "x y"]

texts = st.one_of(
    st.sampled_from(TRICKY), st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
).filter(lambda text: not any(mark in text for mark in MARKED))
"""Unicode without lone surrogates and without `MARKED`."""
edgeless = texts.map(str.strip)
"""Texts that begin and end without white space."""
some_text = edgeless.filter(bool)
keys = st.one_of(st.sampled_from(KEYS), texts)
big_integers = st.one_of(st.integers(), st.integers(-(10**40), 10**40))
numbers = st.one_of(big_integers, st.floats(allow_nan=False, allow_infinity=False))
plain_numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-4000, 4000).map(lambda n: n / 8))
"""Integers of 64 bits and floats of few digits: what every JSON parser reads to the letter."""
names = st.one_of(
    st.sampled_from(["get_weather", "a-b", "mcp.srv.tool", "type", "f2"]),
    st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=8).filter(
        lambda name: any(c.isalnum() for c in name)
    ),
)


def json_values(number: st.SearchStrategy[Any] = numbers) -> st.SearchStrategy[Any]:
    """Return JSON of any type, lists of mixed types and keys such as "type" among them."""
    leaves = st.one_of(st.none(), st.booleans(), number, texts)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
        max_leaves=6,
    )


def json_objects(number: st.SearchStrategy[Any] = numbers) -> st.SearchStrategy[dict[str, Any]]:
    """Return JSON objects, such as arguments."""
    return st.dictionaries(keys, json_values(number), max_size=3)


@st.composite
def parameters(draw: st.DrawFn, flat: bool = False) -> dict[str, Any]:
    """Return the parameters of a tool, normal already; `flat` ones are a list of properties and no more."""
    properties = draw(st.dictionaries(st.one_of(st.sampled_from(KEYS), names), _specs(flat), max_size=4))
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema["required"] = draw(st.permutations([name for name in properties if draw(st.booleans())]))
    if not flat and draw(st.booleans()):
        schema["$defs"] = {"A": {"type": "string"}, "B": {"type": "array", "items": {"$ref": "#/$defs/A"}}}
        schema["properties"] = {**properties, "reference": {"$ref": "#/$defs/B"}}
    if not flat:
        schema |= draw(st.sampled_from([{}, {"additionalProperties": False}, {"description": "all of it"}]))
    return normalise(schema).schema


def _specs(flat: bool) -> st.SearchStrategy[dict[str, Any]]:
    leaves = st.one_of(
        st.fixed_dictionaries({"type": st.just("string")}, optional={"description": texts, "default": texts}),
        st.fixed_dictionaries({"type": st.just("integer")}, optional={"default": big_integers}),
        st.just({"type": "number", "minimum": 0.5}),
        st.fixed_dictionaries({"type": st.just("boolean")}, optional={"default": st.booleans()}),
        st.just({"type": ["string", "null"], "default": None}),
        st.lists(st.one_of(texts, st.integers(0, 9)), min_size=1, max_size=3).map(lambda e: {"enum": e}),
        st.just({}),
    )
    if flat:
        return leaves
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda spec: {"type": "array", "items": spec}),
            st.lists(inner, min_size=1, max_size=2).map(lambda specs: {"anyOf": specs}),
            st.dictionaries(st.sampled_from(KEYS), inner, max_size=2).map(
                lambda p: {"type": "object", "properties": p, "required": list(p)[:1]}
            ),
        ),
        max_leaves=4,
    )


def tools(flat: bool = False) -> st.SearchStrategy[Tool]:
    """Return tools."""
    return st.builds(
        Tool,
        name=names,
        description=texts,
        parameters=parameters(flat),
        returns=st.sampled_from([None, {"type": "string"}]),
        kind=st.sampled_from(["function", "mcp", "env", "code"]),
        original_name=st.sampled_from([None, "get weather"]),
        schema_fixes=st.sampled_from([(), ("flat parameters wrapped into an object",)]),
    )


@st.composite
def calls(
    draw: st.DrawFn, offered: Sequence[Tool], number: st.SearchStrategy[Any], errors: bool = True
) -> ToolCall:
    """Return a call without an id, of a tool that is offered or of another."""
    known = [tool.name for tool in offered]
    name = draw(st.sampled_from(known) if known and draw(st.integers(0, 4)) else names)
    if errors and not draw(st.integers(0, 9)):
        raw = draw(st.sampled_from(['{"a": 1', "a=1", '{"a": nan}', "[1, 2]", "7", "{'a': 1}"]))
        return ToolCall(name=name, arguments=None, raw=raw, parse_error="does not parse")
    alternatives = draw(st.sampled_from([None, None, {"a": [1, ""]}]))
    return ToolCall(name=name, arguments=draw(json_objects(number)), alternatives=alternatives)


class _Talk:
    """A conversation while it is drawn."""

    def __init__(
        self, draw: st.DrawFn, offered: Sequence[Tool], number: Any, errors: bool, thoughts: bool
    ) -> None:
        self.draw, self.offered, self.number = draw, offered, number
        self.errors, self.thoughts = errors, thoughts
        self.messages: list[Message] = []
        self.ids: list[str] = []
        self.prefix = draw(st.sampled_from(["call_", "chatcmpl-", "ключ"]))

    def user(self) -> None:
        name = self.draw(st.sampled_from([None, None, "ann"]))
        self.messages.append(Message(role="user", content=self.draw(texts), name=name))

    def assistant(self, content: str, count: int) -> list[ToolCall]:
        made = tuple(self._call() for _ in range(count))
        self.ids += [call.id for call in made if call.id]
        self.messages.append(
            Message(
                role="assistant",
                content=content,
                reasoning=self.draw(st.one_of(st.none(), some_text)) if self.thoughts else None,
                tool_calls=made,
                weight=self.draw(st.sampled_from([None, None, 0.0, 1.0])),
            )
        )
        return list(made)

    def _call(self) -> ToolCall:
        self._number = getattr(self, "_number", 0) + 1
        call = self.draw(calls(self.offered, self.number, self.errors))
        depends = tuple(self.ids[:1]) if self.ids and self.draw(st.booleans()) else ()
        return msgspec.structs.replace(call, id=f"{self.prefix}{self._number}", depends_on=depends)

    def results(self, answered: Sequence[ToolCall]) -> None:
        for call in answered:
            text = self.draw(
                st.one_of(texts, json_objects(self.number).map(lambda v: msgspec.json.encode(v).decode()))
            )
            self.messages.append(Message(role="tool", content=text, tool_call_id=call.id, name=call.name))


@st.composite
def trajectories(
    draw: st.DrawFn,
    shape: Shape = "free",
    number: st.SearchStrategy[Any] = numbers,
    errors: bool = True,
    thoughts: bool = True,
) -> Trajectory:
    """Return a row with anything in any field; `errors` are calls that did not parse."""
    single = shape == "single"
    offered = draw(st.lists(tools(flat=single), max_size=3, unique_by=lambda tool: tool.name))
    unknown = not single and draw(st.integers(0, 4)) == 0
    talk = _Talk(draw, [] if unknown else offered, number, errors, thoughts and not single)
    {"free": _free, "alternating": _alternating, "single": _single}[shape](talk)
    last = talk.messages[-1]
    return Trajectory(
        id=draw(st.sampled_from(["a/b/0", "7", "größe#a1"])),
        source=draw(sources),
        task=draw(_tasks(single)),
        tools=None if unknown else tuple(offered),
        messages=tuple(talk.messages),
        outcome=draw(outcomes),
        preference=draw(preferences(offered, number)) if last.role == "assistant" else None,
        fingerprint=draw(st.sampled_from([None, "0f"])),
        extra=draw(st.sampled_from([{}, {"unify": {"fields": {"category": "Math"}}}])),
    )


def _free(talk: _Talk) -> None:
    for _ in range(talk.draw(st.integers(1, 2))):
        talk.user()
        if len(talk.messages) > 1 and talk.draw(st.booleans()):
            talk.messages.append(Message(role="system", content=talk.draw(texts)))
        made = talk.assistant(talk.draw(texts), talk.draw(st.integers(0, 3)))
        answered = talk.draw(st.permutations(made)) if talk.draw(st.booleans()) else made
        talk.results(answered[: talk.draw(st.integers(0, len(answered)))])
        if talk.draw(st.booleans()):
            talk.assistant(talk.draw(texts), 0)


def _alternating(talk: _Talk) -> None:
    talk.user()
    for _ in range(talk.draw(st.integers(0, 2))):
        talk.results(talk.assistant("", 1))
    if talk.draw(st.booleans()):
        talk.assistant("", talk.draw(st.integers(1, 3)))
    else:
        talk.assistant(talk.draw(texts), 0)


def _single(talk: _Talk) -> None:
    talk.user()
    talk.assistant("", talk.draw(st.integers(0, 3)))


def _tasks(bare: bool) -> st.SearchStrategy[Task]:
    return st.builds(
        Task,
        instruction=st.just("") if bare else edgeless,
        format_instruction=st.sampled_from(["", "Answer in JSON."]),
        few_shots=st.just(()) if bare else st.lists(some_text, max_size=2).map(tuple),
        kind=st.sampled_from(["single", "multi", "react", "env", "query"]),
        expects=st.sampled_from(["call", "no_call", "clarify", "partial", "any"]),
        lang=st.sampled_from(["en", "zh"]),
        output_format=st.sampled_from(["", "xlam"]),
    )


sources = st.one_of(
    st.none(),
    st.builds(
        Source,
        dataset=st.sampled_from(["xlam_60k", "größe | pipe"]),
        row=st.integers(0, 9),
        license=st.sampled_from(["", "CC-BY-4.0", "CC-BY-NC-4.0"]),
    ),
)
outcomes = st.one_of(
    st.none(),
    st.builds(
        Outcome,
        reward=st.one_of(st.none(), st.floats(-2, 2)),
        success=st.one_of(st.none(), st.booleans()),
        metrics=st.sampled_from([{}, {"steps": 3}]),
    ).filter(lambda outcome: outcome != Outcome()),
)


def preferences(
    offered: Sequence[Tool], number: st.SearchStrategy[Any] = numbers
) -> st.SearchStrategy[Preference | None]:
    """Return a rejected answer, or none."""
    answers = st.builds(
        Message,
        role=st.just("assistant"),
        content=texts,
        tool_calls=st.lists(calls(offered, number, errors=False), max_size=1).map(
            lambda made: tuple(
                msgspec.structs.replace(c, id="call_rejected", alternatives=None) for c in made
            )
        ),
    )
    pairs = st.builds(
        Preference, rejected=answers, error_class=st.sampled_from(["wrong-tool", "unspecified"])
    )
    return st.one_of(st.none(), pairs)
