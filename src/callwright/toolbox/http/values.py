"""Make up JSON values that are valid against a schema, the same ones for the same seed.

Every value is checked by the same validator as calls are; what can not be made after some tries is refused,
so no wrong value ever gets out.

    >>> import random
    >>> Maker({"type": "integer", "minimum": 7, "maximum": 7}).make(random.Random(0))
    7
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from callwright.record import Json
from callwright.toolbox.http.numbers import integer, number
from callwright.toolbox.http.texts import candidates
from callwright.toolbox.http.validity import is_valid
from callwright.toolbox.openapi.definitions import PREFIX
from callwright.toolbox.openapi.intersection import encode, intersect
from callwright.toolbox.openapi.keywords import TYPES, fits

TRIES = 24
LOCAL_TRIES = 12
BUDGET = 4_000
"""Parts of one value at most, those that are thrown away included."""
MAX_SPENT = 4
"""So many values that became too large are enough to give up."""
DEEP = 3
"""Levels below which what is optional is left out."""
DEEPEST = 40
_TELLING: dict[str, tuple[str, ...]] = {
    # type → keywords that only it has
    "object": ("properties", "required", "additionalProperties", "minProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "contains"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_OF_TEXT = ("pattern", "format", "minLength", "maxLength")
_NEEDS_CHECK = frozenset(
    {"oneOf", "not", "if", "contains", "dependentSchemas", "dependentRequired", "patternProperties",
     "propertyNames", "unevaluatedProperties", "unevaluatedItems", "allOf"}
)  # fmt: skip
"""Keywords that what is made up may break, so that it is looked at where they stand."""


class NoValue(ValueError):
    """No value of this schema could be made up."""


class _Spent(NoValue):
    """The value became too large, so there is no use in trying something else inside of it."""


class Maker:
    """Makes up values of one schema. Not thread-safe."""

    def __init__(self, schema: Mapping[str, Json]) -> None:
        self.schema = dict(schema)
        self._definitions: dict[str, Json] = self.schema.get("$defs", {})
        self._left = 0
        self._lean = False
        self._rng = random.Random(0)

    def _fits(self, value: Json, part: Mapping[str, Json]) -> bool:
        whole = {**part, "$defs": self._definitions} if b'"$ref"' in encode(part) else part
        return is_valid(whole, value)

    def make(self, rng: random.Random) -> Json:
        """Return a valid value; raises NoValue."""
        self._rng = rng
        spent = 0
        for tried in range(TRIES):
            self._left, self._lean = BUDGET, tried % 3 == 2
            try:
                value = self._value(self.schema, 0, "")
            except _Spent:
                spent += 1
                if spent > MAX_SPENT:
                    break
                continue
            except (NoValue, RecursionError):
                continue
            if is_valid(self.schema, value):
                return value
        raise NoValue("no value of the schema could be made up")

    def _value(self, schema: Json, depth: int, hint: str) -> Json:
        self._left -= 1
        if self._left < 0:
            raise _Spent("too large")
        if depth > DEEPEST or schema is False:
            raise NoValue("too deep, or nothing is allowed")
        if schema is True:
            return self._rng.choice(("amber", 7, True))
        flat = self._flat(schema)
        if not _NEEDS_CHECK & flat.keys():
            return self._one(flat, depth, hint)
        for _ in range(LOCAL_TRIES):
            value = self._one(flat, depth, hint)
            if self._fits(value, schema):
                return value
        raise NoValue("no value of a part of the schema could be made up")

    def _flat(self, schema: Mapping[str, Json]) -> dict[str, Json]:
        """Return a schema without references and `allOf`, as far as there is a plainer form."""
        found = dict(schema)
        for _ in range(DEEPEST):
            name = found.pop("$ref", None)
            parts = found.pop("allOf", [])
            if name is not None:
                parts = [self._definitions[name.removeprefix(PREFIX)], *parts]
            if not parts:
                return found
            for part in parts:
                if part is False:
                    raise NoValue("nothing is allowed")
                if part is not True:
                    # Where the two do not go together plainly, the check of the whole decides.
                    both = intersect(found, part)
                    found = {**part, **found} if both is None else both
        raise NoValue("nested too deep")

    def _one(self, schema: dict[str, Json], depth: int, hint: str) -> Json:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            fitting = [v for v in schema["enum"] if fits(v, schema)]
            return self._rng.choice(fitting or schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._alternative(schema, word, depth, hint)
        examples = schema.get("examples")
        if examples and not self._lean and self._rng.random() < 0.9:
            return self._rng.choice(examples)
        return self._of_type(self._type(schema, depth), schema, depth, hint)

    def _alternative(self, schema: dict[str, Json], word: str, depth: int, hint: str) -> Json:
        rest = {key: value for key, value in schema.items() if key != word}
        choices = list(schema[word])
        self._rng.shuffle(choices)
        if depth > DEEP or self._lean:
            choices.sort(key=_expense)
        for choice in choices:
            if choice is False:
                continue
            try:
                both = rest if choice is True else intersect(rest, self._flat(choice))
                if both is not None:
                    return self._value(both, depth + 1, hint)
            except _Spent:
                raise
            except NoValue:
                continue
        raise NoValue(f"no alternative of {word} can be made up")

    def _type(self, schema: Mapping[str, Json], depth: int) -> str:
        names = schema.get("type")
        if isinstance(names, str):
            return names
        if names:
            if "null" in names and (self._lean or depth > DEEP or self._rng.random() < 0.1):
                return "null"
            return str(self._rng.choice([name for name in names if name != "null"] or names))
        for name, words in _TELLING.items():
            if any(word in schema for word in words):
                return name
        return str(self._rng.choice(TYPES[:4]))

    def _of_type(self, name: str, schema: dict[str, Json], depth: int, hint: str) -> Json:
        if name == "object":
            return self._object(schema, depth)
        if name == "array":
            return self._array(schema, depth, hint)
        if name == "string":
            return self._text(schema, hint)
        if name in ("integer", "number"):
            value = integer(schema, self._rng) if name == "integer" else number(schema, self._rng)
            if value is None:
                raise NoValue("no number within the bounds")
            return value
        return None if name == "null" else self._rng.random() < 0.5

    def _text(self, schema: dict[str, Json], hint: str) -> str:
        own: dict[str, Json] = {key: schema[key] for key in _OF_TEXT if key in schema}
        for _ in range(LOCAL_TRIES):
            text = None
            for text in candidates(schema, self._rng, hint):
                if not own or is_valid(own, text):
                    return text
            if text is None:
                break
        raise NoValue("no text of this form")

    def _object(self, schema: dict[str, Json], depth: int) -> Json:
        made: dict[str, Json] = {}
        required = schema.get("required", [])
        optional = [name for name in schema.get("properties", {}) if name not in required]
        highest = schema.get("maxProperties", len(required) + len(optional) + 2)
        for name in required:
            made[name] = self._value(self._property(schema, name), depth + 1, name)
        lowest = schema.get("minProperties", 0)
        for name in optional:
            wanted = not self._lean and depth < DEEP and self._rng.random() < 0.85
            if len(made) < highest and (wanted or len(made) < lowest):
                self._add(made, schema, name, depth)
        names = self._further(schema)
        is_map = not schema.get("properties") and isinstance(schema.get("additionalProperties"), dict)
        goal = max(lowest, min(highest, self._rng.randint(1, 2)) if is_map and depth < DEEP else 0)
        for _ in range(4 * goal):
            if len(made) >= goal:
                break
            name = next(names)
            if name not in made:
                self._add(made, schema, name, depth)
        for name in list(made):
            for other in schema.get("dependentRequired", {}).get(name, []):
                if other not in made:
                    made[other] = self._value(self._property(schema, other), depth + 1, other)
        return made

    def _add(self, made: dict[str, Json], schema: dict[str, Json], name: str, depth: int) -> None:
        try:
            made[name] = self._value(self._property(schema, name), depth + 1, name)
        except _Spent:
            raise
        except NoValue:
            pass  # what is optional may be missing

    def _property(self, schema: Mapping[str, Json], name: str) -> Json:
        """Return what the schema says of the property `name`."""
        said = [schema["properties"][name]] if name in schema.get("properties", {}) else []
        for pattern, about in schema.get("patternProperties", {}).items():
            if is_valid({"pattern": pattern}, name):
                said.append(about)
        if not said:
            return schema.get("additionalProperties", True)
        return said[0] if len(said) == 1 else {"allOf": said}

    def _further(self, schema: Mapping[str, Json]) -> Iterator[str]:
        """Yield names for properties that the schema does not name."""
        about = schema.get("propertyNames", {})
        patterns = list(schema.get("patternProperties", {}))
        closed = schema.get("additionalProperties") is False
        number = 0
        while True:
            number += 1
            if isinstance(about, dict) and about:
                yield str(self._value({"type": "string", **about}, DEEP, "key"))
            elif patterns and closed:
                yield self._text({"pattern": self._rng.choice(patterns)}, "")
            else:
                yield f"{self._text({}, 'key')}-{number}".lower()

    def _array(self, schema: dict[str, Json], depth: int, hint: str) -> Json:
        first = schema.get("prefixItems", [])
        items = schema.get("items", True)
        low, high = schema.get("minItems", 0), schema.get("maxItems")
        contained = schema.get("minContains", 1) if "contains" in schema else 0
        low = max(low, contained)
        goal = low if self._lean or depth > DEEP else max(low, self._rng.randint(1, 3), len(first))
        goal = goal if high is None else min(goal, high)
        if low > BUDGET:
            raise NoValue("too long")
        made: list[Json] = []
        for i in range(goal):
            about = first[i] if i < len(first) else items
            if i >= goal - contained:
                about = {"allOf": [about, schema["contains"]]}
            try:
                made.append(self._item(about, made, schema.get("uniqueItems") is True, depth, hint))
            except _Spent:
                raise
            except NoValue:
                if len(made) < low:
                    raise
                break
        return made

    def _item(self, about: Json, made: list[Json], unique: bool, depth: int, hint: str) -> Json:
        for _ in range(LOCAL_TRIES if unique else 1):
            value = self._value(about, depth + 1, hint.removesuffix("s"))
            if not unique or all(encode(value) != encode(other) for other in made):
                return value
        raise NoValue("no further item")


def _expense(schema: Json) -> int:
    """Return how deep a choice may lead, roughly: nothing, plain values, lists, objects, references."""
    if not isinstance(schema, dict) or "const" in schema or schema.get("type") == "null":
        return 0
    if any(word in schema for word in ("$ref", "allOf", "anyOf", "oneOf")):
        return 4
    if schema.get("type") == "object" or "properties" in schema:
        return 3
    return 2 if schema.get("type") == "array" else 1
