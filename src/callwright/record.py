"""The one record that every stage reads and writes.

A `Trajectory` maps one to one to the six modules of the xLAM unified format (arXiv 2409.03215 §3.1:
task instruction, available tools, format instruction, few-shot examples, query, steps) and both ways to
OpenAI chat messages. All values are frozen and hold plain JSON data; identity, storage and checks live
elsewhere.

    >>> encode(Trajectory(id="a", messages=(Message(role="user", content="hi"),)))
    b'{"id":"a","schema_version":"1.0","messages":[{"role":"user","content":"hi"}]}'
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec.structs import force_setattr

SCHEMA_VERSION = "1.0"

Json = Any
"""A JSON value: None, bool, int, float, str, list of Json, dict of str to Json."""

Role = Literal["system", "user", "assistant", "tool"]
Severity = Literal["error", "warning", "info"]
Isolation = Literal["none", "monty", "bwrap", "landlock", "process"]


def no_parameters() -> dict[str, Json]:
    """Return the schema of a function that takes no argument."""
    return {"type": "object", "properties": {}}


class Value(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True, gc=False
):
    """What every part of the record has in common: frozen, small on the wire, no unknown fields."""


class Tool(Value, frozen=True):
    """A function that a model may call."""

    name: str
    description: str = ""
    parameters: dict[str, Json] = msgspec.field(default_factory=no_parameters)
    """JSON Schema 2020-12 of the arguments object."""
    returns: dict[str, Json] | None = None
    """JSON Schema of the result, where the source tells."""
    kind: Literal["function", "mcp", "env", "code"] = "function"
    original_name: str | None = None
    """The source's name, if it was not a legal one."""
    schema_fixes: tuple[str, ...] = ()
    """What the normaliser changed, one phrase each."""


class ToolCall(Value, frozen=True):
    """One call. `arguments` is None only when the source's text did not parse."""

    name: str
    arguments: dict[str, Json] | None = {}
    id: str | None = None
    raw: str | None = None
    """The source's text, kept only when it did not parse."""
    parse_error: str | None = None
    depends_on: tuple[str, ...] = ()
    """Ids of earlier calls whose results the arguments refer to."""
    alternatives: dict[str, list[Json]] | None = None
    """Argument name to its allowed values (BFCL); an empty string marks the argument as optional."""


class Message(Value, frozen=True):
    """One turn of a conversation."""

    role: Role
    content: str = ""
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    weight: float | None = None
    """Loss weight of an assistant turn in training; None means 1."""


class Task(Value, frozen=True):
    """What is asked, apart from the conversation itself."""

    instruction: str = ""
    format_instruction: str = ""
    few_shots: tuple[str, ...] = ()
    kind: Literal["single", "multi", "react", "env", "query"] = "single"
    expects: Literal["call", "no_call", "clarify", "partial", "any"] = "any"
    lang: str = "en"
    output_format: str = ""
    """A key of `formats.FORMATS`; empty means the default format."""
    layout: str = ""
    """How the parts of the prompt are set apart and ordered (`formats.layout`); empty means as usual."""

    def __post_init__(self) -> None:
        # msgspec leaves a default out by identity; without this, equal tasks could differ on the wire.
        if self.lang == "en":
            force_setattr(self, "lang", "en")
        if self.kind == "single":
            force_setattr(self, "kind", "single")
        if self.expects == "any":
            force_setattr(self, "expects", "any")


_NO_TASK = Task()


class Outcome(Value, frozen=True):
    """What the source says about success."""

    reward: float | None = None
    success: bool | None = None
    metrics: dict[str, Json] = {}


class Preference(Value, frozen=True):
    """The rejected answer of a preference pair; the chosen one is the trajectory's last message."""

    rejected: Message
    """The worse answer; one that could not be read is a call without a name whose `raw` is all of it."""
    error_class: str
    """Which class of error the rejected answer shows (xLAM §3.3, or a class of `pair`)."""


class Issue(Value, frozen=True):
    """A finding of a check: where, what was expected, what was found."""

    code: str
    path: str
    """JSON path inside the trajectory, for example ``messages[1].tool_calls[0].arguments.days``."""
    severity: Severity = "error"
    expected: str = ""
    got: str = ""
    by_design: bool = False
    """True where the source's own expectation explains the finding."""


class Source(Value, frozen=True):
    """Where a trajectory comes from."""

    dataset: str
    row: int = 0
    uri: str = ""
    split: str = ""
    revision: str = ""
    license: str = ""
    noncommercial: bool = False
    adapter: str = ""


