"""A fast tokenizer as llama.cpp wants it: tokens by number, their kinds, merges, and how text is split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

from callwright.errors import ConfigError

Kind = Literal["NORMAL", "CONTROL", "USER_DEFINED", "UNUSED"]
_GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPLITS = {_GPT4 % "{1,3}": "llama-bpe", _GPT4 % "": "qwen2"}
"""How llama.cpp calls what these expressions do."""


class Vocabulary(NamedTuple):
    """What a GGUF file says of a tokenizer."""

    tokens: list[str]
    kinds: list[Kind]
    merges: list[str]
    pre: str
    """What llama.cpp calls the way text is split before it is merged."""
    bos: int | None
    eos: int | None
    pad: int | None


def vocabulary_of(model: Path, size: int) -> Vocabulary:
    """Return the vocabulary of a tokenizer's directory, filled up to `size` tokens.

    Raises `ConfigError` for kinds of tokenizers that are not understood.
    """
    place = str(model / "tokenizer.json")
    told = json.loads(Path(place).read_text(encoding="utf-8"))
    if told["model"].get("type") != "BPE" or told["model"].get("byte_fallback"):
        raise ConfigError("not a byte-level BPE tokenizer", place=place, got=str(told["model"].get("type")))
    by_number = {number: token for token, number in told["model"]["vocab"].items()}
    added = {each["id"]: each for each in told.get("added_tokens", ())}
    tokens: list[str] = []
    kinds: list[Kind] = []
    for number in range(max(size, max({**by_number, **added}) + 1)):
        if number in added:
            tokens.append(added[number]["content"])
            kinds.append("CONTROL" if added[number]["special"] else "USER_DEFINED")
        elif number in by_number:
            tokens.append(by_number[number])
            kinds.append("NORMAL")
        else:
            tokens.append(f"[PAD{number}]")
            kinds.append("UNUSED")
    merges = [each if isinstance(each, str) else " ".join(each) for each in told["model"]["merges"]]
    named = {token: number for number, token in enumerate(tokens)}
    config = json.loads((model / "tokenizer_config.json").read_text(encoding="utf-8"))
    special = (named.get(_text(config.get(f"{name}_token"))) for name in ("bos", "eos", "pad"))
    return Vocabulary(tokens, kinds, merges, _pre(told.get("pre_tokenizer"), place), *special)


def _text(token: Any) -> str:
    """Return the text of a special token, which some configurations wrap in an object."""
    found = token.get("content") if isinstance(token, dict) else token
    return found or ""


def _pre(told: Any, place: str) -> str:
    steps = told.get("pretokenizers", [told]) if told else []
    kinds = [step["type"] for step in steps]
    if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
        return "smollm"
    if kinds == ["ByteLevel"] and steps[0].get("use_regex", True) and not steps[0].get("add_prefix_space"):
        return "gpt-2"
    if kinds == ["Split", "ByteLevel"] and not steps[1].get("use_regex", True):
        name = _SPLITS.get(steps[0].get("pattern", {}).get("Regex", ""))
        if name:
            return name
    raise ConfigError(
        "this tokenizer splits text in a way that is not known here", place=place, got=str(kinds)
    )
