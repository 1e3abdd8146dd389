"""What can be known in a world: scalars found in its records and in results, each with a name for what it is.

Nothing is told about a world but its data. A *pattern* is a path with the keys of tables and the places of
lists left out; what a value is called is read from its last words, and from the table that it is a key of.

>>> orders = {"#W1": {"status": "open"}, "#W2": {"status": "sent"}}
>>> [(fact.pattern, fact.words, fact.value) for fact in facts_of({"orders": orders})][:2]
[('orders.*', ('order', 'id'), '#W1'), ('orders.*.status', ('order', 'status'), 'open')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from callwright.record import Json
from callwright.synthesize.kinds import name_words
from callwright.synthesize.terms import singular

MOST = 20_000
"""Facts that are read from one value."""
_DEEPEST = 12
_VAGUE = frozenset({"id", "ids", "name", "key", "number", "no", "code", "title", "value", "type", "status"})
"""Words that say little without the thing that they belong to."""
_NAMES = ("name", "title", "subject", "label")
_STOPS = frozenset({"by", "for", "from", "with", "in", "of", "to", "on", "and"})
_AS = " as "
_WORD_KEY = re.compile(r"[a-z][a-z_]*", re.IGNORECASE)


class Fact(NamedTuple):
    """A scalar, where it stands, and what it is called."""

    pattern: str
    words: tuple[str, ...]
    value: Json
    path: tuple[str, ...] = ()
    """Where exactly it stands."""
    called: str = ""
    """The name of the record that it belongs to, if it has one that is not the value itself."""

    @property
    def place(self) -> str:
        """Return the pattern of where it stands; `pattern` may add what else it is called."""
        return self.pattern.partition(_AS)[0]


class Known:
    """Facts by pattern."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.by_pattern: dict[str, list[Fact]] = {}
        self.keys: dict[Json, tuple[str, ...]] = {}
        """What the keys of tables are called."""
        for fact in facts:
            self.add(fact)

    def add(self, fact: Fact, keys: Mapping[Json, tuple[str, ...]] | None = None) -> None:
        """Put one more fact among those of its pattern; by `keys` it may be the key of a record as well."""
        self.by_pattern.setdefault(fact.pattern, []).append(fact)
        if fact.pattern.endswith(".*"):
            self.keys.setdefault(fact.value, fact.words)
        words = keys.get(fact.value) if keys else None
        if words and words != fact.words:
            alias = fact._replace(pattern=f"{fact.pattern}{_AS}{' '.join(words)}", words=words)
            self.by_pattern.setdefault(alias.pattern, []).append(alias)


def facts_of(data: Json, prefix: str = "") -> Iterator[Fact]:
    """Yield the scalars of JSON data in order; keys of tables are facts as well."""
    yield from islice(_walk(data, prefix, (), _words_of(prefix), "", 0), MOST)


def _walk(
    value: Json, pattern: str, path: tuple[str, ...], words: tuple[str, ...], called: str, depth: int
) -> Iterator[Fact]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield from _object(value, pattern, path, words, depth)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _walk(
                item, f"{pattern}[]", (*path, str(place)), _singular_words(words), called, depth + 1
            )
    elif value is not None and value != "":
        yield Fact(pattern, words, value, path, "" if called == value else called)


def _object(
    value: Mapping[str, Json], pattern: str, path: tuple[str, ...], words: tuple[str, ...], depth: int
) -> Iterator[Fact]:
    called = _name_of(value)
    table = is_table(value)
    thing = _singular_words(words)
    for key, inner in value.items():
        if table:
            below = f"{pattern}.*" if pattern else "*"
            yield Fact(below, (*thing, "id"), key, (*path, key), _name_of(inner))
            yield from _walk(inner, below, (*path, key), thing, _name_of(inner), depth + 1)
        else:
            own = name_words(key)
            vague = set(own) <= _VAGUE and not isinstance(inner, dict | list)
            below = f"{pattern}.{key}" if pattern else key
            yield from _walk(inner, below, (*path, key), (*thing, *own) if vague else own, called, depth + 1)


def is_table(value: Mapping[str, Json]) -> bool:
    """Tell whether the keys of an object are data: they name records of one kind."""
    if not value or not all(isinstance(inner, dict) for inner in value.values()):
        return False
    if any(not _WORD_KEY.fullmatch(key) for key in value):
        return True
    kinds = [set(inner) for inner in value.values()]
    return len(kinds) > 1 and bool(set.intersection(*kinds))


def _name_of(value: Json) -> str:
    if not isinstance(value, dict):
        return ""
    return next((value[key] for key in _NAMES if isinstance(value.get(key), str)), "")


def _words_of(prefix: str) -> tuple[str, ...]:
    return name_words(prefix) if prefix else ()


def _singular_words(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        return words
    return (*words[:-1], singular(words[-1]))


def noun_of(tool: str) -> tuple[str, ...]:
    """Return what a tool gives, read from its name.

    >>> noun_of("find_user_id_by_email")
    ('user', 'id')
    """
    words = name_words(tool.rsplit(".", 1)[-1])[1:]
    end = next((place for place, word in enumerate(words) if word in _STOPS), len(words))
    return tuple(words[:end]) or ("result",)
