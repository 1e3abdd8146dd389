"""Make up a value for a parameter, and the words in which a person would say it.

    >>> import random
    >>> p = parameters({"properties": {"city": {"type": "string"}}})[0]
    >>> said = sample(p, random.Random(1), "train"); said.value == said.text
    True

The argument and its wording travel together as `Said`, so the text of a request can not drift from its call.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from callwright import schema as json_schema
from callwright.record import Json
from callwright.synthesize import surface
from callwright.synthesize.kinds import range_of
from callwright.synthesize.params import Param, parameters
from callwright.synthesize.pattern import like
from callwright.synthesize.pattern import sample as sample_pattern
from callwright.synthesize.pools import (
    CUISINES,
    CURRENCIES,
    LANGUAGES,
    MONTHS,
    NATIONALITIES,
    SHARED_UP_TO,
    WEEKDAYS,
    WORDS,
    Half,
    in_half,
)
from callwright.synthesize.strings import CLOSED, MAKERS, Hint, Spoken

_TRIES = 60


class Unsamplable(ValueError):
    """No value of this schema can be made up and said in words."""


@dataclass(frozen=True, slots=True)
class Said:
    """A value with its wording."""

    value: Json
    text: str
    field: str
    """The wording in a list of fields; differs from `text` only for booleans."""
    fold: bool = False
    """The wording may change its case: a city, but not an order number."""
    quote: bool = False
    """A free text that usually stands in quotation marks."""
    found: str = ""
    """Where it was found among what is known of a world."""


def sample(param: Param, rng: random.Random, which: Half, depth: int = 0) -> Said:
    """Return a legal value with its wording; raises `Unsamplable`."""
    return _SAMPLERS.get(param.type, _any)(param, rng, which, depth)


def _any(param: Param, rng: random.Random, which: Half, depth: int) -> Said:
    raise Unsamplable(f"{param.name}: type {param.type}")


def _enum(param: Param, rng: random.Random, which: Half, depth: int) -> Said:
    value = rng.choice(param.choices)
    if isinstance(value, bool):
        return _boolean(param, rng, which, depth, value)
    if not isinstance(value, str):
        text = surface.number_text(value, rng, False) if isinstance(value, int | float) else str(value)
        return Said(value, text, text)
    if not value.strip():
        raise Unsamplable(f"{param.name}: an empty choice")
    if param.kind == "currency" or value in CURRENCIES:
        text = surface.currency_text(value, rng)
    else:
        text = surface.plain_words(value) if rng.random() < 0.9 else value
        if text.title() in _PROPER and rng.random() < 0.7:
            text = text.title()
    return Said(value, text, text, fold=(not value.isupper() and text != value) or value.islower())


_PROPER = frozenset((*NATIONALITIES, *CUISINES, *LANGUAGES.values(), *MONTHS, *WEEKDAYS))
"""Words that people write with a capital letter even where an enum does not."""


def _boolean(param: Param, rng: random.Random, which: Half, depth: int, value: bool | None = None) -> Said:
    if value is None:
        wanted = not param.schema.get("default", rng.random() < 0.2)
        value = wanted if rng.random() < 0.9 else not wanted
    return Said(value, surface_of_flag(param, value, rng), "yes" if value else "no", fold=True)


def surface_of_flag(param: Param, value: bool, rng: random.Random) -> str:
    """Say that something is wanted or not: "including breakfast", "no breakfast"."""
    words = list(param.words)
    if words and words[0] in ("is", "are", "be", "set", "make") and len(words) > 1:
        rest = " ".join(words[1:])
        return rng.choice((f"make it {rest}", f"it should be {rest}")) if value else f"not {rest}"
    if words and words[0] in _ACTIONS and len(words) > 1:
        rest = " ".join(words)
        return f"and {rest}" if value else f"but don't {rest}"
    if words and words[0] in _LEADS and len(words) > 1:
        words = words[1:]
    if len(words) > 1 and words[-1] in _TRAILS:
        words = words[:-1]
    rest = " ".join(words) or param.label
    if "only" in words:
        rest = " ".join(w for w in words if w != "only")
        return rng.choice((f"{rest} only", f"only {rest}")) if value else f"not only {rest}"
    if len(words) == 1 and (rest in _MANNERS or rest.endswith(("able", "ed"))):
        return rest if value else rng.choice((f"not {rest}", f"it doesn't have to be {rest}"))
    if value:
        return rng.choice((f"with {rest}", f"including {rest}", f"with {rest}"))
    return rng.choice((f"without {rest}", f"no {rest}", f"without {rest}"))


_LEADS = {"include", "includes", "with", "has", "have", "want", "wants", "need", "needs", "get"}
_TRAILS = {"included", "needed", "required", "wanted", "enabled", "flag"}
_ACTIONS = {"send", "notify", "allow", "use", "apply", "require", "share", "save", "show", "add", "skip",
"ignore",
            "keep", "create", "overwrite", "replace", "exclude", "return", "enable", "force", "sort",
            "follow",
            "remove", "delete", "expand", "auto", "round", "strip", "mark"}  # fmt: skip
_MANNERS = {"urgent", "outdoors", "indoors", "outside", "inside", "nonstop", "direct", "express", "private",
"public",
            "recursive", "recursively", "vegetarian", "vegan", "online", "anonymous", "verbose", "live",
            "organic",
            "overnight", "refundable", "daily", "weekly", "monthly", "furnished", "loud",
            "silent"}  # fmt: skip


def _number(param: Param, rng: random.Random, which: Half, depth: int) -> Said:
    integer = param.type == "integer"
    value, style = number(param.name, param.schema, integer, rng, which)
    if style == "percent":
        text = rng.choice((f"{value}%", f"{value} percent", f"{value}%"))
        return Said(value, text, text)
    text = surface.number_text(value, rng, words=style == "count")
    if style == "money" and isinstance(value, float):
        text = f"{value:.2f}"
    return Said(value, text, text, fold=True)


def number(
    name: str, schema: Mapping[str, Json], integer: bool, rng: random.Random, which: Half
) -> tuple[float, str]:
    """Return a number within the schema's bounds and the usual range of its meaning, and its style."""
    usual = range_of(name, integer)
    step = float(schema.get("multipleOf") or (max(usual.step, 1) if integer else usual.step))
    low, high = _bounds(schema, usual.low, usual.high, step)
    first, last = -(-low // step), high // step
    if last - first < SHARED_UP_TO and "minimum" in schema and "maximum" in schema:
        low, high = schema["minimum"], schema["maximum"]
        first, last = -(-low // step), high // step
    if last < first and high >= low and "multipleOf" not in schema:
        step = 1.0 if integer else (high - low) / 100 or 1.0  # bounds closer than the usual steps
        first, last = -(-low // step), high // step
    if last < first:
        raise Unsamplable(f"{name}: no number between {low} and {high}")
    closed = last - first < SHARED_UP_TO
    for _ in range(_TRIES):
        raw = rng.randint(int(first), int(last)) * step
        if usual.style == "money" and step <= 1 and rng.random() < 0.5:
            raw = min(max(round(raw / 10) * 10.0, low), high)
        value = round(raw, 6)
        whole = int(value) if integer or value == int(value) else value
        if closed or in_half(whole, which):
            return whole, usual.style
    return whole, usual.style


def _bounds(schema: Mapping[str, Json], low: float, high: float, step: float) -> tuple[float, float]:
    floor, ceiling = schema.get("minimum"), schema.get("maximum")
    if isinstance(schema.get("exclusiveMinimum"), int | float):
        floor = schema["exclusiveMinimum"] + step
    if isinstance(schema.get("exclusiveMaximum"), int | float):
        ceiling = schema["exclusiveMaximum"] - step
    width = high - low
    if floor is not None and ceiling is not None:
        outside = low < floor or high > ceiling
        return (max(low, floor), min(high, ceiling)) if outside and low < ceiling and high > floor else (
            (floor, ceiling) if outside else (low, high))  # fmt: skip
    if floor is not None and low < floor:
        return floor, max(high, floor + width)
    if ceiling is not None and high > ceiling:
        return min(low, ceiling - width), ceiling
    return low, high


def _string(param: Param, rng: random.Random, which: Half, depth: int) -> Said:
    check = param.closed
    for _ in range(_TRIES):
        spoken = _propose(param, rng)
        value = spoken.value
        if check is not None:
            legal = (v for v in (value, *spoken.others) if _accepts(check, param.name, v))
            found = next(legal, None)
            if found is None:
                spoken = _from_pattern(param, rng)
                found = spoken.value if _accepts(check, param.name, spoken.value) else None
            if found is None:
                continue
            text = spoken.text if _still_says(param.kind, value, found) else found
            value, spoken = found, spoken._replace(text=text)
        if _belongs(param, value, which):
            return Said(value, spoken.text, spoken.text, spoken.fold, spoken.quote)
    raise Unsamplable(f"{param.name}: no legal text found")


_MOMENTS = {"date", "time", "datetime", "language", "phone"}


def _accepts(check: dict[str, Json], name: str, value: str) -> bool:
    return next(json_schema.check(check, {name: value}), None) is None


def _still_says(kind: str, proposed: str, legal: str) -> bool:
    """Tell whether the wording of the proposed spelling fits the one that the schema accepts."""
    return proposed == legal or kind in _MOMENTS


def _belongs(param: Param, value: str, which: Half) -> bool:
    if param.kind in CLOSED or (_speaks_examples(param) and len(param.examples) <= SHARED_UP_TO):
        return True
    return in_half(value, which)


def _speaks_examples(param: Param) -> bool:
    return bool(param.examples) and param.kind in ("", "thing") and "pattern" not in param.schema


def _propose(param: Param, rng: random.Random) -> Spoken:
    if _speaks_examples(param):
        value = rng.choice(param.examples)
        if any(c.isdigit() for c in value) and " " not in value:
            value = like(value, rng)
        return Spoken(value, value, quote=" " in value)
    return MAKERS.get(param.kind, MAKERS[""])(Hint(param.label, param.examples), rng)


def _from_pattern(param: Param, rng: random.Random) -> Spoken:
    made = sample_pattern(str(param.schema.get("pattern", "")), rng)
    if made is None and set(param.schema) & {"minLength", "maxLength"}:
        made = _of_length(param.schema, rng)
    if made is None:
        raise Unsamplable(f"{param.name}: no text fits the schema")
    return Spoken(made, made)


def _of_length(schema: Mapping[str, Json], rng: random.Random) -> str:
    low, high = int(schema.get("minLength", 1)), int(schema.get("maxLength", 10**6))
    if low > 200:
        raise Unsamplable("a text of more than 200 characters")
    words = rng.choice(WORDS)
    while len(words) < low:
        words += f" {rng.choice(WORDS)}"
    return words[: max(high, 0)].strip()


def _array(param: Param, rng: random.Random, which: Half, depth: int) -> Said:
    if param.items is None:
        raise Unsamplable(f"{param.name}: items of no known type")
    low = int(param.schema.get("minItems", 2 if param.items.kind in ("city", "address", "airport") else 1))
    high = min(int(param.schema.get("maxItems", max(3, low))), 6)
    if low > 6:
        raise Unsamplable(f"{param.name}: {low} items")
    wanted = min(max(rng.choice((1, 2, 2, 3)), low), high)
    items: list[Said] = []
    for _ in range(wanted * 4):
        item = sample(param.items, rng, which, depth + 1)
        if all(item.value != other.value for other in items):
            items.append(item)
        if len(items) == wanted:
            break
    if len(items) < low:
        raise Unsamplable(f"{param.name}: too few different items")
    separate = param.items.type in ("object", "array")
    texts = [surface.quoted(i.text, rng) if i.quote else i.text for i in items]
    text = "; ".join(texts) if separate else surface.join(texts, rng)
    return Said([i.value for i in items], text, text, all(i.fold for i in items))


def _object(param: Param, rng: random.Random, which: Half, depth: int) -> Said:
    if not param.fields and param.schema.get("properties"):
        raise Unsamplable(f"{param.name}: nested too deeply")
    if not param.fields:
        return _free_object(param, rng, which)
    said: list[tuple[Param, Said]] = []
    for inner in param.fields:
        if inner.required or (depth < 2 and rng.random() < 0.3):
            try:
                said.append((inner, sample(inner, rng, which, depth + 1)))
            except Unsamplable:
                if inner.required:
                    raise
    if not said and (pick := next((f for f in param.fields if f.type not in ("object", "array")), None)):
        said.append((pick, sample(pick, rng, which, depth + 1)))
    if not said:
        raise Unsamplable(f"{param.name}: an object with nothing to say")
    parts = [_field_text(p, s, first=i == 0, rng=rng) for i, (p, s) in enumerate(said)]
    text = ", ".join(parts)
    if 1 < len(parts) < 4 and parts[0] == said[0][1].text:
        text = f"{parts[0]} ({', '.join(parts[1:])})"
    return Said({p.name: s.value for p, s in said}, text, text, fold=False)


_SPEAK_FOR_THEMSELVES = {"person", "city", "product", "address", "email", "hotel", "restaurant", "airport",
"dish",
                         "first_name", "ingredient", "file", "url"}  # fmt: skip


def _field_text(param: Param, said: Said, first: bool, rng: random.Random) -> str:
    if param.type == "boolean" or (first and param.kind in _SPEAK_FOR_THEMSELVES):
        return said.text
    text = surface.quoted(said.text, rng) if said.quote else said.text
    return f"{param.label} {text}" if param.type != "object" else f"{param.label} ({text})"


def _free_object(param: Param, rng: random.Random, which: Half) -> Said:
    extra = param.schema.get("additionalProperties")
    if extra is False:
        raise Unsamplable(f"{param.name}: an object that allows nothing")
    inner: dict[str, Json] = extra if isinstance(extra, dict) and extra else {"type": "string"}
    key = rng.choice(("color", "size", "owner", "source", "region", "status", "priority"))
    value = sample(parameters({"properties": {key: inner}})[0], rng, which, 1)
    text = f"{key} {value.text}"
    return Said({key: value.value}, text, text)


_SAMPLERS: dict[str, Callable[[Param, random.Random, Half, int], Said]] = {
    "enum": _enum, "boolean": _boolean, "integer": _number, "number": _number, "string": _string,
    "array": _array, "object": _object,
}  # fmt: skip
