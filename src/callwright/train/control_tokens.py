"""Control tokens that no frame writes become plain vocabulary in a tokenizer that is handed on.

Our own tokenizer makes control tokens of control text only. Every other runtime looks for them in the whole
text, so that `<filename>` in a user's message would be token 6 of SmolLM2 there, and seven plain tokens here.
Marks of the frame are spelt apart in texts (`formats.frames`); the others are taken off the list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from callwright.formats.frames import family_named
from callwright.store import write_json_atomic

FILE = "tokenizer.json"
_NAMED = ("bos_token", "eos_token", "pad_token", "unk_token")


def keep_only_used(folder: Path, tokenizer: Any) -> list[str]:
    """Rewrite the saved tokenizer of a folder; return the tokens that are no control tokens any more.

    Only byte-level BPE without shortcuts is touched: there, a word of the vocabulary that no merge makes can
    not come of a text. `tokenizer` is what was saved.
    """
    file = folder / FILE
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    model = told.get("model", {})
    if model.get("type") != "BPE" or model.get("byte_fallback") or model.get("ignore_merges"):
        return []
    safe = family_named().safe
    named = {getattr(tokenizer, name) for name in _NAMED}
    freed = [
        token["content"]
        for token in told["added_tokens"]
        if token["special"] and token["content"] not in named and safe(token["content"]) == token["content"]
    ]
    merged = {"".join(each if isinstance(each, list) else each.split(" ")) for each in model["merges"]}
    freed = [token for token in freed if token not in merged]
    if freed:
        model["vocab"] |= {t["content"]: t["id"] for t in told["added_tokens"] if t["content"] in freed}
        told["added_tokens"] = [t for t in told["added_tokens"] if t["content"] not in freed]
        write_json_atomic(file, told)
        _forget(folder / "tokenizer_config.json", set(freed))
    return freed


def _forget(file: Path, freed: set[str]) -> None:
    """Take tokens out of the lists of a tokenizer's configuration, from which they would come back."""
    told = json.loads(file.read_text(encoding="utf-8"))
    for key in ("additional_special_tokens", "extra_special_tokens"):
        if isinstance(told.get(key), list):
            told[key] = [token for token in told[key] if _content(token) not in freed]
    if isinstance(told.get("added_tokens_decoder"), dict):
        kept = {n: t for n, t in told["added_tokens_decoder"].items() if _content(t) not in freed}
        told["added_tokens_decoder"] = kept
    write_json_atomic(file, told)


def _content(token: Any) -> str:
    return str(token["content"] if isinstance(token, dict) else token)
