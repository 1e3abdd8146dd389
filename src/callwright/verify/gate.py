"""May the row be used at all: does it hold a credential, does its licence forbid commercial use?

What counts as a credential is told by `callwright.secrets`. The whole row is looked at: what a model is
trained on, and what a release would carry along. A finding names the kind of credential, never the text.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from callwright import secrets
from callwright.record import Issue, Json, Tool, Trajectory

CODES = ("secret",)

_encode = msgspec.json.Encoder().encode
_innocent_text = secrets.innocent


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield an error per credential in the row, and a warning for a licence against commercial use."""
    innocent = _innocent(t)
    if innocent and (t.source is None or not t.source.noncommercial):
        return _NOTHING  # without a generator: nearly every row ends here
    return _issues(t, innocent)


_NOTHING: Iterator[Issue] = iter(())


def _issues(t: Trajectory, innocent: bool) -> Iterator[Issue]:
    if not innocent:
        for kind, path in _found(t):
            yield Issue(code="secret", path=path, expected="no credential", got=kind)
    if t.source is not None and t.source.noncommercial:
        yield Issue(
            code="noncommercial",
            path="source.noncommercial",
            severity="warning",
            expected="a licence for any use",
            got=t.source.license or "non-commercial",
        )


_MANY = 4096
_innocent_tools: set[int] = set()
"""Addresses of tools without a credential, which no other object has as long as they are held."""
_held: list[Tool] = []


def _innocent(t: Trajectory) -> bool:
    """Tell in passing that nothing in the row looks like a credential."""
    try:
        if t.tools and not _innocent_tools.issuperset(map(id, t.tools)):
            if not _innocent_text(_encode(t).decode()):
                return False
            _remember(t.tools)
            return True
        # One text for all but the tools: a search costs far more to begin than to go on.
        rest = (t.id, t.schema_version, t.source, t.task, t.messages, t.outcome, t.preference)
        return _innocent_text(_encode((rest, t.issues, t.fingerprint, t.extra)).decode())
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False  # what JSON can not carry is looked at piece by piece


def _remember(tools: tuple[Tool, ...]) -> None:
    """Note that tools are innocent: rows of a file share them, see `record.decode`."""
    if len(_held) > _MANY:
        _innocent_tools.clear()
        _held.clear()
    _held.extend(tool for tool in tools if id(tool) not in _innocent_tools)
    _innocent_tools.update(map(id, tools))


def _found(t: Trajectory) -> list[tuple[str, str]]:
    """Return kind and path of every credential, field by field: one that can not be read hides no other."""
    found: list[tuple[str, str]] = []
    for name in t.__struct_fields__:
        for kind, path in secrets.find_in({name: _plain(getattr(t, name))}):
            found.append((kind, path))
    return found


def _plain(value: Json) -> Json:
    try:
        return msgspec.json.decode(_encode(value))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return _shown(value)


def _shown(value: Json) -> str:
    """Return a text of a value that JSON can not carry; `parsing` says what is wrong with it."""
    try:
        return repr(value)
    except RecursionError:
        return ""
