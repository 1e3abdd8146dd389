"""A model that says the grammar's requests in other words; kept is where every value can still be traced.

Only rows with values to trace are given to the model: of the others nothing would prove that they still ask
for the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from callwright.record import Dropped, Trajectory
from callwright.synthesize.account import Spent
from callwright.synthesize.asking import Ask, question
from callwright.synthesize.grammar import Grammar
from callwright.synthesize.slots import Candidate, Failure, Slot

_ASKED = (
    "Say this request in other words, as another person would say it. Keep every name, number, date and text "
    "in it exactly as it is. Write the new request and nothing else.\n\n{request}"
)
_SHORTEST, _LONGEST = 0.4, 2.5
"""Lengths of a paraphrase, measured by the request."""


class Paraphraser:
    """Lets a model rewrite what a grammar proposes."""

    per_slot = 1.0
    min_grounding = 1.0

    def __init__(self, name: str, ask: Ask, grammar: Grammar, spent: Spent) -> None:
        self.name = name
        self._ask = ask
        self._grammar = grammar
        self._spent = spent

    def propose(self, slots: Sequence[Slot]) -> list[list[Candidate]]:
        """Return each slot's row in other words, or as it is where no value vouches for it."""
        rows = [row for rows in self._grammar.propose(slots) for row in rows]
        askable = [row for row in rows if isinstance(row, Trajectory) and _has_values(row)]
        asked = [
            question(f"{self.name}/{row.id}", ("user", _ASKED.format(request=row.messages[0].content)))
            for row in askable
        ]
        answers = self._ask(asked) if asked else ()
        said: dict[str, str] = {}
        for row, answer in zip(askable, answers, strict=True):
            if answer is not None:
                self._spent.add(answer.prompt_tokens, answer.completion_tokens)
            said[row.id] = answer.text.strip() if answer is not None else ""
        return [[self._saying(row, said)] for row in rows]

    def repair(self, failures: Sequence[Failure]) -> list[Candidate]:
        """Return nothing: the next slot is cheaper than a second attempt."""
        return []

    def finish(self, row: Trajectory) -> Candidate:
        """Return the row as it is."""
        return row

    def _saying(self, row: Candidate, said: dict[str, str]) -> Candidate:
        """Return a row of this generator with what the model said, or why there is none."""
        if isinstance(row, Dropped):
            return row
        source = msgspec.structs.replace(row.source, adapter=self.name) if row.source else None
        mine = msgspec.structs.replace(row, id=f"{row.id}#p", source=source)
        if row.id not in said:
            return mine
        text, old = said[row.id], row.messages[0].content
        made = {**row.extra["synthesize"], "paraphrased": old}
        changed = msgspec.structs.replace(
            mine,
            messages=(msgspec.structs.replace(row.messages[0], content=text), *row.messages[1:]),
            extra={**row.extra, "synthesize": made},
        )
        flaw = _flaw(old, text)
        if flaw:
            return Dropped(id=mine.id, stage="synthesize", reason="unreadable", path="messages[0].content",
                           detail=flaw, row=msgspec.to_builtins(changed))  # fmt: skip
        return changed


def _has_values(row: Trajectory) -> bool:
    return any(call.arguments for call in row.messages[-1].tool_calls)


def _flaw(old: str, text: str) -> str:
    """Return why a text is no paraphrase by its form; empty if it may be one."""
    if not text or text == old:
        return "the same words" if text else "nothing was said"
    if not _SHORTEST * len(old) <= len(text) <= _LONGEST * len(old):
        return "much shorter or longer than the request"
    return ""
