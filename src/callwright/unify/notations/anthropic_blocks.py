"""Messages of Anthropic's API, whose content is text or typed blocks, → turns.

A user's message may hold the results of many calls, and text before or behind them: each result becomes a
turn of its own, in the order of the blocks. A block of a kind that is not read drops the row, because what
was said of it would speak of something that is no longer there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from callwright.record import Json
from callwright.unify.conversation import Conversation
from callwright.unify.notations.blocks import joined, read
from callwright.unify.notations.calls import Call, call, split_thought
from callwright.unify.rows import BadRow, other_fields, shape

ROLES = ("user", "assistant", "system")
KINDS = {
    "text": frozenset({"type", "text"}),
    "thinking": frozenset({"type", "thinking"}),
    "redacted_thinking": frozenset[str](),
    "tool_use": frozenset({"type", "id", "name", "input"}),
    "tool_result": frozenset({"type", "tool_use_id", "content"}),
}
"""Kind of block that is read → the fields that its turn says."""
_SAYS_NOTHING: tuple[Json, ...] = (None, [], {})

Blocks = list[tuple[str, dict[str, Json]]]


class _Message(msgspec.Struct):
    role: str
    content: Json = None


class Said(NamedTuple):
    """A message taken apart."""

    role: str
    blocks: Blocks
    """Each with its path; a text is one block."""
    path: str
    rest: dict[str, Json]
    """What the message carries besides."""


def said(item: Json, path: str) -> Said:
    """Take a message apart; raises `BadRow` for one of another layout."""
    message = shape(item, _Message, path)
    elsewhere = calls_elsewhere(item)
    if elsewhere:
        raise BadRow("bad-calls", f"{path}.{elsewhere}", "calls of another layout, in no block")
    if message.role not in ROLES:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {ROLES}, got {message.role[:40]!r}")
    place, content = f"{path}.content", message.content
    known = _but({"role", "content"}, item, "type", "message")
    rest = other_fields(item, known)
    if isinstance(content, str):
        return Said(message.role, [(place, {"type": "text", "text": content})], path, rest)
    parts = shape([] if content is None else content, list[dict[str, Json]], place)
    return Said(message.role, [(f"{place}[{i}]", part) for i, part in enumerate(parts)], path, rest)


def calls_elsewhere(item: Mapping[str, Json]) -> str:
    """Return the field of a message in which OpenAI's layout has calls, if there are any."""
    return next((key for key in ("tool_calls", "function_call") if item.get(key)), "")


def went_on(begun: Said, answer: Said) -> Said:
    """Return the message that begins an answer with the answer that goes on with it, or repeats it."""
    if _meant(begun) == _meant(answer):
        return begun
    blocks = [*begun.blocks, *answer.blocks]
    at = len(begun.blocks)
    seam = blocks[at - 1 : at + 1]
    if 0 < at < len(blocks) and all(block.get("type") == "text" for _, block in seam):
        (path, first), (_, second) = seam
        text = "".join(_text(block, place) for place, block in seam)
        blocks[at - 1 : at + 1] = [(path, {**first, **second, "text": text})]
    return begun._replace(blocks=blocks)


def _meant(message: Said) -> list[list[Json]]:
    keys = ("type", "text", "thinking", "data", "id", "name", "input")
    return [[block.get(key) for key in keys] for _, block in message.blocks]


def add(talk: Conversation, message: Said) -> None:
    """Add the turns of a message."""
    if message.role == "assistant":
        _answer(talk, message)
    else:
        _others(talk, message)
    talk.keep(message.path, message.rest, frozenset())


def _others(talk: Conversation, message: Said) -> None:
    texts: list[str] = []
    results = 0
    for path, block in message.blocks:
        kind = block.get("type")
        if kind == "text":
            texts.append(_text(block, path))
        elif kind == "tool_result" and message.role == "user":
            if texts:
                talk.user("\n".join(texts))
            texts = []
            results += 1
            _result(talk, block, path)
        else:
            raise _not_read(block, path)
        _keep(talk, block, path)
    if message.role == "system":
        talk.system("\n".join(texts))
    elif texts or not results:
        talk.user("\n".join(texts))


def _answer(talk: Conversation, message: Said) -> None:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Call] = []
    for path, block in message.blocks:
        kind = block.get("type")
        if kind == "text":
            texts.append(_text(block, path))
        elif kind == "thinking":
            thoughts.append(_text(block, path, "thinking"))
        elif kind == "tool_use":
            calls.append(_call(block, path))
        elif kind != "redacted_thinking":
            raise _not_read(block, path)
        _keep(talk, block, path)
    thought, text = split_thought("\n".join(filter(None, texts)))
    talk.assistant(text, calls, reasoning=joined([*thoughts, thought or ""]), path=f"{message.path}.content")


def _call(block: Mapping[str, Json], path: str) -> Call:
    name, own = block.get("name"), block.get("id")
    if not isinstance(name, str) or not name:
        raise BadRow("bad-calls", f"{path}.name", "expected a call with a name")
    return call(name, block.get("input"), own if isinstance(own, str) and own else None)


def _result(talk: Conversation, block: Mapping[str, Json], path: str) -> None:
    own = block.get("tool_use_id")
    if not isinstance(own, str) or not own:
        raise BadRow("missing-field", f"{path}.tool_use_id", "expected the id of a call")
    talk.result(plain(talk, block.get("content"), f"{path}.content"), call_id=own)


def plain(talk: Conversation, content: Json, path: str) -> str:
    """Return a content that is nothing but text, and keep what its blocks carry besides."""
    found = read(content, path)
    if found.thought:
        raise BadRow("wrong-type", path, "expected text, got a thought")
    found.keep(talk)
    return found.text


def _text(block: Mapping[str, Json], path: str, key: str = "text") -> str:
    text = block.get(key)
    if not isinstance(text, str):
        raise BadRow("wrong-type", f"{path}.{key}", f"expected a text, got {type(text).__name__}")
    return text


def _not_read(block: Mapping[str, Json], path: str) -> BadRow:
    got = repr(block.get("type"))[:60]
    return BadRow("wrong-type", f"{path}.type", f"no kind of block that is read here: {got}")


def _keep(talk: Conversation, block: Mapping[str, Json], path: str) -> None:
    """Keep what a block carries beyond its turn: an encrypted thought, a signature, a mark of the cache."""
    known = _but(KINDS[str(block["type"])], block, "is_error", False)
    rest = {key: item for key, item in block.items() if item not in _SAYS_NOTHING}
    talk.keep(path, rest, known)


def _but(known: frozenset[str] | set[str], item: Mapping[str, Json], key: str, usual: Json) -> frozenset[str]:
    """Return the fields that are known, and another one where it says what it usually does."""
    return frozenset(known | {key}) if item.get(key, usual) == usual else frozenset(known)
