"""Logs of evaluations by Inspect (inspect_ai), as JSON: an agent's messages, its tools and its scores.

A log is ``{"version", "status", "eval", "plan", "results", "stats", "samples": [{"id", "epoch", "input",
"choices", "target", "messages", "scores", "events"}]}``. A row is one sample together with `eval`; a log
without samples has no rows. A call is ``{"id", "function", "arguments": {}, "parse_error"}``; one with a
`parse_error` counts as a call whose arguments did not parse. A result that is an error is the error's
message, and the error is kept. The tools are those of all model events together, each under its first
definition; without such events they are unknown. A sample without messages is its input.

A score is a metric under its scorer's name. A single one is also reward and success, as Inspect counts it:
"C" is 1, "P" one half, "I" and "N" are 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations import turns
from callwright.unify.notations.blocks import number, outcome
from callwright.unify.notations.calls import Call, call
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES: dict[str, str] = {}
FIELDS = ("version", "status", "eval", "plan", "results", "stats", "samples")
LOSES = (
    "the events of a sample, which tell its messages again step by step; what a log says about all its "
    "samples: plan, results and stats. Samples with images, sound or a provider's own tools are dropped."
)
SEEN = "real"
_READ = frozenset({"messages", "events", "transcript", "attachments"})
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


class _Sample(msgspec.Struct):
    messages: list[Json] | None = None
    input: str | list[Json] | None = None
    attachments: dict[str, Json] | None = None


class _Call(msgspec.Struct):
    function: str
    arguments: Json = None
    id: str | None = None
    parse_error: str | None = None


_IN_CALL = frozenset({"type", *_Call.__struct_fields__})


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the log of a task."""
    about = value.get("eval")
    if isinstance(about, dict) and "task" in about and "status" in value and "version" in value:
        return "the log of a task: version, status, eval"
    return ""


def rows(file: File) -> Iterator[Element]:
    """Yield a row per sample of the log."""
    number = 0
    for element in files.elements(file.path):
        log = element.value
        fits = element.error is None and isinstance(log, dict) and bool(detect(log))
        samples = log.get("samples") if fits else None
        if fits and (samples is None or isinstance(samples, list)):
            for sample in samples or ():
                yield Element(number, {"eval": log["eval"], "sample": sample})
                number += 1
            continue
        bad = BadRow("wrong-type" if fits else "missing-field", "samples", "expected the log of a task")
        yield Element(number, log, element.error or bad)
        number += 1


def convert(row: Row) -> Trajectory:
    """Return the messages of a sample with its scores."""
    value = shape(row.value, dict[str, Json])
    sample = shape(value.get("sample"), dict[str, Json], "sample")
    raw = shape(sample, _Sample, "sample")
    attached = {f"attachment://{key}": text for key, text in (raw.attachments or {}).items()}
    talk = Conversation(row, _offered(sample, attached))
    if raw.messages:
        listed, key = raw.messages, "messages"
    else:
        key = "input"
        listed = [{"role": "user", "content": raw.input}] if isinstance(raw.input, str) else raw.input or []
    for i, item in enumerate(listed):
        _add(talk, _resolved(item, attached) if attached else item, f"sample.{key}[{i}]")
    fields = {"eval": value.get("eval"), "sample": other_fields(sample, _READ)}
    return talk.finish(fields=fields, outcome=_outcome(sample))


def _add(talk: Conversation, item: Json, path: str) -> None:
    message = shape(item, dict[str, Json], path)
    if message.get("role") == "tool":
        error = message.get("error")
        told = error.get("message") if isinstance(error, dict) else None
        result = {**message, "name": message.get("function"), "content": message.get("content") or told}
        turns.add(talk, result, path, known=frozenset({"function"}))
        return
    entries = message.get("tool_calls")
    listed = shape(entries if entries is not None else [], list[Json], f"{path}.tool_calls")
    calls = [_read_call(talk, entry, f"{path}.tool_calls[{i}]") for i, entry in enumerate(listed)]
    turns.add(talk, message, path, calls=calls)


def _read_call(talk: Conversation, entry: Json, path: str) -> Call:
    name = entry.get("function") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        raise BadRow("bad-calls", f"{path}.function", "expected a call with a function")
    raw = shape(entry, _Call, path)
    talk.keep(path, entry, _IN_CALL)
    found = call(name, raw.arguments, raw.id or None)
    if raw.parse_error:
        text = msgspec.json.encode(raw.arguments).decode() if raw.arguments else ""
        return Call(name, None, found.id, text, raw.parse_error)
    return found


def _offered(sample: Mapping[str, Json], attached: Mapping[str, Json]) -> Toolset | None:
    """Return the tools of all model events, or None without one."""
    transcript = sample.get("transcript")
    events = sample.get("events") or (transcript.get("events") if isinstance(transcript, dict) else None)
    if not isinstance(events, list):
        return None
    lists = [e.get("tools") for e in events if isinstance(e, dict) and e.get("event") == "model"]
    offered: dict[str, Json] = {}
    for tools in lists:
        for tool in tools if isinstance(tools, list) else ():
            if isinstance(tool, dict) and isinstance(tool.get("name"), str):
                offered.setdefault(tool["name"], _resolved(tool, attached) if attached else tool)
    known = any(isinstance(tools, list) for tools in lists)
    return toolset(list(offered.values()), "sample.events.tools") if known else None


def _resolved(value: Json, attached: Mapping[str, Json]) -> Json:
    """Return the value with attachments put in place of the texts that refer to them."""
    if isinstance(value, str):
        return attached.get(value, value)
    if isinstance(value, list):
        return [_resolved(item, attached) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, attached) for key, item in value.items()}
    return value


def _outcome(sample: Mapping[str, Json]) -> Outcome | None:
    scores = sample.get("scores") or ({"score": sample["score"]} if sample.get("score") else None)
    if not isinstance(scores, dict):
        return None
    values = {name: score.get("value") for name, score in scores.items() if isinstance(score, dict)}
    metrics = {name: value for name, value in values.items() if value is not None}
    if len(metrics) != 1:
        return outcome(metrics=metrics)
    value = next(iter(metrics.values()))
    if isinstance(value, bool):
        return outcome(float(value), value, metrics)
    if isinstance(value, str) and value in _GRADES:
        return outcome(_GRADES[value], {"C": True, "I": False}.get(value), metrics)
    return outcome(number(value), None, metrics)