class Trajectory(Value, frozen=True):
    """One task with its tools, conversation, outcome and findings.

    `tools` is None when the source does not tell which tools were offered, and empty when it says none.
    """

    id: str
    # A factory, because a plain default would be left out on the wire and a later reader could not tell.
    schema_version: str = msgspec.field(default_factory=lambda: SCHEMA_VERSION)
    source: Source | None = None
    task: Task = _NO_TASK
    tools: tuple[Tool, ...] | None = None
    messages: tuple[Message, ...] = ()
    outcome: Outcome | None = None
    preference: Preference | None = None
    issues: tuple[Issue, ...] = ()
    fingerprint: str | None = None
    """xxh3-128 of tools and messages in hexadecimal; equal rows have equal fingerprints."""
    extra: dict[str, Json] = {}
    """What the source carries and the record has no place for; namespaced by stage."""

    def __post_init__(self) -> None:
        # As in Task: a task that equals the default is the default.
        if self.task is not _NO_TASK and self.task == _NO_TASK:
            force_setattr(self, "task", _NO_TASK)


class Dropped(Value, frozen=True):
    """A row that a stage did not keep: why, where, and the row itself."""

    id: str
    stage: str
    reason: str
    """Stable code of the first finding that decided."""
    path: str = ""
    detail: str = ""
    row: Json = None
    """The row as it came in, so that nothing is lost."""


class Observation(Value, frozen=True):
    """What came back from executing one call."""

    ok: bool
    value: Json = None
    error: str = ""
    kind: Literal["result", "raised", "refused", "timeout", "crashed", "oversize", "unanswered"] = "result"
    isolation: Isolation = "none"
    via: Literal["run", "mock", "replay", "live"] = "run"
    """Where the answer is from: code that ran, a stand-in made from a schema, a recording, a live server."""
    seconds: float = 0.0


class Episode(Value, frozen=True):
    """Calls that run one after another; tools with a state start from the one given here."""

    calls: tuple[ToolCall, ...]
    state: dict[str, Json] | None = None
    """Initial state by class name; None for the one that the tools start with by themselves."""


class Change(Value, frozen=True):
    """A part of the tools' state that an episode changed; None where it was absent."""

    path: str
    before: Json = None
    after: Json = None


class Played(Value, frozen=True):
    """What came of an episode: one observation per call, and what changed in the tools' state."""

    observations: tuple[Observation, ...]
    changes: tuple[Change, ...] = ()


class _Tools(dict[bytes, Tool]):
    """JSON of a tool → the tool: rows of a file offer the same ones again and again."""

    _MANY_BYTES = 8 << 20
    _held = 0
    _decode = msgspec.json.Decoder(Tool).decode

    def __missing__(self, text: bytes) -> Tool:
        tool = self._decode(text)
        self._held += len(text)
        if self._held > self._MANY_BYTES:
            self.clear()
            self._held = len(text)
        self[text] = tool
        return tool


def _with_tools_as_json() -> type[msgspec.Struct]:
    """Return `Trajectory`, except that its tools are not decoded yet."""
    field: Any = msgspec.field
    fields = [
        (
            f.name,
            tuple[msgspec.Raw, ...] | None if f.name == "tools" else f.type,
            field(default=f.default, default_factory=f.default_factory),
        )
        for f in msgspec.structs.fields(Trajectory)
    ]
    return msgspec.defstruct("Trajectory", fields, kw_only=True, forbid_unknown_fields=True, gc=False)


_encoder = msgspec.json.Encoder()
_decode_all = msgspec.json.Decoder(Trajectory).decode
_decode_but_tools = msgspec.json.Decoder(_with_tools_as_json()).decode
_tools = _Tools().__getitem__


def encode(value: Value) -> bytes:
    """Return compact JSON, keys in field order, defaults left out."""
    return _encoder.encode(value)


def decode(line: bytes | str) -> Trajectory:
    """Return the trajectory of one JSON line; raises `msgspec.ValidationError` with the path.

    Equal tools of different rows are one object: rows take a half to a fifth of the memory, and what
    is found out about a tool is found out once. As with every value here, nothing may be changed in place.
    """
    try:
        row: Any = _decode_but_tools(line)
        tools = tuple(map(_tools, map(bytes, row.tools))) if row.tools else row.tools
    except ValueError:
        return _decode_all(line)  # which tells the place in the whole line
    return Trajectory(
        id=row.id,
        schema_version=row.schema_version,
        source=row.source,
        task=row.task,
        tools=tools,
        messages=row.messages,
        outcome=row.outcome,
        preference=row.preference,
        issues=row.issues,
        fingerprint=row.fingerprint,
        extra=row.extra,
    )
