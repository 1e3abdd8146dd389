"""The verdict on one answer, in the official runner's order: can it be read, is it well formed, is it right.

>>> row = Row(id="irrelevance_0", question=[], function=[], category="irrelevance")
>>> judge(row, [{"f": {}}]).error_type
'irrelevance_error:decoder_success'
"""

from __future__ import annotations

from typing import Any

from callwright.evaluate.bfcl.checker import RIGHT, Reading, Verdict, check
from callwright.evaluate.bfcl.data import CATEGORIES, Row, language_of
from callwright.evaluate.bfcl.decode import Calls, Undecodable


def well_formed(calls: Any) -> bool:
    """Tell whether a decoded value is a list of `{name: {argument: value}}`, each with one name."""
    return type(calls) is list and all(
        type(call) is dict and len(call) == 1 and type(next(iter(call.values()))) is dict for call in calls
    )


def judge(row: Row, calls: Calls | Undecodable, *, underscored: bool = False) -> Verdict:
    """Return the official verdict on what was decoded from a model's answer to `row`.

    `underscored` tells that names come with "_" for ".", as function-calling interfaces want them.
    """
    rule = CATEGORIES[row.category]
    if rule in ("irrelevance", "relevance"):
        called = not isinstance(calls, Undecodable) and well_formed(calls) and len(calls) > 0
        if rule == "irrelevance":
            return Verdict(False, "irrelevance_error:decoder_success") if called else RIGHT
        return RIGHT if called else Verdict(False, "relevance_error:decoder_failed")
    # Code without any call is not a failure to decode there, but a value of the wrong form.
    if isinstance(calls, Undecodable) and calls.reason != "no-call":
        return Verdict(False, "ast_decoder:decoder_failed")
    if isinstance(calls, Undecodable) or not well_formed(calls):
        return Verdict(False, "ast_decoder:decoder_wrong_output_format")
    return check(rule, row.function, calls, row.answer or [], Reading(language_of(row.category), underscored))
