"""Known defects, planted into a clean row one at a time; and changes that look odd and are none.

Every function takes a clean row and a random generator and returns the spoiled row, or None where the row has
no place for the defect. None of them looks at what the checks do.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, NamedTuple

from msgspec.structs import replace

from callwright.record import Json, Message, Tool, ToolCall, Trajectory

Change = Callable[[Trajectory, random.Random], Trajectory | None]


class Plant(NamedTuple):
    """A kind of defect, and what a verifier has to say of it."""

    name: str
    check: str
    """The check that has to find it, a name of `CHECKS`."""
    code: str
    apply: Change
    severity: Literal["error", "warning"] = "error"


class Place(NamedTuple):
    """A call of a row, and the tool that it calls."""

    i: int
    j: int
    call: ToolCall
    tool: Tool


def places(t: Trajectory) -> list[Place]:
    """Return every call of an offered tool."""
    by_name = {tool.name: tool for tool in t.tools or ()}
    return [
        Place(i, j, call, by_name[call.name])
        for i, message in enumerate(t.messages)
        for j, call in enumerate(message.tool_calls)
        if call.name in by_name and isinstance(call.arguments, dict)
    ]


def with_call(t: Trajectory, place: Place, call: ToolCall) -> Trajectory:
    """Return the row with another call at a place."""
    message = t.messages[place.i]
    calls = (*message.tool_calls[: place.j], call, *message.tool_calls[place.j + 1 :])
    return with_message(t, place.i, replace(message, tool_calls=calls))


def with_message(t: Trajectory, i: int, *messages: Message) -> Trajectory:
    """Return the row with message `i` replaced by others, or by none."""
    return replace(t, messages=(*t.messages[:i], *messages, *t.messages[i + 1 :]))


def with_arguments(t: Trajectory, place: Place, arguments: dict[str, Json]) -> Trajectory:
    """Return the row with other arguments at a place."""
    return with_call(t, place, replace(place.call, arguments=arguments))


def of_type(t: Trajectory, kind: str) -> list[tuple[Place, str]]:
    """Return every argument whose schema says it is of a type."""
    return [
        (place, name)
        for place in places(t)
        for name in place.call.arguments or {}
        if schema_of(place.tool, name).get("type") == kind
    ]


def schema_of(tool: Tool, name: str) -> dict[str, Json]:
    """Return the schema of an argument, empty where there is none."""
    found = (tool.parameters.get("properties") or {}).get(name)
    return found if isinstance(found, dict) else {}


def _on_call(change: Callable[[ToolCall], ToolCall]) -> Change:
    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        found = places(t)
        if not found:
            return None
        place = rng.choice(found)
        return with_call(t, place, change(place.call))

    return apply


def _on_value(kind: str, change: Callable[[Json], Json]) -> Change:
    """Return a defect that changes an argument of a type; `change` returns None where there is no place."""

    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        found = of_type(t, kind)
        if not found:
            return None
        place, name = rng.choice(found)
        arguments = dict(place.call.arguments or {})
        value = change(arguments[name])
        return None if value is None else with_arguments(t, place, {**arguments, name: value})

    return apply


def _on_keyword(keyword: str, change: Callable[[dict[str, Json], Json], Json]) -> Change:
    """Return a defect that changes the value of an argument whose schema has a keyword."""

    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        found = [
            (place, name)
            for place in places(t)
            for name in place.call.arguments or {}
            if keyword in schema_of(place.tool, name)
        ]
        if not found:
            return None
        place, name = rng.choice(found)
        arguments = dict(place.call.arguments or {})
        value = change(schema_of(place.tool, name), arguments[name])
        return with_arguments(t, place, {**arguments, name: value})

    return apply


def _missing_argument(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [
        (place, name)
        for place in places(t)
        for name in place.tool.parameters.get("required", ())
        if name in (place.call.arguments or {})
    ]
    if not found:
        return None
    place, name = rng.choice(found)
    return with_arguments(t, place, {k: v for k, v in (place.call.arguments or {}).items() if k != name})


def _undeclared_inside(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [
        (place, name)
        for place, name in of_type(t, "object")
        if schema_of(place.tool, name).get("additionalProperties") is False
    ]
    if not found:
        return None
    place, name = rng.choice(found)
    arguments = dict(place.call.arguments or {})
    return with_arguments(t, place, {**arguments, name: {**arguments[name], "zz_extra": 1}})


def _wrong_item(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [
        (place, name)
        for place, name in of_type(t, "array")
        if (schema_of(place.tool, name).get("items") or {}).get("type") == "string"
        and (place.call.arguments or {})[name]
    ]
    if not found:
        return None
    place, name = rng.choice(found)
    arguments = dict(place.call.arguments or {})
    return with_arguments(t, place, {**arguments, name: [*arguments[name], 17]})


def _undeclared(call: ToolCall) -> ToolCall:
    return replace(call, arguments={**(call.arguments or {}), "zz_extra": "1"})


def _unparsed(call: ToolCall) -> ToolCall:
    return replace(call, arguments=None, raw='{"city": ', parse_error="the text ends in the middle")


def _repeated_call(t: Trajectory, rng: random.Random) -> Trajectory | None:
    # Where a result follows, a second call would have none, which is another defect.
    found = [place for place in places(t) if place.i == len(t.messages) - 1]
    if not found:
        return None
    place = rng.choice(found)
    message = t.messages[place.i]
    again = replace(place.call, id=None if place.call.id is None else "call_again")
    return with_message(t, place.i, replace(message, tool_calls=(*message.tool_calls, again)))


def _ambiguous(t: Trajectory, rng: random.Random) -> Trajectory | None:
    if not t.tools:
        return None
    other = replace(
        rng.choice(t.tools), parameters={"type": "object", "properties": {"zz": {"type": "number"}}}
    )
    return replace(t, tools=(*t.tools, other))


def _no_schema(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = places(t)
    if not found:
        return None
    name = rng.choice(found).tool.name
    tools = tuple(
        replace(tool, parameters={"type": "objekt"}) if tool.name == name else tool for tool in t.tools or ()
    )
    return replace(t, tools=tools)


def _secret(t: Trajectory, rng: random.Random) -> Trajectory | None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    token = "ghp_" + "".join(rng.choices(letters, k=36))
    users = [i for i, message in enumerate(t.messages) if message.role == "user"]
    if not users:
        return None
    i = rng.choice(users)
    message = t.messages[i]
    return with_message(t, i, replace(message, content=f"{message.content} My token is {token}."))


def _made_up(value: Json) -> Json:
    return "Zanzibar Quokka" if isinstance(value, str) else None


def _made_up_number(value: Json) -> Json:
    return None if isinstance(value, bool) else 7919


ON_CALLS: tuple[Plant, ...] = (
    Plant("a credential in the request", "gate", "secret", _secret),
    Plant("arguments that did not parse", "parse", "unparsable-call", _on_call(_unparsed)),
    Plant("a call without a name", "parse", "unparsable-call", _on_call(lambda c: replace(c, name=""))),
    Plant("an infinite number", "parse", "not-json", _on_value("number", lambda _: float("inf"))),
    Plant("a function that is not offered", "offered", "undefined-function",
          _on_call(lambda c: replace(c, name=f"{c.name}_v2"))),
    Plant("a function in another case", "offered", "undefined-function",
          _on_call(lambda c: replace(c, name=c.name.swapcase()))),
    Plant("two tools of one name", "offered", "ambiguous-tool", _ambiguous),
    Plant("a required argument left out", "schema", "missing-argument", _missing_argument),
    Plant("an argument nobody declared", "schema", "unknown-argument", _on_call(_undeclared)),
    Plant("an undeclared field of an object", "schema", "unknown-argument", _undeclared_inside),
    Plant("an integer as text", "schema", "wrong-type", _on_value("integer", str)),
    Plant("a truth value for an integer", "schema", "wrong-type", _on_value("integer", lambda _: True)),
    Plant("a float for an integer", "schema", "wrong-type", _on_value("integer", float)),
    Plant("a number as text", "schema", "wrong-type", _on_value("number", str)),
    Plant("a truth value as text", "schema", "wrong-type", _on_value("boolean", lambda v: str(v).lower())),
    Plant("a number for a truth value", "schema", "wrong-type", _on_value("boolean", int)),
    Plant("a list for a text", "schema", "wrong-type", _on_value("string", lambda v: [v])),
    Plant("null for a text", "schema", "wrong-type",
          _on_call(lambda c: replace(c, arguments=dict.fromkeys(c.arguments or {})))),
    Plant("a list as text", "schema", "wrong-type", _on_value("array", str)),
    Plant("a wrong item in a list", "schema", "wrong-type", _wrong_item),
    Plant("an object as text", "schema", "wrong-type", _on_value("object", str)),
    Plant("a value outside the enumeration", "schema", "not-in-enum",
          _on_keyword("enum", lambda *_: "zz_other")),
    Plant("a date that does not exist", "schema", "bad-format",
          _on_keyword("format", lambda about, v: "2026-02-30" if about["format"] == "date" else v)),
    Plant("a number beyond its bounds", "schema", "out-of-bounds",
          _on_keyword("maximum", lambda about, _: about["maximum"] + 1)),
    Plant("a schema that is none", "schema", "bad-schema", _no_schema),
    Plant("the same call twice", "duplicates", "duplicate-call", _repeated_call),
    Plant("a name that nobody said", "grounding", "ungrounded-value", _on_value("string", _made_up),
          "warning"),
    Plant("a number that nobody said", "grounding", "ungrounded-value", _on_value("number", _made_up_number),
          "warning"),
)  # fmt: skip
