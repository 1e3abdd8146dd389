"""Check decoded calls against BFCL's possible answers, with the official verdict and error type.

The rules, quirks included (see the differential test): types are compared exactly, except that an int passes
for a float at top level; strings are compared without case, spaces and some punctuation; lists are ordered;
dicts carry alternatives for each key, one level deep; parallel calls are matched greedily in the order of the
answers; an argument whose allowed values are of another type than declared counts as a variable. Arguments of
Java and JavaScript calls must be strings; they are converted by declared type before they are compared.

    >>> doc = {"name": "f", "parameters": {"properties": {"a": {"type": "integer"}}, "required": ["a"]}}
    >>> check("simple", [doc], [{"f": {"a": 2.0}}], [{"f": {"a": [2]}}]).error_type
    'type_error:simple'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from callwright.evaluate.bfcl.data import Language, Rule
from callwright.evaluate.bfcl.decode import Calls, Value
from callwright.evaluate.bfcl.java_values import JAVA_TYPES, java_value
from callwright.evaluate.bfcl.javascript_values import JAVASCRIPT_TYPES, javascript_value
from callwright.record import Json

TYPES: dict[str, type] = {
    "string": str, "any": str, "integer": int, "float": float, "boolean": bool, "dict": dict,
    "array": list, "tuple": list,
}  # fmt: skip
_NESTED = ("array", "tuple")
_FROM_TEXT: dict[Language, tuple[dict[str, type], Callable[[str, str, str], Value], str]] = {
    "java": (JAVA_TYPES, java_value, "type_error:java"),
    "javascript": (JAVASCRIPT_TYPES, javascript_value, "type_error:js"),
}
_NESTED_FROM_TEXT = ("Array", "ArrayList", "array")
_IGNORED_IN_STRINGS = str.maketrans("", "", " ,./-_*^")
_COUNT_ERROR = {
    "simple": "simple_function_checker:wrong_count",
    "multiple": "multiple_function_checker:wrong_count",
    "parallel": "parallel_function_checker_no_order:wrong_count",
}


class Verdict(NamedTuple):
    """Whether the calls are right, else the official error type and the argument that it is about."""

    valid: bool
    error_type: str = ""
    argument: str = ""


class _Error(NamedTuple):
    error_type: str
    argument: str = ""


RIGHT = Verdict(True)


class Reading(NamedTuple):
    """How calls are to be read: the language of their types, and how a dot in a name was written."""

    language: Language = "python"
    underscored: bool = False
    """Whether names come with "_" for ".", as function-calling interfaces want them."""


AS_WRITTEN = Reading()


def check(
    rule: Rule,
    docs: list[dict[str, Json]],
    calls: Calls,
    answer: list[dict[str, Json]],
    reading: Reading = AS_WRITTEN,
) -> Verdict:
    """Return the verdict on well-formed `calls`.

    The official checker raises on a few ill-typed values (for example a string where a list of dicts needs a
    dict, if the argument is optional) and stops the whole run; here the row is wrong, `checker_error:raised`.
    """
    try:
        error = _check(rule, docs, calls, answer, reading)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        error = _Error("checker_error:raised")
    return RIGHT if error is None else Verdict(False, *error)


def _check(
    rule: Rule, docs: list[dict[str, Json]], calls: Calls, answer: list[dict[str, Json]], reading: Reading
) -> _Error | None:
    # The simple rule wants one call, whatever the number of answers, which is one in the data.
    if len(calls) != (1 if rule == "simple" else len(answer)):
        return _Error(_COUNT_ERROR[rule])
    if rule == "simple":
        return _check_call(docs[0], calls[0], answer[0], reading)
    by_name = {doc["name"]: doc for doc in reversed(docs)}
    if rule == "multiple":
        return _check_call(by_name[next(iter(answer[0]))], calls[0], answer[0], reading)
    return _check_parallel(by_name, calls, answer, reading)


def _check_parallel(
    docs: dict[str, dict[str, Json]], calls: Calls, answer: list[dict[str, Json]], reading: Reading
) -> _Error | None:
    """Give each answer the first free call that fits; no attempt at a better matching."""
    free = list(range(len(calls)))
    for expected in answer:
        doc = docs[next(iter(expected))]
        match = next((i for i in free if _check_call(doc, calls[i], expected, reading) is None), None)
        if match is None:
            return _Error("parallel_function_checker_no_order:cannot_find_match")
        free.remove(match)
    return None


def _check_call(
    doc: dict[str, Json], call: dict[str, Any], expected: dict[str, Json], reading: Reading
) -> _Error | None:
    allowed: dict[str, list[Json]] = next(iter(expected.values()))
    declared = doc["parameters"]["properties"]
    function = doc["name"].replace(".", "_") if reading.underscored else doc["name"]
    if function not in call:
        return _Error("simple_function_checker:wrong_func_name")
    arguments = call[function]
    for name in doc["parameters"]["required"]:
        if name not in arguments:
            return _Error("simple_function_checker:missing_required", name)
    for name, value in arguments.items():
        if name not in declared or name not in allowed:
            return _Error("simple_function_checker:unexpected_param", str(name))
        if reading.language == "python":
            error_type = _check_argument(declared[name], value, allowed[name])
        else:
            error_type = _check_text(reading.language, declared[name], value, allowed[name])
        if error_type:
            return _Error(error_type, name)
    for name, alternatives in allowed.items():
        if name not in arguments and "" not in alternatives:
            return _Error("simple_function_checker:missing_optional", name)
    return None


def _check_argument(declared: dict[str, Json], value: Value, allowed: list[Json]) -> str:
    """Return the error type, empty if the value is one of the allowed ones."""
    kind = declared["type"]
    wanted, item = TYPES[kind], TYPES[declared["items"]["type"]] if kind in _NESTED else None
    if kind == "tuple" and type(value) is tuple:
        value = list(value)
    elif kind == "float" and type(value) is int:
        value = float(value)
    return _check_typed(value, allowed, wanted, item)


def _check_text(language: Language, declared: dict[str, Json], value: Value, allowed: list[Json]) -> str:
    """Return the error type of an argument of another language, which must come as a string."""
    types, convert, not_a_string = _FROM_TEXT[language]
    wanted = types[declared["type"]]
    if type(value) is not str:
        return not_a_string
    item = declared["items"]["type"] if declared["type"] in _NESTED_FROM_TEXT else ""
    converted = convert(value, declared["type"], item)
    return _check_typed(converted, allowed, wanted, types[item] if item else None)


def _check_typed(value: Value, allowed: list[Json], wanted: type, item: type | None) -> str:
    error_type = _check_type(value, allowed, wanted, item)
    if error_type:
        return error_type
    answered = _answered_type(allowed)
    if type(value) is wanted and answered in (None, wanted):
        return _check_value(value, allowed, wanted, item)
    # A "variable": allowed values of another type than the declared one.
    return _check_membership(value, allowed)


def _check_value(value: Value, allowed: list[Json], wanted: type, item: type | None) -> str:
    if wanted is dict:
        return _check_dict(value, allowed)
    if wanted is list and item is dict:
        return _check_list_of_dicts(value, allowed)
    if wanted is str:
        return _check_string(value, allowed)
    if wanted is list:
        return _check_list(value, allowed)
    return _check_membership(value, allowed)


def _check_membership(value: Value, allowed: list[Json]) -> str:
    return "" if value in allowed else "value_error:others"


def _answered_type(allowed: Json) -> type | None:
    """Return the type of the first real alternative; an empty string only marks an optional argument."""
    return next((type(answer) for answer in allowed if answer != ""), None)


def _check_type(value: Value, allowed: Json, wanted: type, item: type | None) -> str:
    fits = type(value) is wanted
    if fits and (item is None or any(_items_fit(value, alternative, item) for alternative in allowed)):
        return ""
    if type(value) is _answered_type(allowed):
        return "type_error:nested" if fits else ""
    return "type_error:simple"


def _items_fit(value: list[Value], alternative: Json, item: type) -> bool:
    if type(alternative) is not list:
        return True
    return all(not _check_type(element, alternative, item, None) for element in value)


def _plain(value: Value) -> Value:
    """Return what is compared: strings without case, spaces and some punctuation; the rest as it is."""
    if type(value) is not str:
        return value
    return value.translate(_IGNORED_IN_STRINGS).lower().replace("'", '"')


def _check_string(value: str, allowed: list[Json]) -> str:
    strings = [_plain(alternative) for alternative in allowed if type(alternative) is str]
    return "" if _plain(value) in strings else "value_error:string"


def _check_list(value: list[Value], allowed: list[Json]) -> str:
    # An empty string among the alternatives reads as an empty list here, so [] passes for an optional list.
    # Elements are taken by index, here and below, so that an ill-typed alternative raises as it does there.
    lists = [[_plain(alternative[i]) for i in range(len(alternative))] for alternative in allowed]
    return "" if [_plain(element) for element in value] in lists else "value_error:list/tuple"


def _check_dict(value: dict[Any, Value], allowed: list[Json]) -> str:
    error_type = "dict_checker:unclear"
    for alternative in allowed:
        if alternative == "":
            continue
        error_type = _check_dict_against(value, alternative)
        if not error_type:
            return ""
    return error_type


def _check_dict_against(value: dict[Any, Value], alternative: dict[str, list[Json]]) -> str:
    error_type = ""
    for key, element in value.items():
        if key not in alternative:
            error_type = "value_error:dict_key"
            break
        if _plain(element) not in [_plain(alternative[key][i]) for i in range(len(alternative[key]))]:
            error_type = "value_error:dict_value"
            break
    if any(key not in value and "" not in alternatives for key, alternatives in alternative.items()):
        return "value_error:dict_key"
    return error_type


def _check_list_of_dicts(value: list[Value], allowed: list[Json]) -> str:
    error_type = "list_dict_checker:unclear"
    for alternative in allowed:
        if len(value) != len(alternative):
            error_type = "value_error:list_dict_count"
            continue
        error_types = (_check_dict(element, [alternative[i]]) for i, element in enumerate(value))
        error_type = next((e for e in error_types if e), "")
        if not error_type:
            return ""
    return error_type
