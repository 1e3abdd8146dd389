"""The reference: calls that reach every relevant API with fitting arguments, then an answer.

It shows what can be reached at all. On the 765 solvable queries 22 fall short of a recall of 1 as ToolBench
runs them: three have six relevant APIs, where twelve nodes leave room for five calls before Finish; in 19 a
call of a relevant API's function reaches another one, because names are compared by how they end (in
three of these two functions even have the same name). Without the official names only the three are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from callwright import formats, schema
from callwright.evaluate.toolbench.apis import FINISH, GIVE_ANSWER, Offer
from callwright.evaluate.toolbench.queries import Query
from callwright.evaluate.toolbench.search import MAX_DEPTH
from callwright.record import Json, Tool, ToolCall

_ANSWER = "Here is what the APIs returned for your request."


def gold_calls(query: Query, offer: Offer, seed: int = 0, *, max_depth: int = MAX_DEPTH) -> list[ToolCall]:
    """Return the calls of the reference, Finish last; as many as fit into a chain of `max_depth` nodes."""
    reached = filter(None, map(offer.function_of, query.relevant))
    calls = list(query.solution) or [
        ToolCall(name=tool.name, arguments=fitting(tool, Random(f"{seed}\0{query.id}\0{tool.name}")))
        for tool in reached
    ]
    answer = ", ".join(query.expected) or query.reference or _ANSWER
    last = ToolCall(name=FINISH, arguments={"return_type": GIVE_ANSWER, "final_answer": answer})
    return [*calls[: max_depth // 2 - 1], last]


def gold_replies(calls: list[ToolCall], output_format: str = "") -> Iterator[str]:
    """Yield the calls as replies in an output format, one each."""
    rendered = formats.format_named(output_format).render
    for call in calls:
        yield rendered(formats.Reply("", (call,)))


def unreachable(query: Query, offer: Offer, *, max_depth: int = MAX_DEPTH) -> str:
    """Return why no single chain can call all relevant APIs; empty where one can."""
    lost = [name for tool, name in query.relevant if offer.function_of((tool, name)) is None]
    if lost:
        return f"calls of {lost[0]!r} reach an earlier API whose name ends the same"
    room = max_depth // 2 - 1
    return f"{len(query.relevant)} relevant APIs, room for {room}" if len(query.relevant) > room else ""


def fitting(tool: Tool, rng: Random) -> dict[str, Json]:
    """Return arguments for the required parameters: their examples where these fit, else drawn values."""
    described = tool.parameters["properties"]
    return {name: _value(described[name], rng) for name in tool.parameters["required"]}


def _value(described: dict[str, Json], rng: Random) -> Json:
    kind = described["type"]
    example = described.get("example_value")
    for candidate in (example, _read(example, kind)):
        if candidate is not None and next(schema.check(_only(described), {"value": candidate}), None) is None:
            return candidate
    if kind == "integer":
        return rng.randint(1, 20)
    return rng.random() < 0.5 if kind == "boolean" else f"example {rng.randint(1, 99)}"


def _only(described: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": {"value": {"type": described["type"]}}}


def _read(example: Json, kind: str) -> Json:
    """Return an example as the type that it should have; None where it can not be read so."""
    text = str(example).strip()
    if kind == "integer":
        return int(text) if text.lstrip("-").isdecimal() and len(text) < 16 else None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    return None if example is None else text
