"""One set of names for what can be wrong with an answer, whatever the benchmark calls it.

>>> mistake_of(Result(id="a", column="c", correct=False, strict=False, error="value_error:string"))
'wrong-value'
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from callwright.evaluate.results import Result
from callwright.record import Json

Mistake = Literal[
    "malformed", "prompt-too-long", "no-call", "needless-call", "wrong-count", "wrong-tool",
    "missing-argument", "extra-argument", "wrong-type", "wrong-value", "order", "wrong-state", "wrong-answer",
    "loop", "gave-up", "other",
]  # fmt: skip
NO_CALL = "(no call)"
"""Stands in the confusion matrix for the call that is not there."""

_OFFICIAL: tuple[tuple[str, Mistake], ...] = (
    # BFCL's error types, by what they begin with; the first that fits counts
    ("ast_decoder", "malformed"),
    ("simple_function_checker:wrong_count", "wrong-count"),
    ("multiple_function_checker:wrong_count", "wrong-count"),
    ("parallel_function_checker_no_order:wrong_count", "wrong-count"),
    ("simple_function_checker:wrong_func_name", "wrong-tool"),
    ("simple_function_checker:missing", "missing-argument"),
    ("simple_function_checker:unexpected_param", "extra-argument"),
    ("parallel_function_checker_no_order:cannot_find_match", "wrong-value"),
    ("type_error", "wrong-type"),
    ("value_error", "wrong-value"),
    ("dict_checker", "wrong-value"),
    ("list_dict_checker", "wrong-value"),
    ("checker_error", "wrong-type"),
    ("irrelevance_error", "needless-call"),
    ("relevance_error", "no-call"),
    ("multi_turn:instance_state_mismatch", "wrong-state"),
    ("multi_turn:execution_response_mismatch", "wrong-answer"),
    ("multi_turn:empty_turn_model_response", "no-call"),
    ("multi_turn:force_terminated", "gave-up"),
    ("agentic:", "wrong-answer"),
)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}")
_TIME = re.compile(r"\d\d?:\d\d")
_SIGNS = re.compile(r"[\W_]+")


def mistake_of(result: Result) -> str:
    """Return the name of the mistake in a wrong row; empty for a right one."""
    if result.correct:
        return ""
    for prefix, mistake in _OFFICIAL:
        if result.error.startswith(prefix):
            return "no-call" if _is_silent(result, mistake) else mistake
    return result.error or "other"


def _is_silent(result: Result, mistake: Mistake) -> bool:
    """Tell whether what can not be read, or is too few, is no call at all."""
    if mistake == "wrong-count":
        return bool(result.gold) and result.predicted == []
    return mistake == "malformed" and not _looks_like_a_call(result.text)


def _looks_like_a_call(text: str) -> bool:
    return bool(re.search(r"\w\s*\(|[{\[]\s*[\"'{\[]|tool_call", text))


def value_kind(wanted: Json, given: Json) -> str:
    """Return what kind of value was taken wrong: spelling, date, time, number, flag, list, object or text."""
    if isinstance(wanted, bool):
        return "flag"
    if isinstance(wanted, int | float):
        return "number"
    if isinstance(wanted, list | dict):
        return "list" if isinstance(wanted, list) else "object"
    text = str(wanted)
    if isinstance(given, str) and _bare(text) == _bare(given):
        return "spelling"
    if _DATE.search(text):
        return "date"
    return "time" if _TIME.search(text) else "text"


def _bare(text: str) -> str:
    return _SIGNS.sub("", text.casefold())


def mistakes(results: Iterable[Result]) -> dict[str, int]:
    """Return how often each mistake was made, the most frequent first."""
    return dict(Counter(mistake_of(r) for r in results if not r.correct).most_common())


def value_kinds(results: Iterable[Result]) -> dict[str, int]:
    """Return of what kind the values were that were taken wrong, the most frequent first."""
    wrong = (r for r in results if mistake_of(r) in ("wrong-value", "wrong-type"))
    found = (_wrong_value(r) for r in wrong)
    return dict(Counter(value_kind(*pair) for pair in found if pair is not None).most_common())


def _wrong_value(result: Result) -> tuple[Json, Json] | None:
    """Return the expected and the given value of the argument that `where` names, if both can be found."""
    for name, wanted in _arguments(result.gold):
        for other, given in _arguments(result.predicted):
            if name != other:
                continue
            for argument in wanted.keys() & given.keys():
                path = result.where.removeprefix(f"{name}.")
                if path == argument or path.startswith((f"{argument}.", f"{argument}[")):
                    return wanted[argument], given[argument]
    return None


def _arguments(calls: Json) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield name and arguments of calls as we or as BFCL write them, its first alternative for a value."""
    for call in calls if isinstance(calls, list) else []:
        if not isinstance(call, dict):
            continue
        if isinstance(call.get("arguments"), dict):
            yield str(call.get("name")), call["arguments"]
        elif len(call) == 1 and isinstance(own := next(iter(call.values())), dict):
            yield (
                str(next(iter(call))),
                {k: v[0] for k, v in own.items() if isinstance(v, list) and v and v[0] != ""},
            )


def confusion(results: Iterable[Result]) -> dict[str, dict[str, int]]:
    """Return for each expected tool how often which tool was called in its place.

    Calls are paired by name first; what is left over is paired in order, "(no call)" with what is alone.
    Rows that do not tell which calls are due, such as BFCL's conversations, are left out.
    """
    table: dict[str, Counter[str]] = {}
    for result in results:
        if not _tells_calls(result):
            continue
        for wanted, given in _pairs(_names(result.gold), _names(result.predicted)):
            table.setdefault(wanted, Counter())[given] += 1
    return {wanted: dict(given.most_common()) for wanted, given in sorted(table.items())}


def _tells_calls(result: Result) -> bool:
    """Tell whether `gold` says which calls are due, if any."""
    if isinstance(result.gold, list):
        return len(_names(result.gold)) == len(result.gold)
    # Without one, silence is right (irrelevance) or any call is (relevance); what was right says which.
    return isinstance(result.predicted, list) and result.correct == (not result.predicted)


def _pairs(wanted: Sequence[str], given: Sequence[str]) -> list[tuple[str, str]]:
    if not wanted and not given:
        return [(NO_CALL, NO_CALL)]
    same = list((Counter(wanted) & Counter(given)).elements())
    missing = list((Counter(wanted) - Counter(given)).elements())
    extra = list((Counter(given) - Counter(wanted)).elements())
    length = max(len(missing), len(extra))
    missing += [NO_CALL] * (length - len(missing))
    extra += [NO_CALL] * (length - len(extra))
    return [(name, name) for name in same] + list(zip(missing, extra, strict=True))


def _names(calls: Json) -> list[str]:
    """Return the names in a list of calls, as we or as BFCL write them."""
    names = []
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            names.append(call["name"])
        elif isinstance(call, dict) and len(call) == 1:
            names.append(str(next(iter(call))))
    return names
