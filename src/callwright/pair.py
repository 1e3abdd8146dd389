"""Make preference pairs: the verified answer as chosen, a targeted corruption of it as rejected.

A corruption spoils one thing and is named after the error it shows: a class of xLAM §3.3, or a wrong decision
about calling at all. Of those that apply to a row the least used so far is taken, so rare ones get their
share. A rejected answer always differs in effect from the chosen one, and where a class is one that `verify`
can see, it does see it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from callwright.record import Dropped, Json, Message, Preference, Tool, ToolCall, Trajectory
from callwright.store import row_seed
from callwright.verify import verify
from callwright.verify.duplicates import canonical

Corruption = Callable[[Trajectory, random.Random], Message | None]
"""Returns a spoiled version of the row's last message, or None where the class does not apply."""

_TRIES = 8
"""Corruptions and values tried until one is wrong in just the intended way."""


def pair(rows: Iterable[Trajectory | Dropped], *, seed: int) -> Iterator[Trajectory | Dropped]:
    """Yield each row with a rejected answer; it ends at the chosen one, its last turn with calls.

    A row without calls is used only if its source says that none are due. Rows that do not verify
    themselves, or to which no corruption applies, come back as `Dropped`.
    """
    used: Counter[str] = Counter()
    for row in rows:
        if isinstance(row, Dropped):
            yield row
            continue
        made = _pair_one(row, seed, used)
        if isinstance(made, Trajectory) and made.preference is not None:
            used[made.preference.error_class] += 1
        yield made


def _pair_one(row: Trajectory, seed: int, used: Mapping[str, int]) -> Trajectory | Dropped:
    if row.preference is not None:
        return _drop(row, "already-a-pair", row.preference.error_class)
    t = _until_chosen(row)
    if t is None:
        return _drop(row, "no-corruption-applies", "no turn with calls and no reply that should have none")
    errors = [issue for issue in verify(t).issues if issue.severity == "error"]
    if errors:
        return _drop(row, "chosen-not-verified", f"{errors[0].code} at {errors[0].path}")
    rng = random.Random(row_seed(seed, row.id))
    names = list(CORRUPTIONS)
    rng.shuffle(names)
    for name in sorted(names, key=lambda name: used.get(name, 0)):
        for _ in range(_TRIES):
            rejected = CORRUPTIONS[name](t, rng)
            if rejected is None:
                break
            if _shows(name, t, rejected):
                return replace(
                    t, id=f"{row.id}#p", preference=Preference(rejected=rejected, error_class=name)
                )
    return _drop(row, "no-corruption-applies", ", ".join(CORRUPTIONS))


def _drop(row: Trajectory, reason: str, detail: str) -> Dropped:
    return Dropped(id=row.id, stage="pair", reason=reason, detail=detail, row=msgspec.to_builtins(row))


def _until_chosen(row: Trajectory) -> Trajectory | None:
    """Return the row up to the turn that is to be preferred."""
    for i in range(len(row.messages) - 1, -1, -1):
        if row.messages[i].tool_calls and row.messages[i].role == "assistant":
            return replace(row, messages=row.messages[: i + 1], fingerprint=None)
    silent = row.task.expects in ("no_call", "clarify") and row.messages
    return row if silent and row.messages[-1].role == "assistant" else None


def _shows(name: str, t: Trajectory, rejected: Message) -> bool:
    """Tell whether the rejected answer is wrong in the way its class says, or wrong though legal."""
    if effect(rejected, t.tools) == effect(t.messages[-1], t.tools):
        return False
    if name == "needless-refusal":
        return True
    spoiled = verify(replace(t, messages=(*t.messages[:-1], rejected)))
    found = {issue.code for issue in spoiled.issues if issue.severity == "error"}
    wanted = CAUGHT_AS.get(name)
    return wanted in found if wanted is not None else found <= {"unexpected-call"}


def effect(message: Message, tools: Iterable[Tool] | None) -> tuple[bytes, ...]:
    """Return what a turn does, whatever its wording: its calls with defaults filled in, in any order."""
    by_name = {tool.name: tool for tool in tools or ()}
    calls = []
    for call in message.tool_calls:
        tool = by_name.get(call.name)
        known = {} if tool is None else _properties(tool)
        defaults = {
            k: v["default"] for k, v in known.items() if isinstance(v, dict) and v.get("default") is not None
        }
        calls.append(canonical([call.name, {**defaults, **(call.arguments or {})}]))
    return tuple(sorted(calls))


def _properties(tool: Tool) -> dict[str, Json]:
    properties = tool.parameters.get("properties")
    return properties if isinstance(properties, dict) else {}


