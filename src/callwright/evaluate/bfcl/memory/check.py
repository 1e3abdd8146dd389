"""Whether a last reply holds one of the allowed answers, as the official agentic checker decides it.

>>> check_answer("{'answer': 'April 1, 2024'}", ["April 1 2024"]).valid
True
>>> check_answer("thirty-five", ["35"]).error_type
'agentic:answer_not_found'
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from callwright.evaluate.bfcl.multi_turn.calls import Read, from_official
from callwright.evaluate.bfcl.multi_turn.check import RIGHT, Verdict
from callwright.record import Json

_IGNORED = str.maketrans("", "", ",./-_*^()")


def check_answer(reply: str | None, answers: Iterable[str]) -> Verdict:
    """Return the verdict on the last reply without calls; None or an empty one is no answer.

    An answer has to stand there as whole words; case, some punctuation and the kind of quotes do not count.
    """
    if not reply:
        return Verdict(False, "agentic:no_last_message")
    text = _plain(reply)
    if any(re.search(rf"\b{re.escape(_plain(answer))}\b", text) for answer in answers):
        return RIGHT
    return Verdict(False, "agentic:answer_not_found")


def check_result(result: Json, answers: Iterable[str], read: Read = from_official) -> Verdict:
    """Return the verdict on the `result` of an official result file: the steps of its only turn."""
    if not isinstance(result, list) or len(result) != 1 or not isinstance(result[0], list):
        return Verdict(False, "agentic:inference_error")
    said = [step for step in result[0] if not read(step)]
    last = said[-1] if said else None
    if isinstance(last, list):
        last = last[0] if last else None
    return check_answer(None if last is None else str(last), answers)


def _plain(text: str) -> str:
    return text.translate(_IGNORED).lower().replace("'", '"')
