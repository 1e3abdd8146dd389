"""Everything that an exported folder holds, written whole or not at all."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

from safetensors import safe_open
from transformers import AutoTokenizer

from callwright.errors import ConfigError
from callwright.formats import chat_template
from callwright.models.adapters import base_of
from callwright.models.local import TURN_END, fitted, silence, turn_end
from callwright.store import write_json_atomic
from callwright.train.control_tokens import keep_only_used
from callwright.train.directory import whole
from callwright.train.export import beside, card, gguf_file
from callwright.train.export.config import Export
from callwright.train.export.modelfile import modelfile
from callwright.train.merge import merge_into

CODE = "auto_map"
"""The key of a configuration that names code to be loaded with a model; no export carries one."""


def run(source: Path, out: Path, wanted: Export) -> None:
    """See `callwright.train.export_model`; `source` holds an adapter or a whole model."""
    silence()
    if out.exists():
        raise ConfigError("is there already", place=str(out), hint="choose another -o, or remove it")
    is_adapter = base_of(source) != source
    if wanted.to == "adapter" and not is_adapter:
        raise ConfigError("a whole model, no adapter", place=str(source), expected="--to safetensors | gguf")
    tokenizer = AutoTokenizer.from_pretrained(str(source))
    if tokenizer.chat_template is None:
        tokenizer.chat_template = fitted(tokenizer, chat_template())
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out, replace=False) as part:
        part.mkdir()
        _write_tokenizer(tokenizer, part)
        if wanted.to == "gguf":
            _write_gguf(source, part, out.name, wanted, tokenizer)
        elif wanted.to == "adapter":
            _copy_adapter(source, part)
        else:
            merge_into(part, source, wanted.dtype)
        _without_code(part)
        _write_beside(source, part, out.name, wanted)


def _copy_adapter(source: Path, part: Path) -> None:
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copyfile(source / name, part / name)


def _write_gguf(source: Path, part: Path, name: str, wanted: Export, tokenizer: Any) -> None:
    template = beside.without_generation(tokenizer.chat_template)
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=f".{name}.") as folder:
        model = Path(folder)
        merge_into(model, source, wanted.dtype)
        out = part / f"{name}.gguf"
        gguf_file.write(model, part, out, wanted.quantization, template=template, name=name)
        shutil.copyfile(model / "config.json", part / "config.json")
    text = modelfile(f"{name}.gguf", wanted.tools, turn_end(tokenizer))
    (part / "Modelfile").write_text(text, encoding="utf-8")


def _write_tokenizer(tokenizer: Any, part: Path) -> None:
    """Write the tokenizer with its chat template, and how answers are read by whoever has transformers."""
    begin = f"{TURN_END.replace('end', 'start')}assistant\n"
    tokenizer.response_template = beside.response_template(begin, turn_end(tokenizer))
    tokenizer.save_pretrained(str(part))
    keep_only_used(part, tokenizer)


def _without_code(part: Path) -> None:
    """Take out of every configuration what would have code loaded with the model."""
    for file in part.glob("*.json"):
        told = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(told, dict) and told.pop(CODE, None) is not None:
            write_json_atomic(file, told)


def _write_beside(source: Path, part: Path, name: str, wanted: Export) -> None:
    (part / beside.VLLM_PARSER).write_text(beside.vllm_parser(), encoding="utf-8")
    script = part / "serve.sh"
    script.write_text(beside.serve_script(wanted.to, name, str(base_of(source))), encoding="utf-8")
    script.chmod(0o755)
    (part / card.NAME).write_text(card.text(name, source, wanted, _parameters(part)), encoding="utf-8")
    for weights in part.glob("*.safetensors"):
        weights.chmod(0o644)  # the library makes it readable by its owner only


def _parameters(part: Path) -> int:
    """Return how many weights the safetensors of a folder hold."""
    total = 0
    for file in part.glob("*.safetensors"):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  # no dictionary
                total += math.prod(opened.get_slice(name).get_shape())
    return total