def _required(tool: Tool) -> list[str]:
    required = tool.parameters.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _pick(t: Trajectory, rng: random.Random) -> tuple[int, ToolCall, Tool, dict[str, Json]] | None:
    """Return one call of the chosen turn with its place, its tool and its arguments."""
    tools = {tool.name: tool for tool in t.tools or ()}
    known = [(k, c, tools[c.name]) for k, c in enumerate(t.messages[-1].tool_calls) if c.name in tools]
    if not known:
        return None
    k, call, tool = rng.choice(known)
    return k, call, tool, dict(call.arguments or {})


def _with_call(t: Trajectory, k: int, call: ToolCall) -> Message:
    calls = t.messages[-1].tool_calls
    return replace(t.messages[-1], tool_calls=(*calls[:k], call, *calls[k + 1 :]))


def wrong_function(t: Trajectory, rng: random.Random) -> Message | None:
    """Call another offered tool instead, with what fits it of the arguments."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, arguments = picked
    others = [other for other in t.tools or () if other.name != tool.name]
    if not others:
        return None
    other = rng.choice(others)
    return _with_call(t, k, replace(call, name=other.name, arguments=_fill(other, t, rng, arguments)))


_SYNONYMS = {
    "get": "fetch", "fetch": "get", "search": "find", "find": "lookup", "create": "make", "add": "insert",
    "calculate": "compute", "compute": "calculate", "list": "show", "book": "reserve", "send": "submit",
    "delete": "remove", "update": "modify", "convert": "transform", "check": "verify", "set": "change",
}  # fmt: skip


def undefined_function(t: Trajectory, rng: random.Random) -> Message | None:
    """Call a function that sounds right and is not offered."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, _ = picked
    verb, mark, rest = tool.name.partition("_")
    names = [f"{tool.name}{ending}" for ending in ("_info", "_v2", "_details", "_data")]
    if mark and verb in _SYNONYMS:
        names += [f"{_SYNONYMS[verb]}_{rest}"] * 4
    return _with_call(t, k, replace(call, name=rng.choice(names)))


def missing_argument(t: Trajectory, rng: random.Random) -> Message | None:
    """Leave out an argument that the tool requires."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, arguments = picked
    present = [name for name in _required(tool) if name in arguments]
    if not present:
        return None
    del arguments[rng.choice(present)]
    return _with_call(t, k, replace(call, arguments=arguments))


_INVENTED: dict[str, list[Json]] = {
    "language": ["en", "fr"], "format": ["json", "short"], "verbose": [True, False], "limit": [5, 10],
    "include_details": [True], "timezone": ["UTC", "CET"], "page": [1, 2], "sort_by": ["name", "date"],
    "max_results": [10, 20], "precision": [2, 4], "mode": ["fast", "default"], "api_key": ["default"],
}  # fmt: skip


def undefined_argument(t: Trajectory, rng: random.Random) -> Message | None:
    """Pass an argument that the tool does not declare."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, arguments = picked
    name = rng.choice([name for name in _INVENTED if name not in _properties(tool)] or ["extra_option"])
    arguments[name] = rng.choice(_INVENTED.get(name, ["default"]))
    return _with_call(t, k, replace(call, arguments=arguments))


def wrong_type(t: Trajectory, rng: random.Random) -> Message | None:
    """Pass a value in a wrong JSON type: numbers and lists as strings, strings as lists."""
    picked = _pick(t, rng)
    if picked is None or not picked[3]:
        return None
    k, call, _, arguments = picked
    name = rng.choice(list(arguments))
    value = arguments[name]
    if isinstance(value, str):
        arguments[name] = [value]
    elif isinstance(value, list):
        arguments[name] = "[" + ", ".join(map(str, value)) + "]"
    else:
        arguments[name] = "yes" if value is True else json.dumps(value)
    return _with_call(t, k, replace(call, arguments=arguments))


_POOL = (
    "Bergen", "Nairobi", "Valparaíso", "Osaka", "Maria Lindqvist", "Tobias Okafor", "Blue Horizon", "Aurora",
    "quarterly-report", "ZX-4417", "h.moreau@example.org", "2019-11-23", "08:45", "Ljubljana", "saffron",
    "Project Heron", "granite", "Wanderlust", "+47 555 0173", "Edinburgh",
)  # fmt: skip


def wrong_value(t: Trajectory, rng: random.Random) -> Message | None:
    """Pass a value of the right type that nothing in the conversation supports."""
    picked = _pick(t, rng)
    if picked is None or not picked[3]:
        return None
    k, call, tool, arguments = picked
    name = rng.choice(list(arguments))
    schema = _properties(tool).get(name)
    said = " ".join(message.content for message in t.messages).casefold()
    for _ in range(_TRIES):
        value = _other_value(arguments[name], schema if isinstance(schema, dict) else {}, rng)
        changed = _with_call(t, k, replace(call, arguments={**arguments, name: value}))
        unheard = isinstance(value, bool) or str(value).casefold() not in said
        if value != arguments[name] and unheard and _is_legal(t, changed):
            return changed
    return None


