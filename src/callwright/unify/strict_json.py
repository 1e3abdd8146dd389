"""JSON as it should be: no key twice, no NaN, no number that a float can not hold, nothing after the end.

Most parsers let the last of two equal keys win, which loses the first without a word; a data pipeline must
say so. jiter finds them at the speed at which others do not look.

    >>> decode('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    callwright.unify.strict_json.DuplicateKey: Detected duplicate key "a" at line 1 column 16
"""

from __future__ import annotations

import jiter
import msgspec

from callwright.record import Json
from callwright.search import Search
from callwright.secrets import redact

_beyond_floats = Search(r"[0-9]\.?[eE]\+?[0-9]{3}|[0-9]{300}")
"""Finds what may be a number beyond 1e308, which jiter reads as infinity; hashes look like it too."""


_PLAIN = (str, int, bool, type(None))


class DuplicateKey(ValueError):
    """An object has the same key twice."""


def decode(text: str | bytes) -> Json:
    """Return the value of a JSON text; raises `ValueError`, or `DuplicateKey`, which is one."""
    raw = text.encode() if isinstance(text, str) else text
    try:
        value = jiter.from_json(raw, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="keys")
    except ValueError as error:
        if str(error).startswith("Detected duplicate key"):
            raise DuplicateKey(redact(str(error))) from None
        raise ValueError(str(error)) from None
    if not _is_plain(value) and _beyond_floats(text if isinstance(text, str) else raw.decode()):
        _check_numbers(raw)
    return value


def _is_plain(value: Json) -> bool:
    """Tell whether a value surely holds no number beyond floats: an object of texts and integers."""
    if type(value) is not dict:
        return type(value) in _PLAIN
    for item in value.values():  # noqa: SIM110  (`all` costs twice as much, and every row passes here)
        if type(item) not in _PLAIN:
            return False
    return True


def _check_numbers(raw: bytes) -> None:
    """Raise `ValueError` for a number that is out of range."""
    try:
        msgspec.json.decode(raw)
    except RecursionError:
        raise ValueError("nested too deeply") from None
