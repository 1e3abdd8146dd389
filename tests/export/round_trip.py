"""What the tests of exports share: write rows, read them back, and compare up to what a layout loses."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from callwright.export import EXPORTS, Unexpressible, export
from callwright.export.chat import linked, system_text
from callwright.record import Dropped, Json, Message, ToolCall, Trajectory
from callwright.store import Report
from callwright.unify import unify

CALL_ID = "messages[].tool_calls[].id"
SOURCES = {
    "openai": "openai_chat",
    "responses": "responses",
    "hf": "openai_chat",
    "trl": "openai_chat",
    "preference": "preference",
    "llamafactory": "llamafactory",
    "hermes": "hermes_fc",
    "xlam": "xlam_60k",
    "xlam2": "actionstudio",
    "atif": "atif",
}
"""Layout to the source of `unify` that reads it; TRL's pairs are a layout of their own there."""
COMPARED = ("messages", "tools", "outcome", "preference", "task")


def written(rows: Iterable[Trajectory], folder: Path, to: str) -> tuple[Path, Report, list[Trajectory]]:
    """Export rows; return the file, the report, and the rows that were kept."""
    suffix = {"lines": ".jsonl", "parquet": ".parquet", "folder": ""}[EXPORTS[to].CONTAINER]
    out = folder / f"out{suffix}"
    numbered = [msgspec.structs.replace(t, id=f"{n}") for n, t in enumerate(rows)]
    report = export(iter(numbered), out, to)
    stem = "out.dropped.jsonl"
    lost = {msgspec.json.decode(line)["id"] for line in (folder / stem).read_bytes().splitlines()}
    return out, report, [t for t in numbered if t.id not in lost]


def read_back(path: Path, source: str) -> list[Trajectory]:
    """Return what `unify` makes of an exported file; a dropped row fails the test."""
    path = next(path.glob("data/*.parquet")) if path.is_dir() else path
    if not path.read_bytes():
        return []
    found = []
    for row in unify([path], source):
        assert not isinstance(row, Dropped), f"{row.reason} at {row.path}: {row.detail}\n{row.row}"
        found.append(row)
    return found


def stripped(t: Trajectory) -> Trajectory:
    """Return the row without white space at the ends of the instruction and of the assistant's texts."""
    task = msgspec.structs.replace(t.task, instruction=t.task.instruction.strip())
    messages = [
        msgspec.structs.replace(m, content=m.content.strip()) if m.role == "assistant" else m
        for m in t.messages
    ]
    return msgspec.structs.replace(t, task=task, messages=tuple(messages))


def comparable(t: Trajectory, losses: Sequence[str]) -> dict[str, bytes]:
    """Return the compared fields as bytes that tell 1 from 1.0 and true, without what is lost."""
    t = _filled(t)
    if "task.few_shots" in losses:
        t = msgspec.structs.replace(
            t, task=msgspec.structs.replace(t.task, instruction=system_text(t.task), few_shots=())
        )
    if CALL_ID in losses:
        t = _numbered(t)
    plain = {name: msgspec.to_builtins(getattr(t, name)) for name in COMPARED}
    for tool in plain["tools"] or ():  # the order of required names means nothing, and xlam changes it
        if "required" in tool.get("parameters", {}):
            tool["parameters"] = {**tool["parameters"], "required": sorted(tool["parameters"]["required"])}
    for path in losses:
        if path != CALL_ID:
            _erase(plain, path)
    for name in ("outcome", "preference"):
        plain[name] = plain.get(name) or None
    return {name: msgspec.json.encode(value, order="deterministic") for name, value in plain.items()}


def _filled(t: Trajectory) -> Trajectory:
    """Give an id to calls and a name to results that have none, as every reader does."""
    try:
        t = linked(t)
    except Unexpressible:
        pass  # a layout that takes results of no call shows whether it gives them back
    names = {call.id: call.name for message in t.messages for call in message.tool_calls}
    return msgspec.structs.replace(
        t,
        messages=tuple(
            msgspec.structs.replace(m, name=names.get(m.tool_call_id)) if m.role == "tool" else m
            for m in t.messages
        ),
    )


def _numbered(t: Trajectory) -> Trajectory:
    ids = {call.id: str(n) for n, call in enumerate(c for m in t.messages for c in m.tool_calls)}

    def call(c: ToolCall) -> ToolCall:
        return msgspec.structs.replace(c, id=ids[c.id], depends_on=tuple(ids.get(d, d) for d in c.depends_on))

    def message(m: Message) -> Message:
        link = ids.get(m.tool_call_id) if m.tool_call_id else None
        return msgspec.structs.replace(m, tool_calls=tuple(map(call, m.tool_calls)), tool_call_id=link)

    pair = t.preference
    if pair is not None:
        made = [msgspec.structs.replace(c, id=f"r{n}") for n, c in enumerate(pair.rejected.tool_calls)]
        rejected = msgspec.structs.replace(pair.rejected, tool_calls=tuple(made))
        pair = msgspec.structs.replace(pair, rejected=rejected)
    return msgspec.structs.replace(t, messages=tuple(map(message, t.messages)), preference=pair)


def _erase(part: Json, path: str) -> None:
    place, _, value = path.partition("=")
    *parents, last = place.split(".")
    for holder in _holders(part, parents):
        if not value:
            holder.pop(last, None)
        elif holder.get(last) is not None and list(holder[last]) == msgspec.json.decode(value):
            holder[last] = None


def _holders(part: Json, steps: Sequence[str]) -> list[dict[str, Any]]:
    if part is None:
        return []
    if not steps:
        return [part] if isinstance(part, Mapping) else []
    name, rest = steps[0], steps[1:]
    found = part.get(name.removesuffix("[]"))
    if name.endswith("[]"):
        return [holder for item in found or () for holder in _holders(item, rest)]
    return _holders(found, rest)