def _other_value(value: Json, schema: Mapping[str, Json], rng: random.Random) -> Json:
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return rng.choice(enum)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 3, value * 2 + 1, value * 10, value + 17, -value])
    if isinstance(value, str):
        return rng.choice(_POOL)
    if isinstance(value, list) and value:
        items = schema.get("items")
        last = _other_value(value[-1], items if isinstance(items, dict) else {}, rng)
        return [*value[:-1], last]
    return value


def _is_legal(t: Trajectory, message: Message) -> bool:
    return not any(
        i.severity == "error" for i in verify(replace(t, messages=(*t.messages[:-1], message))).issues
    )


def needless_call(t: Trajectory, rng: random.Random) -> Message | None:
    """Call an offered tool although no call is due, with made-up arguments."""
    if t.messages[-1].tool_calls or not t.tools:
        return None
    tool = rng.choice(t.tools)
    return Message(
        role="assistant", tool_calls=(ToolCall(name=tool.name, arguments=_fill(tool, t, rng, {})),)
    )


_REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "Unfortunately, none of the tools I have can do this.",
    "I don't have access to the information needed for this. Is there anything else I can help you with?",
    "Sorry, I am not able to perform this action for you.",
    "I can't look that up right now. You may want to try another service.",
)


def needless_refusal(t: Trajectory, rng: random.Random) -> Message | None:
    """Decline politely although an offered tool does what is asked."""
    return Message(role="assistant", content=rng.choice(_REFUSALS)) if t.messages[-1].tool_calls else None


def missing_parallel_call(t: Trajectory, rng: random.Random) -> Message | None:
    """Leave out one of several calls."""
    calls = t.messages[-1].tool_calls
    if len(calls) < 2:
        return None
    k = rng.randrange(len(calls))
    return replace(t.messages[-1], tool_calls=(*calls[:k], *calls[k + 1 :]))


def extra_call(t: Trajectory, rng: random.Random) -> Message | None:
    """Add a call that nobody asked for."""
    calls = t.messages[-1].tool_calls
    if not calls or not t.tools:
        return None
    called = {call.name for call in calls}
    tool = rng.choice([tool for tool in t.tools if tool.name not in called] or list(t.tools))
    ids = None if calls[0].id is None else f"{calls[-1].id}-x"
    extra = ToolCall(name=tool.name, arguments=_fill(tool, t, rng, {}), id=ids)
    return replace(t.messages[-1], tool_calls=(*calls, extra))


def _fill(tool: Tool, t: Trajectory, rng: random.Random, known: Mapping[str, Json]) -> dict[str, Json]:
    """Return plausible arguments: what is known of them, and something for what is required."""
    properties = _properties(tool)
    arguments = {name: value for name, value in known.items() if name in properties}
    for name in _required(tool):
        if name not in arguments:
            schema = properties.get(name)
            arguments[name] = _plausible(schema if isinstance(schema, dict) else {}, t, rng)
    return arguments


def _plausible(schema: Mapping[str, Json], t: Trajectory, rng: random.Random) -> Json:
    """Return a value of the schema's type, taken from the request where that gives one."""
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return rng.choice(enum)
    if "default" in schema:
        return schema["default"]
    kind = schema.get("type")
    words = " ".join(m.content for m in t.messages if m.role == "user").replace("?", " ").split()
    if kind == "boolean":
        return rng.random() < 0.5
    if kind in ("integer", "number"):
        numbers = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) < 7]
        low = schema.get("minimum")
        fallback = low if isinstance(low, int | float) else rng.choice([1, 2, 5, 10])
        return rng.choice(numbers) if numbers else fallback
    if kind == "array":
        items = schema.get("items")
        return [_plausible(items if isinstance(items, dict) else {}, t, rng)]
    if kind == "object":
        return _fill(Tool(name="object", parameters=dict(schema)), t, rng, {})
    names = [word.strip(".,!'\"") for word in words[1:] if word[:1].isupper() and len(word) > 2]
    return rng.choice(names or list(_POOL))


CORRUPTIONS: dict[str, Corruption] = {
    "wrong-function": wrong_function,
    "undefined-function": undefined_function,
    "missing-argument": missing_argument,
    "undefined-argument": undefined_argument,
    "wrong-type": wrong_type,
    "wrong-value": wrong_value,
    "needless-call": needless_call,
    "needless-refusal": needless_refusal,
    "missing-parallel-call": missing_parallel_call,
    "extra-call": extra_call,
}
"""Error class → corruption."""

CAUGHT_AS: dict[str, str] = {
    "undefined-function": "undefined-function",
    "missing-argument": "missing-argument",
    "undefined-argument": "unknown-argument",
    "wrong-type": "wrong-type",
}
"""Error classes that `verify` sees, with the code it gives them; the others are legal and still wrong."""
