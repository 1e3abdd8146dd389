"""Right Java and JavaScript arguments, written out of BFCL's possible answers as the strings that are wanted.

>>> as_source(5, "java", "long"), as_source(["a"], "java", "ArrayList", "String")
('5L', 'new ArrayList<String>(Arrays.asList("a"))')
"""

from __future__ import annotations

import json

from callwright.evaluate.bfcl.data import Language, Row, language_of
from callwright.evaluate.bfcl.decode import Calls, Value
from callwright.record import Json


def as_strings(row: Row, calls: Calls) -> Calls:
    """Return `calls` to a row of Java or JavaScript with their arguments as source text."""
    language = language_of(row.category)
    declared = row.function[0]["parameters"]["properties"]
    return [
        {name: {k: _argument(v, language, declared.get(k, {})) for k, v in arguments.items()}}
        for call in calls
        for name, arguments in call.items()
    ]


def _argument(value: Value, language: Language, declared: dict[str, Json]) -> str:
    item = declared.get("items", {}).get("type", "")
    return as_source(value, language, declared.get("type", ""), item)


def as_source(value: Value, language: Language, kind: str, item: str = "") -> str:
    """Return what the converter of `language` turns into `value`, where there is such a text.

    Strings come without quotes, and in a Java array too: there the converter would keep them.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        elements = _elements(value, language, item)
        return _java_list(value, kind, item) if language == "java" else f"[{elements}]"
    if isinstance(value, dict):
        return _java_map(value) if language == "java" else _object(value)
    number = json.dumps(value)
    return number + {"long": "L", "float": "f" if language == "java" else "", "Bigint": "n"}.get(kind, "")


def _elements(values: list[Value], language: Language, item: str, quote: str = '"') -> str:
    written = (as_source(v, language, item) for v in values)
    return ", ".join(
        f"{quote}{text}{quote}" if isinstance(v, str) else text
        for v, text in zip(values, written, strict=True)
    )


def _java_list(values: list[Value], kind: str, item: str) -> str:
    of = item if item in ("String", "char") else "Object"
    if kind == "Array":
        return f"new {of}[]{{{_elements(values, 'java', item, quote='')}}}"
    return f"new ArrayList<{of}>(Arrays.asList({_elements(values, 'java', item)}))"


def _java_map(value: dict[str, Value]) -> str:
    puts = (f'put("{k}", {_elements([v], "java", "")});' for k, v in value.items())
    return f"new HashMap<String, Object>() {{{{ {' '.join(puts)} }}}}"


def _object(value: dict[str, Value]) -> str:
    pairs = (f"{k}: {_elements([v], 'javascript', '')}" for k, v in value.items())
    return f"{{{', '.join(pairs)}}}"
