"""Items of OpenAI's Responses API → turns: thoughts, texts and calls that belong together become one.

A turn of the assistant is a run of items: thoughts, then a text, then calls. It ends at the first result,
at a message of somebody else, and where a thought or a text follows its calls, unless the results of these
calls come next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callwright.record import Json
from callwright.unify.conversation import Conversation
from callwright.unify.notations.blocks import joined, read, written
from callwright.unify.notations.calls import Call, call, split_thought
from callwright.unify.rows import BadRow

BUILT_IN = {
    "web_search": ("action",),
    "file_search": ("queries",),
    "code_interpreter": ("code",),
    "local_shell": ("action",),
    "shell": ("action",),
    "apply_patch": ("operation",),
    "computer": ("action", "actions"),
}
"""OpenAI's own tools: the fields of a ``<name>_call`` item that are the arguments of the call."""
RESULTS = frozenset(
    {"function_call_output", "custom_tool_call_output"} | {f"{name}_call_output" for name in BUILT_IN}
)
CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call"} | {f"{name}_call" for name in BUILT_IN})
TYPES = CALLS | RESULTS | {"message", "reasoning", "mcp_list_tools"}
_INLINE = ("output", "outputs", "results", "error")
_READ = frozenset({"type", "role", "content", "name", "arguments", "input", "call_id", "output", "summary"})


def is_item(value: Json) -> bool:
    """Tell whether a value is an item, or a message in the short form without a type."""
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    if kind is None:
        return isinstance(value.get("role"), str) and "content" in value
    return isinstance(kind, str) and kind in TYPES


def add(talk: Conversation, items: Sequence[tuple[str, Json]]) -> None:
    """Add all items, each given with its path."""
    turn = Turn(talk)
    for i, (path, item) in enumerate(items):
        if not isinstance(item, dict):
            raise BadRow("wrong-type", path, f"expected an item, got {type(item).__name__}")
        following = items[i + 1][1] if i + 1 < len(items) else None
        turn.add(path, item, before_result=_kind(following) in RESULTS)
    turn.end()


class Turn:
    """The assistant's turn while its items are being read."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk
        self.thoughts: list[str] = []
        self.text = ""
        self.calls: list[Call] = []
        self.path = ""

    def add(self, path: str, item: Mapping[str, Json], before_result: bool) -> None:
        """Add one item; raises `BadRow` for a kind that is not read."""
        kind = _kind(item)
        if kind == "message":
            self._message(path, item, before_result)
        elif kind == "reasoning":
            self._reasoning(path, item, before_result)
        elif kind in CALLS:
            self._call(path, item, kind)
        elif kind in RESULTS:
            self.end()
            self._result(path, item)
        elif kind != "mcp_list_tools":
            raise BadRow("wrong-type", f"{path}.type", f"no kind of item that is read: {kind[:60]!r}")
        keep(self.talk, path, item)

    def end(self) -> None:
        """Hand the turn over, if there is one."""
        if self.path:
            thought = joined(self.thoughts)
            self.talk.assistant(self.text, self.calls, reasoning=thought, path=self.path)
        self.thoughts, self.text, self.calls, self.path = [], "", [], ""

    def _begin(self, path: str, fits: bool) -> None:
        if not fits:
            self.end()
        self.path = self.path or path

    def _message(self, path: str, item: Mapping[str, Json], before_result: bool) -> None:
        role = item.get("role")
        if item.get("tool_calls"):
            raise BadRow("bad-calls", f"{path}.tool_calls", "calls of another layout inside an item")
        found = read(item.get("content"), f"{path}.content")
        found.keep(self.talk)
        if role == "assistant":
            thought, text = split_thought(found.text)
            self._begin(path, fits=not self.text and (before_result or not self.calls))
            self.thoughts += [t for t in (found.thought, thought) if t]
            self.text = text
            return
        self.end()
        if role == "user":
            self.talk.user(found.text)
        elif role in ("system", "developer"):
            self.talk.system(found.text)
        else:
            raise BadRow("unknown-role", f"{path}.role", f"expected a role, got {str(role)[:40]!r}")

    def _reasoning(self, path: str, item: Mapping[str, Json], before_result: bool) -> None:
        thought = _thought(path, item) or read(item.get("summary"), f"{path}.summary").text
        if thought:
            self._begin(path, fits=before_result or not (self.text or self.calls))
            self.thoughts.append(thought)

    def _call(self, path: str, item: Mapping[str, Json], kind: str) -> None:
        self._begin(path, fits=True)
        own = item.get("call_id") or item.get("id")
        name, arguments = _named(path, item, kind)
        found = call(name, arguments, own if isinstance(own, str) else None)
        self.calls.append(found)
        result = _inline(item)
        if result:
            self.end()
            self.talk.result(written(item[result]), call_id=found.id, name=name)

    def _result(self, path: str, item: Mapping[str, Json]) -> None:
        output, call_id = item.get("output"), item.get("call_id")
        parts = isinstance(output, list) and all(isinstance(p, dict) and "type" in p for p in output)
        if isinstance(output, dict) and output.get("type") == "computer_screenshot":
            raise BadRow("wrong-type", f"{path}.output", "expected a result that is text, got a screenshot")
        if parts:
            found = read(output, f"{path}.output")
            found.keep(self.talk)
            output = found.text
        self.talk.result(written(output), call_id=call_id if isinstance(call_id, str) else None)


def _named(path: str, item: Mapping[str, Json], kind: str) -> tuple[str, Json]:
    """Return name and arguments of a call."""
    own = kind.removesuffix("_call")
    if own in BUILT_IN:
        return own, {key: item[key] for key in BUILT_IN[own] if item.get(key) is not None}
    name = item.get("name")
    if not isinstance(name, str) or not name:
        raise BadRow("bad-calls", f"{path}.name", f"expected a name, got {name!r}"[:200])
    if kind == "custom_tool_call":
        return name, {"input": item.get("input")}
    return name, item.get("arguments")


def _kind(item: Json) -> str:
    """Return the type of an item; a message may leave it out."""
    if not isinstance(item, dict):
        return ""
    found = item.get("type", "message" if "role" in item else "")
    return found if isinstance(found, str) else ""


def _thought(path: str, item: Mapping[str, Json]) -> str:
    found = read(item.get("content"), f"{path}.content")
    return found.text or found.thought or ""


def _inline(item: Mapping[str, Json]) -> str:
    """Return the field of a call that OpenAI ran itself in which its result stands, if any."""
    kind = _kind(item)
    if kind not in CALLS or kind in ("function_call", "custom_tool_call"):
        return ""
    return next((key for key in _INLINE if item.get(key) is not None), "")


def keep(talk: Conversation, path: str, item: Mapping[str, Json]) -> None:
    """Keep what an item carries beyond its turn: its id, token ids, an encrypted thought."""
    kind = _kind(item)
    known = {*_READ, _inline(item), *BUILT_IN.get(kind.removesuffix("_call"), ())}
    if item.get("status") == "completed":
        known.add("status")
    if item.get("id") == item.get("call_id"):
        known.add("id")
    if kind == "reasoning" and _thought(path, item):
        known.discard("summary")  # the whole thought was read, not its digest
    talk.keep(path, item, frozenset(known))
