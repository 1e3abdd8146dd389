"""Verified failures: what a stage dropped for a wrong answer, joined with a row that asks the same.

Synthesis keeps what it refused, and the next attempt at the same request, or another run, may have got it
right. Two rows ask the same if their instruction, offered tools, first request and initial state are equal.
The pair is made where they part: the first turn of the assistant with another effect, all before being
equal. That turn must be what the row was dropped for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from callwright.errors import DataError
from callwright.pair.candidate import Candidate, Offer, Ready, candidate
from callwright.pair.classes import errors_of, mistake_of
from callwright.pair.effect import effect
from callwright.record import Dropped, Json, Message, Tool, ToolCall, Trajectory
from callwright.store import read_lines
from callwright.verify import verify
from callwright.verify.duplicates import canonical

UNLIKE = "unlike-blueprint"
"""Why a conversation was dropped that did not come to what it was to come to."""
_ELSEWHERE = ("secret",)
"""Codes of `verify` that say nothing about an answer, or whose row was redacted."""


class Failure:
    """A dropped row, and what became of it here."""

    def __init__(self, why: Dropped, row: Trajectory) -> None:
        self.why = why
        self.row = row
        self.outcome = "nothing-asks-the-same"


class Failures:
    """The source that looks failures up by what they ask."""

    def __init__(self, dropped: Iterable[Dropped]) -> None:
        self._by_request: dict[bytes, list[Failure]] = defaultdict(list)
        self._left_out: Counter[str] = Counter()
        self._read = 0
        for why in dropped:
            self._read += 1
            self._add(why)

    def _add(self, why: Dropped) -> None:
        if why.reason in _ELSEWHERE or (why.stage != "verify" and why.reason != UNLIKE):
            self._left_out["no-mistake"] += 1
            return
        try:
            row = msgspec.convert(why.row, Trajectory)
        except (msgspec.ValidationError, RecursionError):
            self._left_out["no-row"] += 1
            return
        self._by_request[_request(row)].append(Failure(why, row))

    def __call__(self, rows: Sequence[Ready]) -> list[Offer]:
        """Return the failures at what each row asks."""
        return [self._offer(one.row) for one in rows]

    def _offer(self, kept: Trajectory) -> Offer:
        found = []
        for failure in self._by_request.get(_request(kept), ()):
            one = joined(kept, failure)
            if one is not None:
                found.append(one)
        return Offer(tuple(found), "" if found else "no-failure-joins")

    def to_json(self) -> dict[str, Json]:
        """Return how many failures were read, how many joined a row, and why the others did not."""
        outcomes = Counter(f.outcome for failures in self._by_request.values() for f in failures)
        joined_ones = outcomes.pop("joined", 0)
        left_out = dict((self._left_out + outcomes).most_common())
        return {"read": self._read, "joined": joined_ones, "left_out": left_out}


def read_dropped(path: Path) -> Iterator[Dropped]:
    """Yield the dropped rows of a file, lines that are none as rows without a mistake.

    Raises `DataError` at the end if no line is a dropped row.
    """
    lines, found = 0, False
    for number, line in read_lines(path):
        lines += 1
        try:
            yield msgspec.json.decode(line, type=Dropped)
            found = True
        except (ValueError, RecursionError):
            yield Dropped(id=f"{path.name}:{number}", stage="pair", reason="not-a-dropped-row")
    if lines and not found:
        raise DataError(
            "holds no dropped row", place=str(path), got=f"{lines:,} other lines",
            hint="a stage leaves what it drops in OUT.dropped.jsonl",
        )  # fmt: skip


def joined(kept: Trajectory, failure: Failure) -> Candidate | None:
    """Return the candidate where a kept row and a failure part, and note on the failure how that went."""
    if failure.outcome != "joined":
        failure.outcome = "does-not-part"
    i = _parting(kept, failure.row)
    if i is None:
        return None
    t = replace(kept, messages=kept.messages[: i + 1], fingerprint=None)
    answer = failure.row.messages[i]
    one = None
    if verify(t).ok and _at_fault(failure, t, i) and (mistake := mistake_of(t, answer)):
        about = {"reason": failure.why.reason, "from": failure.why.id}
        one = candidate(t, answer, mistake, "failure", about)
    if failure.outcome != "joined":
        failure.outcome = "not-at-fault" if one is None else "joined"
    return one


def _request(row: Trajectory) -> bytes:
    """Return what is equal for rows that ask the same."""
    first = next((m.content for m in row.messages if m.role == "user"), "")
    tools = None if row.tools is None else sorted(map(_tool, row.tools))
    told = [_plain(row.task.instruction), tools, _plain(first), row.extra.get("state")]
    return canonical(told)


def _tool(tool: Tool) -> str:
    return canonical(msgspec.to_builtins(tool)).decode()


def _plain(text: str) -> str:
    return " ".join(text.split())


def _parting(kept: Trajectory, failed: Trajectory) -> int | None:
    """Return the first turn of the assistant with another effect; None where something else differs first."""
    for i, (one, other) in enumerate(zip(kept.messages, failed.messages, strict=False)):
        if one.role != other.role:
            return None
        if one.role == "assistant" and effect(one, kept.tools) != effect(other, kept.tools):
            return None if one.weight == 0.0 else i
        if _plain(one.content) != _plain(other.content):
            return None
    return None


def _at_fault(failure: Failure, t: Trajectory, i: int) -> bool:
    """Tell whether the turn is what the row was dropped for."""
    why, messages = failure.why, failure.row.messages
    if why.reason == UNLIKE:
        return _told(failure.row) == _told(t) and _spoils(t, messages[i], messages[i:])
    turns = [k for k, message in enumerate(messages) if message.role == "assistant"]
    return why.path.startswith(f"messages[{i}]") or (turns == [i] and not why.path.startswith("messages["))


def _spoils(t: Trajectory, answer: Message, rest: Sequence[Message]) -> bool:
    """Tell whether a turn alone keeps a conversation from coming to what its blueprint wants.

    It does if the world or `verify` refuses it, if it says something and what was due is never done, or if it
    changes the state in a way that is not wanted. Another way to find something out is no mistake.
    """
    if not answer.tool_calls:
        done = effect(Message(role="assistant", tool_calls=_calls(rest)), t.tools)
        return not set(effect(t.messages[-1], t.tools)) & set(done)
    if answer.weight == 0.0 or errors_of(t, answer):
        return True
    writes = [action for action in _actions(t) if action.get("writes")]
    wanted = [ToolCall(name=str(a.get("name")), arguments=a.get("arguments")) for a in writes]
    gold = set(effect(Message(role="assistant", tool_calls=tuple(wanted)), t.tools))
    names = {call.name for call in wanted}
    made = [call for call in answer.tool_calls if call.name in names]
    return any(not gold & set(effect(replace(answer, tool_calls=(call,)), t.tools)) for call in made)


def _calls(messages: Iterable[Message]) -> tuple[ToolCall, ...]:
    return tuple(call for message in messages for call in message.tool_calls)


def _told(row: Trajectory) -> Json:
    made = row.extra.get("synthesize")
    return made.get("blueprint") if isinstance(made, dict) else None


def _actions(t: Trajectory) -> Iterator[Mapping[str, Json]]:
    """Yield the gold actions of the row's blueprint."""
    told = _told(t)
    turns = told.get("turns") if isinstance(told, dict) else None
    for turn in turns if isinstance(turns, list) else ():
        actions = turn.get("actions") if isinstance(turn, dict) else None
        yield from (action for action in actions or () if isinstance(action, dict))
