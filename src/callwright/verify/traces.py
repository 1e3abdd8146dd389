"""How one argument value is traced: by its type, from the literal to the inferred.

Every function returns the trust in a value: `TRACED`, `WEAK` (supported, but only by inference: a date from
a relative word, a completed address, a boolean that nobody mentioned but that must be given), or `UNTRACED`.
"""

from __future__ import annotations

import re

from callwright.record import Json
from callwright.verify.amounts import amount
from callwright.verify.evidence import Evidence, squash, stem, words_of
from callwright.verify.moments import moment
from callwright.verify.phrasing import phrase
from callwright.verify.words import FLAG_WORDS, NEGATIONS, STOP_WORDS, UNCONSTRAINED

TRACED, WEAK, UNTRACED = 1.0, 0.5, 0.0


def trace(value: Json, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    """Return the trust in one scalar value of the argument `name`."""
    if isinstance(value, str):
        folded = value.casefold().strip()
        if folded and evidence.says(folded):
            return TRACED
        return _string(value, folded, schema, name, evidence)
    if value is None or value == [] or value == {}:
        return TRACED
    if "default" in schema and schema["default"] == value:
        return TRACED
    if isinstance(value, bool):
        return _boolean(value, schema, name, evidence)
    if isinstance(value, int | float):
        return _number(value, schema, name, evidence)
    return WEAK


def _number(value: float, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    trust = amount(value, schema, name, evidence)
    if trust is None:
        return WEAK if _explained(str(value), schema, evidence) else UNTRACED
    return trust


def _boolean(value: bool, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    """A flag is traced when the conversation mentions what it is about."""
    about = {stem(w) for w in words_of(name)} - _FLAG_STEMS
    if about & evidence.stems or any(len(w) > 4 and evidence.contains(w) for w in words_of(name)):
        return _mentioned(value, name, about, evidence)
    described = {stem(w) for w in words_of(str(schema.get("description", ""))) if len(w) > 3} - _FLAG_STEMS
    mentioned = len(described & evidence.stems)
    if mentioned >= 2 or (mentioned and (value or evidence.words & NEGATIONS)):
        return WEAK
    return UNTRACED if value else WEAK


_FLAG_STEMS = frozenset(map(stem, FLAG_WORDS))
_TURNS_DOWN = NEGATIONS | {"free"}


def _mentioned(value: bool, name: str, about: set[str], evidence: Evidence) -> float:
    """Return the trust in a flag whose subject was mentioned: was it asked for, or turned down?"""
    if _TURNS_DOWN & set(words_of(name)):
        return TRACED  # "avoid tolls", "free entry": the negation is what the flag is about
    mentions, turned_down = evidence.mentions(about)
    if not mentions:
        return TRACED
    if value:
        return UNTRACED if turned_down == mentions else TRACED
    return TRACED if turned_down else WEAK


def _string(value: str, folded: str, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    if not folded:
        return WEAK
    if "default" in schema and schema["default"] == value:
        return TRACED
    if folded in ("true", "false"):
        return _boolean(folded == "true", schema, name, evidence)
    if folded in UNCONSTRAINED:
        return WEAK
    dated = moment(folded, evidence)
    if dated is not None:
        return dated
    plain = squash(folded)
    if len(plain) >= 4 and evidence.squashed(plain):
        return TRACED
    if not plain:
        return TRACED if evidence.contains(folded) else WEAK
    number = _numeric(folded)
    if number is not None:
        return _number(number, schema, name, evidence)
    trust = phrase(value, folded, evidence, is_choice="enum" in schema)
    if trust:
        return trust
    if _explained(folded, schema, evidence) or (folded.isascii() and evidence.foreign):
        return WEAK
    return UNTRACED


def _numeric(folded: str) -> float | None:
    """Return the number that a text is; a code such as "007" is none."""
    text = folded.strip("$€£¥₹%+ ").replace(",", "")
    if len(text) > 2 and text[0] == "0" and text.isdigit():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def _explained(text: str, schema: dict[str, Json], evidence: Evidence) -> bool:
    """Tell whether the parameter's description gives the value: as default, or as code for what was said."""
    description = schema.get("description")
    if not isinstance(description, str) or text.casefold() not in (folded := description.casefold()):
        return False
    tail = folded.partition("default")[2]
    if tail and re.search(rf"(?<!\w){re.escape(text.casefold())}(?!\w)", tail[:80]):
        return True
    code = re.escape(text.casefold())
    before = re.findall(rf"(\w+)['\"]?\s*[:=(]\s*['\"]?{code}(?!\w)", folded)
    after = re.findall(
        rf"(?<!\w){code}['\"]?\W*(?:(?:for|is|means|to|represents|indicates|denotes)\s+)?([^\W\d]\w+)", folded
    )
    meant = {stem(word) for word in before or after if word not in STOP_WORDS and len(word) > 3}
    return bool(meant & evidence.stems)
