"""llama.cpp, by its Python package: the tokenizer inside a GGUF file, and the template inside it.

The package runs templates by Jinja itself; llama.cpp's own engine is in its server only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callwright.conform.requests import messages_of, tools_of
from callwright.conform.runtime import Runtime, Written
from callwright.record import Json


def llama_cpp(folder: Path) -> Runtime | None:
    """Return llama.cpp with the GGUF file of a folder; None where either is missing."""
    files = sorted(folder.glob("*.gguf"))
    try:
        import llama_cpp as library
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter
    except ImportError:
        return None
    if not files:
        return None
    model: Any = library.Llama(str(files[0]), vocab_only=True, verbose=False)
    end = model.token_eos()
    formatter: Any = Jinja2ChatFormatter(
        template=model.metadata["tokenizer.chat_template"],
        eos_token=model.detokenize([end], special=True).decode(),
        bos_token=model.detokenize([model.token_bos()], special=True).decode(),
    )

    def prompt(case: Written) -> list[int]:
        messages = messages_of(case.case, arguments_as="object")[:-1]
        text = formatter(messages=messages, tools=tools_of(case.case)).prompt
        ids: list[int] = model.tokenize(text.encode(), add_bos=False, special=True)
        return ids

    def learnt(case: Written) -> Json:
        """What the model has to write reads as the answer, and ends where llama.cpp stops."""
        *body, last = case.answer
        text = model.detokenize(body, special=True).decode("utf-8", "replace")
        return None if text == case.text and last == end else {"text": text[:200], "ends": last == end}

    return Runtime("llama.cpp", library.__version__, prompt, learnt)
