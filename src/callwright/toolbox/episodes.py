"""What an episode is for an isolated process: a line of calls, an answer for each, then the changes.

Calls that can not be sent are refused here, and do not stop the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Set
from itertools import islice
from typing import Any, Literal, NamedTuple

import msgspec

from callwright.record import Change, Episode, Isolation, Observation, Played, ToolCall
from callwright.toolbox.process import Answer, Gone

MAX_DEPTH = 200
"""Of arguments and states; not every interpreter reads deeper JSON."""
RESULT, MEMORY = b"v", b"m"
_KINDS: dict[bytes, Literal["raised", "oversize", "refused"]] = {
    b"e": "raised", b"m": "raised", b"o": "oversize", b"r": "refused"
}  # fmt: skip
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_changes = msgspec.json.Decoder(list[tuple[str, Any, Any]]).decode


class Play(NamedTuple):
    """An episode made ready: what to send, and which of its calls are in it."""

    request: bytes
    sent: tuple[int, ...]
    refused: Mapping[int, Observation]


def prepare(episode: Episode, names: Set[str], classes: Set[str]) -> Play:
    """Return how to play an episode of the tools `names` with the stateful `classes`."""
    refused: dict[int, Observation] = {}
    sent: list[bytes] = []
    unknown = sorted(set(episode.state or ()) - classes)
    for i, call in enumerate(episode.calls):
        line = refusal(f"no class with a state is named {unknown[0]!r}") if unknown else text(call, names)
        if isinstance(line, bytes):
            sent.append(line)
        else:
            refused[i] = line
    try:
        state = _json(episode.state)
    except (TypeError, ValueError, RecursionError) as error:
        found = refusal(f"the state is not JSON: {error}")
        return Play(b"", (), dict.fromkeys(range(len(episode.calls)), found))
    places = tuple(i for i in range(len(episode.calls)) if i not in refused)
    return Play(b"[" + state + b",[" + b",".join(sent) + b"]]", places, refused)


def played_apart(
    episodes: Sequence[Episode],
    methods: Set[str],
    many: Callable[[Sequence[ToolCall]], Sequence[Observation]],
    stage: Callable[[Sequence[Episode]], Sequence[Played]],
) -> list[Played]:
    """Return what came of episodes: those with a state go to `stage`, the calls of all others to `many`."""
    staged = [bool(e.state) or any(call.name in methods for call in e.calls) for e in episodes]
    plain = [e for e, has_state in zip(episodes, staged, strict=True) if not has_state]
    observed = iter(many([call for episode in plain for call in episode.calls]))
    acts = [e for e, has_state in zip(episodes, staged, strict=True) if has_state]
    played = iter(stage(acts) if acts else ())
    return [
        next(played) if has_state else Played(tuple(islice(observed, len(episode.calls))))
        for episode, has_state in zip(episodes, staged, strict=True)
    ]


def text(call: ToolCall, names: Set[str]) -> bytes | Observation:
    """Return a call as the process takes it, or the observation that it is refused."""
    if call.name not in names:
        return refusal(f"no tool is named {call.name!r}")
    if not isinstance(call.arguments, dict):
        return refusal("the arguments are not an object")
    try:
        return _json([call.name, call.arguments])
    except (TypeError, ValueError, RecursionError) as error:
        return refusal(f"the arguments are not JSON: {error}")


def _json(value: object) -> bytes:
    """Return `value` as one line of JSON; raises TypeError, ValueError or RecursionError for what is none."""
    try:
        line = _encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        line = b"null"  # the other encoder knows integers of any length, and says what is wrong
    if b"null" in line:  # what is not a finite number is null, too, but must not pass for it
        line = json.dumps(value, allow_nan=False).encode("ascii")
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH and _is_deep(value):
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    return line


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for part in level for item in (part.values() if isinstance(part, dict) else part)]
        level = [item for item in level if isinstance(item, dict | list | tuple)]
    return bool(level)


def refusal(why: str) -> Observation:
    """Return the observation of a call that was not made."""
    return Observation(ok=False, kind="refused", error=why)


def observation(answer: Answer, level: Isolation) -> Observation:
    """Return what an answer says; raises Gone if it is none."""
    status, said, seconds = answer
    if status == RESULT:
        try:
            value = _decode(said)
        except (msgspec.DecodeError, RecursionError):
            raise Gone("crashed", "spoiled its own answer") from None
        return Observation(ok=True, value=value, isolation=level, seconds=seconds)
    if status not in _KINDS:
        raise Gone("crashed", "answered out of turn")
    error = said.decode("utf-8", "replace")
    return Observation(ok=False, kind=_KINDS[status], error=error, isolation=level, seconds=seconds)


def blamed(gone: Gone, level: Isolation, timeout: float) -> Observation:
    """Return what is to be said of the call that ended its process."""
    if gone.kind == "timeout":
        error = f"no answer within {timeout:g} s"
        return Observation(ok=False, kind="timeout", error=error, isolation=level, seconds=timeout)
    return Observation(ok=False, kind=gone.kind, error=f"the call {gone.text}", isolation=level)


def ended(play: Play, observations: Sequence[Observation], last: Observation) -> Played:
    """Return an episode that its call after `observations` ended; what it changed is not known."""
    seen = [*observations, last][: len(play.sent)]
    if len(observations) >= len(play.sent):  # it fell silent when it was to tell what had changed
        seen[-1] = msgspec.structs.replace(last, error=f"{last.error}, after its answer")
    number = play.sent[len(seen) - 1] + 1
    why = refusal(f"not called: call {number} of the episode ended its process ({last.kind}: {last.error})")
    return assembled(play, [*seen, *[why] * (len(play.sent) - len(seen))])


def assembled(play: Play, seen: Sequence[Observation], changes: tuple[Change, ...] = ()) -> Played:
    """Return the episode with the observation of every call in its place."""
    if not play.refused:
        return Played(tuple(seen), changes)
    by_place = dict(zip(play.sent, seen, strict=True)) | dict(play.refused)
    return Played(tuple(by_place[i] for i in sorted(by_place)), changes)


def changes(answer: Answer) -> tuple[Change, ...]:
    """Return what the last frame of an episode says; raises Gone if it is none."""
    status, said, _ = answer
    try:
        if status == b"z":
            return tuple(Change(path=path, before=old, after=new) for path, old, new in _decode_changes(said))
    except (msgspec.DecodeError, RecursionError):
        pass
    raise Gone("crashed", "answered out of turn")
