"""The four questions that ToolEval puts to a judge: in our words, or verbatim from the official files.

The official ones (``template.txt`` of an evaluator's folder) were made for forced function calls; here a
judge writes text, so a line that says how to write the verdict follows them. Which prompts were used, and
their hash, belongs to a score.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from callwright.errors import DataError
from callwright.evaluate.toolbench.prompts import question
from callwright.models import Prompt
from callwright.store import sha256_text

QuestionName = Literal[
    "check_answer_status", "parse_answer_status", "check_task_solvable", "select_better_answer"
]
ANSWER_WORDS = ("Solved", "Unsolved", "Unsure")
TASK_WORDS = ("Solvable", "Unsolvable", "Unsure")
_KEYS: dict[QuestionName, tuple[str, tuple[str, ...]]] = {
    "check_answer_status": ("answer_status", ANSWER_WORDS),
    "parse_answer_status": ("answer_status", ANSWER_WORDS),
    "check_task_solvable": ("task_status", TASK_WORDS),
    "select_better_answer": ("index", ("0", "1")),
}

_OWN: dict[QuestionName, str] = {
    "check_answer_status": """\
A user asked something and got a final answer. Judge by the answer alone whether it gives what was asked for.
Solved: it answers every part of the request, directly and with the facts asked for.
Unsolved: it apologises, refuses, asks back, only says how one could find out, or leaves parts unanswered.
Unsure: it looks like an answer, but only the steps that led to it could show whether it is one.

Request:
{query}

Final answer:
{answer}""",
    "parse_answer_status": """\
A user asked something; an agent called tools and gave a final answer. The steps are given as nested JSON: nodes of role "tool" hold a call and its response. Judge whether the request was met.
Unsolved: all calls failed, or the final answer says what the responses do not bear out.
Solved: calls succeeded and their responses support the final answer, which meets the request.
Unsure: the steps do not show whether what the answer says is true.

Request:
{query}

Steps and final answer:
{answer}""",  # noqa: E501
    "check_task_solvable": """\
Judge whether a request can be met with the tools that are listed with it, before anybody has tried.
Unsolvable: it holds invalid details (such as a malformed address or number), or lacks details that no tool could supply.
Solvable: the tools suffice.
Unsure: neither is clear.

Request and tools:
{task}""",  # noqa: E501
    "select_better_answer": """\
Two agents worked on the same request. Say which did better; the order in which they stand must not matter.
Look at "final_answer" first: does it hold all that was asked for, does it tell truly what was done and what failed, and, where it does not solve the request, does it explain why? If that does not decide, look at "answer_details": fewer failed and repeated calls, less text in all, more of the necessary steps reached, more different useful calls that succeeded.

Request:
{query}

Answer 0:
{answer_0}

Answer 1:
{answer_1}""",  # noqa: E501
}


TEMPERATURE = 0.2
"""ToolEval's: votes on the same run are answers of their own, which the same question at 0 would not be."""


class JudgePrompts(NamedTuple):
    """The wording of the four questions, as one vote puts them."""

    name: str
    sha256: str
    texts: dict[QuestionName, str]
    vote: int = 0
    """Which of the votes on the same run asks."""

    def ask(self, name: QuestionName, **values: str) -> Prompt:
        """Return a question filled in. What is filled in is never searched for places to fill in."""
        text = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), self.texts[name])
        key, words = _KEYS[name]
        options = " | ".join(words) if key == "index" else " | ".join(f'"{word}"' for word in words)
        asked = question(f'{text}\n\nWrite one JSON object: {{"reason": "…", "{key}": {options}}}')
        return replace(asked, temperature=TEMPERATURE, sample=self.vote)

    def of_vote(self, number: int) -> JudgePrompts:
        """Return the questions as another vote puts them."""
        return self._replace(vote=number)


def own_prompts() -> JudgePrompts:
    """Return the questions in our words."""
    return JudgePrompts("callwright", sha256_text("\0".join(_OWN.values())), dict(_OWN))


def read_prompts(folder: Path) -> JudgePrompts:
    """Return the questions of an evaluator's folder, such as ``tooleval_gpt-3.5-turbo_default``."""
    file = folder / "template.txt"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the judge's prompts can not be read", place=str(file), got=str(error)) from None
    found = dict(
        re.findall(
            r"<function>\s*<name>(.*?)</name>\s*<description>(.*?)</description>\s*</function>",
            text,
            re.DOTALL,
        )
    )
    if missing := [name for name in _KEYS if name not in found]:
        raise DataError("a question is missing", place=str(file), expected=missing[0])
    texts: dict[QuestionName, str] = {name: found[name].strip("\n") for name in _KEYS}
    return JudgePrompts(f"official:{folder.name}", sha256_text(text), texts)


def read_verdict(name: QuestionName, reply: str) -> str | None:
    """Return the verdict in a judge's reply, None where there is none.

    The last value beside the key counts, else the only verdict that occurs, else the one that stands last.
    """
    key, words = _KEYS[name]
    plain = {word.lower(): word for word in words}
    any_of = "|".join(words)
    named = re.findall(rf"""{key}["'`*]*\s*(?::|=|is)\s*["'`*]*({any_of})\b""", reply, re.IGNORECASE)
    if named:
        return plain[named[-1].lower()]
    alone = rf"(?<![\w.])({any_of})(?!\w|\.\d)"
    loose = {match.lower() for match in re.findall(alone, reply, re.IGNORECASE)}
    if len(loose) > 1 and (last := re.search(rf"{alone}\W*$", reply, re.IGNORECASE)):
        loose = {last[1].lower()}
    return plain[loose.pop()] if len(loose) == 1 else None
