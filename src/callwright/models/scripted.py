"""A model whose answers are written down: for tests, demos and replays that must not need a real one.

A script is JSONL. A line ``{"match": "weather", "text": "…"}`` answers every prompt whose last user message
contains the substring, the first such line winning; lines ``{"text": "…"}`` answer the remaining prompts in
the order in which they are asked, each once. Tokens are counted as words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from callwright.errors import DataError
from callwright.models import Arrived, Completion, Prompt


class ScriptedModel:
    """Answer from a function of the prompt, or from a sequence in the order of asking."""

    def __init__(self, answers: Callable[[Prompt], str] | Sequence[str], name: str = "scripted") -> None:
        self.name = name
        self._answer = answers if callable(answers) else _in_order(answers, name)

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        """Return True: a script has no context to overflow."""
        return True

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int,
        seed: int = 0,
        arrived: Arrived | None = None,
    ) -> list[Completion]:
        """Return the scripted answers; raises `DataError` when the script has none for a prompt.

        An answer longer than `max_tokens` words is returned whole and marked as ended by length.
        """
        completions = []
        for place, prompt in enumerate(prompts):
            text = self._answer(prompt)
            said = len(text.split())
            asked = sum(len(content.split()) for _, content in prompt.messages)
            completions.append(Completion(text, asked, said, "length" if said > max_tokens else "stop"))
            if arrived:
                arrived(place, completions[-1])
        return completions

    def stream(self, prompt: Prompt, *, max_tokens: int) -> Iterator[str]:
        """Yield the scripted answer word by word, the spaces kept."""
        yield from words(self._answer(prompt))


def read_script(path: Path) -> ScriptedModel:
    """Read a script file; raises `DataError` with the line of the first mistake."""
    by_match: list[tuple[str, str]] = []
    in_order: list[str] = []
    for place, line in _lines(path):
        match, text = line.get("match"), line.get("text")
        if not isinstance(text, str) or not isinstance(match, str | None) or set(line) - {"match", "text"}:
            raise DataError(
                "not a line of a script", place=place, expected='{"text": …} with optional "match"'
            )
        if match is None:
            in_order.append(text)
        else:
            by_match.append((match, text))
    rest = _in_order(in_order, str(path))

    def answer(prompt: Prompt) -> str:
        asked = last_user_message(prompt)
        matching = (text for match, text in by_match if match in asked)
        text = next(matching, None)
        return rest(prompt) if text is None else text

    return ScriptedModel(answer, name=f"scripted:{path.name}")


def last_user_message(prompt: Prompt) -> str:
    """Return the content of the last user message, or nothing."""
    return next((content for role, content in reversed(prompt.messages) if role == "user"), "")


def words(text: str) -> list[str]:
    """Return the words of a text, each with the spaces before it, so that together they are the text."""
    return re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text)


def _in_order(answers: Sequence[str], place: str) -> Callable[[Prompt], str]:
    remaining = iter(answers)

    def answer(prompt: Prompt) -> str:
        for text in remaining:
            return text
        asked = last_user_message(prompt)[:80]
        raise DataError("the script has no answer left", place=place, got=f"the prompt {asked!r}")

    return answer


def _lines(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError("the script can not be read", place=str(path), got=error.strerror or "") from None
    except UnicodeDecodeError as error:
        raise DataError("the script is not UTF-8", place=str(path), got=str(error)) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DataError("not JSON", place=place, got=str(error)) from None
        if not isinstance(value, dict):
            raise DataError("not a line of a script", place=place, expected="a JSON object")
        yield place, value
