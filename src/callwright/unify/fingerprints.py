"""What equal rows have in common: a hash of instruction, tools and messages.

Ids that sources or we made up do not count, nor the words of a parser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import xxhash

from callwright.record import Message, Trajectory
from callwright.unify.tools import tool_digest

_canonical = msgspec.json.Encoder(order="deterministic").encode
_hash: Callable[[bytes], str] = xxhash.xxh3_128_hexdigest


def fingerprint(tools: bytes | None, instruction: str, messages: Sequence[Message]) -> str:
    """Return the hash of a row whose calls are numbered in their order; `tools` are digests of its tools."""
    offered = b"unknown" if tools is None else tools
    text = instruction.encode("utf-8", "surrogatepass") if instruction else b""
    return _hash(b"\0".join((offered, text, _canonical(messages))))


def fingerprint_of(t: Trajectory) -> str:
    """Return the hash that a row had from the start if it had always been as it is."""
    tools = None if t.tools is None else b"".join([tool_digest(tool) for tool in t.tools])
    return fingerprint(tools, t.task.instruction, numbered(t.messages))


def numbered(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with call ids replaced by their position, and without parse errors."""
    ids: dict[str | None, str] = {}
    made = []
    for message in messages:
        calls = []
        for call in message.tool_calls:
            ids[call.id] = f"call_{len(ids)}"
            calls.append(msgspec.structs.replace(call, id=ids[call.id], parse_error=None))
        link = ids.get(message.tool_call_id, message.tool_call_id) if message.tool_call_id else None
        made.append(msgspec.structs.replace(message, tool_calls=tuple(calls), tool_call_id=link))
    return made
