"""What a row says, as hashes of 16 bytes: enough to tell equal rows, groups and structures apart.

Two rows with equal *facts* ask for the same: the same calls with the same names, arguments and short values,
or, where nothing is called, the same offer and the same figures in the request. Only such rows can be
near-duplicates; "weather in Oslo" and "weather in Paris" never are, however long the rest of the sentence.
Long values (an e-mail's body) are no facts; they count as wording, like the request. What the tools answer
sets rows apart as well, since in an environment equal actions in another room are another row; but it never
brings rows together, because equal calls are answered alike however differently they were asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import xxhash

from callwright.blend.table import eight
from callwright.blend.words import normalised
from callwright.record import Json, Message, ToolCall, Trajectory

LONG = 4
"""Words from which the text of an argument counts as wording and not as a value. Single characters are none:
a word that is spelled out, or a row of digits, is a value however long it is."""

_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_encoder = msgspec.json.Encoder(order="sorted")


def digest(*parts: Json) -> bytes:
    """Return 16 bytes that are equal for equal JSON; the order of an object's keys is nothing."""
    try:
        text = _encoder.encode(parts)
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = repr(parts).encode("utf-8", "backslashreplace")
    return xxhash.xxh3_128_digest(text)


def requests(row: Trajectory) -> list[str]:
    """Return what the user says, turn by turn."""
    return [m.content for m in row.messages if m.role == "user"]


def calls(row: Trajectory) -> list[ToolCall]:
    """Return all calls of the conversation, in order."""
    return [call for m in row.messages for call in m.tool_calls]


def variant(row: Trajectory) -> bytes:
    """Return what sets rows apart that do the same on purpose: augmented copies, rejected answers."""
    copy, rejected = _copy(row), row.preference.rejected if row.preference is not None else None
    return digest(copy, msgspec.to_builtins(rejected)) if copy or rejected is not None else b""


def equal_keys(row: Trajectory) -> list[bytes]:
    """Return hashes of which two equal rows share at least one."""
    made = [_made(call) for call in calls(row)]
    said: list[Json] = []
    if not made:
        # Without calls the reply is the answer, and what was offered decides whether it is right.
        said = [normalised(text) for text in _replies(row)]
        said += [_offer(row)]
    apart = variant(row).hex()
    keys = [digest("content", [normalised(text) for text in requests(row)], made, said, apart)]
    if row.fingerprint is not None:
        keys.append(digest("fingerprint", row.fingerprint, apart))
    return keys


def group_keys(row: Trajectory) -> dict[str, bytes]:
    """Return what must not be on both sides of a split, by name: the request and the set of calls."""
    keys = {}
    request = [text for text in map(normalised, requests(row)) if text]
    if request:
        keys["request"] = digest("request", request)
    made = {digest(_made(call)).hex() for call in calls(row)}
    if made:
        keys["calls"] = digest("calls", sorted(made))
    return keys


def root_key(row: Trajectory) -> bytes:
    """Return a hash of the id of the row that a variant was made of; of any other row, of its own."""
    return digest("kin", row.source.dataset if row.source is not None else "", _root(row))


def is_variant(row: Trajectory) -> bool:
    """Tell whether a row says which other one it was made of."""
    return bool(row.extra) and bool(_root(row) != row.id)


class Facts(NamedTuple):
    """What a row is compared by with others of the same facts."""

    block: int
    """Hash of the facts, 64 bits."""
    texts: list[str]
    """The wording in which rows of equal facts may differ."""
    results: list[str]
    """What the tools answered."""


def facts(row: Trajectory) -> Facts:
    """Return a row's facts as a hash, and the texts in which rows of equal facts may differ."""
    texts = requests(row)
    made = calls(row)
    if not made:
        figures = [_FIGURE.findall(text) for text in texts]
        return Facts(eight(digest("offer", _offer(row), figures)), texts + _replies(row), [])
    try:
        hard = [digest(call.name, _hard(call.arguments, texts), call.raw).hex() for call in made]
    except RecursionError:  # arguments nested beyond reason: compared as they stand
        hard = [digest(*_made(call)).hex() for call in made]
    results = [m.content for m in row.messages if m.role == "tool"]
    return Facts(eight(digest("calls", sorted(hard))), texts, results)


def structure(row: Trajectory) -> bytes | None:
    """Return a hash of the offer and of the calls without their values; None if there is neither."""
    made = calls(row)
    if not made and not row.tools:
        return None
    try:
        shapes = [[call.name, shape(call.arguments)] for call in made]
    except RecursionError:
        shapes = [[call.name, "deep"] for call in made]
    pair = row.preference.error_class if row.preference is not None else None
    return digest("structure", _offer(row), shapes, _copy(row), pair)


def shape(value: Json) -> Json:
    """Return a JSON value with a type's name in place of each scalar; of a list, the different shapes.

    >>> shape({"a": [1, 2, "x"], "b": True})
    {'a': ['integer', 'string'], 'b': 'boolean'}
    """
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items(), key=lambda kv: str(kv[0]))}
    if isinstance(value, list):
        seen = {repr(found): found for found in map(shape, value)}
        return [seen[key] for key in sorted(seen)]
    kinds: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return kinds.get(type(value), "null")


def _made(call: ToolCall) -> list[Json]:
    """Return what a call says; of one that did not parse, the text."""
    return [call.name, call.arguments] if call.raw is None else [call.name, call.arguments, call.raw]


def _copy(row: Trajectory) -> Json:
    augment = row.extra.get("augment")
    return augment.get("copy", 0) if isinstance(augment, dict) else 0


def _root(row: Trajectory) -> Json:
    """Return the id of the row that a variant was made of; of any other row its own."""
    augment = row.extra.get("augment")
    return augment.get("root", row.id) if isinstance(augment, dict) else row.id


def _offer(row: Trajectory) -> list[str]:
    return sorted(tool.name for tool in row.tools or ())


def _replies(row: Trajectory) -> list[str]:
    return [m.content for m in _assistant(row)]


def _assistant(row: Trajectory) -> Iterator[Message]:
    return (m for m in row.messages if m.role == "assistant")


def _hard(value: Json, wording: list[str]) -> Json:
    """Return a value without its long texts, which go to `wording`."""
    if isinstance(value, dict):
        return {key: _hard(value[key], wording) for key in sorted(value, key=str)}
    if isinstance(value, list):
        return [_hard(item, wording) for item in value]
    if not isinstance(value, str):
        return value
    if len(value) > 2 * LONG and sum(len(word) > 1 for word in value.split()) >= LONG:
        wording.append(value)
        return None
    return normalised(value)
