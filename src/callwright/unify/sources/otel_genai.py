"""OpenTelemetry traces of models: the GenAI conventions, and OpenInference (Phoenix and others).

A file is OTLP JSON (``{"resourceSpans": [{"scopeSpans": [{"spans": […]}]}]}``) or one span per line with
``attributes``, as names and values or as OTLP's list. A row is a span. GenAI: ``gen_ai.input.messages``,
``gen_ai.output.messages`` and ``gen_ai.system_instructions``, as JSON text or as values, on the span or on
its event of details; OpenInference: ``llm.input_messages.N.message.…``, ``llm.tools.N.tool.json_schema``.
Without definitions of tools it is unknown which were offered.

A span without messages, such as a request to a data base, is dropped as an empty conversation; spans of one
trace often repeat the messages of the ones before them, and no span is left out for that. Of several
output messages of the GenAI conventions, which are alternatives, the first is the answer; the others are
kept. A part that is not text, a thought, a call or a result drops the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callwright.record import Json, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations import spans
from callwright.unify.notations.blocks import joined, written
from callwright.unify.notations.calls import Call, call, split_thought
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES: dict[str, str] = {}
FIELDS = ("resourceSpans", "attributes", "context", "trace_id", "traceId", "spanId")
LOSES = "where one text part ends. Rows with images or sound are dropped."
SEEN = "specification"
_SYSTEM = "gen_ai.system_instructions"
_MARKS = ("gen_ai.", "llm.", "openinference.")
_ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "developer": "system"}
_IN_MESSAGE = frozenset({"role", "parts"})
_IN_PART = frozenset({"type", "content", "id", "name", "arguments", "response", "result"})
_LOOKED_AT = 100


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a span, or an export of spans, with attributes about a model."""
    if isinstance(value.get("resourceSpans"), list):
        for _, span in zip(range(_LOOKED_AT), _of_export(value), strict=False):
            if isinstance(span, dict) and _mark(span.get("attributes")):
                return f"resourceSpans with {_mark(span.get('attributes'))}* attributes"
        return ""
    mark = _mark(value.get("attributes"))
    return f"a span with {mark}* attributes" if mark else ""


def _mark(attributes: Json) -> str:
    if isinstance(attributes, list):
        names = [item.get("key") for item in attributes if isinstance(item, dict)]
    else:
        names = list(attributes) if isinstance(attributes, dict) else []
    return next((m for m in _MARKS for name in names if isinstance(name, str) and name.startswith(m)), "")


def rows(file: File) -> Iterator[Element]:
    """Yield a row per span, numbered through the file."""
    number = 0
    for element in files.elements(file.path):
        value = element.value
        export = element.error is None and isinstance(value, dict) and "resourceSpans" in value
        for span in _of_export(value) if export else [value]:
            yield Element(number, span, element.error)
            number += 1


def _of_export(value: Mapping[str, Json]) -> Iterator[Json]:
    """Yield the spans of an export, each with its resource; what is no span comes as it is."""
    for group in _list(value.get("resourceSpans")):
        scopes = _list(group.get("scopeSpans")) if isinstance(group, dict) else []
        if not scopes:
            yield group
        for scope in scopes:
            if not isinstance(scope, dict) or not isinstance(scope.get("spans"), list):
                yield scope
                continue
            about = {"resource": group.get("resource"), "scope": scope.get("scope")}
            shared = {key: item for key, item in about.items() if item is not None}
            for span in scope["spans"]:
                yield {**shared, **span} if isinstance(span, dict) else span


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def convert(row: Row) -> Trajectory:
    """Return the messages that a model was given, and its answer."""
    span = shape(row.value, dict[str, Json])
    found = spans.of_span(span)
    definitions, path = spans.tools(found)
    talk = Conversation(row, toolset(definitions, path))
    for text in _instructions(found):
        talk.system(text)
    asked, answered = spans.messages(found, "input"), spans.messages(found, "output")
    if not asked and not answered:
        raise BadRow("empty-conversation", "attributes", "the span has no messages of a model")
    alternatives = answered[1:] if "gen_ai.output.messages" in found else []
    for place, message in [*asked, *(answered[:1] if alternatives else answered)]:
        _add(talk, shape(message, dict[str, Json], place), place)
    for place, message in alternatives:
        talk.keep(place, {"alternative": message}, frozenset())
    rest = {name: value for name, value in found.items() if not spans.is_read(name) and name != _SYSTEM}
    fields = other_fields(span, frozenset({"attributes"}))
    return talk.finish(fields={**fields, "attributes": rest} if rest else fields)


def _instructions(found: Mapping[str, Json]) -> Iterator[str]:
    value = found.get(_SYSTEM)
    if isinstance(value, str) and not value.lstrip().startswith("["):
        yield value
        return
    for i, part in enumerate(spans.listed(found, _SYSTEM) or ()):
        text = part.get("content", part.get("text")) if isinstance(part, dict) else part
        if not isinstance(text, str):
            raise BadRow("wrong-type", f"{_SYSTEM}[{i}]", "expected a part that is text")
        yield text


def _add(talk: Conversation, message: Mapping[str, Json], path: str) -> None:
    said = message.get("role")
    role = _ROLES.get(said, said) if isinstance(said, str) else said
    if role not in ("system", "user", "assistant", "tool"):
        raise BadRow("unknown-role", f"{path}.role", f"got {str(said)[:40]!r}")
    parts = message.get("parts")
    if parts is None and isinstance(message.get("content"), str):
        parts = [{"type": "text", "content": message["content"]}]
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Call] = []
    results = 0
    for i, item in enumerate(shape(parts or [], list[dict[str, Json]], f"{path}.parts")):
        place = f"{path}.parts[{i}]"
        kind = item.get("type")
        if kind == "tool_call" and role == "assistant":
            calls.append(_read_call(item, place))
        elif kind == "tool_call_response":
            results += 1
            own = item.get("id")
            told = item.get("response", item.get("result", ""))
            talk.result(written(told), call_id=own if isinstance(own, str) and own else None)
        elif kind in ("text", "reasoning"):
            (texts if kind == "text" else thoughts).append(_text(item, place))
        else:
            raise BadRow("wrong-type", f"{place}.type", f"no kind of part that is read: {str(kind)[:40]!r}")
        talk.keep(place, item, _IN_PART)
    _say(talk, role, "\n".join(texts), thoughts, calls, results, path)
    known = _IN_MESSAGE if message.get("parts") is not None else _IN_MESSAGE | {"content"}
    talk.keep(path, message, known)


def _say(
    talk: Conversation,
    role: str,
    text: str,
    thoughts: list[str],
    calls: list[Call],
    results: int,
    path: str,
) -> None:
    """Add what a message says besides results."""
    if role == "assistant":
        thought, said = split_thought(text)
        talk.assistant(said, calls, reasoning=joined([*thoughts, thought or ""]), path=path)
    elif thoughts:
        raise BadRow("wrong-type", path, f"a thought of the {role}")
    elif results and not text:
        return
    elif role == "system":
        talk.system(text)
    elif role == "tool":
        talk.result(text)
    else:
        talk.user(text)


def _read_call(item: Mapping[str, Json], path: str) -> Call:
    name, own = item.get("name"), item.get("id")
    if not isinstance(name, str) or not name:
        raise BadRow("bad-calls", f"{path}.name", "expected a call with a name")
    return call(name, item.get("arguments"), own if isinstance(own, str) and own else None)


def _text(item: Mapping[str, Json], path: str) -> str:
    text = item.get("content", item.get("text"))
    if not isinstance(text, str):
        raise BadRow("wrong-type", f"{path}.content", "expected a text")
    return text
