"""Type annotations read twice over: as the JSON Schema a model sees, and as the reader of the JSON it sends.

>>> shape = Shaper().shape(typing.Annotated[int, range(1, 10)])
>>> shape.schema
{'type': 'integer', 'minimum': 1, 'maximum': 9}

`Annotated` takes a `range` (bounds, the upper one excluded as always), a string (description), the markers of
annotated_types and pydantic's `Field`.
"""

from __future__ import annotations

import collections
import collections.abc as abc
import copy
import enum
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from callwright.toolbox.child import docstrings, results
from callwright.toolbox.child.members import Member, fields
from callwright.toolbox.child.notes import applied, split, tidied
from callwright.toolbox.child.scalars import JSON_TYPES, Defect, Reader, Schema, Shape, choices, scalar

__all__ = ["Defect", "Shape", "Shaper"]

_LISTS = {
    list: list, abc.Sequence: list, abc.MutableSequence: list, abc.Iterable: list, abc.Collection: list,
    collections.deque: collections.deque, set: set, abc.Set: set, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip
"""What is an array in JSON, and what it is built as."""
_OBJECTS = (dict, abc.Mapping, abc.MutableMapping, collections.OrderedDict, collections.defaultdict)


class Shaper:
    """Reads annotations; one for each schema, because it collects what the schema refers to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        """Schemas of pydantic models and of classes that contain themselves, for the top level's $defs."""
        self._readers: dict[str, Reader | None] = {}
        self._open: list[type] = []
        self._recursive: set[type] = set()

    def shape(self, annotation: Any) -> Shape:
        """Return the shape of a resolved annotation, or raise Defect."""
        annotation, notes = split(annotation)
        found = self._bare(annotation)
        return Shape(applied(found.schema, notes, annotation), found.read) if notes else found

    def _bare(self, annotation: Any) -> Shape:
        known = scalar(annotation)
        if known:
            return known
        origin, arguments = typing.get_origin(annotation) or annotation, typing.get_args(annotation)
        if origin is Literal:
            return choices(arguments)
        if origin in (typing.Union, types.UnionType):
            return self._union([self.shape(a) for a in arguments])
        if origin in (typing.Required, typing.NotRequired, typing.ClassVar, typing.Final):
            return self.shape(arguments[0])
        if isinstance(origin, abc.Hashable) and origin in _LISTS:
            return self._array(arguments[0] if arguments else Any, _LISTS[origin])
        if origin is tuple:
            return self._tuple(arguments or (Any, ...))
        if origin in _OBJECTS:
            return self._mapping(*(arguments or (str, Any)))
        if isinstance(annotation, type):
            return self._class(annotation)
        raise Defect(f"{_name(annotation)} has no JSON form")

    def _union(self, arms: list[Shape]) -> Shape:
        schema: Schema = {"anyOf": [arm.schema for arm in arms]}
        kinds = [arm.schema.get("type") for arm in arms]
        if all(len(arm.schema) == 1 and kind for arm, kind in zip(arms, kinds, strict=True)):
            schema = {"type": kinds}
        elif not all(arm.schema for arm in arms):
            schema = {}

        def read(value: Any) -> object:
            for arm in arms:
                if _fits(arm.schema, value):
                    try:
                        return arm.read(value) if arm.read else value
                    except (TypeError, ValueError):
                        continue
            raise TypeError(f"{value!r:.80} is none of the types allowed")

        return Shape(schema, read if any(arm.read for arm in arms) else None)

    def _array(self, item: Any, build: Callable[[Any], object]) -> Shape:
        inner = self.shape(item)
        schema: Schema = {"type": "array"} | ({"items": inner.schema} if inner.schema else {})
        if build in (set, frozenset):
            schema["uniqueItems"] = True
        read_item = inner.read
        if read_item is None:
            return Shape(schema, None if build is list else build)
        return Shape(schema, lambda value: build([read_item(v) for v in value]))

    def _tuple(self, arguments: tuple[Any, ...]) -> Shape:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return self._array(arguments[0], tuple)
        parts = [self.shape(argument) for argument in arguments]
        schema: Schema = {
            "type": "array",
            "prefixItems": [part.schema for part in parts],
            "minItems": len(parts),
            "maxItems": len(parts),
        }

        def read_parts(value: Any) -> object:
            return tuple(p.read(v) if p.read else v for p, v in zip(parts, value, strict=True))

        return Shape(schema, read_parts)

    def _mapping(self, key: Any, item: Any) -> Shape:
        keys, values = self.shape(key), self.shape(item)
        if keys.schema.get("type") != "string":
            raise Defect(f"a dict with keys of type {_name(key)}: JSON keys are strings")
        schema: Schema = {"type": "object"}
        if values.schema:
            schema["additionalProperties"] = values.schema
        if keys.schema != {"type": "string"}:
            schema["propertyNames"] = keys.schema
        read_key, read_value = keys.read or str, values.read
        if read_value is None and keys.read is None:
            return Shape(schema)
        return Shape(
            schema,
            lambda value: {read_key(k): read_value(v) if read_value else v for k, v in value.items()},
        )

    def _class(self, cls: type) -> Shape:
        if issubclass(cls, enum.Enum):
            return choices(list(cls))
        pydantic = sys.modules.get("pydantic")
        if pydantic and (issubclass(cls, pydantic.BaseModel) or hasattr(cls, "__pydantic_validator__")):
            adapter = pydantic.TypeAdapter(cls)
            schema = tidied(adapter.json_schema())
            self.definitions |= schema.pop("$defs", {})
            return Shape(schema, adapter.validate_python)
        members_of = fields(cls)
        if members_of is None:
            raise Defect(f"{_name(cls)} has no JSON form")
        return self._record(cls, members_of)

    def _record(self, cls: type, members: list[Member]) -> Shape:
        name = cls.__name__
        if cls in self._open:
            self._recursive.add(cls)
            return Shape({"$ref": f"#/$defs/{name}"}, lambda value: self._read_again(name, value))
        self._open.append(cls)
        found = self.members(members, cls)
        self._open.remove(cls)
        schema = found.schema | {"additionalProperties": False}
        description = docstrings.parse(cls.__doc__).description
        if description and not description.startswith(f"{name}("):  # the one that dataclass makes up
            schema["description"] = description
        if cls not in self._recursive:
            return Shape(schema, found.read)
        self.definitions[name], self._readers[name] = schema, found.read
        return Shape({"$ref": f"#/$defs/{name}"}, found.read)

    def _read_again(self, name: str, value: Any) -> object:
        read = self._readers[name]
        return read(value) if read else value

    def members(self, members: Sequence[Member], build: Callable[..., object]) -> Shape:
        """Return the shape of an object with these members; its reader calls `build` with keywords."""
        properties: dict[str, Schema] = {}
        readers: dict[str, Reader] = {}
        for member in members:
            try:
                found = self._member(member)
            except Defect as defect:
                raise Defect(f"{member.name}: {defect}") from None
            properties[member.name] = found.schema
            if found.read:
                readers[member.name] = found.read
        required = [member.name for member in members if member.required]
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required

        return Shape(schema, _object_reader(readers, {m.name: m.default for m in members if m.fill}, build))

    def _member(self, member: Member) -> Shape:
        annotation, notes = split(member.annotation)
        may_be_none = not member.required and member.default is None
        if may_be_none:
            annotation = _without_none(annotation)
        found = self.shape(annotation)
        schema = dict(found.schema)
        if member.description:
            schema["description"] = member.description
        schema = applied(schema, notes, annotation)
        read = found.read
        if may_be_none and read:
            original = read
            read = lambda value: None if value is None else original(value)  # noqa: E731
        if not member.required and member.default is not None:
            try:
                schema["default"] = json.loads(results.encode(member.default, 4096))
            except ValueError:
                pass  # a default without JSON form still makes the parameter optional
        return Shape(schema, read)


def _object_reader(
    readers: Mapping[str, Reader], defaults: dict[str, object], build: Callable[..., object]
) -> Reader:
    steps = tuple(readers.items())

    def read(value: Any) -> object:
        if type(value) is not dict:
            raise TypeError(f"expected an object, got {value!r:.80}")
        if steps:
            value = value.copy()
            for name, reader in steps:
                if name in value:
                    value[name] = _read(name, reader, value[name])
        if defaults:
            value = copy.deepcopy(defaults) | value
        return build(**value)

    return read


def _read(name: str, reader: Reader, value: Any) -> object:
    try:
        return reader(value)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        raise TypeError(f"argument {name!r}: {error}") from None


def _fits(schema: Schema, value: Any) -> bool:
    """Tell whether the JSON type of `value` is the schema's; the bounds are not looked at."""
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if not isinstance(kind, str):
        return True
    return isinstance(value, JSON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _without_none(annotation: Any) -> Any:
    """Return `X` of `X | None`: a parameter that may be left out need not be given as null."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        arms = tuple(arm for arm in typing.get_args(annotation) if arm is not type(None))
        return typing.Union[arms] if arms else annotation  # noqa: UP007 (made at run time)
    return annotation


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
