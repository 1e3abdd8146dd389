"""Build a trajectory turn by turn: legal names, unique call ids, results linked to their calls.

talk = Conversation(row, toolset(tools))
talk.user("Is it raining in Bergen?")
talk.assistant("", [call("get weather", '{"city": "Bergen"}')])
talk.result('{"rain": true}')
trajectory = talk.finish()
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from callwright.record import Json, Message, Outcome, Preference, Source, Task, ToolCall, Trajectory
from callwright.unify.fingerprints import fingerprint, numbered
from callwright.unify.notations.calls import Call, written_in
from callwright.unify.rows import BadRow, Row
from callwright.unify.tools import Toolset, legal_name

Expects = Literal["call", "no_call", "clarify", "partial", "any"]
Kind = Literal["single", "multi", "react", "env", "query"]

IDS = tuple(f"call_{i}" for i in range(64))
"""Of calls whose source gives them none."""
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]{3}")),
    ("ar", re.compile(r"[\u0600-\u06ff]{3}")),
)


class Conversation:
    """The messages of one row while they are being read."""

    # What most rows leave as it is stands here once, and not in every object: one is made for each row.
    instruction = ""
    format_instruction = ""
    """How the source wants calls written. It ends up in the notes: the calls are no longer written so."""
    few_shots: tuple[str, ...] = ()
    lang = ""
    """Language of the request; recognised by its script where the source does not tell."""
    _preference: Preference | None = None
    _calls = 0
    _users = 0
    _results = 0
    _request = ""
    _has_text = False
    _has_calls = False
    _has_unparsed = False
    _foreign_ids = False
    called: Sequence[Call] = ()
    """Those of the assistant's latest turn, as the source writes them."""

    def __init__(self, row: Row, tools: Toolset | None) -> None:
        self.row = row
        self.tools = tools
        self.messages: list[Message] = []
        self.notes: dict[str, Json] = {}
        """Ends up in ``extra["unify"]``."""
        self._offered: Mapping[str, str] = tools.names if tools else {}
        self._pending: dict[str, str] = {}  # call id → legal name, calls without a result so far
        self._open: list[str] = []  # those that a result without an id can belong to
        self._used: set[str] = set()
        self._ids: dict[str, str] = {}  # the source's call id → ours, the latest use wins
        self._strangers: dict[str, str] = {}  # names of calls to tools that the row does not offer

    def system(self, text: str) -> None:
        """Add a system text; the ones before everything else are the task's instruction."""
        if self.messages:
            self.messages.append(Message(role="system", content=text))
        else:
            self.instruction += ("\n\n" if self.instruction else "") + text

    def user(self, text: str, name: str | None = None) -> None:
        """Add what the user says."""
        self._users += 1
        self._request = self._request or text
        self.messages.append(Message(role="user", content=text, name=name))

    def assistant(
        self,
        text: str,
        calls: Sequence[Call] = (),
        *,
        reasoning: str | None = None,
        weight: float | None = None,
        name: str | None = None,
        path: str = "",
    ) -> list[str]:
        """Add a turn of the assistant and return the ids of its calls.

        Raises `BadRow` for a text with calls written inside it: another layout, whose calls would be lost.
        """
        ids: list[str] = []
        self.called = calls
        # Earlier calls stay behind, but for those of a turn right before: some write a turn for each call.
        if calls and self._open and not self.messages[-1].tool_calls:
            self._open = []
        made = self._answer(text, calls, ids, path)
        self._has_text |= bool(text and not made)
        self._has_calls |= bool(made)
        self.messages.append(
            Message(
                role="assistant",
                content=text,
                reasoning=reasoning,
                tool_calls=made,
                weight=weight,
                name=name,
            )
        )
        return ids

    def reject(
        self,
        text: str,
        calls: Sequence[Call] = (),
        *,
        error_class: str = "unspecified",
        reasoning: str | None = None,
        path: str = "",
    ) -> None:
        """Set the worse answer beside the last turn, which is the chosen one."""
        pending, waiting = dict(self._pending), list(self._open)
        made = self._answer(text, calls, [], path)
        self._pending, self._open = pending, waiting  # what was rejected gets no results
        message = Message(role="assistant", content=text, reasoning=reasoning, tool_calls=made)
        self._preference = Preference(rejected=message, error_class=error_class)

    def _answer(self, text: str, calls: Sequence[Call], ids: list[str], path: str) -> tuple[ToolCall, ...]:
        if text and not calls:
            mark = written_in(text)
            if mark:
                raise BadRow("calls-in-text", path, f"the text contains {mark}")
        return tuple([self._call(c, ids) for c in calls])

    def result(self, content: str, *, call_id: str | None = None, name: str | None = None) -> None:
        """Add the result of a call: of the named id, or of the oldest of the latest calls that lacks one."""
        self._results += 1
        legal = self._name(name) if name else None
        own = self._ids.get(call_id, call_id) if call_id else self._oldest(legal)
        if own:
            legal = legal or self._pending.get(own)
            self._pending.pop(own, None)
        self.messages.append(Message(role="tool", content=content, tool_call_id=own, name=legal))

    def _oldest(self, name: str | None) -> str | None:
        names = self._pending
        fitting = (i for i in self._open if i in names and (name is None or names[i] == name))
        return next(fitting, None)

    def _call(self, call: Call, turn: list[str]) -> ToolCall:
        number = self._calls
        self._calls += 1
        name = self._name(call.name)
        own = call.id
        if own is None or own in self._used:
            own = IDS[number] if number < len(IDS) else f"call_{number}"
            while own in self._used:
                own += "x"
        else:
            self._foreign_ids = True
        if call.id is not None:
            self._ids[call.id] = own
        self._used.add(own)
        self._pending[own] = name
        self._open.append(own)
        turn.append(own)
        if call.rest is not None:
            self.keep(*call.rest, frozenset())
        if call.parse_error is None and not call.depends_on and call.alternatives is None:
            return ToolCall(name=name, arguments=call.arguments, id=own)
        self._has_unparsed |= call.parse_error is not None
        return ToolCall(
            name=name,
            arguments=call.arguments,
            id=own,
            raw=call.raw,
            parse_error=call.parse_error,
            depends_on=tuple([turn[i] for i in call.depends_on]) if call.depends_on else (),
            alternatives=call.alternatives,
        )

    def _name(self, name: str) -> str:
        """Return the legal name of a tool; one that is not offered never takes the name of one that is."""
        offered = self._offered
        found = offered.get(name) or self._strangers.get(name)
        if found:
            return found
        legal = wanted = legal_name(name)
        taken = {*offered.values(), *self._strangers.values()}
        n = 1
        while legal in taken:
            n += 1
            legal = f"{wanted}_{n}"
        self._strangers[name] = legal
        return legal

    def keep(self, path: str, item: Mapping[str, Json], known: frozenset[str]) -> None:
        """Keep the fields of a turn for which the record has no place, under the turn's path."""
        if not item.keys() <= known:
            rest = {key: value for key, value in item.items() if key not in known and value is not None}
            if rest:
                self.notes.setdefault("turns", {})[path] = rest

    def finish(
        self,
        *,
        fields: Mapping[str, Json] | None = None,
        outcome: Outcome | None = None,
        expects: Expects | None = None,
        kind: Kind | None = None,
    ) -> Trajectory:
        """Return the trajectory; `fields` is what the row carries beyond what the record has a place for."""
        if not self.messages:
            raise BadRow("empty-conversation", "", "the row has no message")
        row = self.row
        notes = self.notes
        if fields:
            notes["fields"] = fields
        if self.format_instruction:
            notes["format_instruction"] = self.format_instruction
        if self.tools and self.tools.rest:
            notes["tools"] = self.tools.rest
        if self._strangers:
            renamed = {legal: name for name, legal in self._strangers.items() if name != legal}
            notes.update({"renamed": renamed} if renamed else {})
        return Trajectory(
            id=row.id,
            source=source_of(row),
            task=task_of(
                self.instruction,
                self.few_shots,
                kind or self._kind(),
                expects or self._expects(),
                self.lang or language(self._request),
            ),
            tools=self.tools.tools if self.tools else None,
            messages=tuple(self.messages),
            outcome=outcome,
            preference=self._preference,
            fingerprint=self._fingerprint(),
            extra={"unify": notes} if notes else {},
        )  # fmt: skip

    def _kind(self) -> Kind:
        if self._users > 1 or self._results:
            return "multi"
        return "single" if self._has_calls or self.messages[-1].role == "assistant" else "query"

    def _expects(self) -> Expects:
        if self._has_calls:
            return "call"
        return "no_call" if self._has_text and self.tools and self.tools.tools else "any"

    def _fingerprint(self) -> str:
        """Hash instruction, tools and messages, but neither made-up ids nor the words of a parser."""
        messages: Sequence[Message] = self.messages
        if self._foreign_ids or self._has_unparsed:
            messages = numbered(messages)
        return fingerprint(self.tools.digest if self.tools else None, self.instruction, messages)


def language(text: str) -> str:
    """Return the language that the script of a text tells, English where it tells none."""
    if text.isascii():
        return "en"
    return next((lang for lang, script in _SCRIPTS if script.search(text)), "en")


def source_of(row: Row) -> Source:
    """Return where a row comes from."""
    name = row.id[: row.id.index("/")]
    return Source(
        dataset=name,
        row=row.number,
        uri=row.file.uri,
        split=row.split,
        license=row.license,
        noncommercial="-NC" in row.license,
        adapter=name,
    )


@lru_cache(maxsize=256)
def task_of(instruction: str, few_shots: tuple[str, ...], kind: Kind, expects: Expects, lang: str) -> Task:
    """Return the task; most rows of a source share one."""
    return Task(instruction=instruction, few_shots=few_shots, kind=kind, expects=expects, lang=lang)
