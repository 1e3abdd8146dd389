"""Transformers: its template engine, its tokenizer without our segments, its mask, its reader of answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callwright.conform.reference import pieces
from callwright.conform.requests import messages_of, tools_of
from callwright.conform.runtime import Runtime, Said, Written
from callwright.record import Json


def transformers(folder: Path) -> Runtime:
    """Return Transformers as it loads the tokenizer, the template and the response template of a folder."""
    import transformers as library
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)

    def prompt(case: Written) -> list[int]:
        ids: list[int] = tokenizer.apply_chat_template(
            messages_of(case.case, arguments_as="object")[:-1],
            tools=tools_of(case.case),
            add_generation_prompt=True,
            return_dict=False,
        )
        return ids

    def learnt(case: Written) -> Json:
        found = tokenizer.apply_chat_template(
            messages_of(case.case, arguments_as="object"),
            tools=tools_of(case.case),
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
        ids, mask = list(found["input_ids"]), [bool(one) for one in found["assistant_masks"]]
        start = len(case.prompt)
        # The mask marks every answer; the one in question stands behind its prompt.
        if ids == case.whole and mask[start:] == case.learnt[start:]:
            return None
        return {
            "supervised": sum(mask[start:]),
            "generated": sum(case.learnt),
            "same tokens": ids == case.whole,
        }

    def calls(case: Written) -> Said:
        return _said(tokenizer.parse_response(case.answer, prefix=case.prompt))

    def streamed(case: Written, cuts: Sequence[int]) -> Said:
        parser = tokenizer.get_response_parser(prefix=case.prompt)
        for piece in pieces(case.text, cuts):
            parser.feed(piece)
        return _said(parser.finalize()[0])

    reads = getattr(tokenizer, "response_template", None) is not None
    return Runtime(
        "Transformers",
        library.__version__,
        prompt,
        learnt,
        calls if reads else None,
        streamed if reads else None,
    )


def _said(message: dict[str, Any]) -> Said:
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    return Said(
        message.get("content") or "",
        tuple((function["name"], function["arguments"]) for function in functions),
        message.get("reasoning_content") or "",
    )
